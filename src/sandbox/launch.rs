//! The supervisor's side of a worker: start it, have it make inits, end it.

use std::cell::Cell;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, socketpair};

use super::cancel::Cancel;
use super::cgroup::{self, Cgroup, Home, Layout, Place};
use super::early::{self, Expected};
use super::fault;
use super::monotonic_nanos;
use super::outcome::{Fault, FaultKind};
use super::procfs;
use super::spec::Limits;
use super::streams::Streams;
use super::sys::pidfd_kill;
use super::wire::{self, EarlyPlan, FaultRecord, InitPlan, LayerKind, Reply, Request, Step, Template};
use super::worker::{Owner, sources};

/// The name by which `main` knows that it is a worker.
pub(super) const WORKER_NAME: &str = "capsule-run-worker";

/// How long a worker is waited for, and who may want that to be cut short.
#[derive(Clone, Copy)]
pub(super) struct Until<'a> {
    /// Monotonic clock.
    pub(super) deadline: u64,
    pub(super) cancel: &'a Cancel,
}

/// The most sources whose trees go into one message.
const MOST_SOURCES: usize = 100;

/// Whether this process was started to be a worker: by the name that it was started under.
#[must_use]
pub fn is_worker() -> bool {
    std::env::args_os().next().is_some_and(|name| name == WORKER_NAME)
}

/// A worker, ready for cases of its template.
pub(super) struct Worker {
    control: OwnedFd,
    /// Before the cgroups: its death is the death of everything below it, and empties them.
    process: Process,
    /// The host id of its namespace's root, where that is another user than we are.
    owner: Option<u32>,
    /// Cases whose init could not be kept.
    served: u64,
    /// Whether its template stands. Else we have yet to hear of that.
    built: bool,
    /// Whether it was forked early, and wants no more than its template.
    early: bool,
    /// Whether it is the init of its only case itself.
    is_init: bool,
    /// The init for the next case.
    waiting: Option<Waiting>,
    /// The streams for the next case.
    streams: Cell<Option<Streams>>,
    /// Whether its network namespace is no longer as it was made.
    network_used: bool,
    /// The cgroup of the last case. Before `home`, in which it may stand.
    cgroup: Option<Cgroup>,
    /// Where its cases get their cgroups; made on first use, kept for its life.
    home: Option<Home>,
    pub(super) template: Template,
    pub(super) layers: Vec<LayerKind>,
    pub(super) overlay: bool,
    pub(super) landlock: Option<u32>,
}

/// The process of a worker: started from our binary, or forked from us. Dropping it ends it.
pub(super) enum Process {
    Started(Child),
    Forked { pid: i32, pidfd: OwnedFd },
}

impl Process {
    pub(super) fn id(&self) -> u32 {
        match self {
            Self::Started(child) => child.id(),
            Self::Forked { pid, .. } => u32::try_from(*pid).unwrap_or(0),
        }
    }

