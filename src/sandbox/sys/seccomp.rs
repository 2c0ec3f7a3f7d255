//! Installing a seccomp filter and reading its notifications.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::check;

/// One instruction of classic BPF, laid out as the kernel's `sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(in crate::sandbox) struct Instruction {
    /// Operation.
    pub(in crate::sandbox) code: u16,
    /// Jump if true.
    pub(in crate::sandbox) jt: u8,
    /// Jump if false.
    pub(in crate::sandbox) jf: u8,
    /// Operand.
    pub(in crate::sandbox) k: u32,
}

/// Programs on their way to whoever installs them: as bytes, since there are hundreds of instructions in
/// each, and who starts a program waits for it.
pub(in crate::sandbox) mod instructions {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Instruction;

    pub(in crate::sandbox) fn serialize<S: Serializer>(
        program: &[Instruction],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(program.len() * size_of::<u64>());
        for &Instruction { code, jt, jf, k } in program {
            let [a, b] = code.to_ne_bytes();
            let [c, d, e, f] = k.to_ne_bytes();
            bytes.extend_from_slice(&[a, b, jt, jf, c, d, e, f]);
        }
        serializer.serialize_bytes(&bytes)
    }

    pub(in crate::sandbox) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Instruction>, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        let (whole, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(D::Error::custom("half an instruction"));
        }
        let instruction = |&[a, b, jt, jf, c, d, e, f]: &[u8; 8]| Instruction {
            code: u16::from_ne_bytes([a, b]),
            jt,
            jf,
            k: u32::from_ne_bytes([c, d, e, f]),
        };
        Ok(whole.iter().map(instruction).collect())
    }
}

/// Installs `program` on this thread and everything that it starts; with `listen`, returns the
/// descriptor on which its notifications arrive.
pub(in crate::sandbox) fn install_filter(
    program: &[Instruction],
    listen: bool,
) -> io::Result<Option<OwnedFd>> {
    #[repr(C)]
    struct Program {
        len: libc::c_ushort,
        filter: *const Instruction,
    }
    let len = libc::c_ushort::try_from(program.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "filter too long"))?;
    let raw = Program { len, filter: program.as_ptr() };
    let install = |flags: libc::c_ulong| {
        // SAFETY: `raw` has the layout of sock_fprog and Instruction (repr(C)) that of sock_filter;
        // `len` is the length of the slice behind `filter`, which outlives the call.
        check(unsafe {
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const raw)
        })
    };
    // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (Linux 5.19): a call that the supervisor looks at and
    // lets go on is not interrupted by a signal, as it would not be without us.
    const WAIT_KILLABLE: libc::c_ulong = 1 << 5;
    let fd = match listen {
        false => install(0),
        true => install(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE).or_else(|error| match error
            .raw_os_error()
        {
            Some(libc::EINVAL) => install(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER),
            _ => Err(error),
        }),
    }?;
    if !listen {
        return Ok(None);
    }
    let fd = i32::try_from(fd).expect("descriptors fit an int");
    // SAFETY: with NEW_LISTENER a successful call returns a descriptor that it has just opened.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// A system call that waits for our decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) struct Notification {
    /// By which it is answered.
    pub(in crate::sandbox) id: u64,
    /// Its number.
    pub(in crate::sandbox) number: i32,
    /// `AUDIT_ARCH_*` of the entry point.
    pub(in crate::sandbox) arch: u32,
}

/// What a listener has for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Notice {
    /// A call that waits.
    Call(Notification),
    /// Nothing now: a call that was to be read has been interrupted by a signal or by death.
    Nothing,
    /// Nothing, for ever: nobody is under the filter any more.
    Gone,
}

/// Reads one notification, without waiting.
pub(in crate::sandbox) fn receive_notification(listener: BorrowedFd<'_>) -> io::Result<Notice> {
    // Before Linux 6.11 a read waits for ever once nobody is left under the filter, and that state
    // makes the descriptor ready too (POLLHUP): so only when there is something to read.
    let mut polled = [PollFd::new(listener, PollFlags::POLLIN)];
    poll(&mut polled, PollTimeout::ZERO)?;
    let events = polled[0].revents().unwrap_or(PollFlags::empty());
    if !events.contains(PollFlags::POLLIN) {
        let gone = events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
        return Ok(if gone { Notice::Gone } else { Notice::Nothing });
    }
    // SECCOMP_IOCTL_NOTIF_RECV = _IOWR('!', 0, struct seccomp_notif), 80 bytes.
    const RECEIVE: libc::c_ulong = 0xC050_2100;
    // SAFETY: seccomp_notif is a plain struct of integers; the kernel demands that it is zeroed.
    let mut notification: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the request's size field (80) is that of `notification`, which is alive and ours.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), RECEIVE, &raw mut notification) };
    match check(libc::c_long::from(result)) {
        Ok(_) => Ok(Notice::Call(Notification {
            id: notification.id,
            number: notification.data.nr,
            arch: notification.data.arch,
        })),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => Ok(Notice::Nothing),
        Err(error) => Err(error),
    }
}

/// Lets a call that waits go on as if it had not been looked at.
pub(in crate::sandbox) fn let_go_on(listener: BorrowedFd<'_>, call: Notification) -> io::Result<()> {
    // SECCOMP_IOCTL_NOTIF_SEND = _IOWR('!', 1, struct seccomp_notif_resp), 24 bytes.
    const SEND: libc::c_ulong = 0xC018_2101;
    // SAFETY: seccomp_notif_resp is a plain struct of integers for which all zeroes is a valid value.
    let mut answer: libc::seccomp_notif_resp = unsafe { std::mem::zeroed() };
    answer.id = call.id;
    answer.flags = 1; // SECCOMP_USER_NOTIF_FLAG_CONTINUE
    // SAFETY: the request's size field (24) is that of `answer`, which is alive and ours.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), SEND, &raw mut answer) };
    match check(libc::c_long::from(result)) {
        // Interrupted or killed meanwhile.
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
        other => other.map(|_| ()),
    }
}
