//! Descriptors: passing them over a socket, closing them wholesale.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

use super::check;

/// The most descriptors in one message: half of the kernel's SCM_MAX_FD.
pub(in crate::sandbox) const MAX_FDS: usize = 128;

/// Sends one message with descriptors over a sequenced-packet socket.
pub(in crate::sandbox) fn send(
    socket: BorrowedFd<'_>,
    body: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    let flags = MsgFlags::MSG_NOSIGNAL;
    loop {
        match sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(body)], control, flags, None) {
            Ok(_) => return Ok(()),
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Receives one message and its descriptors, close-on-exec. Zero bytes mean the other end is gone.
///
/// A message that does not fit `buffer`, or that had more descriptors than we take, is an error:
/// nobody of ours sends such a one.
pub(in crate::sandbox) fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: MsgFlags,
) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut control = nix::cmsg_space!([RawFd; MAX_FDS]);
    let mut slices = [IoSliceMut::new(buffer)];
    let flags = flags | MsgFlags::MSG_CMSG_CLOEXEC;
    let message = loop {
        match recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags) {
            Err(nix::errno::Errno::EINTR) => {}
            other => break other?,
        }
    };
    let mut fds = Vec::new();
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = part {
            // SAFETY: the kernel has just installed these descriptors in our table for this
            // message (SCM_RIGHTS); nobody else knows their numbers, so each has one owner.
            fds.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    if message.flags.intersects(MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "message truncated"));
    }
    Ok((message.bytes, fds))
}

/// Closes every descriptor from `first` on. For the start of a process of ours only, when no
/// Rust value owns any of them.
pub(in crate::sandbox) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: close_range takes three integers and touches no memory; the caller's contract (it
    // runs first thing in the worker, before any descriptor is opened) keeps owners intact.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) })?;
    Ok(())
}

/// Closes every descriptor from 3 on but `kept`. For the program's process just before it becomes the
/// program: new descriptors are the lowest free ones then, and within any limit on open files.
pub(in crate::sandbox) fn close_all_but(kept: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut first = 3;
    loop {
        let above = kept.iter().map(AsRawFd::as_raw_fd).filter(|&fd| fd >= first);
        let next = above.min().unwrap_or(i32::MAX);
        if next > first {
            // SAFETY: close_range takes three integers and touches no memory. The process that calls
            // this has a table of its own (it was not made with CLONE_FILES) and uses and drops no
            // owner of a descriptor but `kept` until it executes or exits.
            check(unsafe { libc::syscall(libc::SYS_close_range, first, next - 1, 0) })?;
        }
        if next == i32::MAX {
            return Ok(());
        }
        first = next + 1;
    }
}

/// Marks every descriptor from `first` on close-on-exec.
pub(in crate::sandbox) fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: close_range takes three integers and touches no memory; with CLOEXEC it closes
    // nothing now, so every owner stays valid.
    let result =
        check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) });
    match result {
        // Linux 5.10 has close_range but not this flag. There the first line must do: every
        // descriptor of ours is opened close-on-exec, and the worker closed all others at its start.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        other => other.map(|_| ()),
    }
}
