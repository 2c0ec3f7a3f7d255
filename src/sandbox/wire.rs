//! What the roles say to each other. Two kinds of sockets, both sequenced packets, both carrying
//! one `postcard` value a message:
//!
//! - *control*, supervisor ↔ worker: [`Template`] once, then a [`Request`] an init; [`Reply`] back;
//! - *case*, supervisor ↔ init: a [`CasePlan`] a case in, [`Record`]s out. The program's process
//!   says `Ready` through it before it executes; the program itself never holds it.
//!
//! Nothing that is read here was written by the program.

use std::borrow::Cow;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use nix::sys::socket::MsgFlags;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::sys::{self, Instruction};
use crate::units::NoNul;

/// A body longer than this travels in a memory file instead of in the message.
const INLINE: usize = 16 << 10;
/// No plan is longer: arguments and environment are bounded by the kernel's own limits.
const LONGEST: u64 = 64 << 20;

/// What a worker keeps for all its cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Template {
    pub(super) ids: Ids,
    /// Source `n` can be used by cases as number `n`.
    pub(super) sources: Vec<Source>,
    /// Mounted into the root once: source and place inside.
    pub(super) binds: Vec<(u32, NoNul)>,
    /// Whether the program sees the host's network.
    pub(super) host_network: bool,
}

/// Supervisor → a worker that began before there was a template. The trees of its sources come with
/// this, where the supervisor has opened them; of each, how it could be had and whether it is a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EarlyPlan {
    pub(super) template: Template,
    pub(super) opened: Vec<(LayerKind, bool)>,
}

/// The user ids of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ids {
    /// Root: the namespace's root and the program get two host ids of their own, counted from
    /// here plus twice the worker's process number modulo `spread`.
    Two { first: u32, spread: u32 },
    /// An ordinary user: everything inside is that user.
    One { uid: u32, gid: u32 },
}

impl Ids {
    /// The first of the two host ids of the worker with this process number.
    pub(super) fn first_of(self, worker: u32) -> Option<u32> {
        match self {
            Self::Two { first, spread } => Some(first + 2 * (worker % spread)),
            Self::One { .. } => None,
        }
    }
}

/// A host path that a worker makes available.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) path: NoNul,
    pub(super) purpose: Purpose,
}

/// What a source is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    ReadOnly,
    ReadWrite,
    /// A lower layer of workspaces.
    Layer,
}

/// Supervisor → worker: an init is wanted. Its end of the case socket comes with this, then the
/// memory file with the content of its files, if it has any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) plan: InitPlan,
    /// Whether the network namespace is to be replaced first: somebody used it.
    pub(super) new_network: bool,
}

/// What an init makes before it knows its case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InitPlan {
    /// Sources, the first on top; empty: an empty workspace.
    pub(super) layers: Vec<u32>,
    /// Binds below places that are fresh for each case.
    pub(super) binds: Vec<(u32, NoNul)>,
    /// Places of binds that may be written to.
    pub(super) writable: Vec<NoNul>,
    pub(super) files: Vec<PlannedFile>,
    pub(super) disk: u64,
    pub(super) inodes: u64,
    pub(super) filter: Option<Cow<'static, FilterPlan>>,
}

/// One case, as its init needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CasePlan {
    pub(super) argv: Vec<NoNul>,
    /// Paths to execute, tried in order.
    pub(super) candidates: Vec<NoNul>,
    /// `NAME=value`.
    pub(super) env: Vec<NoNul>,
    pub(super) workdir: NoNul,
    pub(super) collect: Vec<Wanted>,
    pub(super) limits: Vec<RlimitPlan>,
    pub(super) placement: PlacementPlan,
    /// Whether nobody but the supervisor is at the other ends of its streams.
    pub(super) streams_are_ours: bool,
}

/// A file, or all files of a folder, to be read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) path: NoNul,
    pub(super) max: u64,
    /// Of a folder: how many there may be, and whether only their names are wanted.
    pub(super) below: Option<(u32, bool)>,
}

/// A file to be put into the workspace: a piece of the memory file that comes with the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlannedFile {
    pub(super) path: NoNul,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) executable: bool,
}

/// One resource limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RlimitPlan {
    pub(super) which: Rlimit,
    pub(super) soft: u64,
    /// `None`: as high as it is now.
    pub(super) hard: Option<u64>,
}

/// Which resource limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Rlimit {
    Core,
    Cpu,
    FileSize,
    OpenFiles,
    Processes,
    Stack,
    RealtimePriority,
    Nice,
    AddressSpace,
    Data,
}

/// The two forms of a filter: one that reports forbidden calls to a listener, and one that kills
/// for where a listener cannot be had (another filter of the host has one already).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FilterPlan {
    #[serde(with = "sys::instructions")]
    pub(super) reporting: Vec<Instruction>,
    #[serde(with = "sys::instructions")]
    pub(super) killing: Vec<Instruction>,
}

/// How the program gets into its cgroup; the descriptors come with the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum PlacementPlan {
    Nowhere,
    Into,
    Tasks(u32),
}

/// Worker → supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reply {
    /// The worker is in its user namespace: write its maps and say so.
    WriteMaps { first: u32 },
    /// The template stands; how each layer source was made, whether layers are overlaid, and
    /// the version of Landlock in force.
    Ready { layers: Vec<LayerKind>, overlay: bool, landlock: Option<u32> },
    /// Something failed.
    Fault(FaultRecord),
    /// An init runs; its pidfd comes with this.
    Started,
}

/// How a source could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum LayerKind {
    Bound,
    IdMapped,
    Copied,
}

