//! [`Spec`]: one fully decided execution. Plain data: nothing here touches the OS, nothing is
//! optional that the engine would have to decide.
//!
//! Made by `resolve::lower`, consumed by the engine (`sandbox::Engine`).

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::units::{Bytes, NoNul};

/// One execution, fully decided.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The program and its arguments. Never empty; the first is looked up in the sandbox's `PATH`
    /// when it has no slash.
    pub argv: Vec<NoNul>,
    /// The whole environment of the program: nothing of ours is inherited.
    pub env: Vec<(NoNul, NoNul)>,
    /// Where the program starts: an absolute path inside the sandbox.
    pub workdir: PathBuf,
    /// What `/workspace` shows.
    pub workspace: Workspace,
    /// Files put into the workspace before the program starts, owned by the program.
    pub files: Vec<InputFile>,
    /// Files read back from the workspace after every process has ended.
    pub collect: Vec<CollectFile>,
    /// Host paths shown inside besides the standard root.
    pub binds: Vec<Bind>,
    /// What network the program sees.
    pub network: Network,
    /// What the program reads on its standard input.
    pub stdin: Stdin,
    /// Where the program's standard output goes.
    pub stdout: Stdout,
    /// The limits, each held by the kernel or by the supervisor.
    pub limits: Limits,
    /// Which system calls are allowed.
    pub seccomp: SeccompPolicy,
    /// Which cgroup interface to use.
    pub cgroup: CgroupChoice,
    /// What to do where a limit cannot be held by the kernel.
    pub require: Require,
    /// Whether somebody will read the digest of what it prints: it is made as that comes, while the
    /// program goes on.
    pub digest: bool,
}

impl Spec {
    /// Closes the pipes that no program has taken.
    pub fn let_go(&self) {
        if let Stdin::Pipe(pipe) = &self.stdin {
            drop(pipe.take());
        }
        if let Stdout::Pipe(pipe) = &self.stdout {
            drop(pipe.take());
        }
    }
}

/// What `/workspace` shows. Whatever the program writes there is private and thrown away.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Workspace {
    /// An empty writable directory.
    Empty,
    /// A copy-on-write view of these host directories, the first on top.
    CopyOnWrite(Vec<PathBuf>),
}

/// One file put into the workspace before the program starts.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// Relative to the workspace; never absolute, never with `..` (`resolve` refuses both).
    pub path: PathBuf,
    /// Its content.
    pub content: Arc<[u8]>,
    /// Whether the program may execute it.
    pub executable: bool,
}

/// One file, or all files of a folder, to be read back from the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectFile {
    /// Relative to the workspace; never absolute, never with `..`.
    pub path: PathBuf,
    /// At most this many bytes are kept, of all files of a folder together; a longer file is
    /// reported as too large.
    pub max: Bytes,
    /// `Some`: it is a folder, and every file below it is looked for. Empty is the workspace itself.
    pub below: Option<Below>,
}

/// How the files of a folder are read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Below {
    /// No more than this are told of, folders included.
    pub most: u32,
    /// Whether their content is left where it is: each is reported as an empty file.
    pub names_only: bool,
}

impl CollectFile {
    /// One file.
    #[must_use]
    pub fn one(path: PathBuf, max: Bytes) -> Self {
        Self { path, max, below: None }
    }
}

/// A host path shown inside the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bind {
    /// Absolute path on the host.
    pub source: PathBuf,
    /// Absolute path inside.
    pub dest: PathBuf,
    /// Whether the program may write through it.
    pub access: Access,
}

/// Whether the program may write through a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reading only.
    ReadOnly,
    /// Writes reach the host.
    ReadWrite,
}

/// What network the program sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// An empty network namespace whose loopback is down.
    None,
    /// The host's network.
    Host,
}

/// What the program reads on its standard input.
#[derive(Debug, Clone)]
pub enum Stdin {
    /// Nothing: end of file at once.
    Empty,
    /// These bytes, as a sealed, seekable file of its own.
    Bytes(Arc<[u8]>),
    /// Whatever our own standard input delivers, pumped through a pipe: the program never holds a
    /// descriptor of the caller's terminal.
    Inherit,
    /// The reading end of a pipe that nobody else in a sandbox holds. It becomes the program's own.
    Pipe(Handover),
}

/// Where the program's standard output goes.
#[derive(Debug, Clone)]
pub enum Stdout {
    /// To us: kept up to the output limit, and counted against it.
    Captured,
    /// The writing end of a pipe that nobody else in a sandbox holds. It becomes the program's own;
    /// whoever holds the other end reads, keeps and counts.
    Pipe(Handover),
}

/// A descriptor that the engine takes, once: when the program has it, nobody else on our side
/// does, so that its end of file is the program's end.
#[derive(Debug, Clone)]
pub struct Handover(Arc<Mutex<Option<OwnedFd>>>);

impl Handover {
    /// Offers a descriptor.
    #[must_use]
    pub fn new(fd: OwnedFd) -> Self {
        Self(Arc::new(Mutex::new(Some(fd))))
    }

    /// The descriptor, for whoever asks first.
    #[must_use]
    pub fn take(&self) -> Option<OwnedFd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The limits of one execution. Every value is in force or the run is refused (`Require`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time from the start of the program.
    pub wall: Duration,
    /// CPU time of all processes together.
    pub cpu: Option<Duration>,
    /// Memory of all processes together, temporary files and kernel memory included.
    pub memory: Bytes,
    /// Processes and threads of the program alive at one time.
    pub pids: u32,
    /// Standard output and standard error together.
    pub output: Bytes,
    /// Size of any one file the program writes (`RLIMIT_FSIZE`).
    pub file_size: Bytes,
    /// What all writable places together may hold (size of the tmpfs).
    pub disk: Bytes,
    /// Open descriptors of one process (`RLIMIT_NOFILE`).
    pub open_files: u32,
    /// Relative CPU weight; 1024 is normal.
    pub cpu_shares: u32,
    /// How long the sandbox may take to be ready before that is our fault (E3002).
    pub setup: Duration,
    /// How often the process tree is looked at where no cgroup counts for us.
    pub watch_interval: Duration,
}

/// Which system calls the program may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeccompPolicy {
    /// The allow list of `sandbox::seccomp`, wide enough for modern runtimes.
    Default,
    /// The same without sockets of any family but `AF_UNIX`, and without `ptrace`-like luxuries.
    Strict,
    /// No filter (`enable_seccomp = false`). `enforced` says so.
    Off,
}

/// Which cgroup interface to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CgroupChoice {
    /// The best one that works here.
    Auto,
    /// Version 1 or nothing.
    V1,
    /// Version 2 or nothing.
    V2,
    /// Do not use cgroups.
    None,
}

/// What to do where the kernel cannot hold a limit for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Require {
    /// Refuse to run (E5001).
    Strict,
    /// Watch and kill instead, and say so in `enforced`. Isolation is never given up.
    BestEffort,
}
