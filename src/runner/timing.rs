//! Fair timing: whether a verdict on time is close enough to have been made by the company that the
//! case had, and the [`Gate`] through which it goes to be run again alone.
//!
//! A program may use [`MARGIN`] more CPU time than its limit before it is stopped. One that ends by
//! itself in that margin is over its limit by little: it is run again while nothing else of the run
//! is, and that run counts. One that had to be stopped is over by much, whatever ran beside it. A
//! verdict of the wall clock is close when the program worked for a part of that time and the kernel
//! says that something waited for a CPU meanwhile: who only sleeps is not slowed down by anybody.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::judge::{Code, Verdict};
use crate::report::Attempt;
use crate::sandbox::outcome::{KillReason, Outcome, Ran};
use crate::sandbox::spec::Limits;

/// How far above its limit of CPU time a program is let run, and within which a verdict on time is
/// close: the share of the limit.
pub(super) const MARGIN: f64 = 0.10;

/// The limits to run with: those to judge by, with the margin on top of the CPU time.
pub(super) fn with_margin(limits: &Limits) -> Limits {
    let cpu = limits.cpu.map(|cpu| cpu.saturating_add(cpu.mul_f64(MARGIN)));
    Limits { cpu, ..limits.clone() }
}

/// Whether the verdict of this attempt is one on time, and close. `exact`: it was run without a
/// margin.
pub(super) fn is_close(attempt: &Attempt, limits: &Limits, exact: bool, stalled: Option<Duration>) -> bool {
    let Outcome::Ran(ran) = &attempt.outcome else { return false };
    if !is_of_time(&attempt.verdict) {
        return false;
    }
    match ran.killed_by {
        Some(KillReason::Wall) => was_slowed_down(ran, limits, stalled),
        // It was stopped at the very limit, or ended a little above it.
        Some(KillReason::Cpu) => exact,
        _ => true,
    }
}

/// Whether time decided.
pub(super) fn is_of_time(verdict: &Verdict) -> bool {
    verdict.code == Some(Code::Timeout)
}

fn was_slowed_down(ran: &Ran, limits: &Limits, stalled: Option<Duration>) -> bool {
    let worked = ran.usage.cpu >= limits.wall.mul_f64(MARGIN);
    worked && stalled.is_none_or(|stalled| stalled >= limits.wall.mul_f64(MARGIN))
}

/// What is said beside a verdict on time.
pub(super) fn pressure_note(ran: &Ran, stalled: Option<Duration>) -> String {
    let switches = ran.usage.context_switches.1;
    let pressure = match (stalled, ran.usage.wall.as_secs_f64()) {
        (Some(stalled), wall) if wall > 0.0 => {
            let share = (stalled.as_secs_f64() / wall * 100.0).min(100.0);
            format!("something on this machine waited for a CPU {share:.0} % of the time")
        }
        _ => "the kernel does not say how long anything waited for a CPU".to_owned(),
    };
    format!("CPU pressure: {pressure}; the program was interrupted {switches} times")
}

/// Said of the run that does not count.
pub(super) const CLOSE: &str =
    "within 10 % of its time limit, or slowed down by others: it is run again alone, and that run counts";
/// Said of the one that does.
pub(super) const ALONE: &str = "run alone, because the verdict of the run before was close";

/// The kernel's count of the time during which something waited for a CPU.
#[derive(Debug)]
pub(super) struct Pressure(Option<File>);

impl Pressure {
    pub(super) fn open() -> Self {
        Self(File::open("/proc/pressure/cpu").ok())
    }

    /// The time so far; `None` where the kernel does not count it.
    pub(super) fn total(&self) -> Option<Duration> {
        let mut text = [0u8; 256];
        let length = self.0.as_ref()?.read_at(&mut text, 0).ok()?;
        total_of(std::str::from_utf8(&text[..length]).ok()?)
    }
}

fn total_of(text: &str) -> Option<Duration> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let total = some.split(' ').find_map(|word| word.strip_prefix("total="))?;
    total.trim().parse().ok().map(Duration::from_micros)
}

/// Through it go all executions of a run: many side by side, or one alone.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<Inside>,
    changed: Condvar,
    pressure: Pressure,
}

#[derive(Debug, Default)]
struct Inside {
    together: usize,
    alone: bool,
    /// Those who want to be alone go first, or they might wait for ever.
    waiting: usize,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), pressure: Pressure::open() }
    }

    /// Runs something beside others. Also says how long anything on this machine waited for a CPU
    /// meanwhile.
    pub(super) fn together<T>(&self, run: impl FnOnce() -> T) -> (T, Option<Duration>) {
        self.enter(|inside| {
            let free = !inside.alone && inside.waiting == 0;
            inside.together += usize::from(free);
            free
        });
        let _leave = Leave { gate: self, alone: false };
        self.measured(run)
    }

    /// Runs something while nothing else of this run is running.
    pub(super) fn alone<T>(&self, run: impl FnOnce() -> T) -> (T, Option<Duration>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting += 1;
        self.enter(|inside| {
            let free = !inside.alone && inside.together == 0;
            if free {
                (inside.alone, inside.waiting) = (true, inside.waiting - 1);
            }
            free
        });
        let _leave = Leave { gate: self, alone: true };
        self.measured(run)
    }

    fn enter(&self, mut try_enter: impl FnMut(&mut Inside) -> bool) {
        let mut inside = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !try_enter(&mut inside) {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn measured<T>(&self, run: impl FnOnce() -> T) -> (T, Option<Duration>) {
        let before = self.pressure.total();
        let result = run();
        let stalled = self.pressure.total().zip(before).map(|(after, before)| after.saturating_sub(before));
        (result, stalled)
    }
}

/// Leaves also when what runs panics.
struct Leave<'a> {
    gate: &'a Gate,
    alone: bool,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut inside = self.gate.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.alone {
            inside.alone = false;
        } else {
            inside.together -= 1;
        }
        drop(inside);
        self.gate.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_kernels_words_are_read() {
        let text = "some avg10=13.64 avg60=24.71 avg300=10.61 total=5614364830\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(total_of(text), Some(Duration::from_micros(5_614_364_830)));
        assert_eq!(total_of(""), None);
    }

    #[test]
    fn who_is_alone_is_alone_and_everybody_gets_in() {
        let gate = Gate::new();
        let inside = AtomicUsize::new(0);
        let seen = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (gate, inside, seen) = (&gate, &inside, &seen);
                scope.spawn(move || {
                    for _ in 0..200 {
                        if n % 4 == 0 {
                            gate.alone(|| assert_eq!(inside.load(Ordering::SeqCst), 0));
                        } else {
                            gate.together(|| {
                                inside.fetch_add(1, Ordering::SeqCst);
                                std::thread::yield_now();
                                inside.fetch_sub(1, Ordering::SeqCst);
                            });
                        }
                        seen.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(seen.load(Ordering::SeqCst), 1600);
    }

    #[test]
    fn a_panic_leaves_the_gate_open() {
        let gate = Gate::new();
        for _ in 0..2 {
            let together =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gate.together(|| panic!("x"))));
            let alone = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gate.alone(|| panic!("x"))));
            assert!(together.is_err() && alone.is_err());
        }
    }
}
