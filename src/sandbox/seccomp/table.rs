//! The names: which system calls are allowed, refused, or reported.

use super::{Action, Asked, Rule, Test};
use crate::sandbox::spec::SeccompPolicy;

/// Not done, and answered as if it were.
const DONE: Action = Action::Errno(0);
const EPERM: Action = Action::Errno(1);
const ENOSYS: Action = Action::Errno(38);
const EAFNOSUPPORT: Action = Action::Errno(97);

/// `CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET`.
const NEW_NAMESPACES: u32 = 0x7E02_0000;
/// The same and `CLONE_NEWTIME`, whose bit means something else in `clone`.
const UNSHARE_NAMESPACES: u32 = NEW_NAMESPACES | 0x80;

/// `SOCK_RAW`, `SOCK_PACKET`, in the low four bits of a socket's type.
const RAW_SOCKETS: &[u32] = &[3, 10];
/// `__O_TMPFILE`.
const TMPFILE: u32 = 0o20_000_000;
/// The CPU clocks of process 1 (its number inverted, above three bits): how much time an init that
/// serves several cases has used is not a case's to know.
const INITS_CLOCK: (Test, Action) = (Test::MaskedOneOf(0, !7, &[!1 << 3]), Action::Errno(22));
/// `RLIMIT_CORE`.
const CORE: u32 = 4;
/// `MAP_HUGETLB`, `MFD_HUGETLB`, `SHM_HUGETLB`: huge pages come out of one pool of the whole host, and no
/// memory limit counts them.
const HUGE_MAP: u32 = 0x4_0000;
const HUGE_FILE: u32 = 4;
const HUGE_SEGMENT: u32 = 0o4000;
/// What the kernel says when the pool is empty.
const ENOMEM: Action = Action::Errno(12);
/// `AF_UNIX`, `AF_INET`, `AF_INET6`.
const FAMILIES: &[u32] = &[1, 2, 10];

/// Calls that are allowed whatever their arguments.
const ALLOWED: &[&str] = &[
    "accept",
    "accept4",
    "access",
    "alarm",
    "arch_prctl",
    "bind",
    "brk",
    "cachestat",
    "capget",
    "capset",
    "chdir",
    "chmod",
    "chown",
    "close",
    "close_range",
    "connect",
    "copy_file_range",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_ctl_old",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "epoll_wait_old",
    "eventfd",
    "eventfd2",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "fcntl",
    "fdatasync",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fork",
    "fremovexattr",
    "fsetxattr",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "futex",
    "futex_requeue",
    "futex_wait",
    "futex_waitv",
    "futex_wake",
    "futimesat",
    "get_mempolicy",
    "get_robust_list",
    "get_thread_area",
    "getcpu",
    "getcwd",
    "getdents",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getitimer",
    "getpeername",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "getsid",
    "getsockname",
    "getsockopt",
    "gettid",
    "gettimeofday",
    "getuid",
    "getxattr",
    "io_cancel",
    "io_destroy",
    "io_getevents",
    "io_pgetevents",
    "io_submit",
    "ioprio_get",
    "kill",
    "landlock_add_rule",
    "landlock_create_ruleset",
    "landlock_restrict_self",
    "lchown",
    "lgetxattr",
    "link",
    "linkat",
    "listen",
    "listxattr",
    "llistxattr",
    "lremovexattr",
    "lseek",
    "lsetxattr",
    "lstat",
    "madvise",
    "map_shadow_stack",
    "mbind",
    "membarrier",
    "mincore",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "mlock",
    "mlock2",
    "mlockall",
    "mprotect",
    "mq_getsetattr",
    "mq_notify",
    "mq_timedreceive",
    "mq_timedsend",
    "mq_unlink",
    "mremap",
    "mseal",
    "msgctl",
    "msgrcv",
    "msgsnd",
    "msync",
    "munlock",
    "munlockall",
    "munmap",
    "nanosleep",
    "newfstatat",
    "pause",
    "pidfd_open",
    "pidfd_send_signal",
    "pipe",
    "pipe2",
    "pkey_alloc",
    "pkey_free",
    "pkey_mprotect",
    "poll",
    "ppoll",
    "prctl",
    "pread64",
    "preadv",
    "preadv2",
    "process_madvise",
    "process_mrelease",
    "pselect6",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readlink",
    "readlinkat",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "remap_file_pages",
    "removexattr",
    "rename",
    "renameat",
    "renameat2",
    "restart_syscall",
    "riscv_flush_icache",
    "rmdir",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_tgsigqueueinfo",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_rr_get_interval",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "sched_yield",
    "seccomp",
    "select",
    "semctl",
    "semop",
    "semtimedop",
    "sendfile",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_mempolicy",
    "set_mempolicy_home_node",
    "set_robust_list",
    "set_thread_area",
    "set_tid_address",
    "setfsgid",
    "setfsuid",
    "setgid",
    "setgroups",
    "setitimer",
    "setpgid",
    "setpriority",
    "setregid",
    "setresgid",
    "setresuid",
    "setreuid",
    "setsid",
    "setsockopt",
    "setuid",
    "setxattr",
    "shmat",
    "shmctl",
    "shmdt",
    "shutdown",
    "sigaltstack",
    "signalfd",
    "signalfd4",
    "splice",
    "stat",
    "statfs",
    "statx",
    "symlink",
    "symlinkat",
    "sync_file_range",
    "sysinfo",
    "tee",
    "tgkill",
    "time",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_settime",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "times",
    "tkill",
    "truncate",
    "umask",
    "uname",
    "unlink",
    "unlinkat",
    "utime",
    "utimensat",
    "utimes",
    "vfork",
    "vmsplice",
    "wait4",
    "waitid",
    "write",
    "writev",
];

