//! [`Outcome`]: raw facts about one execution. No opinion: `judge` has those.
//!
//! Serialisable, because a report contains it and `judge` can be run again on an old report.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kept::Kept;
use crate::units::Bytes;

/// What came of one execution.
#[derive(Debug, Clone)]
#[must_use]
pub enum Outcome {
    /// The program never ran.
    NotStarted(Fault),
    /// The program ran; how it ended is inside.
    Ran(Box<Ran>),
}

/// Why the program never ran, or why we lost sight of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whose fault it is, and of what kind.
    pub kind: FaultKind,
    /// The step that failed, in words: "mounting /proc".
    pub step: String,
    /// The kernel's answer, where there was one.
    pub errno: Option<i32>,
    /// What a person can do about it; empty where we know nothing.
    pub help: String,
}

/// The kinds of [`Fault`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The sandbox could not be built (E5001).
    Setup,
    /// The sandbox was not ready in time (E3002).
    SetupTimeout,
    /// Something asked for cannot be enforced on this host (E5001).
    Unmet,
    /// A counter could not be read, or a role of ours died (E5002).
    Monitor,
    /// This platform has no engine (E5003).
    Unsupported,
    /// The run was cancelled before this case started.
    Cancelled,
    /// The command does not exist inside the sandbox (E2002); where it was looked for.
    NotFound {
        /// The paths that were tried, inside the sandbox.
        searched: Vec<String>,
    },
    /// The working directory cannot be entered (E2001): what is at its place, if anything, is the
    /// program's own doing.
    Workdir {
        /// The path inside the sandbox.
        path: String,
    },
    /// The workspace is larger than a copy of it may be (E4005). It is copied only where it cannot
    /// be shown in place.
    WorkspaceTooLarge,
    /// The command exists but cannot be executed (E2001).
    NotExecutable {
        /// The path that was tried, inside the sandbox.
        path: String,
    },
}

/// Facts about a program that ran.
#[derive(Debug, Clone)]
pub struct Ran {
    /// When the program was started, by the wall clock.
    pub started: SystemTime,
    /// When its last process was gone, by the wall clock.
    pub completed: SystemTime,
    /// How the first process of the program ended.
    pub end: End,
    /// Why the supervisor ended it, if the supervisor did.
    pub killed_by: Option<KillReason>,
    /// What it used.
    pub usage: Usage,
    /// What the kernel counted.
    pub events: Events,
    /// What it wrote on standard output.
    pub stdout: Captured,
    /// What it wrote on standard error.
    pub stderr: Captured,
    /// The files that were asked for, in the order of the request. Of a folder there are those that
    /// were found, in the order of their names, and it is itself among them only where it could not
    /// be read to its end.
    pub files: Vec<CollectedFile>,
    /// Processes that were still alive when the first process had ended, and were killed.
    pub leaked: u32,
    /// Which walls and counters were really in force.
    pub enforced: Enforced,
}

/// How the first process of the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exited(i32),
    /// By a signal.
    Signaled {
        /// The signal's number.
        signal: i32,
        /// Whether the kernel says that a core was dumped.
        core_dumped: bool,
    },
    /// Its status was lost because the whole sandbox was killed (by us, or by the OOM killer).
    Killed,
}

/// Why the supervisor killed the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KillReason {
    /// A forbidden system call.
    ForbiddenSyscall {
        /// Its name, or `syscall_N`.
        name: String,
        /// Its number.
        number: i64,
        /// The architecture of the call.
        arch: &'static str,
    },
    /// Too much output; what was counted is in `usage.output`.
    Output,
    /// The wall clock ran out.
    Wall,
    /// The CPU time ran out.
    Cpu,
    /// The watcher saw more memory in use than allowed (hosts without a memory cgroup).
    Memory,
    /// The run was cancelled.
    Cancelled,
}

/// What the program used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// From the program's `execve` to its end.
    pub wall: Duration,
    /// CPU time of all its processes.
    pub cpu: Duration,
    /// User part, where known (sampled by the kernel: meaningless for short programs).
    pub user: Duration,
    /// Kernel part, likewise.
    pub kernel: Duration,
    /// Highest memory use of all its processes together.
    pub memory_peak: Bytes,
    /// Of the charge that was left when it had ended, what is page cache that could have been
    /// reclaimed. A peak minus this is the least that was really needed.
    pub memory_cache_left: Bytes,
    /// Most processes and threads at one time, where the kernel counts them.
    pub pids_peak: Option<u32>,
    /// Bytes written to standard output and standard error together, also those not kept.
    pub output: Bytes,
    /// Bytes read from block devices, where counted.
    pub io_read: Option<Bytes>,
    /// Bytes written to block devices, where counted.
    pub io_written: Option<Bytes>,
    /// Bytes in writable places when it had ended.
    pub disk: Bytes,
    /// Voluntary and involuntary context switches of the first process.
    pub context_switches: (u64, u64),
}

/// What the kernel counted while the program ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// Processes killed by the OOM killer inside the sandbox.
    pub oom_kills: u64,
    /// How often the memory limit was run into (v2 `memory.events max`, v1 `memory.failcnt`).
    pub memory_limit_hits: u64,
    /// Forks refused at the process limit.
    pub pids_limit_hits: u64,
    /// Whether a writable place was full (no block or no inode left) when the program had ended.
    pub disk_full: bool,
}

/// A bounded capture of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// The first bytes, up to the limit.
    pub bytes: Kept,
    /// How many bytes were written in all, as far as they were read.
    pub total: u64,
}

impl Captured {
    /// Whether bytes were written that are not kept.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.total > self.bytes.len() as u64
    }
}

/// A file that was asked for, as it was when every process had ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedFile {
    /// Relative to the workspace.
    pub path: PathBuf,
    /// Its content, or why there is none.
    pub content: Result<FileContent, FileProblem>,
}

/// A file's bytes and whether it may be executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileContent {
    /// The whole content.
    pub bytes: Vec<u8>,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// Why a file could not be taken. All of these are facts about the program, none a fault of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileProblem {
    /// There is no such file.
    Missing,
    /// A symbolic link, in the name or on the way to it: never followed.
    Link,
    /// A directory, FIFO, socket or device.
    NotRegular,
    /// Longer than allowed; its length.
    TooLarge(Bytes),
    /// The kernel would not open or read it.
    Unreadable(i32),
}

/// What was really in force during a run: requested is not enforced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enforced {
    /// The namespaces of the program.
    pub namespaces: Vec<String>,
    /// Whether the program's user is another one than the caller's (root only).
    pub separate_user: bool,
    /// The seccomp policy: `default`, `strict` or `off`.
    pub seccomp: String,
    /// Whether all capabilities were dropped and `no_new_privs` set.
    pub no_new_privs: bool,
    /// Landlock ABI in force, if any.
    pub landlock: Option<u32>,
    /// `v2`, `v1`, `hybrid` or `none`.
    pub cgroup: String,
    /// What holds the memory limit: `memory.max`, `memory.limit_in_bytes`, `watch`.
    pub memory: String,
    /// What holds the process limit: `pids.max`, `RLIMIT_NPROC`.
    pub pids: String,
    /// What measures CPU time: `cpu.stat`, `cpuacct.usage`, `process tree`.
    pub cpu: String,
    /// What holds the CPU weight: `cpu.weight`, `cpu.shares`, or `not held`.
    pub cpu_shares: String,
    /// How the workspace was made: `empty`, `overlay`, `overlay over idmapped mount`, `copy`.
    pub workspace: String,
    /// What was asked for and is weaker than asked, in words. Empty where all is as asked.
    pub degraded: Vec<String>,
}
