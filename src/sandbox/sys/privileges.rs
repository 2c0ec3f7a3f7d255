//! Giving up privileges, for good.

use std::io;

use super::check;

/// The highest capability number we try; the kernel says where its own list ends.
const HIGHEST_CAPABILITY: libc::c_ulong = 63;

fn prctl(option: libc::c_int, argument: libc::c_ulong) -> io::Result<libc::c_long> {
    let zero: libc::c_ulong = 0;
    // SAFETY: the options used in this file (PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_CAP_AMBIENT
    // with PR_CAP_AMBIENT_CLEAR_ALL) take integers only and touch no memory of ours.
    check(unsafe { libc::syscall(libc::SYS_prctl, option, argument, zero, zero, zero) })
}

/// Empties the bounding set: no `execve` of this process or its children can ever gain a
/// capability again. What the process itself holds now stays.
pub(in crate::sandbox) fn drop_bounding_set() -> io::Result<()> {
    for capability in 0..=HIGHEST_CAPABILITY {
        match prctl(libc::PR_CAPBSET_DROP, capability) {
            Ok(_) => {}
            // Past the last capability that this kernel knows.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Leaves the session keyring that was inherited for a new, empty one.
pub(in crate::sandbox) fn join_new_session_keyring() -> io::Result<()> {
    let anonymous: *const libc::c_char = std::ptr::null();
    // SAFETY: KEYCTL_JOIN_SESSION_KEYRING (1) with a null name makes an anonymous keyring and reads
    // no memory of ours.
    match check(unsafe { libc::syscall(libc::SYS_keyctl, 1, anonymous) }) {
        // A kernel without keyrings, or a container whose filter refuses them: then there is none.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Locks the rules by which user 0 would gain capabilities.
pub(in crate::sandbox) fn lock_securebits() -> io::Result<()> {
    // SECBIT_NOROOT, NO_SETUID_FIXUP, KEEP_CAPS_LOCKED, NO_CAP_AMBIENT_RAISE, each with its lock.
    const BITS: libc::c_ulong = 0b1110_1111;
    prctl(libc::PR_SET_SECUREBITS, BITS)?;
    Ok(())
}

/// Gives up every capability: effective, permitted, inheritable, ambient.
pub(in crate::sandbox) fn drop_capabilities() -> io::Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: libc::c_int,
    }
    let header = Header { version: 0x2008_0522, pid: 0 }; // _LINUX_CAPABILITY_VERSION_3
    let data = [[0u32; 3]; 2];
    let clear_all = libc::c_ulong::try_from(libc::PR_CAP_AMBIENT_CLEAR_ALL).expect("a small constant");
    prctl(libc::PR_CAP_AMBIENT, clear_all)?;
    // SAFETY: version 3 reads a header of two 32-bit words and two triples of 32-bit words; that
    // is the layout of `header` (repr(C)) and `data`, both alive during the call.
    check(unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) })?;
    Ok(())
}

/// Whether this process ignores a signal, by its number.
pub(crate) fn is_ignored(signal: i32) -> bool {
    // SAFETY: sigaction is a plain struct of integers for which all zeroes is a valid value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: with a null pointer for the new action the call changes nothing, and writes the present one
    // to `action`, which is alive and of the C library's own type.
    let known = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    known == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// Every signal back to its default action, none blocked: an ignored or blocked signal would
/// survive `execve` (the Rust runtime ignores SIGPIPE; whoever started us may ignore any).
///
/// By the raw call: the C library refuses the two signals that it keeps for itself.
pub(in crate::sandbox) fn reset_signals() -> io::Result<()> {
    // The kernel's sigaction: handler (0 is SIG_DFL), flags, restorer and mask, all zero. Longer
    // than any architecture's, so that nothing is read behind its end.
    let default = [0u64; 8];
    for signal in 1..=64 {
        let nothing: *mut u64 = std::ptr::null_mut();
        // SAFETY: the kernel only reads `default`, which is longer than its sigaction and alive;
        // SIG_DFL is no handler, so no code of ours can run. SIGKILL and SIGSTOP are refused.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), nothing, 8) };
    }
    let none = nix::sys::signal::SigSet::empty();
    nix::sys::signal::sigprocmask(nix::sys::signal::SigmaskHow::SIG_SETMASK, Some(&none), None)?;
    Ok(())
}
