//! Processes: clone3, pidfds, wait4.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::check;

/// Which side of [`fork`] we are on.
pub(in crate::sandbox) enum Forked {
    /// The new process.
    Child,
    /// The old one.
    Parent {
        /// The child's number in our PID namespace.
        pid: libc::pid_t,
        /// The child, held so that its number cannot be reused under us.
        pidfd: OwnedFd,
    },
}

/// Forks with `CLONE_NEW*` flags, perhaps straight into a version 2 cgroup. `ENOSYS` with a cgroup:
/// there is no `clone3` here, and the child has to join by itself.
///
/// Like `fork(2)`: the child gets a copy of everything. For single-threaded processes only (the
/// worker, its init, the prober): in one with threads the child could find a lock held for ever.
pub(in crate::sandbox) fn fork(namespaces: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Forked> {
    let mut pidfd: libc::c_int = -1;
    // SAFETY: clone_args is a plain struct of integers for which all zeroes is a valid value.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = namespaces | u64::try_from(libc::CLONE_PIDFD).expect("CLONE_PIDFD is positive");
    args.pidfd = (&raw mut pidfd) as u64;
    args.exit_signal = u64::try_from(libc::SIGCHLD).expect("signals are positive");
    if let Some(cgroup) = cgroup {
        args.flags |= 0x2_0000_0000; // CLONE_INTO_CGROUP
        args.cgroup = u64::try_from(cgroup.as_raw_fd()).expect("open descriptors are not negative");
    }
    // SAFETY: `args` is live and its own size is passed; `pidfd` outlives the call. Without
    // CLONE_VM the child has its own memory and stack, so returning into it twice is sound.
    // Every caller (worker::serve, probe::{prober, attempts}) lives in a process of ours that makes no
    // thread, so no lock of the runtime is left held; early::prepare is called before there are threads;
    // the child of worker::sources, who may have been the supervisor, only closes and reads descriptors.
    let made =
        check(unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<libc::clone_args>()) });
    let pid = match made {
        // Filters of containers refuse the call whose arguments they cannot see.
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) && cgroup.is_none() => {
            let signal = u64::try_from(libc::SIGCHLD).expect("signals are positive");
            let null: *const u8 = std::ptr::null();
            // SAFETY: as above. No stack is given, so the child goes on on its copy of ours; with
            // CLONE_PIDFD the third argument is where the descriptor goes, and the others, whose
            // order is not the same on all architectures, are not read with these flags.
            check(unsafe {
                libc::syscall(libc::SYS_clone, args.flags | signal, null, &raw mut pidfd, null, null)
            })?
        }
        made => made?,
    };
    if pid == 0 {
        return Ok(Forked::Child);
    }
    // SAFETY: with CLONE_PIDFD a successful clone3 has stored a new descriptor in `pidfd`.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Forked::Parent { pid: i32::try_from(pid).expect("process numbers fit an int"), pidfd })
}

/// Sends a signal to the process that `pidfd` holds. A process that is gone is no error.
pub(in crate::sandbox) fn pidfd_kill(pidfd: BorrowedFd<'_>, signal: libc::c_int) -> io::Result<()> {
    let info: *const libc::siginfo_t = std::ptr::null();
    // SAFETY: a null siginfo is allowed and means "as kill(2) would"; the rest are integers.
    let result =
        check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, info, 0) });
    match result {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

/// A child that was reaped.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Waited {
    /// Its number.
    pub(in crate::sandbox) pid: libc::pid_t,
    /// The status as wait(2) gives it.
    pub(in crate::sandbox) status: libc::c_int,
    /// The most memory that it or a child that it reaped had resident, in KiB.
    pub(in crate::sandbox) resident_kib: u64,
    /// Its user and kernel time.
    pub(in crate::sandbox) cpu: (Duration, Duration),
    /// Voluntary and involuntary context switches.
    pub(in crate::sandbox) switches: (u64, u64),
}

/// Reaps any child; `None` when there is none to reap now (with `no_hang`) or none at all.
pub(in crate::sandbox) fn wait_any(no_hang: bool) -> io::Result<Option<Waited>> {
    let mut status = 0;
    let options = if no_hang { libc::WNOHANG | libc::__WALL } else { libc::__WALL };
    loop {
        // SAFETY: rusage is a plain struct of integers for which all zeroes is a valid value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are to live values of the types that wait4(2) writes.
        let pid = unsafe { libc::wait4(-1, &raw mut status, options, &raw mut usage) };
        if pid > 0 {
            let cpu = (duration(usage.ru_utime), duration(usage.ru_stime));
            let count = |n: libc::c_long| u64::try_from(n).unwrap_or(0);
            return Ok(Some(Waited {
                pid,
                status,
                resident_kib: count(usage.ru_maxrss),
                cpu,
                switches: (count(usage.ru_nvcsw), count(usage.ru_nivcsw)),
            }));
        }
        if pid == 0 {
            return Ok(None);
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EINTR) => {}
            error if error.raw_os_error() == Some(libc::ECHILD) => return Ok(None),
            error => return Err(error),
        }
    }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_usec).unwrap_or(0).saturating_mul(1000),
    )
}

/// Whether two tasks have one memory (`CLONE_VM`); not, where the kernel does not say.
pub(in crate::sandbox) fn have_one_memory(one: libc::pid_t, other: libc::pid_t) -> bool {
    const KCMP_VM: libc::c_int = 1;
    // SAFETY: kcmp takes integers only.
    unsafe { libc::syscall(libc::SYS_kcmp, one, other, KCMP_VM, 0, 0) == 0 }
}

/// Ends this process at once, running nothing of the runtime's or of its parent's: for a fork,
/// which has copies of both.
pub(in crate::sandbox) fn exit_now() -> ! {
    // SAFETY: _exit takes an integer, touches no memory, runs no handler and does not return.
    unsafe { libc::_exit(0) }
}
