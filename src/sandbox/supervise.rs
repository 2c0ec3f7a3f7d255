//! Supervision: one poll loop per running case, from the hand-over to the counters.
//!
//! Everything that can happen is a descriptor or a deadline; nothing is polled on a tick except
//! where no cgroup counts for us.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, SystemTime};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::MsgFlags;
use nix::sys::time::TimeSpec;

use super::cancel::Cancel;
use super::capture::Capture;
use super::cgroup::{Cgroup, Counters, Placement};
use super::launch::{Worker, packet_pair};
use super::outcome::{
    CollectedFile, End, Enforced, Events, Fault, FaultKind, FileContent, FileProblem, KillReason, Ran, Usage,
};
use super::pump::{self, Pump};
use super::spec::{Network, Spec};
use super::sys::{pidfd_kill, receive_notification};
use super::watch::{self, TreeUse};
use super::wire::{self, CasePlan, Exited, FileFault, FileRecord, LayerKind, Record};
use super::{fault, monotonic_nanos, plan, seccomp};
use crate::units::Bytes;

/// What a supervision needs.
pub(super) struct Supervision<'a> {
    pub(super) spec: &'a Spec,
    pub(super) plan: &'a CasePlan,
    pub(super) worker: &'a Worker,
    pub(super) cgroup: &'a Cgroup,
    pub(super) files: Option<BorrowedFd<'a>>,
    pub(super) cancel: &'a Cancel,
    pub(super) setup_deadline: u64,
    pub(super) two_ids: bool,
}

/// How long killed processes may take to be gone.
const DEATH: u64 = 30_000_000_000;

/// Runs one case to its end.
pub(super) fn supervise(supervision: &Supervision<'_>) -> Result<Ran, Fault> {
    let mut case = Case::begin(supervision)?;
    case.until_all_are_dead()?;
    case.finish()
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    SettingUp,
    /// `Ready` was said; the filter and `execve` come next.
    Ready,
    Executed,
}

struct Case<'a> {
    with: &'a Supervision<'a>,
    init: OwnedFd,
    init_pid: i32,
    fault: Option<OwnedFd>,
    status: OwnedFd,
    listener: Option<OwnedFd>,
    stdout: Capture,
    stderr: Capture,
    pump: Option<Pump>,
    started: SystemTime,
    stage: Stage,
    /// Monotonic clock and used CPU time when the program was about to be executed.
    start: (u64, u64),
    failure: Option<Fault>,
    exited: Option<Exited>,
    files: Vec<Option<Result<FileContent, FileProblem>>>,
    killed: Option<(KillReason, u64)>,
    next_cpu_check: u64,
    next_watch: u64,
    tree: TreeUse,
    tree_peak: u64,
    buffer: Vec<u8>,
}

/// What a descriptor in the poll set is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watched {
    Init,
    Worker,
    Fault,
    Status,
    Listener,
    Stdout,
    Stderr,
    Pump,
    Cancel,
}