/// A step of ours that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FaultRecord {
    pub(super) step: String,
    pub(super) errno: Option<i32>,
}

impl FaultRecord {
    pub(super) fn new(step: impl Into<String>, error: &io::Error) -> Self {
        let step = step.into();
        match error.raw_os_error() {
            Some(errno) => Self { step, errno: Some(errno) },
            None => Self { step: format!("{step}: {error}"), errno: None },
        }
    }
}

/// Attaches the step to an I/O error.
pub(super) trait Step<T> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, FaultRecord>;
}

impl<T> Step<T> for io::Result<T> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, FaultRecord> {
        self.map_err(|error| FaultRecord::new(step(), &error))
    }
}

impl<T> Step<T> for nix::Result<T> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, FaultRecord> {
        self.map_err(|errno| FaultRecord::new(step(), &io::Error::from(errno)))
    }
}

/// Init and program → supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Record {
    /// Everything is set up, the filter included; next comes `execve`. The filter's listener comes
    /// with this, where there is one.
    Ready {
        /// Monotonic clock.
        at_nanos: u64,
        /// CPU time that the process has used up to here: ours, not the program's.
        cpu_nanos: u64,
        /// The most memory that was resident up to here, in KiB: the kernel's record of it survives
        /// `execve`.
        resident_kib: u64,
    },
    /// No candidate could be executed: the one that counts, and why.
    ExecFailed {
        candidate: u32,
        errno: i32,
        /// Whether the candidate is there: then ENOENT is about what should have run it.
        found: bool,
    },
    /// The working directory could not be entered.
    WorkdirFailed { errno: i32 },
    /// The set-up failed.
    Fault(FaultRecord),
    /// The program has ended and nothing of it is left.
    Exited(Exited),
    /// A file that was asked for; its descriptor comes with this when it could be opened.
    File { index: u32, result: Result<FileRecord, FileFault> },
    /// A file of a folder that was asked for; its descriptor comes with this when its content is
    /// wanted and it could be opened.
    Found { index: u32, path: NoNul, result: Result<Option<FileRecord>, FileFault> },
    /// All files of a folder that was asked for have been told, or why not.
    Folder { index: u32, result: Result<(), FileFault> },
}

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exited {
    /// As wait(2) gives it.
    pub(super) status: i32,
    pub(super) at_nanos: u64,
    pub(super) switches: (u64, u64),
    /// Processes that were still alive.
    pub(super) leaked: u32,
    pub(super) disk_used: u64,
    pub(super) disk_full: bool,
    /// The most memory that one process had resident, in KiB, its time before `execve` included.
    pub(super) resident_kib: u64,
    /// Block device bytes of all processes that were reaped.
    pub(super) io: Option<(u64, u64)>,
    /// CPU time of all processes that were reaped, for hosts without a cgroup.
    pub(super) reaped_cpu_micros: u64,
    /// Whether init has proven that nothing of the case is left in what it holds, so that it can
    /// serve another one. What only the filter can see is not in this.
    pub(super) untouched: bool,
}

/// An opened file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileRecord {
    pub(super) size: u64,
    pub(super) executable: bool,
}

/// Why a file was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FileFault {
    Missing,
    Link,
    NotRegular,
    TooLarge(u64),
    Unreadable(i32),
}

/// Sends one value.
pub(super) fn send<T: Serialize>(
    socket: BorrowedFd<'_>,
    value: &T,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let message = postcard::to_extend(value, vec![0]).map_err(io::Error::other)?;
    if message.len() <= INLINE {
        return sys::send(socket, &message, fds);
    }
    let file = super::memory_file(c"plan", &message[1..])?;
    let mut all = vec![std::os::fd::AsFd::as_fd(&file)];
    all.extend_from_slice(fds);
    sys::send(socket, &[1], &all)
}

/// Receives one value and its descriptors; `None` when the other end is gone.
pub(super) fn receive<T: DeserializeOwned>(
    socket: BorrowedFd<'_>,
    flags: MsgFlags,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut buffer = [0; INLINE];
    let received = match sys::receive(socket, &mut buffer, flags) {
        // The other end left something of ours unread, and the kernel says so first: once. What it said
        // before it went, which may well be why it did, comes after that.
        Err(error) if error.raw_os_error() == Some(libc::ECONNRESET) => {
            sys::receive(socket, &mut buffer, flags)
        }
        received => received,
    };
    let (length, mut fds) = received?;
    let Some((kind, body)) = buffer.get(..length).and_then(<[u8]>::split_first) else { return Ok(None) };
    let decode = |body: &[u8]| postcard::from_bytes(body).map_err(io::Error::other);
    if *kind == 0 {
        return Ok(Some((decode(body)?, fds)));
    }
    if fds.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a long message without its file"));
    }
    let file = std::fs::File::from(fds.remove(0));
    let mut long = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, LONGEST), &mut long)?;
    Ok(Some((decode(&long)?, fds)))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::sandbox::launch::packet_pair;

    #[test]
    fn what_somebody_said_before_it_went_is_heard_though_it_left_ours_unread() {
        let (ours, theirs) = packet_pair().expect("a descriptor is free");
        send(ours.as_fd(), &1_u32, &[]).expect("it is open");
        send(theirs.as_fd(), &2_u32, &[]).expect("it is open");
        drop(theirs);
        let heard = || receive::<u32>(ours.as_fd(), MsgFlags::MSG_DONTWAIT).expect("no error");
        assert_eq!(heard().map(|(said, _)| said), Some(2));
        assert!(heard().is_none());
    }
}
