//! One case from the hand-over to the death of its last process.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::SystemTime;

use nix::fcntl::OFlag;

use crate::sandbox::cancel::Cancel;
use crate::sandbox::capture::Capture;
use crate::sandbox::cgroup::{Cgroup, Placement};
use crate::sandbox::launch::{Worker, packet_pair};
use crate::sandbox::live::{Entry, Live};
use crate::sandbox::outcome::{Fault, FileContent, FileProblem, KillReason, Ran};
use crate::sandbox::pump::{self, Pump};
use crate::sandbox::spec::Spec;
use crate::sandbox::sys::pidfd_kill;
use crate::sandbox::watch::TreeUse;
use crate::sandbox::wire::{self, CasePlan, Exited};
use crate::sandbox::{fault, monotonic_nanos};

/// What a supervision needs.
pub(in crate::sandbox) struct Supervision<'a> {
    pub(in crate::sandbox) spec: &'a Spec,
    pub(in crate::sandbox) plan: &'a CasePlan,
    pub(in crate::sandbox) worker: &'a Worker,
    pub(in crate::sandbox) cgroup: &'a Cgroup,
    pub(in crate::sandbox) files: Option<BorrowedFd<'a>>,
    pub(in crate::sandbox) cancel: &'a Cancel,
    pub(in crate::sandbox) live: &'a Live,
    pub(in crate::sandbox) setup_deadline: u64,
    pub(in crate::sandbox) two_ids: bool,
}

/// Runs one case to its end.
pub(in crate::sandbox) fn supervise(supervision: &Supervision<'_>) -> Result<Ran, Fault> {
    let mut case = Case::begin(supervision)?;
    case.until_all_are_dead()?;
    case.finish()
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    SettingUp,
    /// `Ready` was said; the filter and `execve` come next.
    Ready,
    Executed,
}

pub(super) struct Case<'a> {
    pub(super) with: &'a Supervision<'a>,
    pub(super) init: OwnedFd,
    pub(super) init_pid: i32,
    /// Its place among those that run.
    pub(super) entry: Entry<'a>,
    pub(super) fault: Option<OwnedFd>,
    pub(super) status: Option<OwnedFd>,
    pub(super) listener: Option<OwnedFd>,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
    pub(super) pump: Option<Pump>,
    pub(super) started: SystemTime,
    pub(super) stage: Stage,
    /// Monotonic clock and used CPU time when the program was about to be executed.
    pub(super) start: (u64, u64),
    pub(super) failure: Option<Fault>,
    pub(super) exited: Option<Exited>,
    pub(super) files: Vec<Option<Result<FileContent, FileProblem>>>,
    pub(super) killed: Option<(KillReason, u64)>,
    pub(super) next_cpu_check: u64,
    pub(super) next_watch: u64,
    pub(super) tree: TreeUse,
    pub(super) watched_peak: u64,
    /// Resident before `execve`, in KiB.
    pub(super) resident_before: u64,
    /// Processes and threads that were seen at a time.
    pub(super) watched_tasks: u32,
    pub(super) buffer: Vec<u8>,
}

impl<'a> Case<'a> {
    fn begin(with: &'a Supervision<'a>) -> Result<Self, Fault> {
        let step = |error: std::io::Error| fault::setup_io("making the pipes of a case", &error);
        let owner = with.worker.program_id();
        let pipe = || {
            let pipe = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|errno| step(errno.into()))?;
            pump::give(pipe.1.as_fd(), owner).map_err(step)?;
            Ok::<_, Fault>(pipe)
        };
        let pair = || packet_pair().map_err(|errno| step(errno.into()));
        let (stdin, pump) = pump::open(&with.spec.stdin, owner).map_err(step)?;
        let (out_write, out_read) = pump::open_stdout(&with.spec.stdout, owner).map_err(step)?;
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
        let entry = with.live.enter(with.worker.pid(), init_pid, with.cgroup.gauge());
        let mut case = Self {
            with,
            init,
            init_pid,
            entry,
            fault: Some(fault_ours),
            status: Some(status_ours),
            listener: None,
            stdout: Capture::new(out_read, limit).map_err(step)?,
            stderr: Capture::new(Some(err_read), limit).map_err(step)?,
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
            watched_peak: 0,
            resident_before: 0,
            watched_tasks: 0,
            buffer: vec![0; 64 << 10],
        };
        if case.entry.was_asked_before(None) {
            case.kill(KillReason::Cancelled);
        }
        // Init holds until now: from here on somebody can kill it.
        if let Some(status) = &case.status {
            wire::send(status.as_fd(), &true, &[])
                .map_err(|error| fault::monitor("starting a case", Some(&error)))?;
        }
        Ok(case)
    }

    pub(super) fn written(&self) -> u64 {
        self.stdout.total() + self.stderr.total()
    }

    /// Ends everything of the case. The first reason is the reason.
    pub(super) fn kill(&mut self, reason: KillReason) {
        if self.killed.is_some() {
            return;
        }
        log::debug!("killing the case: {reason:?}");
        self.killed = Some((reason, monotonic_nanos()));
        // The death of PID 1 is the death of its namespace. If this fails, init is dead already.
        let _ = pidfd_kill(self.init.as_fd(), libc::SIGKILL);
        self.with.cgroup.kill();
    }

    pub(super) fn worker_died(&mut self) -> Result<(), Fault> {
        // A worker says why before it goes, if it can. Init dies with it.
        let _ = pidfd_kill(self.init.as_fd(), libc::SIGKILL);
        Err(fault::monitor("the worker of a case has died", None))
    }
}

/// The process number behind a pidfd, in our own namespace.
fn pid_of(pidfd: &OwnedFd) -> std::io::Result<i32> {
    use std::os::fd::AsRawFd;
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let pid = text.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
    pid.ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}
