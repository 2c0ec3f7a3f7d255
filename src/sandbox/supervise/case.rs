//! One case from the hand-over to the death of its last process.

use std::os::fd::{AsFd, OwnedFd};
use std::time::SystemTime;

use nix::sys::socket::MsgFlags;

use crate::sandbox::cancel::{Cancel, CancelLevel};
use crate::sandbox::capture::Capture;
use crate::sandbox::cgroup::{Cgroup, Placement};
use crate::sandbox::launch::{Init, Worker};
use crate::sandbox::live::{Entry, Live};
use crate::sandbox::outcome::{CollectedFile, Fault, FileContent, FileProblem, KillReason, Ran};
use crate::sandbox::pump::{self, Pump};
use crate::sandbox::spec::{SeccompPolicy, Spec};
use crate::sandbox::streams::Streams;
use crate::sandbox::sys::pidfd_kill;
use crate::sandbox::watch::TreeUse;
use crate::sandbox::wire::{self, CasePlan, Exited};
use crate::sandbox::{fault, monotonic_nanos};

/// What a supervision needs.
pub(in crate::sandbox) struct Supervision<'a> {
    pub(in crate::sandbox) spec: &'a Spec,
    pub(in crate::sandbox) plan: &'a CasePlan,
    pub(in crate::sandbox) worker: &'a Worker,
    pub(in crate::sandbox) init: &'a Init,
    pub(in crate::sandbox) cgroup: &'a Cgroup,
    pub(in crate::sandbox) cancel: &'a Cancel,
    pub(in crate::sandbox) live: &'a Live,
    pub(in crate::sandbox) setup_deadline: u64,
    pub(in crate::sandbox) two_ids: bool,
    /// Done once the case is with its init, which then has much to do.
    pub(in crate::sandbox) meanwhile: &'a dyn Fn(),
    /// Whether the worker has nothing more to do after this case.
    pub(in crate::sandbox) is_last: bool,
}

/// What a case may have left in what is kept. Everything, unless the opposite is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) struct Left {
    /// In what its init holds; or its init is gone.
    pub(in crate::sandbox) in_world: bool,
    /// In the network namespace.
    pub(in crate::sandbox) in_network: bool,
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.in_world, self.in_network) {
            (false, false) => "the same init",
            (true, false) => "a new init",
            (_, true) => "a new init and a new network",
        })
    }
}

/// Runs one case to its end.
pub(in crate::sandbox) fn supervise(supervision: &Supervision<'_>) -> (Result<Ran, Fault>, Left) {
    let mut case = match Case::begin(supervision) {
        Ok(case) => case,
        Err(fault) => return (Err(fault), Left { in_world: true, in_network: true }),
    };
    let ended = case.until_all_are_dead();
    if supervision.is_last {
        // It takes its time to die. Its cases' processes are dead, or die with it.
        supervision.worker.end_soon();
    }
    let result = ended.and_then(|()| case.finish());
    let left = case.left(&result);
    (result, left)
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    SettingUp,
    /// `Ready` was said: what comes next is `execve`, and then the program's doing.
    Executed,
}

pub(super) struct Case<'a> {
    pub(super) with: &'a Supervision<'a>,
    /// Its place among those that run.
    pub(super) entry: Entry<'a>,
    /// Whether init can still say something.
    pub(super) speaking: bool,
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
    /// What was found in folders that were asked for, each with the number of its folder.
    pub(super) found: Vec<(u32, CollectedFile)>,
    /// What the filter has noted, or could not: see [`Left`].
    pub(super) noted: Left,
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
        let Streams { nothing, stdout, stderr: (err_read, err_write) } =
            with.worker.streams().map_err(step)?;
        let (stdin, pump) = pump::open(&with.spec.stdin, nothing, owner).map_err(step)?;
        if pump.as_ref().is_some_and(Pump::may_block) {
            // Then nobody here looks at the bell.
            with.cancel.answer();
        }
        let (out_write, out_read) = pump::open_stdout(&with.spec.stdout, stdout, owner).map_err(step)?;
        let mut fds = vec![stdin.as_fd(), out_write.as_fd(), err_write.as_fd()];
        match with.cgroup.placement() {
            Placement::Into(folder) => fds.push(folder),
            Placement::Tasks(tasks) => fds.extend(tasks),
            Placement::Nowhere => {}
        }
        let started = SystemTime::now();
        let limit = with.spec.limits.output.0;
        let unseen = with.spec.seccomp == SeccompPolicy::Off;
        let entry = with.live.enter(with.worker.pid(), with.init.pid, with.cgroup.gauge());
        let mut case = Self {
            with,
            entry,
            speaking: true,
            listener: None,
            stdout: Capture::new(out_read, limit, with.spec.digest),
            stderr: Capture::new(Some(err_read), limit, with.spec.digest),
            pump,
            started,
            stage: Stage::SettingUp,
            start: (monotonic_nanos(), 0),
            failure: None,
            exited: None,
            files: vec![None; with.plan.collect.len()],
            found: Vec::new(),
            noted: Left { in_world: unseen, in_network: unseen },
            killed: None,
            next_cpu_check: u64::MAX,
            next_watch: u64::MAX,
            tree: TreeUse::default(),
            watched_peak: 0,
            resident_before: 0,
            watched_tasks: 0,
            buffer: Vec::new(),
        };
        if case.entry.was_asked_before(None) || with.cancel.level() == CancelLevel::Kill {
            case.kill(KillReason::Cancelled);
        }
        // We hold its pidfd: from here on somebody can kill it.
        match wire::send(with.init.case.as_fd(), with.plan, &fds) {
            Ok(()) => {}
            // It was killed before it began.
            Err(_) if case.killed.is_some() => {}
            Err(error) => {
                // An init says why before it goes, if it can.
                case.read_records(MsgFlags::MSG_DONTWAIT);
                let unsaid = || fault::setup_io("handing a case to its init", &error);
                return Err(case.failure.take().unwrap_or_else(unsaid));
            }
        }
        (with.meanwhile)();
        Ok(case)
    }

    /// What may be left in what is kept.
    fn left(&self, result: &Result<Ran, Fault>) -> Left {
        let proven =
            result.is_ok() && self.killed.is_none() && self.exited.is_some_and(|exited| exited.untouched);
        Left { in_world: !proven || self.noted.in_world, ..self.noted }
    }

    /// Whether the case is over: the program and all that it started are dead, and everything is told.
    pub(super) fn is_over(&self) -> bool {
        let told = self.failure.is_some() || self.files.iter().all(Option::is_some);
        self.killed.is_none() && self.exited.is_some() && told
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
        let _ = pidfd_kill(self.with.init.process.as_fd(), libc::SIGKILL);
        self.with.cgroup.kill();
    }

    pub(super) fn worker_died(&mut self) -> Result<(), Fault> {
        // A worker says why before it goes, if it can. Init dies with it.
        let _ = pidfd_kill(self.with.init.process.as_fd(), libc::SIGKILL);
        Err(fault::monitor("the worker of a case has died", None))
    }
}
