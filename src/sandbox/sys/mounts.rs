//! The new mount interface (Linux 5.2, 5.12): trees as descriptors.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

/// A private, detached copy of the mounts at `path`.
pub(in crate::sandbox) fn open_tree(path: &CStr) -> io::Result<OwnedFd> {
    let flags = libc::OPEN_TREE_CLONE
        | libc::OPEN_TREE_CLOEXEC
        | u32::try_from(libc::AT_RECURSIVE).expect("AT_RECURSIVE is 0x8000");
    // SAFETY: `path` is NUL-terminated by its type and outlives the call, which only reads it.
    let fd = check(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) })?;
    let fd = i32::try_from(fd).expect("descriptors fit an int");
    // SAFETY: the call above has just opened `fd` for us; nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Attaches a detached tree at `target`.
pub(in crate::sandbox) fn move_mount(tree: BorrowedFd<'_>, target: &CStr) -> io::Result<()> {
    // SAFETY: both strings are NUL-terminated by their types and outlive the call; `tree` is open
    // for as long as it is borrowed.
    check(unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            target.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    })?;
    Ok(())
}

/// Maps the owners of files through a user namespace.
#[derive(Clone, Copy)]
pub(in crate::sandbox) struct IdMap<'a>(pub(in crate::sandbox) BorrowedFd<'a>);

/// What to set on every mount of a tree.
#[derive(Clone, Copy, Default)]
pub(in crate::sandbox) struct MountAttr<'a> {
    /// `MOUNT_ATTR_*` bits to set.
    pub(in crate::sandbox) set: u64,
    /// Make it private: nothing propagates in or out.
    pub(in crate::sandbox) private: bool,
    /// Map owners.
    pub(in crate::sandbox) id_map: Option<IdMap<'a>>,
}

/// Sets attributes on every mount of the tree.
pub(in crate::sandbox) fn set_mount_attr(tree: BorrowedFd<'_>, attr: MountAttr<'_>) -> io::Result<()> {
    let id_map_bit = if attr.id_map.is_some() { libc::MOUNT_ATTR_IDMAP } else { 0 };
    let userns = attr.id_map.map_or(0, |IdMap(fd)| u64::try_from(fd.as_raw_fd()).unwrap_or(u64::MAX));
    let raw = libc::mount_attr {
        attr_set: attr.set | id_map_bit,
        attr_clr: 0,
        propagation: if attr.private { libc::MS_PRIVATE } else { 0 },
        userns_fd: userns,
    };
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    // SAFETY: `raw` is a live, fully initialised mount_attr and the size passed is its own; the
    // kernel only reads it. `tree` and the user namespace are open for as long as they are borrowed.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw,
            size_of::<libc::mount_attr>(),
        )
    })?;
    Ok(())
}