/// Calls that runtimes try and do without, or that only probe: refused as if the kernel did not
/// have them, or as it would refuse any ordinary user; two that have nothing to do here.
const REFUSED: &[(&str, Action)] = &[
    // Its flags stand behind a pointer, where no filter can look; C libraries fall back to clone.
    ("clone3", ENOSYS),
    // A second way into the kernel past this filter.
    ("io_uring_setup", ENOSYS),
    ("io_uring_enter", ENOSYS),
    ("io_uring_register", ENOSYS),
    // Keyrings outlive a case: what one puts there the next could find.
    ("add_key", ENOSYS),
    ("keyctl", ENOSYS),
    ("request_key", ENOSYS),
    // Its contexts come out of one pool of the whole host (fs.aio-max-nr), which one program can empty.
    ("io_setup", ENOSYS),
    // Everything that a program can write is in memory. These would make it wait, beyond the reach
    // of a signal, for every disk of the host.
    ("sync", DONE),
    ("syncfs", DONE),
    ("userfaultfd", ENOSYS),
    ("memfd_secret", ENOSYS),
    ("perf_event_open", EPERM),
    ("inotify_init", ENOSYS),
    ("inotify_init1", ENOSYS),
    ("fanotify_init", EPERM),
    ("kcmp", EPERM),
    ("pidfd_getfd", EPERM),
    ("move_pages", EPERM),
    ("migrate_pages", EPERM),
    ("ioprio_set", EPERM),
    ("name_to_handle_at", EPERM),
    ("syslog", EPERM),
    ("adjtimex", EPERM),
    ("clock_adjtime", EPERM),
    ("modify_ldt", EPERM),
    ("statmount", ENOSYS),
    ("listmount", ENOSYS),
    ("vhangup", EPERM),
    ("nice", EPERM),
    ("ustat", ENOSYS),
    ("sysfs", ENOSYS),
    ("_sysctl", ENOSYS),
    ("uselib", ENOSYS),
    ("lookup_dcookie", ENOSYS),
    ("nfsservctl", ENOSYS),
];

/// Calls that no honest program under test makes: reported, and the sandbox is killed.
const REPORTED: &[&str] = &[
    "acct",
    "bpf",
    "chroot",
    "clock_settime",
    "create_module",
    "delete_module",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "ioperm",
    "iopl",
    "kexec_file_load",
    "kexec_load",
    "mount",
    "mount_setattr",
    "move_mount",
    "open_by_handle_at",
    "open_tree",
    "pivot_root",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "quotactl",
    "quotactl_fd",
    "reboot",
    "setdomainname",
    "sethostname",
    "setns",
    "settimeofday",
    "swapoff",
    "swapon",
    "umount2",
];

