//! Host paths that a template shows: opened as detached trees by whoever still reaches them.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::copy::{Owner, copy_tree};
use super::template::BASE;
use super::tree::Tree;
use crate::sandbox::fault;
use crate::sandbox::sys::{self, Forked};
use crate::sandbox::wire::{FaultRecord, LayerKind, Purpose, Source};

pub(super) const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
const NO_PRIVILEGE: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;

/// A source, opened.
pub(in crate::sandbox) struct Opened {
    pub(in crate::sandbox) tree: Tree,
    pub(in crate::sandbox) kind: LayerKind,
    pub(in crate::sandbox) is_dir: bool,
}

pub(super) fn open_all(sources: &[Source], owner: Option<Owner>) -> Result<Vec<Opened>, FaultRecord> {
    sources
        .iter()
        .map(|source| {
            open_source(source, owner, Some(copied)).map_err(|error| {
                let too_large = matches!(error.raw_os_error(), Some(libc::EFBIG | libc::ENOSPC));
                let step = if too_large {
                    fault::COPYING.to_owned()
                } else {
                    format!("opening {} for the sandbox", source.path)
                };
                FaultRecord::new(step, &error)
            })
        })
        .collect()
}

/// Opens all sources from the supervisor, who may map owners but has no place for copies.
///
/// # Errors
/// One cannot be opened so: a worker of its own has to try.
pub(in crate::sandbox) fn open_from_outside(sources: &[Source], owner: Owner) -> io::Result<Vec<Opened>> {
    sources.iter().map(|source| open_source(source, Some(owner), None)).collect()
}

/// Where a copy can be made: a process with mounts of its own.
type Copy = fn(&OwnedFd, Owner) -> io::Result<Opened>;

/// Opens a source as a detached tree; where the program is another user than the file's owner,
/// maps the owner to the program, or copies what cannot be mapped.
fn open_source(source: &Source, owner: Option<Owner>, copy: Option<Copy>) -> io::Result<Opened> {
    let path = Path::new(source.path.as_os_str());
    let meta = fs::metadata(path)?;
    let path = source.path.to_c_string();
    let set = if source.purpose == Purpose::ReadWrite { NO_PRIVILEGE } else { READ_ONLY };
    let is_dir = meta.is_dir();
    let Some(owner) = owner.filter(|_| source.purpose != Purpose::ReadOnly) else {
        return Ok(Opened { tree: Tree::open(&path, set)?, kind: LayerKind::Bound, is_dir });
    };
    let map = id_map(meta.uid(), meta.gid(), owner)?;
    match Tree::open_mapped(&path, set, map.as_fd()) {
        Ok(tree) => Ok(Opened { tree, kind: LayerKind::IdMapped, is_dir }),
        // The file system cannot (overlayfs of a container, NFS), a mount inside cannot, or the
        // kernel is older than 5.12.
        Err(error) => match copy.filter(|_| source.purpose == Purpose::Layer) {
            Some(copy) => copy(&sys::open_tree(&path)?, owner),
            None => Err(error),
        },
    }
}

/// A private tmpfs with a copy of the folder that belongs to the program. Read through the opened
/// tree: its path may lie below the place that the tmpfs covers meanwhile.
fn copied(from: &OwnedFd, owner: Owner) -> io::Result<Opened> {
    let path = format!("/proc/self/fd/{}", from.as_raw_fd());
    let none: Option<&str> = None;
    mount(Some("tmpfs"), BASE, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=755"))?;
    let copy = || {
        copy_tree(Path::new(&path), Path::new(BASE), Some(owner))?;
        std::os::unix::fs::chown(BASE, Some(owner.uid), Some(owner.gid))?;
        let tree = Tree::open(&CString::new(BASE)?, READ_ONLY)?;
        Ok(Opened { tree, kind: LayerKind::Copied, is_dir: true })
    };
    let opened = copy();
    umount2(BASE, MntFlags::MNT_DETACH)?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    opened
}

/// A user namespace whose only purpose is its map: file owner → the program's host id.
pub(in crate::sandbox) fn id_map(uid: u32, gid: u32, owner: Owner) -> io::Result<OwnedFd> {
    let new_user = u64::try_from(libc::CLONE_NEWUSER).expect("a positive bit");
    let (parent, child) = std::os::unix::net::UnixStream::pair()?;
    match sys::fork(new_user, None)? {
        Forked::Child => {
            drop(parent);
            // Held open by a read that ends with the parent's end of the socket.
            let _ = io::Read::read(&mut &child, &mut [0]);
            sys::exit_now()
        }
        Forked::Parent { pid, .. } => {
            drop(child);
            let map = || {
                fs::write(format!("/proc/{pid}/uid_map"), format!("{uid} {} 1", owner.uid))?;
                fs::write(format!("/proc/{pid}/gid_map"), format!("{gid} {} 1", owner.gid))?;
                fs::File::open(format!("/proc/{pid}/ns/user"))
            };
            let map = map();
            drop(parent);
            // Not any child: in the supervisor there are others.
            nix::sys::wait::waitpid(
                nix::unistd::Pid::from_raw(pid),
                Some(nix::sys::wait::WaitPidFlag::__WALL),
            )?;
            Ok(map?.into())
        }
    }
}