    /// One more descriptor that holds it.
    fn hold(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Started(_) => Err(io::ErrorKind::Unsupported.into()),
            Self::Forked { pidfd, .. } => pidfd.try_clone(),
        }
    }

    fn is_alive(&mut self) -> bool {
        match self {
            Self::Started(child) => matches!(child.try_wait(), Ok(None)),
            Self::Forked { pidfd, .. } => {
                let mut watched = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
                poll(&mut watched, PollTimeout::ZERO) == Ok(0)
            }
        }
    }

    /// Killing what is dead is no error here.
    fn kill(&self) {
        match self {
            // Not reaped yet: its number is still its own.
            Self::Started(child) => {
                let pid = i32::try_from(child.id()).map(nix::unistd::Pid::from_raw);
                let _ = pid.map(|pid| nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL));
            }
            Self::Forked { pidfd, .. } => drop(pidfd_kill(pidfd.as_fd(), libc::SIGKILL)),
        }
    }

    /// Kills and reaps. Nor is it an error to reap again.
    fn end(&mut self) {
        match self {
            Self::Started(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Forked { pid, pidfd } => {
                let _ = pidfd_kill(pidfd.as_fd(), libc::SIGKILL);
                let child = nix::unistd::Pid::from_raw(*pid);
                let _ = nix::sys::wait::waitpid(child, Some(nix::sys::wait::WaitPidFlag::__WALL));
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// An init, with the socket to talk to it. Dropping it ends it, and with it everything in its
/// namespaces.
pub(super) struct Init {
    pub(super) process: OwnedFd,
    /// Its process number; not reused while we hold it as a process.
    pub(super) pid: i32,
    pub(super) case: OwnedFd,
    pub(super) plan: InitPlan,
}

impl Drop for Init {
    fn drop(&mut self) {
        // If this fails, it is dead already.
        let _ = pidfd_kill(self.process.as_fd(), libc::SIGKILL);
    }
}

/// An init that was asked for.
struct Asked {
    plan: InitPlan,
    case: OwnedFd,
}

enum Waiting {
    /// Asked for; the worker has yet to say that it runs.
    Asked(Asked),
    Ready(Init),
}

/// A pair of sockets that keep the bounds of messages.
pub(super) fn packet_pair() -> nix::Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
}

impl Worker {
    /// Starts a worker from our own binary.
    pub(super) fn start(exe: &Path, template: &Template) -> Result<Self, Fault> {
        let starting = |error: io::Error| fault::setup_io("starting a worker", &error);
        let (control, theirs) = packet_pair().map_err(|errno| starting(errno.into()))?;
        let child = Command::new(exe)
            .arg0(WORKER_NAME)
            .env_clear()
            .current_dir("/")
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(starting)?;
        let worker = Self::new(Process::Started(child), control, template);
        wire::send(worker.control.as_fd(), template, &[]).map_err(starting)?;
        Ok(worker)
    }

    /// The worker that was forked early, if it serves for this template.
    /// `may_be_init`: whether it will have no second case, and a cgroup counts the memory of that one. What
    /// a process had resident before it became the program hides what it has then, where the kernel's record
    /// of its largest size is all there is: an init that is a worker too has far more.
    pub(super) fn from_early(template: &Template, may_be_init: bool) -> Option<Self> {
        let early = early::take()?;
        if early.expected == Expected::OneCase && !may_be_init {
            return None;
        }
        if early.ids != template.ids || template.host_network || template.sources.len() > MOST_SOURCES {
            return None;
        }
        let first = template.ids.first_of(early.process.id());
        let opened = match first {
            Some(first) => {
                let program = Owner { uid: first + 1, gid: first + 1 };
                sources::open_from_outside(&template.sources, program).ok()?
            }
            None => Vec::new(),
        };
        if !opened.iter().all(|source| source.tree.is_whole()) {
            return None;
        }
        let mut worker = Self::new(early.process, early.control, template);
        worker.early = true;
        worker.is_init = early.expected == Expected::OneCase;
        let plan = EarlyPlan {
            template: template.clone(),
            opened: opened.iter().map(|source| (source.kind, source.is_dir)).collect(),
        };
        let trees: Vec<_> = opened.iter().map(|source| source.tree.as_fd()).collect();
        wire::send(worker.control.as_fd(), &plan, &trees).ok()?;
        Some(worker)
    }

    fn new(process: Process, control: OwnedFd, template: &Template) -> Self {
        Self {
            control,
            owner: template.ids.first_of(process.id()),
            process,
            served: 0,
            built: false,
            early: false,
            is_init: false,
            waiting: None,
            streams: Cell::new(None),
            network_used: false,
            cgroup: None,
            home: None,
            template: template.clone(),
            layers: Vec::new(),
            overlay: false,
            landlock: None,
        }
    }

    /// Waits until the template stands.
    fn wait_until_built(&mut self, until: Until<'_>) -> Result<(), Fault> {
        while !self.built {
            match self.reply(until)? {
                (Reply::WriteMaps { first }, _) => self.write_maps(first)?,
                (Reply::Ready { layers, overlay, landlock }, _) => {
                    (self.layers, self.overlay, self.landlock) = (layers, overlay, landlock);
                    self.built = true;
                }
                (Reply::Fault(record), _) => return Err(fault::setup(record)),
                (Reply::Started, _) => {
                    return Err(fault::monitor("a worker answered what nobody asked", None));
                }
            }
        }
        Ok(())
    }

    /// Asks for an init, without waiting for it.
    fn ask_for_init(&mut self, plan: &InitPlan, files: Option<BorrowedFd<'_>>) -> Result<Asked, Fault> {
        let asking = |error: io::Error| fault::setup_io("asking a worker for an init", &error);
        let (case, theirs) = packet_pair().map_err(|errno| asking(errno.into()))?;
        let request = Request { plan: plan.clone(), new_network: std::mem::take(&mut self.network_used) };
        let fds: Vec<_> = std::iter::once(theirs.as_fd()).chain(files).collect();
        wire::send(self.control.as_fd(), &request, &fds).map_err(asking)?;
        Ok(Asked { plan: request.plan, case })
    }

    fn wait_for_init(&mut self, asked: Asked, until: Until<'_>) -> Result<Init, Fault> {
        self.wait_until_built(until)?;
        if self.is_init {
            let process = self.process.hold().map_err(|error| fault::setup_io("holding an init", &error))?;
            let pid = i32::try_from(self.pid()).unwrap_or(0);
            return Ok(Init { process, pid, case: asked.case, plan: asked.plan });
        }
        match self.reply(until)? {
            (Reply::Started, mut fds) if !fds.is_empty() => {
                let process = fds.remove(0);
                let pid = pid_of(&process)
                    .map_err(|error| fault::monitor("reading init's number", Some(&error)))?;
                Ok(Init { process, pid, case: asked.case, plan: asked.plan })
            }
            (Reply::Fault(record), _) => Err(fault::setup(record)),
            _ => Err(fault::monitor("a worker answered what nobody asked", None)),
        }
    }

    /// An init for a case: the one that waits, if it was made from the same plan, or a new one.
    pub(super) fn init(
        &mut self,
        plan: &InitPlan,
        files: Option<BorrowedFd<'_>>,
        until: Until<'_>,
    ) -> Result<Init, Fault> {
        if !self.early {
            // On its way to a template it has questions of its own.
            self.wait_until_built(until)?;
        }
        let waiting = match self.waiting.take() {
            Some(Waiting::Asked(asked)) => Some(self.wait_for_init(asked, until)?),
            Some(Waiting::Ready(init)) => Some(init),
            None => None,
        };
        // What stands in files is not compared: an init with files is made for its case.
        let fits = |init: &Init| init.plan == *plan && plan.files.is_empty() && !self.network_used;
        match waiting.filter(fits) {
            Some(init) => Ok(init),
            None => {
                let asked = self.ask_for_init(plan, files)?;
                self.wait_for_init(asked, until)
            }
        }
    }

    /// Keeps an init for the next case.
    pub(super) fn keep(&mut self, init: Init) {
        self.waiting = Some(Waiting::Ready(init));
    }

    /// Has an init made for a next case like the last one, while nobody waits for it.
    pub(super) fn prepare(&mut self, plan: &InitPlan) {
        // A worker that has served several will serve more; most serve one and are done.
        self.served += 1;
        if self.served > 1 && self.waiting.is_none() && plan.files.is_empty() {
            // If it fails here the next case will hear of it.
            self.waiting = self.ask_for_init(plan, None).ok().map(Waiting::Asked);
        }
    }

    /// A case has used the network namespace: the next init gets a new one.
    pub(super) fn network_was_used(&mut self) {
        self.network_used = true;
    }

    /// The cgroup for a case: the last case's, where its counters can begin anew, or a new one.
    pub(super) fn cgroup(&mut self, layout: &Layout, limits: &Limits) -> io::Result<Cgroup> {
        if let Some(mut kept) = self.cgroup.take()
            && kept.renew(layout, limits)?
        {
            return Ok(kept);
        }
        if self.home.is_none() {
            self.home = cgroup::home(layout, self.process.id(), self.owner)?;
        }
        let place = match &self.home {
            Some(home) => Place::In(home),
            None if self.is_init => Place::Alone,
            None => Place::Beside,
        };
        Cgroup::create(layout, limits, place)
    }

    /// Streams for a case.
    pub(super) fn streams(&self) -> io::Result<Streams> {
        self.streams.take().map_or_else(|| Streams::new(self.program_id()), Ok)
    }

    /// Makes the streams of the next case. If that fails the next case will hear of it.
    pub(super) fn prepare_streams(&self) {
        self.streams.set(Streams::new(self.program_id()).ok());
    }

    /// Has it die, without waiting for that.
    pub(super) fn end_soon(&self) {
        self.process.kill();
    }

    /// Keeps a cgroup for the next case.
    pub(super) fn keep_cgroup(&mut self, cgroup: Cgroup) {
        self.cgroup = Some(cgroup);
    }

    /// The host id of its programs, where that is another user than we are.
    pub(super) fn program_id(&self) -> Option<u32> {
        self.owner.map(|first| first + 1)
    }

    /// Its process number; not reused before [`Worker`] is dropped.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether the worker still lives: one that somebody killed does not.
    pub(super) fn is_alive(&mut self) -> bool {
        self.process.is_alive()
    }

    /// Hung up when the worker is gone. `None` for one that is an init: that is watched as such.
    pub(super) fn control(&self) -> Option<BorrowedFd<'_>> {
        (!self.is_init).then_some(self.control.as_fd())
    }

    fn reply(&self, until: Until<'_>) -> Result<(Reply, Vec<OwnedFd>), Fault> {
        self.wait(until)?;
        match wire::receive(self.control.as_fd(), MsgFlags::MSG_DONTWAIT) {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(fault::monitor("a worker has died", None)),
            Err(error) => Err(fault::monitor("listening to a worker", Some(&error))),
        }
    }

    fn wait(&self, until: Until<'_>) -> Result<(), Fault> {
        loop {
            let left = until.deadline.saturating_sub(monotonic_nanos()).div_ceil(1_000_000);
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let bell = until.cancel.bell();
            let mut polled: Vec<_> = std::iter::once(self.control.as_fd())
                .chain(bell)
                .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
                .collect();
            match poll(&mut polled, timeout) {
                Ok(0) => {
                    return Err(Fault {
                        kind: FaultKind::SetupTimeout,
                        step: "waiting for a worker".to_owned(),
                        errno: None,
                        help: String::new(),
                    });
                }
                Ok(_) if polled[0].any() == Some(true) => return Ok(()),
                Ok(_) => until.cancel.answer(),
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(fault::monitor("waiting for a worker", Some(&errno.into()))),
            }
        }
    }

    /// Gives the worker's namespace its two ids: its root, and the program.
    fn write_maps(&self, first: u32) -> Result<(), Fault> {
        write_maps(self.process.id(), first).map_err(fault::setup)?;
        wire::send(self.control.as_fd(), &true, &[])
            .map_err(|error| fault::setup_io("starting a worker", &error))
    }
}

/// Gives the user namespace of a process its two ids: its root, and the program.
pub(super) fn write_maps(pid: u32, first: u32) -> Result<(), FaultRecord> {
    let map = format!("0 {first} 1\n{} {} 1\n", 1000, first + 1);
    for name in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{pid}/{name}"), &map)
            .step(|| format!("writing the worker's {name} (user namespace)"))?;
    }
    Ok(())
}

/// The process number behind a pidfd, in our own namespace.
fn pid_of(pidfd: &OwnedFd) -> io::Result<i32> {
    use std::os::fd::AsRawFd;
    let text = procfs::text(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let pid = text.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
    pid.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