/// Calls whose arguments decide, in both policies.
const BY_ARGUMENT: &[Rule] = &[
    Rule {
        name: "clone",
        tests: &[(Test::AnyBit(0, NEW_NAMESPACES), Action::Report)],
        otherwise: Action::Allow,
    },
    Rule {
        name: "unshare",
        tests: &[(Test::AnyBit(0, UNSHARE_NAMESPACES), Action::Report)],
        otherwise: Action::Allow,
    },
    // What leaves something behind that no look at the files would show is noted: see `Action::Note`.
    // `O_TMPFILE` makes a file in no folder.
    Rule { name: "open", tests: &[(Test::AnyBit(1, TMPFILE), Action::Note)], otherwise: Action::Allow },
    Rule { name: "openat", tests: &[(Test::AnyBit(2, TMPFILE), Action::Note)], otherwise: Action::Allow },
    // Its flags stand behind a pointer, where no filter can look.
    Rule { name: "openat2", tests: &[], otherwise: Action::Note },
    Rule { name: "mmap", tests: &[(Test::AnyBit(3, HUGE_MAP), ENOMEM)], otherwise: Action::Allow },
    Rule { name: "clock_getres", tests: &[INITS_CLOCK], otherwise: Action::Allow },
    Rule { name: "clock_gettime", tests: &[INITS_CLOCK], otherwise: Action::Allow },
    Rule { name: "clock_nanosleep", tests: &[INITS_CLOCK], otherwise: Action::Allow },
    Rule { name: "timer_create", tests: &[INITS_CLOCK], otherwise: Action::Allow },
    Rule {
        // TIOCSTI and TIOCLINUX put words into a terminal's mouth; TIOCSETD loads line disciplines.
        name: "ioctl",
        tests: &[(Test::OneOf(1, &[0x5412, 0x541C, 0x5423]), EPERM)],
        otherwise: Action::Allow,
    },
    Rule {
        // PER_LINUX, "tell me", and what debuggers ask of themselves: no change that weakens ASLR.
        name: "personality",
        tests: &[(Test::OneOf(0, &[0, 0xFFFF_FFFF]), Action::Allow)],
        otherwise: EPERM,
    },
    Rule {
        // Limits of oneself only: where init has the program's own user id (no root, one id), the
        // kernel would let the program set init's.
        // The limit on core dumps stays as it is (see `plan`): lowered to 0 it would start the host's
        // crash handler.
        name: "prlimit64",
        tests: &[(Test::OneOf(1, &[CORE]), EPERM), (Test::OneOf(0, &[0]), Action::Allow)],
        otherwise: EPERM,
    },
    Rule { name: "setrlimit", tests: &[(Test::OneOf(0, &[CORE]), EPERM)], otherwise: Action::Allow },
];

/// Sockets of a network namespace that is the sandbox's own: the first one is noted, since the
/// namespace counts and keeps what they do. What the host's own network keeps is the host's affair.
const fn socket(families: &'static [(Test, Action)]) -> Rule {
    Rule { name: "socket", tests: families, otherwise: EAFNOSUPPORT }
}
const NO_RAW: (Test, Action) = (Test::MaskedOneOf(1, 0xF, RAW_SOCKETS), EPERM);
const SOCKET: Rule = socket(&[NO_RAW, (Test::OneOf(0, FAMILIES), Action::Note)]);
const SOCKET_STRICT: Rule = socket(&[NO_RAW, (Test::OneOf(0, &[1]), Action::Note)]);
const SOCKET_OF_HOST: Rule = socket(&[NO_RAW, (Test::OneOf(0, FAMILIES), Action::Allow)]);
const SOCKET_STRICT_OF_HOST: Rule = socket(&[NO_RAW, (Test::OneOf(0, &[1]), Action::Allow)]);

const SOCKETPAIR: Rule =
    Rule { name: "socketpair", tests: &[(Test::OneOf(0, &[1]), Action::Note)], otherwise: EAFNOSUPPORT };