impl<'a> Case<'a> {
    fn begin(with: &'a Supervision<'a>) -> Result<Self, Fault> {
        let step = |error: std::io::Error| fault::setup_io("making the pipes of a case", &error);
        let pipe = || nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|errno| step(errno.into()));
        let pair = || packet_pair().map_err(|errno| step(errno.into()));
        let (stdin, pump) = pump::open(&with.spec.stdin).map_err(step)?;
        let (out_read, out_write) = pipe()?;
        let (err_read, err_write) = pipe()?;
        let (fault_ours, fault_theirs) = pair()?;
        let (status_ours, status_theirs) = pair()?;
        let mut fds = vec![
            stdin.as_fd(),
            out_write.as_fd(),
            err_write.as_fd(),
            fault_theirs.as_fd(),
            status_theirs.as_fd(),
        ];
        fds.extend(with.files);
        match with.cgroup.placement() {
            Placement::Into(folder) => fds.push(folder),
            Placement::Tasks(tasks) => fds.extend(tasks),
            Placement::Nowhere => {}
        }
        let started = SystemTime::now();
        let init = with.worker.begin(with.plan, &fds, with.setup_deadline)?;
        let init_pid =
            pid_of(&init).map_err(|error| fault::monitor("reading init's number", Some(&error)))?;
        let limit = with.spec.limits.output.0;
        let case = Self {
            with,
            init,
            init_pid,
            fault: Some(fault_ours),
            status: status_ours,
            listener: None,
            stdout: Capture::new(out_read, limit).map_err(step)?,
            stderr: Capture::new(err_read, limit).map_err(step)?,
            pump,
            started,
            stage: Stage::SettingUp,
            start: (monotonic_nanos(), 0),
            failure: None,
            exited: None,
            files: vec![None; with.plan.collect.len()],
            killed: None,
            next_cpu_check: u64::MAX,
            next_watch: u64::MAX,
            tree: TreeUse::default(),
            tree_peak: 0,
            buffer: vec![0; 64 << 10],
        };
        // Init holds until now: from here on somebody can kill it.
        wire::send(case.status.as_fd(), &true, &[])
            .map_err(|error| fault::monitor("starting a case", Some(&error)))?;
        Ok(case)
    }

    fn until_all_are_dead(&mut self) -> Result<(), Fault> {
        loop {
            let ready = self.wait()?;
            // The end comes last: what was written before it is to be read first.
            for what in &ready {
                match what {
                    Watched::Init => {}
                    Watched::Worker => return self.worker_died(),
                    Watched::Fault => self.read_fault(MsgFlags::MSG_DONTWAIT),
                    Watched::Status => self.read_status(MsgFlags::MSG_DONTWAIT),
                    Watched::Listener => self.read_listener(),
                    Watched::Stdout => self.stdout.read(&mut self.buffer),
                    Watched::Stderr => self.stderr.read(&mut self.buffer),
                    Watched::Pump => self.pump.iter_mut().for_each(Pump::turn),
                    Watched::Cancel => self.kill(KillReason::Cancelled),
                }
            }
            if self.written() > self.with.spec.limits.output.0 {
                self.kill(KillReason::Output);
            }
            if ready.contains(&Watched::Init) {
                return Ok(());
            }
            self.look_at_the_clocks()?;
        }
    }

    fn written(&self) -> u64 {
        self.stdout.total() + self.stderr.total()
    }

    /// Waits for a descriptor or the next deadline; says what is ready.
    fn wait(&self) -> Result<Vec<Watched>, Fault> {
        let mut what = vec![(Watched::Init, self.init.as_fd(), PollFlags::POLLIN)];
        what.push((Watched::Worker, self.with.worker.control(), PollFlags::empty()));
        what.extend(self.fault.as_ref().map(|fd| (Watched::Fault, fd.as_fd(), PollFlags::POLLIN)));
        what.push((Watched::Status, self.status.as_fd(), PollFlags::POLLIN));
        what.extend(self.stdout.fd().map(|fd| (Watched::Stdout, fd, PollFlags::POLLIN)));
        what.extend(self.stderr.fd().map(|fd| (Watched::Stderr, fd, PollFlags::POLLIN)));
        if let Some((fd, reading)) = self.pump.as_ref().and_then(Pump::waits_for) {
            what.push((Watched::Pump, fd, if reading { PollFlags::POLLIN } else { PollFlags::POLLOUT }));
        }
        if self.killed.is_none() {
            what.extend(self.listener.as_ref().map(|fd| (Watched::Listener, fd.as_fd(), PollFlags::POLLIN)));
            what.push((Watched::Cancel, self.with.cancel.kill_fd(), PollFlags::POLLIN));
        }
        let mut polled: Vec<_> = what.iter().map(|(_, fd, flags)| PollFd::new(*fd, *flags)).collect();
        let left = self.next_deadline().saturating_sub(monotonic_nanos());
        let timeout = TimeSpec::from_duration(Duration::from_nanos(left));
        match ppoll(&mut polled, Some(timeout), None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(fault::monitor("waiting for a case", Some(&errno.into()))),
        }
        let is_ready = |poll: &PollFd<'_>| poll.revents().is_some_and(|events| !events.is_empty());
        let ready: Vec<_> = what
            .iter()
            .zip(&polled)
            .filter(|(_, poll)| is_ready(poll))
            .map(|((what, ..), _)| *what)
            .collect();
        Ok(ready)
    }

    fn next_deadline(&self) -> u64 {
        if let Some((_, at)) = self.killed {
            return at.saturating_add(DEATH);
        }
        if self.stage != Stage::Executed {
            return self.with.setup_deadline;
        }
        self.wall_deadline().min(self.next_cpu_check).min(self.next_watch)
    }

    fn wall_deadline(&self) -> u64 {
        self.start.0.saturating_add(nanos(self.with.spec.limits.wall))
    }

    fn look_at_the_clocks(&mut self) -> Result<(), Fault> {
        let now = monotonic_nanos();
        if let Some((_, at)) = self.killed {
            if now > at.saturating_add(DEATH) {
                return Err(fault::monitor("processes of the case cannot be killed", None));
            }
            return Ok(());
        }
        if self.stage != Stage::Executed {
            if now >= self.with.setup_deadline {
                self.failure = Some(Fault {
                    kind: FaultKind::SetupTimeout,
                    step: "waiting for the sandbox to be ready".to_owned(),
                    errno: None,
                    help: String::new(),
                });
                self.kill(KillReason::Cancelled);
            }
            return Ok(());
        }
        // The program's end, seen by init, stops the clocks: what is left is ours.
        if self.exited.is_some() {
            return Ok(());
        }
        if now >= self.next_watch {
            self.watch_tree(now);
        }
        if now >= self.wall_deadline() {
            self.kill(KillReason::Wall);
        } else if now >= self.next_cpu_check {
            self.check_cpu(now)?;
        }
        Ok(())
    }

    /// Kills when the CPU time is used up; else sets the earliest moment at which it can be.
    fn check_cpu(&mut self, now: u64) -> Result<(), Fault> {
        let Some(limit) = self.with.spec.limits.cpu else {
            self.next_cpu_check = u64::MAX;
            return Ok(());
        };
        let used = self.cpu_nanos()?;
        match nanos(limit).checked_sub(used) {
            None | Some(0) => self.kill(KillReason::Cpu),
            Some(left) => {
                let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
                // Half a millisecond: as fine as the kernel's own accounting of other CPUs is.
                let wait = (left / cpus as u64).max(500_000);
                self.next_cpu_check = now.saturating_add(wait);
            }
        }
        Ok(())
    }

    /// CPU time of the program so far, without the part before `execve`.
    fn cpu_nanos(&self) -> Result<u64, Fault> {
        let counted = self.with.cgroup.cpu_micros();
        let counted = counted.map_err(|error| fault::monitor("reading the CPU time", Some(&error)))?;
        let micros = counted.unwrap_or(self.tree.cpu_micros);
        Ok((micros * 1_000).saturating_sub(self.start.1))
    }

    fn watch_tree(&mut self, now: u64) {
        self.tree = watch::tree(self.init_pid);
        self.tree_peak = self.tree_peak.max(self.tree.memory);
        self.next_watch = now.saturating_add(nanos(self.with.spec.limits.watch_interval));
        if self.tree.memory > self.with.spec.limits.memory.0 {
            self.kill(KillReason::Memory);
        }
        let limit = self.with.spec.limits.cpu.map_or(u64::MAX, nanos);
        if (self.tree.cpu_micros * 1_000).saturating_sub(self.start.1) >= limit {
            self.kill(KillReason::Cpu);
        }
    }

    /// Ends everything of the case. The first reason is the reason.
    fn kill(&mut self, reason: KillReason) {
        if self.killed.is_some() {
            return;
        }
        log::debug!("killing the case: {reason:?}");
        self.killed = Some((reason, monotonic_nanos()));
        // The death of PID 1 is the death of its namespace. If this fails, init is dead already.
        let _ = pidfd_kill(self.init.as_fd(), libc::SIGKILL);
    }

    fn read_fault(&mut self, flags: MsgFlags) {
        while let Some(socket) = &self.fault {
            match wire::receive::<Record>(socket.as_fd(), flags) {
                Ok(Some((record, fds))) => self.on_fault_record(record, fds),
                Ok(None) => {
                    self.fault = None;
                    if self.stage == Stage::Ready {
                        self.executed();
                    }
                }
                Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => return,
                Err(_) => self.fault = None,
            }
        }
    }

    fn on_fault_record(&mut self, record: Record, mut fds: Vec<OwnedFd>) {
        match record {
            Record::Ready { at_nanos, cpu_nanos, .. } => {
                self.stage = Stage::Ready;
                self.start = (at_nanos, cpu_nanos);
            }
            Record::Listener => self.listener = fds.pop(),
            Record::Fault(record) => {
                self.stage = Stage::SettingUp;
                self.failure = Some(fault::setup(record));
            }
            Record::ExecFailed { candidate, errno } => {
                self.stage = Stage::SettingUp;
                self.failure = Some(self.exec_failed(candidate, errno));
            }
            Record::Exited(_) | Record::File { .. } => {}
        }
    }

    /// `Ready`, then the end of file: the program is running.
    fn executed(&mut self) {
        self.stage = Stage::Executed;
        let now = monotonic_nanos();
        self.next_cpu_check = if self.with.spec.limits.cpu.is_some() { now } else { u64::MAX };
        if matches!(self.with.cgroup, Cgroup::None) {
            self.next_watch = now;
            self.next_cpu_check = u64::MAX;
        }
    }

    fn exec_failed(&self, candidate: u32, errno: i32) -> Fault {
        let paths: Vec<String> = self.with.plan.candidates.iter().map(ToString::to_string).collect();
        let path = usize::try_from(candidate).ok().and_then(|n| paths.get(n).cloned()).unwrap_or_default();
        let kind = match errno {
            libc::ENOENT | libc::ENOTDIR => FaultKind::NotFound { searched: paths },
            _ => FaultKind::NotExecutable { path },
        };
        let help = match errno {
            libc::ENOEXEC => "not a program for this machine, and no `#!` line says what runs it",
            libc::EACCES => "make it executable (chmod +x), and do not name a directory",
            _ => "",
        };
        let command = self.with.spec.argv.first().map(ToString::to_string).unwrap_or_default();
        Fault { kind, step: format!("executing {command}"), errno: Some(errno), help: help.to_owned() }
    }

    fn read_status(&mut self, flags: MsgFlags) {
        loop {
            match wire::receive::<Record>(self.status.as_fd(), flags) {
                Ok(Some((Record::Exited(exited), _))) => self.exited = Some(exited),
                Ok(Some((Record::File { index, result }, fds))) => self.on_file(index, result, fds),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn on_file(&mut self, index: u32, result: Result<FileRecord, FileFault>, mut fds: Vec<OwnedFd>) {
        let Some(slot) = usize::try_from(index).ok().and_then(|index| self.files.get_mut(index)) else {
            return;
        };
        *slot = Some(match (result, fds.pop()) {
            (Ok(record), Some(fd)) => read_file(fd, record),
            (Ok(_), None) => Err(FileProblem::Unreadable(libc::EBADF)),
            (Err(fault), _) => Err(problem(fault)),
        });
    }

    fn read_listener(&mut self) {
        let Some(listener) = &self.listener else { return };
        match receive_notification(listener.as_fd()) {
            Ok(Some(notification)) => {
                let (name, arch) = seccomp::describe(notification.number, notification.arch);
                let number = i64::from(notification.number);
                // The listener stays open until all are dead: closing it would let the call return.
                self.kill(KillReason::ForbiddenSyscall { name, number, arch });
            }
            // Nobody is under the filter any more, or the caller has died meanwhile.
            Ok(None) | Err(_) => self.listener = None,
        }
    }

    fn worker_died(&mut self) -> Result<(), Fault> {
        // A worker says why before it goes, if it can. Init dies with it.
        let _ = pidfd_kill(self.init.as_fd(), libc::SIGKILL);
        Err(fault::monitor("the worker of a case has died", None))
    }

    /// All processes are dead: the last words, the counters, the facts.
    fn finish(mut self) -> Result<Ran, Fault> {
        self.read_fault(MsgFlags::MSG_DONTWAIT);
        self.read_status(MsgFlags::MSG_DONTWAIT);
        if self.listener.is_some() && self.killed.is_none() && self.exited.is_none() {
            self.read_listener();
        }
        let counters = self.with.cgroup.counters();
        let counters =
            counters.map_err(|error| fault::monitor("reading the counters of a case", Some(&error)))?;
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.stage == Stage::SettingUp && self.killed.is_none() && counters.oom_kills == 0 {
            return Err(fault::monitor(
                "the sandbox ended before the program started, and did not say why",
                None,
            ));
        }
        if self.stage == Stage::SettingUp && matches!(self.killed, Some((KillReason::Cancelled, _))) {
            return Err(Fault {
                kind: FaultKind::Cancelled,
                step: "cancelled while it was set up".to_owned(),
                errno: None,
                help: String::new(),
            });
        }
        Ok(self.ran(counters))
    }

    fn ran(mut self, counters: Counters) -> Ran {
        let end_of_wall = match (&self.exited, &self.killed) {
            (Some(exited), _) => exited.at_nanos,
            (None, Some((_, at))) => *at,
            (None, None) => monotonic_nanos(),
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        let enforced = self.enforced();
        let usage = self.usage(&counters, end_of_wall);
        let events = Events {
            oom_kills: counters.oom_kills,
            memory_limit_hits: counters.memory_limit_hits,
            pids_limit_hits: counters.pids_limit_hits,
            disk_full: self.exited.is_some_and(|exited| exited.disk_full),
        };
        let missing = || Err(FileProblem::Missing);
        let files = self.with.spec.collect.iter().zip(self.files);
        Ran {
            started: self.started,
            completed: SystemTime::now(),
            end: self.exited.map_or(End::Killed, |exited| end(exited.status)),
            killed_by: self.killed.map(|(reason, _)| reason),
            usage: Usage { output: Bytes(self.stdout.total() + self.stderr.total()), ..usage },
            events,
            stdout: self.stdout.finish(&mut buffer),
            stderr: self.stderr.finish(&mut buffer),
            files: files
                .map(|(asked, got)| CollectedFile {
                    path: asked.path.clone(),
                    content: got.unwrap_or_else(missing),
                })
                .collect(),
            leaked: self.exited.map_or(0, |exited| exited.leaked),
            enforced,
        }
    }

    fn usage(&self, counters: &Counters, end_of_wall: u64) -> Usage {
        let before = self.start.1 / 1_000;
        let by_tree = matches!(self.with.cgroup, Cgroup::None);
        let cpu = if by_tree {
            self.exited.map_or(self.tree.cpu_micros, |exited| exited.reaped_cpu_micros)
        } else {
            counters.cpu_micros
        };
        let exited = self.exited;
        Usage {
            wall: Duration::from_nanos(end_of_wall.saturating_sub(self.start.0)),
            cpu: Duration::from_micros(cpu.saturating_sub(before)),
            user: Duration::from_micros(counters.user_micros),
            kernel: Duration::from_micros(counters.kernel_micros.saturating_sub(before)),
            memory_peak: counters.memory_peak.unwrap_or(Bytes(self.tree_peak)),
            memory_cache_left: counters.memory_cache_left,
            pids_peak: counters.pids_peak,
            output: Bytes(0),
            io_read: exited.and_then(|exited| exited.io).map(|(read, _)| Bytes(read)),
            io_written: exited.and_then(|exited| exited.io).map(|(_, written)| Bytes(written)),
            disk: Bytes(exited.map_or(0, |exited| exited.disk_used)),
            context_switches: exited.map_or((0, 0), |exited| exited.switches),
        }
    }

    fn enforced(&self) -> Enforced {
        let spec = self.with.spec;
        let names = self.with.cgroup.names();
        let mut namespaces = vec!["user", "mnt", "pid", "ipc", "uts", "cgroup"];
        if spec.network == Network::None {
            namespaces.push("net");
        }
        Enforced {
            namespaces: namespaces.into_iter().map(str::to_owned).collect(),
            separate_user: self.with.two_ids,
            seccomp: seccomp::policy_name(spec.seccomp).to_owned(),
            no_new_privs: true,
            landlock: None,
            cgroup: names.cgroup.to_owned(),
            memory: names.memory.to_owned(),
            pids: names.pids.to_owned(),
            cpu: names.cpu.to_owned(),
            cpu_shares: names.cpu_shares.to_owned(),
            workspace: self.workspace(),
            degraded: Vec::new(),
        }
    }

    fn workspace(&self) -> String {
        if plan::layers(self.with.spec).is_empty() {
            return "empty".to_owned();
        }
        let kind =
            |layer: &u32| usize::try_from(*layer).ok().and_then(|n| self.with.worker.layers.get(n).copied());
        let kinds: Vec<_> = self.with.plan.layers.iter().filter_map(kind).collect();
        if !self.with.worker.overlay || kinds.contains(&LayerKind::Copied) {
            "copy".to_owned()
        } else if kinds.contains(&LayerKind::IdMapped) {
            "overlay over idmapped mount".to_owned()
        } else {
            "overlay".to_owned()
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The process number behind a pidfd, in our own namespace.
fn pid_of(pidfd: &OwnedFd) -> std::io::Result<i32> {
    use std::os::fd::AsRawFd;
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let pid = text.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
    pid.ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

/// A wait(2) status as an end.
fn end(status: i32) -> End {
    if libc::WIFSIGNALED(status) {
        End::Signaled { signal: libc::WTERMSIG(status), core_dumped: libc::WCOREDUMP(status) }
    } else {
        End::Exited(libc::WEXITSTATUS(status))
    }
}

fn problem(fault: FileFault) -> FileProblem {
    match fault {
        FileFault::Missing => FileProblem::Missing,
        FileFault::Link => FileProblem::Link,
        FileFault::NotRegular => FileProblem::NotRegular,
        FileFault::TooLarge(size) => FileProblem::TooLarge(Bytes(size)),
        FileFault::Unreadable(errno) => FileProblem::Unreadable(errno),
    }
}

/// Reads a file that init opened. Everybody who could change it is dead or dying; the size is
/// bounded all the same.
fn read_file(fd: OwnedFd, record: FileRecord) -> Result<FileContent, FileProblem> {
    let mut bytes = Vec::new();
    match File::from(fd).take(record.size).read_to_end(&mut bytes) {
        Ok(_) => Ok(FileContent { bytes, executable: record.executable }),
        Err(error) => Err(FileProblem::Unreadable(error.raw_os_error().unwrap_or(libc::EIO))),
    }
}
