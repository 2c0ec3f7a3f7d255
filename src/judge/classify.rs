//! Which cause counts when more than one could be named: the written precedence, as one match.

use crate::judge::Code;
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

    /// Its name in the precedence table.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Fault => "sandbox fault",
            Self::Cancelled => "cancelled",
            Self::Forbidden => "forbidden system call",
            Self::OomKill => "OOM kill",
            Self::Memory => "memory limit",
            Self::Output => "output limit",
            Self::Wall => "wall time",
            Self::Cpu => "CPU time",
            Self::Processes => "process limit",
            Self::Disk => "file size or disk limit",
            Self::Signal => "signal",
            Self::Exit => "exit status",
            Self::Comparison => "comparison",
            Self::Pass => "pass",
        }
    }

    /// The codes that it gives.
    pub(super) fn codes(self) -> &'static [Code] {
        match self {
            Self::Fault => {
                &[Code::SandboxSetup, Code::SetupTimeout, Code::Monitoring, Code::UnsupportedPlatform]
            }
            Self::Cancelled | Self::Pass => &[],
            Self::Forbidden => &[Code::Blocked],
            Self::OomKill => &[Code::OomKill],
            Self::Memory => &[Code::MemoryLimit],
            Self::Output => &[Code::OutputLimit],
            Self::Wall | Self::Cpu => &[Code::Timeout],
            Self::Processes => &[Code::ProcessLimit],
            Self::Disk => &[Code::DiskLimit],
            Self::Signal => &[Code::Signal],
            Self::Exit => &[Code::WrongExit],
            Self::Comparison => {
                &[Code::StdoutDiffers, Code::StderrDiffers, Code::FileDiffers, Code::ResourceUse]
            }
        }
    }

    /// Why it goes before the next one.
    pub(super) fn before_next_because(self) -> &'static str {
        match self {
            Self::Fault => {
                "where our own measuring failed, no other fact can be believed, not even that it was cancelled in an orderly way"
            }
            Self::Cancelled => {
                "a program that the operator stopped did not get a fair trial, whatever it had done until then"
            }
            Self::Forbidden => {
                "a breach of the policy is what staff must see, even if memory ran out as well"
            }
            Self::OomKill => {
                "the kernel's own kill is a stronger fact than a counter that reached a value, and it explains the counter"
            }
            Self::Memory => {
                "a program that floods its output often does so because an allocation failed and it reports that for ever"
            }
            Self::Output => {
                "a flood fills the pipe and makes the program slow: the clock is only the consequence"
            }
            Self::Wall => {
                "the supervisor acted on the wall clock; CPU time that is over the limit as well is a note"
            }
            Self::Cpu => {
                "a fork bomb uses up CPU time and forks at once; what ended it is the time, the refused forks are a note"
            }
            Self::Processes => "a refused fork is counted by the kernel, a full disk is only seen at the end",
            Self::Disk => "SIGXFSZ is a signal that a limit of ours explains",
            Self::Signal => "a program that was killed has no exit status",
            Self::Exit => "a program that says itself that it failed need not have written anything sensible",
            Self::Comparison => "only what was compared and found the same has passed",
            Self::Pass => "",
        }
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Facts in which exactly the causes of `bits` hold, the first of the precedence in bit 0.
    fn facts(bits: u16) -> Facts {
        let holds = |cause: Cause| bits & (1 << (cause as u16)) != 0;
        Facts {
            fault: holds(Cause::Fault),
            cancelled: holds(Cause::Cancelled),
            forbidden: holds(Cause::Forbidden),
            oom_kill: holds(Cause::OomKill),
            memory: holds(Cause::Memory),
            output: holds(Cause::Output),
            wall: holds(Cause::Wall),
            cpu: holds(Cause::Cpu),
            processes: holds(Cause::Processes),
            disk: holds(Cause::Disk),
            signal: holds(Cause::Signal),
            exit: holds(Cause::Exit),
            comparison: holds(Cause::Comparison),
        }
    }

    #[test]
    fn of_two_neighbours_the_earlier_wins() {
        for pair in Cause::ALL.windows(2) {
            let [earlier, later] = pair else { panic!("windows of two") };
            let both = (1 << (*earlier as u16)) | (1 << (*later as u16));
            assert_eq!(decide(&facts(both)), *earlier, "{earlier:?} and {later:?}");
            assert_eq!(decide(&facts(1 << (*later as u16))), *later, "{later:?} alone");
        }
    }

    #[test]
    fn the_order_is_the_one_that_the_contract_writes_down() {
        let titles: Vec<_> = Cause::ALL.iter().map(|cause| cause.title()).collect();
        assert_eq!(
            titles.join(" → "),
            "sandbox fault → cancelled → forbidden system call → OOM kill → memory limit → output limit → \
             wall time → CPU time → process limit → file size or disk limit → signal → exit status → \
             comparison → pass"
        );
        assert!(Cause::ALL.is_sorted());
    }

    proptest! {
        #[test]
        fn another_fact_never_yields_a_later_cause(bits in 0u16..1 << 13, more in 0usize..13) {
            let before = decide(&facts(bits));
            let after = decide(&facts(bits | (1 << more)));
            prop_assert!(after <= before);
            prop_assert_eq!(after, before.min(Cause::ALL[more]));
        }
    }
}
