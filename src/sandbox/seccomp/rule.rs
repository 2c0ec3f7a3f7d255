//! [`Rule`]: what is to be done with one system call.

use crate::sandbox::spec::SeccompPolicy;

/// What a filter is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) struct Asked {
    pub(in crate::sandbox) policy: SeccompPolicy,
    /// Whether a cgroup counts the program's memory.
    pub(in crate::sandbox) counted: bool,
    /// Whether the program has the host's network.
    pub(in crate::sandbox) host_network: bool,
}

/// What the filter does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Allow,
    /// Refuse with this errno; the program goes on.
    Errno(u16),
    /// Stop the call and tell the supervisor, which kills the sandbox.
    Report,
    /// Stop the call and tell the supervisor, which lets it go on and writes down that what it may
    /// have left behind must not be used again.
    Note,
}

/// When a rule about arguments applies. Only the low 32 bits are looked at: the kernel truncates
/// these arguments to int, so garbage in the upper half must not hide a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// Argument `.0` has any of the bits `.1`.
    AnyBit(u32, u32),
    /// Argument `.0` is one of `.1`.
    OneOf(u32, &'static [u32]),
    /// Argument `.0`, cut down to the bits `.1`, is one of `.2`.
    MaskedOneOf(u32, u32, &'static [u32]),
}

/// What is to be done with one system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// Looked at in order; the first that holds decides.
    pub(super) tests: &'static [(Test, Action)],
    pub(super) otherwise: Action,
}
