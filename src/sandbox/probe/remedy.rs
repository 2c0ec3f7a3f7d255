//! What a person can do about a layer that is missing: the kernel switch, sysctl, mount, package
//! or container option that gives it.

use super::facts::{Attempt, Facts};

/// Why an attempt failed, as far as remedies differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// EPERM, EACCES: somebody forbids it.
    Forbidden,
    /// ENOSPC, EUSERS: a limit on namespaces is used up.
    UsedUp,
    /// EAGAIN: no process more.
    NoProcess,
    /// ENOSYS, EINVAL, ENODEV, EOPNOTSUPP: the kernel does not have it.
    Absent,
    Other,
}

fn why(errno: Option<i32>) -> Why {
    match errno {
        Some(libc::EPERM | libc::EACCES) => Why::Forbidden,
        Some(libc::ENOSPC | libc::EUSERS) => Why::UsedUp,
        Some(libc::EAGAIN) => Why::NoProcess,
        Some(libc::ENOSYS | libc::EINVAL | libc::ENODEV | libc::EOPNOTSUPP) => Why::Absent,
        _ => Why::Other,
    }
}

/// What would make an attempt succeed.
pub(super) fn of_attempt(facts: &Facts, attempt: Attempt, errno: Option<i32>) -> Vec<String> {
    let why = why(errno);
    let mut found = Vec::new();
    if why == Why::UsedUp || facts.switches.max_user_namespaces == Some(0) && is_namespace(attempt) {
        found.push("raise the limit: sysctl -w user.max_user_namespaces=15000 (and user.max_mnt_namespaces, user.max_pid_namespaces, user.max_net_namespaces where they are low)".to_owned());
    }
    if why == Why::NoProcess {
        found.push(
            "allow us more processes: ulimit -u, TasksMax= of the service, --pids-limit of the container"
                .to_owned(),
        );
    }
    match attempt {
        Attempt::UserNamespace | Attempt::IdMaps => namespaces(facts, why, "CONFIG_USER_NS", &mut found),
        Attempt::MountNamespace => namespaces(facts, why, "CONFIG_NAMESPACES", &mut found),
        Attempt::PidNamespace => namespaces(facts, why, "CONFIG_PID_NS", &mut found),
        Attempt::NetworkNamespace => namespaces(facts, why, "CONFIG_NET_NS", &mut found),
        Attempt::IpcNamespace => namespaces(facts, why, "CONFIG_IPC_NS", &mut found),
        Attempt::UtsNamespace => namespaces(facts, why, "CONFIG_UTS_NS", &mut found),
        Attempt::CgroupNamespace => namespaces(facts, why, "CONFIG_CGROUPS", &mut found),
        Attempt::IdMappedMount => found.push(format!(
            "keep the files on a file system that can map owners (ext4, xfs, btrfs; tmpfs from Linux 6.3), with Linux 5.12 or newer; {} is on one that cannot",
            facts.folder
        )),
        Attempt::Overlay => overlay(facts, why, &mut found),
        Attempt::Proc => procfs(facts, why, &mut found),
        Attempt::NoNewPrivs => found.push("a kernel of our time: no_new_privs is in every one since Linux 3.5".to_owned()),
        Attempt::Filter => filters(facts, &mut found),
        Attempt::Listener if errno == Some(libc::EBUSY) => found.push(
            "start capsule-run outside of whatever put a listening filter on it: there can be one only".to_owned(),
        ),
        Attempt::Listener => filters(facts, &mut found),
        Attempt::Landlock => landlock(facts, &mut found),
        Attempt::Rlimits => found.push("a host whose policy lets a process lower its own limits".to_owned()),
    }
    found
}

fn is_namespace(attempt: Attempt) -> bool {
    matches!(attempt, Attempt::UserNamespace | Attempt::IdMaps)
}

/// The switches and options that forbid namespaces, those first that are known to be set so here.
fn namespaces(facts: &Facts, why: Why, option: &str, found: &mut Vec<String>) {
    match why {
        Why::Forbidden => forbidden_namespaces(facts, found),
        Why::Absent => found.push(format!("a kernel with {option}=y")),
        Why::UsedUp | Why::NoProcess | Why::Other => {}
    }
}

