//! [`Tree`]: mounts as a descriptor, with the attributes that they are to have.
//!
//! From Linux 5.12 on a detached tree gets them at once (`mount_setattr`). Before, and where a
//! container's filter refuses that call, each of its mounts is remounted when the tree stands:
//! nothing that a program could use exists before that.

use std::ffi::{CStr, CString, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sys::statvfs::{FsFlags, statvfs};

use crate::sandbox::sys::{self, IdMap, MountAttr};

/// A private, detached copy of mounts.
pub(in crate::sandbox) struct Tree {
    fd: OwnedFd,
    /// `MOUNT_ATTR_*` bits that wait for the tree to stand.
    late: u64,
}

impl Tree {
    /// The mounts at `path`, all of them with these `MOUNT_ATTR_*` bits as soon as they stand somewhere.
    pub(super) fn open(path: &CStr, set: u64) -> io::Result<Self> {
        let fd = sys::open_tree(path)?;
        let late = match sys::set_mount_attr(fd.as_fd(), MountAttr { set, private: true, id_map: None }) {
            Ok(()) => 0,
            // What is asked of an absent call can be done later; what may not be done fails again.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => set,
            Err(error) => return Err(error),
        };
        Ok(Self { fd, late })
    }

    /// The same, with the owners of files mapped: there is no other way to do that.
    pub(super) fn open_mapped(path: &CStr, set: u64, map: BorrowedFd<'_>) -> io::Result<Self> {
        let fd = sys::open_tree(path)?;
        let attributes = MountAttr { set, private: true, id_map: Some(IdMap(map)) };
        sys::set_mount_attr(fd.as_fd(), attributes)?;
        Ok(Self { fd, late: 0 })
    }

    /// A tree that another process of ours has opened, with all its attributes.
    pub(super) fn given(fd: OwnedFd) -> Self {
        Self { fd, late: 0 }
    }

    /// Whether it has all its attributes, so that it can be given away.
    pub(in crate::sandbox) fn is_whole(&self) -> bool {
        self.late == 0
    }

    /// Attaches the tree at `place`.
    pub(super) fn attach(&self, place: &Path) -> io::Result<()> {
        sys::move_mount(self.fd.as_fd(), &CString::new(place.as_os_str().as_bytes())?)?;
        if self.late == 0 {
            return Ok(());
        }
        let table = fs::read("/proc/self/mountinfo")?;
        points(&table)
            .filter(|point| point.starts_with(place))
            .try_for_each(|point| remount(&point, self.late))
    }
}

impl AsFd for Tree {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Remounts one mount with these attributes besides those that it has: a mount from another
/// namespace does not let go of its own.
fn remount(point: &Path, set: u64) -> io::Result<()> {
    let has = statvfs(point)?.flags();
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    for (attribute, shown, flag) in [
        (libc::MOUNT_ATTR_RDONLY, FsFlags::ST_RDONLY, MsFlags::MS_RDONLY),
        (libc::MOUNT_ATTR_NOSUID, FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (libc::MOUNT_ATTR_NODEV, FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (libc::MOUNT_ATTR_NOEXEC, FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
    ] {
        flags.set(flag, set & attribute != 0 || has.contains(shown));
    }
    let none: Option<&str> = None;
    Ok(mount(none, point, none, flags, none)?)
}

/// The mount points of a `mountinfo`: the fifth field, blanks and the like as octal numbers.
fn points(table: &[u8]) -> impl Iterator<Item = PathBuf> {
    let fifth = |line: &[u8]| Some(OsString::from_vec(unescaped(line.split(|byte| *byte == b' ').nth(4)?)));
    table.split(|byte| *byte == b'\n').filter_map(move |line| fifth(line).map(PathBuf::from))
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let number = (*first == b'\\').then(|| after.get(..3)).flatten();
        let number = number.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = number.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_read_with_their_blanks() {
        let table =
            b"36 35 98:0 / /a\\040b\\134c rw - ext4 /dev/x rw\n\n37 35 98:0 / /tmp rw - tmpfs tmpfs rw\n";
        let found: Vec<_> = points(table).collect();
        assert_eq!(found, [PathBuf::from("/a b\\c"), PathBuf::from("/tmp")]);
        assert_eq!(unescaped(b"\\9x\\04"), b"\\9x\\04");
    }
}