const SOCKETPAIR_OF_HOST: Rule =
    Rule { name: "socketpair", tests: &[(Test::OneOf(0, &[1]), Action::Allow)], otherwise: EAFNOSUPPORT };

/// Objects of the IPC namespace: they stay without their makers, and their numbers count up.
const IPC: &[&str] = &["mq_open", "msgget", "semget"];
const SHMGET: Rule =
    Rule { name: "shmget", tests: &[(Test::AnyBit(2, HUGE_SEGMENT), ENOMEM)], otherwise: Action::Note };
const MEMFD: Rule =
    Rule { name: "memfd_create", tests: &[(Test::AnyBit(1, HUGE_FILE), ENOMEM)], otherwise: Action::Allow };
/// Every name of a rule that notes.
pub(super) const NOTED: &[&str] =
    &["socket", "socketpair", "mq_open", "msgget", "semget", "shmget", "open", "openat", "openat2"];

/// What a call that was noted may have left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Noted {
    /// Something in what init holds: the files, the IPC namespace.
    World,
    /// Something in the worker's network namespace.
    Network,
}

/// What a call that the filter stopped was noted for; `None`: it is forbidden.
pub(super) fn noted(name: &str) -> Option<Noted> {
    match name {
        "socket" | "socketpair" => Some(Noted::Network),
        name if NOTED.contains(&name) => Some(Noted::World),
        _ => None,
    }
}

/// Memory that belongs to no process while nobody maps it. Where no cgroup counts, a program could
/// take all of the host's in this way, unseen by a look at its processes. A set of semaphores can have
/// megabytes.
const UNSEEN_MEMORY: &[&str] = &["memfd_create", "shmget", "msgget", "semget"];

/// Every rule of a filter. Names that an architecture lacks are dropped by the compiler: there, the
/// call does not exist.
pub(super) fn rules(asked: Asked) -> Vec<Rule> {
    let plain = |name: &&'static str, otherwise| Rule { name, tests: &[], otherwise };
    let unless_unseen = |rule: Rule| {
        let refused = !asked.counted && UNSEEN_MEMORY.contains(&rule.name);
        if refused { plain(&rule.name, ENOSYS) } else { rule }
    };
    let (socket, socketpair) = match (asked.policy == SeccompPolicy::Strict, asked.host_network) {
        (false, false) => (SOCKET, SOCKETPAIR),
        (true, false) => (SOCKET_STRICT, SOCKETPAIR),
        (false, true) => (SOCKET_OF_HOST, SOCKETPAIR_OF_HOST),
        (true, true) => (SOCKET_STRICT_OF_HOST, SOCKETPAIR_OF_HOST),
    };
    ALLOWED
        .iter()
        .map(|name| plain(name, Action::Allow))
        .chain(IPC.iter().map(|name| plain(name, Action::Note)))
        .chain([MEMFD, SHMGET])
        .map(unless_unseen)
        .chain(REFUSED.iter().map(|(name, action)| plain(name, *action)))
        .chain(REPORTED.iter().map(|name| plain(name, Action::Report)))
        .chain(BY_ARGUMENT.iter().copied())
        .chain([socket, socketpair])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::sandbox::seccomp::Arch;

    #[test]
    fn no_name_stands_in_two_lists() {
        let mut seen = HashSet::new();
        for rule in rules(Asked { policy: SeccompPolicy::Default, counted: true, host_network: false }) {
            assert!(seen.insert(rule.name), "{} has two rules", rule.name);
        }
    }

    #[test]
    fn every_forbidden_name_is_known_where_it_exists() {
        // Names that are too old for aarch64 are not there; all of these are on x86_64.
        let by_argument = BY_ARGUMENT.iter().map(|rule| &rule.name);
        for name in REPORTED.iter().chain(by_argument).chain(IPC).chain(&["shmget", "memfd_create"]) {
            assert!(Arch::X86_64.number(name).is_some(), "{name} is not a system call of x86_64");
        }
        for name in
            ["mount", "ptrace", "bpf", "setns", "clone", "unshare", "socket", "open_tree", "prlimit64"]
        {
            assert!(Arch::Aarch64.number(name).is_some(), "{name} is not a system call of aarch64");
        }
    }
}
