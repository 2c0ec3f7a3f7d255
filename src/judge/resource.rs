//! What a program used against what it may have used.

use crate::judge::{Check, CheckTarget, Order, Resource, ResourceExpectation};
use crate::sandbox::outcome::Ran;
use crate::units::{Bytes, format_duration};

impl Resource {
    /// Every resource, as the documentation lists them.
    pub const ALL: [Self; 5] = [Self::Cpu, Self::Wall, Self::PeakMemory, Self::Output, Self::PeakProcesses];

    /// As a suite writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wall => "wall",
            Self::PeakMemory => "peak_memory",
            Self::Output => "output",
            Self::PeakProcesses => "peak_processes",
        }
    }

    /// An amount for people.
    fn shown(self, amount: u64) -> String {
        match self {
            Self::Cpu | Self::Wall => format_duration(std::time::Duration::from_millis(amount)),
            Self::PeakMemory | Self::Output => Bytes(amount).to_string(),
            Self::PeakProcesses => amount.to_string(),
        }
    }

    /// `None` where this host does not count it.
    fn measured(self, ran: &Ran) -> Option<u64> {
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Cpu => Some(millis(ran.usage.cpu)),
            Self::Wall => Some(millis(ran.usage.wall)),
            Self::PeakMemory => Some(ran.usage.memory_peak.0),
            Self::Output => Some(ran.usage.output.0),
            Self::PeakProcesses => ran.usage.pids_peak.map(u64::from),
        }
    }
}

impl Order {
    /// As a suite writes it.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    /// Whether `found` stands in this order to `amount`.
    #[must_use]
    pub fn holds(self, found: u64, amount: u64) -> bool {
        match self {
            Self::Less => found < amount,
            Self::AtMost => found <= amount,
            Self::More => found > amount,
            Self::AtLeast => found >= amount,
        }
    }
}

/// One check. What this host does not count does not hold: nothing passes by not being measured.
pub(super) fn check(wanted: &ResourceExpectation, ran: &Ran) -> Check {
    let ResourceExpectation { resource, order, amount } = *wanted;
    let expected = format!("{} {}", order.sign(), resource.shown(amount));
    let (ok, message) = match resource.measured(ran) {
        Some(found) if order.holds(found, amount) => {
            (true, format!("{} {}", resource.name(), resource.shown(found)))
        }
        Some(found) => {
            (false, format!("{} is {}, expected {expected}", resource.name(), resource.shown(found)))
        }
        None => (false, format!("{} is not counted on this host, expected {expected}", resource.name())),
    };
    Check {
        target: CheckTarget::Resource(resource.name()),
        ok,
        message,
        compare: "",
        expected_from: String::new(),
        difference: None,
    }
}
