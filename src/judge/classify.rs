//! Which cause counts when more than one could be named: the written precedence, as one match.

use crate::judge::facts::Facts;

/// Why a program that ran did not pass, or that it did. In order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cause {
    /// Our own fault: nothing else can be believed.
    Fault,
    /// Stopped by the operator: what was seen until then proves nothing.
    Cancelled,
    /// A forbidden system call.
    Forbidden,
    /// The kernel's OOM killer.
    OomKill,
    /// The memory limit.
    Memory,
    /// The output limit.
    Output,
    /// The wall-clock limit.
    Wall,
    /// The CPU limit.
    Cpu,
    /// The process limit.
    Processes,
    /// The file size or the disk limit.
    Disk,
    /// A signal.
    Signal,
    /// The exit status.
    Exit,
    /// A comparison.
    Comparison,
    /// Nothing speaks against it.
    Pass,
}

impl Cause {
    /// Every cause, first the one that wins.
    #[cfg(test)]
    pub(super) const ALL: [Self; 14] = [
        Self::Fault,
        Self::Cancelled,
        Self::Forbidden,
        Self::OomKill,
        Self::Memory,
        Self::Output,
        Self::Wall,
        Self::Cpu,
        Self::Processes,
        Self::Disk,
        Self::Signal,
        Self::Exit,
        Self::Comparison,
        Self::Pass,
    ];
}

/// The first fact that holds, in the order of the written precedence.
pub(super) fn decide(facts: &Facts) -> Cause {
    match facts {
        Facts { fault: true, .. } => Cause::Fault,
        Facts { cancelled: true, .. } => Cause::Cancelled,
        Facts { forbidden: true, .. } => Cause::Forbidden,
        Facts { oom_kill: true, .. } => Cause::OomKill,
        Facts { memory: true, .. } => Cause::Memory,
        Facts { output: true, .. } => Cause::Output,
        Facts { wall: true, .. } => Cause::Wall,
        Facts { cpu: true, .. } => Cause::Cpu,
        Facts { processes: true, .. } => Cause::Processes,
        Facts { disk: true, .. } => Cause::Disk,
        Facts { signal: true, .. } => Cause::Signal,
        Facts { exit: true, .. } => Cause::Exit,
        Facts { comparison: true, .. } => Cause::Comparison,
        _ => Cause::Pass,
    }
}
