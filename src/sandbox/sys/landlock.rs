//! Landlock: a second wall around files, TCP and signals (Linux 5.13 and newer).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

/// The accesses that a ruleset refuses unless a rule allows them; bits as the kernel numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(in crate::sandbox) struct LandlockHandled {
    /// `LANDLOCK_ACCESS_FS_*`.
    pub(in crate::sandbox) files: u64,
    /// `LANDLOCK_ACCESS_NET_*`; zero before version 4.
    pub(in crate::sandbox) network: u64,
    /// `LANDLOCK_SCOPE_*`; zero before version 6.
    pub(in crate::sandbox) scoped: u64,
}

/// The version of Landlock that this kernel has switched on; `None` where there is none.
pub(in crate::sandbox) fn landlock_abi() -> Option<u32> {
    const VERSION: u32 = 1; // LANDLOCK_CREATE_RULESET_VERSION
    let nothing: *const LandlockHandled = std::ptr::null();
    // SAFETY: with the flag VERSION the kernel demands a null pointer and a size of zero, reads
    // nothing and opens nothing.
    let abi = check(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0usize, VERSION) });
    abi.ok().and_then(|abi| u32::try_from(abi).ok()).filter(|abi| *abi > 0)
}

/// A ruleset that refuses everything it handles.
pub(in crate::sandbox) fn landlock_ruleset(handled: LandlockHandled) -> io::Result<OwnedFd> {
    // SAFETY: `handled` has the layout of landlock_ruleset_attr (repr(C), three 64-bit words), is
    // alive, and its own size is passed; an older kernel takes a longer one whose end is zero.
    let fd = check(unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            &raw const handled,
            size_of::<LandlockHandled>(),
            0u32,
        )
    })?;
    let fd = i32::try_from(fd).expect("descriptors fit an int");
    // SAFETY: the call above has just opened `fd` for us; nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Allows `access` to `place` and everything below it.
pub(in crate::sandbox) fn landlock_allow(
    ruleset: BorrowedFd<'_>,
    place: BorrowedFd<'_>,
    access: u64,
) -> io::Result<()> {
    const PATH_BENEATH: u32 = 1; // LANDLOCK_RULE_PATH_BENEATH
    #[repr(C, packed)]
    struct Rule {
        access: u64,
        place: i32,
    }
    let rule = Rule { access, place: place.as_raw_fd() };
    // SAFETY: `rule` has the layout of landlock_path_beneath_attr (packed: a 64-bit word and an
    // int) and is alive; both descriptors are open for as long as they are borrowed.
    check(unsafe {
        libc::syscall(libc::SYS_landlock_add_rule, ruleset.as_raw_fd(), PATH_BENEATH, &raw const rule, 0u32)
    })?;
    Ok(())
}

/// Puts the ruleset on this thread and everything that it starts, for good. Needs `no_new_privs`.
pub(in crate::sandbox) fn landlock_restrict(ruleset: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes a descriptor, open for as long as it is borrowed, and a flag; no memory.
    check(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0u32) })?;
    Ok(())
}
