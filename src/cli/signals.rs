//! SIGINT, SIGTERM and SIGHUP: the first lets what runs end, the second kills it. Reports are
//! written in either case, by whoever waits for the run.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::terminal;
use crate::sandbox::cancel::{Cancel, CancelLevel};

const WATCHED: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// The signal that interrupted the run, if one did.
#[derive(Debug, Clone)]
pub(super) struct Interrupted(Arc<AtomicI32>);

impl Interrupted {
    /// The number of the first signal.
    pub(super) fn signal(&self) -> Option<i32> {
        let signal = self.0.load(Ordering::SeqCst);
        (signal != 0).then_some(signal)
    }

    /// Its name.
    pub(super) fn name(&self) -> Option<String> {
        let signal = Signal::try_from(self.signal()?).ok()?;
        Some(signal.as_str().to_owned())
    }
}

/// Watches for signals from now on, on a thread of its own. `grace` is what cases that run at the
/// first signal are given to end by themselves.
///
/// Must be called before any other thread is made: they inherit the mask.
///
/// # Errors
/// The process has no descriptor or thread left.
pub(super) fn watch(cancel: &Cancel, grace: Duration) -> io::Result<Interrupted> {
    let mut mask = SigSet::empty();
    for signal in WATCHED.into_iter().filter(|signal| !is_ignored(*signal)) {
        mask.add(signal);
    }
    mask.thread_block()?;
    let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let interrupted = Interrupted(Arc::new(AtomicI32::new(0)));
    let watcher = Watcher { signals, cancel: cancel.clone(), grace, interrupted: interrupted.clone() };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || watcher.watch())?;
    Ok(interrupted)
}

struct Watcher {
    signals: SignalFd,
    cancel: Cancel,
    grace: Duration,
    interrupted: Interrupted,
}

impl Watcher {
    fn watch(self) {
        let mut deadline: Option<Instant> = None;
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                self.cancel.raise(CancelLevel::Kill);
                deadline = None;
            }
            let timeout = match deadline {
                // One more millisecond, because the remainder of one is cut off.
                Some(_) => left.map_or(PollTimeout::NONE, |left| {
                    PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
                }),
                None => PollTimeout::NONE,
            };
            let mut fds = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            if poll(&mut fds, timeout).is_err() {
                continue;
            }
            while let Ok(Some(info)) = self.signals.read_signal() {
                deadline = self.arrived(i32::try_from(info.ssi_signo).unwrap_or(0), deadline);
            }
        }
    }

    fn arrived(&self, signal: i32, deadline: Option<Instant>) -> Option<Instant> {
        let first =
            self.interrupted.0.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if first && !self.grace.is_zero() {
            self.cancel.raise(CancelLevel::NoNewCases);
            terminal::say("stopping: no new case starts; a second signal kills those that run");
            return Some(Instant::now() + self.grace);
        }
        self.cancel.raise(CancelLevel::Kill);
        deadline.filter(|_| first)
    }
}

/// Whether whoever started us has this signal ignored (`nohup`, a shell's background job): it
/// then stays ignored. A blocked signal would reach us all the same.
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ignored >> (signal as i32 - 1) & 1 == 1
}
