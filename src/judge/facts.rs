//! [`Facts`]: what an [`Outcome`](crate::sandbox::outcome::Outcome) says, reduced to the
//! questions that `classify` asks. One field for each row of the precedence.

use std::time::Duration;

use crate::judge::{Code, ExitExpectation, Expectation};
use crate::sandbox::outcome::{End, KillReason, Ran};
use crate::sandbox::spec::Limits;
use crate::units::Bytes;

/// Signals that a limit of ours makes the kernel send.
pub(super) const SIGXCPU: i32 = libc::SIGXCPU;
pub(super) const SIGXFSZ: i32 = libc::SIGXFSZ;
pub(super) const SIGSYS: i32 = libc::SIGSYS;

/// What speaks for each cause. More than one may hold; `classify::decide` says which counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// The sandbox could not be built, or we lost sight of the program.
    pub fault: bool,
    /// The operator stopped it.
    pub cancelled: bool,
    /// It made a forbidden system call.
    pub forbidden: bool,
    /// The kernel's OOM killer acted inside the sandbox.
    pub oom_kill: bool,
    /// It needed more memory than the limit.
    pub memory: bool,
    /// It wrote more than the limit.
    pub output: bool,
    /// The wall clock ran out.
    pub wall: bool,
    /// The CPU time ran out.
    pub cpu: bool,
    /// Forks were refused, and it did not do what was expected.
    pub processes: bool,
    /// A file or the disk was full, and it did not do what was expected.
    pub disk: bool,
    /// It was ended by a signal that was not expected.
    pub signal: bool,
    /// Its exit status is not the expected one.
    pub exit: bool,
    /// What it wrote or left is not what was expected.
    pub comparison: bool,
}

impl Facts {
    /// The facts of a program that ran. `exit_ok` and `bytes_ok` are the results of the checks.
    pub(super) fn of(expectation: &Expectation, limits: &Limits, ran: &Ran, checked: Checked) -> Self {
        let signal = end_signal(ran);
        let expected_signal = signal.is_some() && signal == expected_signal(&expectation.exit);
        let ends_well = checked.exit_ok && checked.bytes_ok && !failed_unasked(expectation, ran);
        let unexpected = |number| signal == Some(number) && !expected_signal;
        let wanted = |code| expectation.code == Some(code);
        Self {
            fault: ran.end == End::Killed && ran.killed_by.is_none() && ran.events.oom_kills == 0,
            cancelled: ran.killed_by == Some(KillReason::Cancelled),
            forbidden: forbidden(ran),
            oom_kill: ran.events.oom_kills > 0,
            memory: ran.killed_by == Some(KillReason::Memory)
                || (memory_reached(limits, ran) && (!ended_with_zero(ran) || wanted(Code::MemoryLimit))),
            output: ran.killed_by == Some(KillReason::Output) || ran.usage.output > limits.output,
            wall: ran.killed_by == Some(KillReason::Wall),
            cpu: ran.killed_by == Some(KillReason::Cpu)
                || cpu_overrun(limits, ran)
                || (unexpected(SIGXCPU) && cpu_nearly_used(limits, ran)),
            processes: ran.events.pids_limit_hits > 0 && (!ends_well || wanted(Code::ProcessLimit)),
            disk: unexpected(SIGXFSZ) || (ran.events.disk_full && (!ends_well || wanted(Code::DiskLimit))),
            signal: signal.is_some() && !expected_signal,
            exit: !checked.exit_ok,
            comparison: !checked.bytes_ok,
        }
    }
}

/// The results of the checks, in two words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checked {
    /// The exit status is one that was expected.
    pub exit_ok: bool,
    /// Everything that was compared matched.
    pub bytes_ok: bool,
}

/// The signal that ended the first process.
pub(super) fn end_signal(ran: &Ran) -> Option<i32> {
    match ran.end {
        End::Signaled { signal, .. } => Some(signal),
        End::Exited(_) | End::Killed => None,
    }
}

fn expected_signal(exit: &ExitExpectation) -> Option<i32> {
    match exit {
        ExitExpectation::Signal(signal) => Some(*signal),
        ExitExpectation::OneOf(_)
        | ExitExpectation::Nonzero
        | ExitExpectation::Not(_)
        | ExitExpectation::Any => None,
    }
}

/// Without a filter nothing of ours sends SIGSYS: it is then a signal like any other.
fn forbidden(ran: &Ran) -> bool {
    matches!(ran.killed_by, Some(KillReason::ForbiddenSyscall { .. }))
        || (end_signal(ran) == Some(SIGSYS) && ran.enforced.seccomp != "off")
}

/// Where any exit status will do, a nonzero one still says that something went wrong, and a limit
/// that was hit explains it.
fn failed_unasked(expectation: &Expectation, ran: &Ran) -> bool {
    expectation.exit == ExitExpectation::Any && !ended_with_zero(ran)
}

fn ended_with_zero(ran: &Ran) -> bool {
    ran.end == End::Exited(0)
}

/// The least memory that was really needed at the peak: without the page cache that was left and
/// could have been reclaimed.
pub(super) fn memory_needed(ran: &Ran) -> Bytes {
    Bytes(ran.usage.memory_peak.0.saturating_sub(ran.usage.memory_cache_left.0))
}

/// Whether the limit was reached. The kernel's own limit stands a little above ours, so that a
/// peak over ours can be seen.
pub(super) fn memory_reached(limits: &Limits, ran: &Ran) -> bool {
    memory_needed(ran) >= limits.memory
}

/// Whether more CPU time was used than allowed, whoever used it and whoever ended it.
pub(super) fn cpu_overrun(limits: &Limits, ran: &Ran) -> bool {
    limits.cpu.is_some_and(|limit| ran.usage.cpu > limit)
}

/// A SIGXCPU that the kernel sent comes with the time used up (counters may lag a little); one
/// that the program sent itself does not, and no limit of ours explains it.
fn cpu_nearly_used(limits: &Limits, ran: &Ran) -> bool {
    limits.cpu.is_some_and(|limit: Duration| ran.usage.cpu >= limit.mul_f64(0.9))
}