fn forbidden_namespaces(facts: &Facts, found: &mut Vec<String>) {
    let switches = &facts.switches;
    if switches.unprivileged_userns_clone == Some(0) && !facts.root {
        found.push("sysctl -w kernel.unprivileged_userns_clone=1 (Debian's switch; it is 0 here)".to_owned());
    }
    if switches.apparmor_restrict_unprivileged_userns.is_some_and(|on| on != 0) && !facts.root {
        found.push(
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for capsule-run that has the rule `userns,` (Ubuntu 24.04's switch; it is on here)"
                .to_owned(),
        );
    }
    if facts.chrooted == Some(true) {
        found.push("start it outside of the chroot that we are in: the kernel makes no user namespace in one (a container's root, made by pivot_root, is none)".to_owned());
    }
    if !facts.mapped {
        found.push("run it as a user id that exists in this user namespace (/proc/self/uid_map): unshare --map-current-user, or a container's id map that has it".to_owned());
    }
    // Where one of these explains it, that is what to say.
    if !found.is_empty() {
        return;
    }
    if facts.container.is_some() {
        found.push("start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined, or with a seccomp profile that allows clone, unshare and mount (Kubernetes: seccompProfile.type: Unconfined)".to_owned());
    }
    if found.is_empty() {
        found.push("ask what forbids it: a security module (AppArmor, SELinux: boolean user_namespace), or a filter that whoever started us put on (a container's seccomp profile, systemd's RestrictNamespaces=)".to_owned());
    }
    if facts.chrooted.is_none() {
        found.push(
            "if this is a chroot, start it outside: the kernel makes no user namespace in one".to_owned(),
        );
    }
}

fn overlay(facts: &Facts, why: Why, found: &mut Vec<String>) {
    match why {
        Why::Absent => found.push("modprobe overlay; a kernel with CONFIG_OVERLAY_FS".to_owned()),
        Why::Forbidden => {
            found.push("Linux 5.11 or newer, which lets user namespaces mount overlays".to_owned());
            if facts.container.is_some() {
                found.push(
                    "start the container with --security-opt apparmor=unconfined, whose profile forbids mounts"
                        .to_owned(),
                );
            }
        }
        Why::UsedUp | Why::NoProcess | Why::Other => {}
    }
}

fn procfs(facts: &Facts, why: Why, found: &mut Vec<String>) {
    if why != Why::Forbidden {
        return;
    }
    found.push(
        "something is mounted over parts of /proc, so the kernel lets nobody mount a new one: start the container with --security-opt systempaths=unconfined (podman: --security-opt unmask=ALL; Kubernetes: procMount: Unmasked)"
            .to_owned(),
    );
    if facts.container.is_none() {
        found.push("see what is mounted there: grep ' /proc/' /proc/self/mountinfo".to_owned());
    }
}

fn filters(facts: &Facts, found: &mut Vec<String>) {
    found.push("a kernel with CONFIG_SECCOMP_FILTER=y, Linux 5.10 or newer".to_owned());
    if facts.container.is_some() {
        found.push(
            "start the container with a seccomp profile that allows seccomp(2): --security-opt seccomp=unconfined"
                .to_owned(),
        );
    }
}

fn landlock(facts: &Facts, found: &mut Vec<String>) {
    match facts.landlock {
        Some(_) => found.push("Linux 5.19 or newer: the first version refuses every rename between folders".to_owned()),
        None => found.push(
            "a kernel with CONFIG_SECURITY_LANDLOCK=y that starts it: add landlock to lsm= on the kernel's command line"
                .to_owned(),
        ),
    }
}

/// What would raise our own hard limits.
pub(super) fn of_low_limits() -> Vec<String> {
    vec!["raise it: ulimit -H as root before capsule-run is started, /etc/security/limits.conf, LimitNOFILE= (LimitFSIZE=, LimitAS=, ...) of the service, --ulimit nofile= (fsize=, as=, ...) of the container".to_owned()]
}

/// What would give cases cgroups of their own.
pub(super) fn of_cgroups(facts: &Facts) -> Vec<String> {
    let missing = &facts.cgroup.missing;
    let mut found = Vec::new();
    if missing.contains("v2: not mounted") && missing.contains("controller is mounted") {
        found.push("mount the controllers: mount -t cgroup2 none /sys/fs/cgroup".to_owned());
    }
    let has_v1 = missing.contains("cgroup v1: /");
    if missing.contains("No such file or directory") {
        found.push("something hides the cgroups that /proc/self/cgroup names, perhaps a mount over /sys/fs/cgroup: unmount it, or mount them again (mount -t cgroup2 none /sys/fs/cgroup)".to_owned());
    }
    if !facts.root && has_v1 {
        found.push(
            "run it as root; or have root make a folder for you in each of the hierarchies memory, pids and cpuacct, give it to you (chown), and put your shell in it (cgroup.procs)".to_owned(),
        );
    } else if !facts.root {
        found.push(
            "start it in a delegated cgroup: systemd-run --user --scope -p Delegate=yes capsule-run ...; or run it as root".to_owned(),
        );
    }
    if missing.contains("controller is not available") && !has_v1 {
        found.push(
            "have the controllers handed down: echo '+memory +pids +cpu' > cgroup.subtree_control in every folder above ours; on the kernel's command line cgroup_enable=memory where memory is switched off (Raspberry Pi OS), cgroup_no_v1=all where v1 has them"
                .to_owned(),
        );
    }
    if facts.container.is_some() {
        found.push("start the container with --security-opt writable-cgroups=true (Docker 28 and newer), or with --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw, or --privileged".to_owned());
    } else if missing.contains("Read-only file system") {
        found.push("mount -o remount,rw /sys/fs/cgroup".to_owned());
    }
    if found.is_empty() {
        found.push(
            "a place in the cgroup tree in which folders can be made, with the memory and pids controllers"
                .to_owned(),
        );
    }
    found
}
