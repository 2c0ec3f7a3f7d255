//! The supervisor's side of a worker: start it, hand it cases, end it.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, socketpair};

use super::cgroup::{self, Home, Layout};
use super::fault;
use super::monotonic_nanos;
use super::outcome::{Fault, FaultKind};
use super::wire::{self, CasePlan, FaultRecord, LayerKind, Reply, Step, Template};

/// The name by which `main` knows that it is a worker.
pub(super) const WORKER_NAME: &str = "capsule-run-worker";

/// Whether this process was started to be a worker: by the name that it was started under.
#[must_use]
pub fn is_worker() -> bool {
    std::env::args_os().next().is_some_and(|name| name == WORKER_NAME)
}

/// A worker, ready for cases of its template.
pub(super) struct Worker {
    control: OwnedFd,
    child: Child,
    /// The host id of its namespace's root, where that is another user than we are.
    owner: Option<u32>,
    /// Where its cases get their cgroups; made on first use, kept for its life.
    home: Option<Home>,
    pub(super) template: Template,
    pub(super) layers: Vec<LayerKind>,
    pub(super) overlay: bool,
    pub(super) landlock: Option<u32>,
}

/// A pair of sockets that keep the bounds of messages.
pub(super) fn packet_pair() -> nix::Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
}

impl Worker {
    /// Starts a worker from our own binary and waits until its template stands.
    pub(super) fn start(exe: &Path, template: &Template, deadline: u64) -> Result<Self, Fault> {
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
        let mut worker = Self {
            control,
            child,
            owner: None,
            home: None,
            template: template.clone(),
            layers: Vec::new(),
            overlay: false,
            landlock: None,
        };
        wire::send(worker.control.as_fd(), template, &[]).map_err(starting)?;
        loop {
            match worker.reply(deadline)? {
                (Reply::WriteMaps { first }, _) => {
                    worker.write_maps(first)?;
                    worker.owner = Some(first);
                }
                (Reply::Ready { layers, overlay, landlock }, _) => {
                    (worker.layers, worker.overlay, worker.landlock) = (layers, overlay, landlock);
                    return Ok(worker);
                }
                (Reply::Fault(record), _) => return Err(fault::setup(record)),
                (Reply::Started, _) => {
                    return Err(fault::monitor("a worker answered what nobody asked", None));
                }
            }
        }
    }

    /// Hands over a case; returns its init.
    pub(super) fn begin(
        &self,
        plan: &CasePlan,
        fds: &[BorrowedFd<'_>],
        deadline: u64,
    ) -> Result<OwnedFd, Fault> {
        wire::send(self.control.as_fd(), plan, fds)
            .map_err(|error| fault::setup_io("handing a case to a worker", &error))?;
        match self.reply(deadline)? {
            (Reply::Started, mut fds) if !fds.is_empty() => Ok(fds.remove(0)),
            (Reply::Fault(record), _) => Err(fault::setup(record)),
            _ => Err(fault::monitor("a worker answered what nobody asked", None)),
        }
    }

    /// The home of its cases' cgroups, if they need one here.
    pub(super) fn home(&mut self, layout: &Layout) -> Result<Option<&Home>, Fault> {
        if self.home.is_none() {
            self.home = cgroup::home(layout, self.child.id(), self.owner)
                .map_err(|error| fault::setup_io("making the cgroup of a worker", &error))?;
        }
        Ok(self.home.as_ref())
    }

    /// The host id of its programs, where that is another user than we are.
    pub(super) fn program_id(&self) -> Option<u32> {
        self.owner.map(|first| first + 1)
    }

    /// Its process number; not reused before [`Worker`] is dropped.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the worker still lives: one that somebody killed does not.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Readable or hung up when the worker is gone.
    pub(super) fn control(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    fn reply(&self, deadline: u64) -> Result<(Reply, Vec<OwnedFd>), Fault> {
        self.wait(deadline)?;
        match wire::receive(self.control.as_fd(), MsgFlags::MSG_DONTWAIT) {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(fault::monitor("a worker has died", None)),
            Err(error) => Err(fault::monitor("listening to a worker", Some(&error))),
        }
    }

    fn wait(&self, deadline: u64) -> Result<(), Fault> {
        loop {
            let left = deadline.saturating_sub(monotonic_nanos()).div_ceil(1_000_000);
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.control.as_fd(), PollFlags::POLLIN)], timeout) {
                Ok(0) => {
                    return Err(Fault {
                        kind: FaultKind::SetupTimeout,
                        step: "waiting for a worker".to_owned(),
                        errno: None,
                        help: String::new(),
                    });
                }
                Ok(_) => return Ok(()),
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(fault::monitor("waiting for a worker", Some(&errno.into()))),
            }
        }
    }

    /// Gives the worker's namespace its two ids: its root, and the program.
    fn write_maps(&self, first: u32) -> Result<(), Fault> {
        write_maps(self.child.id(), first).map_err(fault::setup)?;
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

impl Drop for Worker {
    fn drop(&mut self) {
        // Its death is the death of everything below it. Killing what is dead is no error here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
