//! From what failed to what a person can do about it.

use super::outcome::{Fault, FaultKind};
use super::wire::FaultRecord;

/// The step of copying a workspace, wherever that is done.
pub(super) const COPYING: &str = "copying the workspace";

/// A fault of the set-up, from the record of the step that failed.
pub(super) fn setup(record: FaultRecord) -> Fault {
    let help = help(&record.step, record.errno);
    // How large a submission is, is its own doing: it must not be able to make that a fault of ours.
    let too_large = record.step == COPYING && matches!(record.errno, Some(libc::EFBIG | libc::ENOSPC));
    let kind = if too_large { FaultKind::WorkspaceTooLarge } else { FaultKind::Setup };
    Fault { kind, step: record.step, errno: record.errno, help }
}

/// A fault of the set-up, from an I/O error.
pub(super) fn setup_io(step: &str, error: &std::io::Error) -> Fault {
    setup(FaultRecord::new(step, error))
}

/// A fault of the watching.
pub(super) fn monitor(step: &str, error: Option<&std::io::Error>) -> Fault {
    let record = match error {
        Some(error) => FaultRecord::new(step, error),
        None => FaultRecord { step: step.to_owned(), errno: None },
    };
    Fault { kind: FaultKind::Monitor, step: record.step, errno: record.errno, help: String::new() }
}

/// The kernel switch, setting or package behind a failure, where it is known.
fn help(step: &str, errno: Option<i32>) -> String {
    let text = match (step, errno) {
        (step, Some(libc::EPERM | libc::EACCES))
            if step.contains("user namespace") || step.contains("uid_map") =>
        {
            "this host refuses user namespaces to this user: see the sysctls kernel.unprivileged_userns_clone (Debian, \
             must be 1), kernel.apparmor_restrict_unprivileged_userns (Ubuntu 24.04, must be 0 or an AppArmor profile \
             for capsule-run), and in a container its seccomp profile (--security-opt seccomp=unconfined); in a \
             chroot the kernel makes none"
        }
        (step, Some(libc::ENOSPC)) if step.contains("namespace") => {
            "the limit on namespaces is used up: see the sysctls user.max_user_namespaces, max_mnt_namespaces, max_net_namespaces"
        }
        (step, Some(libc::EPERM)) if step.contains("/proc") => {
            "a container masks parts of /proc, so the kernel lets nobody mount a new one: run the container with \
             --security-opt systempaths=unconfined"
        }
        (step, Some(libc::EINVAL | libc::ENOSYS)) if step.contains("filter") => {
            "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER); `enable_seccomp = false` does without, and is weaker"
        }
        (step, Some(libc::EINVAL)) if step.starts_with("opening") => {
            "the file system of this folder cannot map owners (idmapped mounts), so the program could not write to it: \
             bind a folder of ext4, xfs, btrfs or (from Linux 6.3 on) tmpfs, bind it read-only, or run as an ordinary user"
        }
        (step, Some(libc::ENOENT)) if step.starts_with("opening") || step.contains("working directory") => {
            "make the folder, or name another one"
        }
        (step, Some(libc::EROFS)) if step.starts_with("making the place") => {
            "the place lies in a read-only folder and is not there: bind to a place that exists, or outside of it"
        }
        (_, Some(libc::EMFILE | libc::ENFILE)) => "too many open files: raise ulimit -n or lower --jobs",
        (_, Some(libc::EAGAIN)) => "too many processes: raise ulimit -u or lower --jobs",
        _ => "",
    };
    text.to_owned()
}
