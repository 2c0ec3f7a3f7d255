//! [`Live`]: what runs now. Each case has a slot while its program lives; counters are read only
//! when somebody asks. It also reaches all cases at once: to stop them with us (Ctrl-Z), and to
//! ask them to end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cgroup::Gauge;
use super::{clock, watch};
use crate::units::Bytes;

/// How long the processes of a case may take to be stopped one by one.
const STOPPING: Duration = Duration::from_millis(500);

/// What runs now.
#[derive(Default)]
pub struct Live {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    slots: Vec<Slot>,
    next: u64,
    frozen: bool,
    /// Whether programs were asked to end.
    ending: bool,
}

struct Slot {
    key: u64,
    thread: ThreadId,
    worker: u32,
    init: i32,
    gauge: Gauge,
    asked: Arc<AtomicU64>,
}

/// What the programs of one thread use now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// CPU time so far.
    pub cpu: Duration,
    /// Memory now.
    pub memory: Bytes,
}

/// A case among those that run; dropping it takes it out.
pub(super) struct Entry<'a> {
    live: &'a Live,
    key: u64,
    /// When it was asked to end; 0: never.
    asked: Arc<AtomicU64>,
}

impl Live {
    /// What the programs use that the thread runs; `None` when it runs none. Reads the counters.
    #[must_use]
    pub fn usage(&self, thread: ThreadId) -> Option<Usage> {
        let state = self.lock();
        let mut of_thread =
            state.slots.iter().filter(|slot| slot.thread == thread).map(Slot::usage).peekable();
        of_thread.peek()?;
        Some(of_thread.fold(Usage::default(), |sum, usage| Usage {
            cpu: sum.cpu + usage.cpu,
            memory: Bytes(sum.memory.0 + usage.memory.0),
        }))
    }

    /// Stops every case and the clocks that their limits are measured by. A frozen cgroup cannot
    /// refuse; elsewhere the processes are stopped one by one until none runs.
    pub fn freeze(&self) {
        let mut state = self.lock();
        clock::stop();
        state.frozen = true;
        state.slots.iter().for_each(Slot::freeze);
    }

    /// Lets every case go on, and the clocks.
    pub fn thaw(&self) {
        let mut state = self.lock();
        state.frozen = false;
        state.slots.iter().for_each(Slot::thaw);
        clock::go_on();
    }

    /// Asks every program to end (SIGTERM). What it does from now on is no result of its own.
    pub fn ask_to_end(&self) {
        let mut state = self.lock();
        state.ending = true;
        state.slots.iter().for_each(Slot::ask_to_end);
    }

    /// Takes in a case: its init, and the worker that is init's parent. The calling thread is the
    /// one that it belongs to.
    pub(super) fn enter(&self, worker: u32, init: i32, gauge: Gauge) -> Entry<'_> {
        let mut state = self.lock();
        state.next += 1;
        let asked = Arc::new(AtomicU64::new(0));
        let thread = std::thread::current().id();
        let slot = Slot { key: state.next, thread, worker, init, gauge, asked: Arc::clone(&asked) };
        if state.frozen {
            slot.freeze();
        }
        if state.ending {
            slot.ask_to_end();
        }
        state.slots.push(slot);
        Entry { live: self, key: state.next, asked }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry<'_> {
    /// Whether it was asked to end before the time `at` (of our clock); `None`: at any time.
    pub(super) fn was_asked_before(&self, at: Option<u64>) -> bool {
        let asked = self.asked.load(Ordering::SeqCst);
        asked != 0 && at.is_none_or(|at| asked <= at)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.live.lock().slots.retain(|slot| slot.key != self.key);
    }
}

impl Slot {
    fn usage(&self) -> Usage {
        let (cpu, memory) = self.gauge.read().unwrap_or_else(|| {
            let tree = watch::tree(self.init);
            (tree.cpu_micros, tree.memory)
        });
        Usage { cpu: Duration::from_micros(cpu), memory: Bytes(memory) }
    }

    fn freeze(&self) {
        if self.gauge.freeze(true) {
            return;
        }
        // A process that was not yet stopped can wake another: it is over when none runs.
        let started = Instant::now();
        while started.elapsed() < STOPPING {
            let running: Vec<_> =
                self.processes().into_iter().filter(|pid| !watch::is_stopped(*pid)).collect();
            if running.is_empty() {
                return;
            }
            running.into_iter().for_each(|pid| signal(pid, Signal::SIGSTOP));
        }
        log::debug!("a case does not let itself be stopped");
    }

    fn thaw(&self) {
        if !self.gauge.freeze(false) {
            self.processes().into_iter().for_each(|pid| signal(pid, Signal::SIGCONT));
        }
    }

    fn ask_to_end(&self) {
        self.asked.store(clock::monotonic_nanos().max(1), Ordering::SeqCst);
        self.processes().into_iter().for_each(|pid| signal(pid, Signal::SIGTERM));
    }

    /// The processes of the case but its init, as long as that is the worker's child: its number is
    /// not reused while it is.
    fn processes(&self) -> Vec<i32> {
        let worker = i32::try_from(self.worker).ok();
        // A worker that is an init itself is our child, and we have not reaped it.
        if worker != Some(self.init) && watch::parent(self.init) != worker {
            return Vec::new();
        }
        watch::below(self.init)
    }
}

/// One that is gone needs no signal.
fn signal(pid: i32, signal: Signal) {
    let _ = kill(Pid::from_raw(pid), signal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_there_while_its_entry_lives() {
        let live = Live::default();
        let here = std::thread::current().id();
        assert_eq!(live.usage(here), None);
        let entry = live.enter(0, i32::MAX, Gauge::Tree);
        assert_eq!(live.usage(here), Some(Usage::default()));
        assert!(!entry.was_asked_before(None));
        drop(entry);
        assert_eq!(live.usage(here), None);
    }

    #[test]
    fn a_case_that_ends_before_it_is_asked_to_has_its_own_result() {
        let live = Live::default();
        let entry = live.enter(0, i32::MAX, Gauge::Tree);
        let ended = clock::monotonic_nanos();
        live.ask_to_end();
        assert!(entry.was_asked_before(None));
        assert!(!entry.was_asked_before(Some(ended - 1)));
        let later = live.enter(0, i32::MAX, Gauge::Tree);
        assert!(later.was_asked_before(None), "one that comes too late is asked too");
    }
}
