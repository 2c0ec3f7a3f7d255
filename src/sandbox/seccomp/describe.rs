//! Names for reports: of a call, of a policy.

use super::{Arch, Noted, table};
use crate::sandbox::spec::SeccompPolicy;

/// The name of a system call that was reported, and of its architecture.
pub(in crate::sandbox) fn describe(number: i32, audit_arch: u32) -> (String, &'static str) {
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

/// What a call that the filter stopped was noted for; `None`: it is forbidden.
pub(in crate::sandbox) fn noted(number: i32, audit_arch: u32) -> Option<Noted> {
    let native = Arch::native().filter(|arch| arch.audit() == audit_arch)?;
    let named = |name: &&str| native.number(name) == u32::try_from(number).ok();
    table::NOTED.iter().find(|name| named(name)).and_then(|name| table::noted(name))
}

/// The policy's name in reports.
pub(in crate::sandbox) fn policy_name(policy: SeccompPolicy) -> &'static str {
    match policy {
        SeccompPolicy::Default => "default",
        SeccompPolicy::Strict => "strict",
        SeccompPolicy::Off => "off",
    }
}
