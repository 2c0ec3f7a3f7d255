//! The system-call filter: names ([`table`]) → rules → BPF ([`compile`]). Pure; made in the
//! supervisor, installed by the program as its last act before `execve`.
//!
//! What the filter does not know is answered with ENOSYS, as an older kernel would: C libraries
//! fall back on it. What no honest program asks for stops the call and tells the supervisor
//! ([`Action::Report`]), which kills the sandbox and puts the call's name into the report.

mod compile;
mod table;

pub(super) use compile::filter;

use super::spec::SeccompPolicy;

/// The architectures that a filter can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arch {
    X86_64,
    Aarch64,
}

impl Arch {
    /// The architecture of this binary, if we have a filter for it.
    pub(super) fn native() -> Option<Self> {
        if cfg!(target_arch = "x86_64") {
            Some(Self::X86_64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::Aarch64)
        } else {
            None
        }
    }

    /// `AUDIT_ARCH_*`.
    fn audit(self) -> u32 {
        match self {
            Self::X86_64 => 0xC000_003E,
            Self::Aarch64 => 0xC000_00B7,
        }
    }

    /// The number of a system call by its name; `None` where the architecture has none such.
    fn number(self, name: &str) -> Option<u32> {
        let number = match self {
            Self::X86_64 => name.parse::<syscalls::x86_64::Sysno>().ok()?.id(),
            Self::Aarch64 => name.parse::<syscalls::aarch64::Sysno>().ok()?.id(),
        };
        u32::try_from(number).ok()
    }
}

/// What the filter does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Allow,
    /// Refuse with this errno; the program goes on.
    Errno(u16),
    /// Stop the call and tell the supervisor, which kills the sandbox.
    Report,
}

/// When a rule about arguments applies. Only the low 32 bits are looked at: the kernel truncates
/// these arguments to int, so garbage in the upper half must not hide a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    /// Argument `.0` has any of the bits `.1`.
    AnyBit(u32, u32),
    /// Argument `.0` is one of `.1`.
    OneOf(u32, &'static [u32]),
    /// Argument `.0`, cut down to the bits `.1`, is one of `.2`.
    MaskedOneOf(u32, u32, &'static [u32]),
}

/// What is to be done with one system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    name: &'static str,
    /// Looked at in order; the first that holds decides.
    tests: &'static [(Test, Action)],
    otherwise: Action,
}

/// The name of a system call that was reported, and of its architecture.
pub(super) fn describe(number: i32, audit_arch: u32) -> (String, &'static str) {
    const I386: u32 = 0x4000_0003;
    const ARM: u32 = 0x4000_0028;
    const X32_BIT: i32 = 0x4000_0000;
    let native = |name: Option<String>| name.unwrap_or_else(|| format!("syscall_{number}"));
    match audit_arch {
        arch if arch == Arch::X86_64.audit() && number & X32_BIT != 0 => (format!("syscall_{number}"), "x32"),
        arch if arch == Arch::X86_64.audit() => {
            let sysno = usize::try_from(number).ok().and_then(syscalls::x86_64::Sysno::new);
            (native(sysno.map(|sysno| sysno.name().to_owned())), "x86_64")
        }
        arch if arch == Arch::Aarch64.audit() => {
            let sysno = usize::try_from(number).ok().and_then(syscalls::aarch64::Sysno::new);
            (native(sysno.map(|sysno| sysno.name().to_owned())), "aarch64")
        }
        I386 => (format!("syscall_{number}"), "i386"),
        ARM => (format!("syscall_{number}"), "arm"),
        _ => (format!("syscall_{number}"), "foreign"),
    }
}

/// The policy's name in reports.
pub(super) fn policy_name(policy: SeccompPolicy) -> &'static str {
    match policy {
        SeccompPolicy::Default => "default",
        SeccompPolicy::Strict => "strict",
        SeccompPolicy::Off => "off",
    }
}
