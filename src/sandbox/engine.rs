//! [`LinuxEngine`]: plans, picks a worker, makes the cgroup, supervises, puts the worker back.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use super::cancel::{Cancel, CancelLevel};
use super::cgroup::{self, Cgroup, CgroupVersion, Layout, Placement};
use super::fresh::Fresh;
use super::launch::{Init, Until, Worker};
use super::live::Live;
use super::outcome::{Fault, FaultKind, Outcome, Ran};
use super::spec::{CgroupChoice, Require, Spec};
use super::supervise::{Left, Supervision, supervise};
use super::wire::{Ids, PlacementPlan};
use super::worker::landlock;
use super::{Engine, fault, host, memory_file, monotonic_nanos, plan};

/// How to make an engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The binary that becomes a worker when it is started under the name `capsule-run-worker`;
    /// normally our own, `/proc/self/exe`.
    pub worker_exe: PathBuf,
    /// What every case gets anew, whether the last one could have touched it or not.
    pub fresh: Fresh,
    /// The version 2 cgroup in which cases get theirs: an absolute path of a folder that was made for
    /// that. `None`: a place is found.
    pub cgroup_folder: Option<PathBuf>,
}

/// The engine of Linux hosts. Any number of threads may run programs at a time; each run has a
/// worker of its own while it lasts.
pub struct LinuxEngine {
    exe: PathBuf,
    /// What `exe` leads to, if it is a copy.
    _copy: Option<OwnedFd>,
    cgroup_folder: Option<PathBuf>,
    ids: Ids,
    idle: Mutex<Vec<Worker>>,
    layouts: Mutex<HashMap<CgroupChoice, Arc<Layout>>>,
    fresh: Fresh,
    /// Workers that have been told to die.
    ending: Mutex<Vec<Worker>>,
    sweep: OnceLock<Option<JoinHandle<()>>>,
    live: Arc<Live>,
}

impl Drop for LinuxEngine {
    fn drop(&mut self) {
        if let Some(sweep) = self.sweep.take().flatten() {
            // A sweep that panicked has left something for the next one.
            let _ = sweep.join();
        }
    }
}

/// Workers that wait for a case; more than these are ended.
const MOST_IDLE: usize = 64;

impl LinuxEngine {
    /// Makes an engine. With its first case it sweeps the cgroups that a killed capsule-run left.
    ///
    /// # Errors
    /// This host cannot give the program a user of its own.
    pub fn new(options: EngineOptions) -> Result<Self, Fault> {
        let ids = host::ids().map_err(|step| Fault {
            kind: FaultKind::Unmet,
            step,
            errno: None,
            help: String::new(),
        })?;
        let copy = if landlock::abi().is_some() { None } else { sealed_copy(&options.worker_exe) };
        let copied = copy.as_ref().map(|copy| PathBuf::from(format!("/proc/self/fd/{}", copy.as_raw_fd())));
        if copied.is_some() {
            // That one is our binary itself, of which a program could get hold.
            super::early::end_early();
        }
        Ok(Self {
            exe: copied.unwrap_or(options.worker_exe),
            _copy: copy,
            cgroup_folder: options.cgroup_folder,
            ids,
            idle: Mutex::default(),
            layouts: Mutex::default(),
            fresh: options.fresh,
            ending: Mutex::default(),
            sweep: OnceLock::new(),
            live: Arc::default(),
        })
    }

    /// What runs now, to be looked at and stopped by others.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live)
    }

    fn layout(&self, choice: CgroupChoice) -> Arc<Layout> {
        let mut layouts = self.layouts.lock().unwrap_or_else(PoisonError::into_inner);
        let probe = || {
            let layout = Layout::probe(choice, self.cgroup_folder.as_deref());
            log::debug!(
                "cgroups: {:?}{}{}",
                layout.version(),
                if layout.missing.is_empty() { "" } else { ", " },
                layout.missing
            );
            Arc::new(layout)
        };
        Arc::clone(layouts.entry(choice).or_insert_with(probe))
    }

    fn try_run(&self, spec: &Spec, cancel: &Cancel) -> Result<Ran, Fault> {
        if cancel.level() == CancelLevel::Kill {
            return Err(Fault {
                kind: FaultKind::Cancelled,
                step: "cancelled before it started".to_owned(),
                errno: None,
                help: String::new(),
            });
        }
        let layout = self.layout(spec.cgroup);
        require(spec, &layout)?;
        host::room_for(spec.limits.pids).map_err(|step| Fault {
            kind: FaultKind::Unmet,
            step,
            errno: None,
            help: "raise ulimit -u, end some of them, or give the program a lower process limit".to_owned(),
        })?;
        host::allows(&spec.limits).map_err(|step| Fault {
            kind: FaultKind::Unmet,
            step,
            errno: None,
            help: "raise it (ulimit -H as root, Limit…= of the service, --ulimit of the container), or give the \
                   program a lower limit"
                .to_owned(),
        })?;
        let by_rlimit = layout.version() == CgroupVersion::None;
        let planned = plan::plan(spec, self.ids, by_rlimit).map_err(|step| Fault {
            kind: FaultKind::Setup,
            step,
            errno: None,
            help: String::new(),
        })?;
        let files = if planned.init.files.is_empty() {
            None
        } else {
            let file = memory_file(c"files", &planned.file_bytes);
            Some(file.map_err(|error| fault::setup_io("keeping the case's files", &error))?)
        };
        self.with_worker(spec, planned, &layout, files, cancel)
    }

    fn with_worker(
        &self,
        spec: &Spec,
        mut planned: plan::Planned,
        layout: &Layout,
        files: Option<OwnedFd>,
        cancel: &Cancel,
    ) -> Result<Ran, Fault> {
        let deadline =
            monotonic_nanos().saturating_add(u64::try_from(spec.limits.setup.as_nanos()).unwrap_or(u64::MAX));
        let is_last = !self.fresh.worker_is_kept();
        let may_be_init = is_last && layout.version() != CgroupVersion::None;
        let ready = |mut worker: Worker| {
            let cgroup = worker
                .cgroup(layout, &spec.limits)
                .map_err(|error| fault::setup_io("making the cgroup of a case", &error))?;
            // After the cgroup: the first one of a worker moves it to where its children may join theirs,
            // and an init must be born there.
            let until = Until { deadline, cancel };
            let init = worker.init(&planned.init, files.as_ref().map(AsFd::as_fd), until)?;
            Ok((worker, cgroup, init))
        };
        let start = || Worker::start(&self.exe, &planned.template).and_then(ready);
        let (mut worker, cgroup, init) = match self.take(&planned) {
            Some(worker) => ready(worker)?,
            None => match Worker::from_early(&planned.template, may_be_init) {
                // Where anything is wrong with it, one from our own binary will say what.
                Some(early) => ready(early).or_else(|fault| {
                    log::debug!("the early worker is of no use: {fault:?}");
                    start()
                })?,
                None => start()?,
            },
        };
        planned.case.placement = placement(&cgroup);
        let meanwhile = || {
            if !is_last {
                worker.prepare_streams();
            }
            // One that has other things to do looks no further than it has to.
            if !is_last || layout.has_orphans_beside() {
                self.sweep_once();
            }
        };
        let supervision = Supervision {
            spec,
            plan: &planned.case,
            worker: &worker,
            init: &init,
            cgroup: &cgroup,
            cancel,
            live: &self.live,
            setup_deadline: deadline,
            two_ids: matches!(self.ids, Ids::Two { .. }),
            meanwhile: &meanwhile,
            is_last,
        };
        let refused = layout.refused_above();
        let (result, left) = supervise(&supervision);
        let result = result.and_then(|mut ran| {
            if layout.refused_above() > refused {
                return Err(fault::monitor(cgroup::NO_MORE_PROCESSES, None));
            }
            ran.enforced.degraded.extend(weaker(spec, layout, &cgroup));
            Ok(ran)
        });
        // A worker that had any part in a fault is not used again.
        if is_last {
            // Their folders are empty: they need not wait for the worker's end.
            drop((init, cgroup));
            self.let_end(worker);
        } else if result.as_ref().map_or_else(is_the_programs, |_| true) {
            self.hand_back(&mut worker, &planned, init, cgroup, left);
            self.put_back(worker);
        }
        result
    }

    /// Beside everything else: what is swept is in nobody's way. A host without a thread to spare has
    /// it swept by another run.
    fn sweep_once(&self) {
        let start = || std::thread::Builder::new().name("sweep".to_owned()).spawn(cgroup::sweep).ok();
        self.sweep.get_or_init(start);
    }

    /// Keeps a worker that is dying until it is dead: at the latest, until we are.
    fn let_end(&self, worker: Worker) {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        ending.retain_mut(Worker::is_alive);
        ending.push(worker);
    }

    /// Gives the worker back what the next case can have, and only that.
    fn hand_back(
        &self,
        worker: &mut Worker,
        planned: &plan::Planned,
        init: Init,
        cgroup: Cgroup,
        left: Left,
    ) {
        worker.keep_cgroup(cgroup);
        if left.in_network || self.fresh.network {
            worker.network_was_used();
        }
        let init_is_kept = !left.in_world && !left.in_network && self.fresh.init_is_kept();
        log::debug!("the next case gets {left}");
        if init_is_kept {
            worker.keep(init);
        } else {
            drop(init);
            worker.prepare(&planned.init);
        }
    }

    fn take(&self, planned: &plan::Planned) -> Option<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain_mut(Worker::is_alive);
        let fits = idle.iter().position(|worker| worker.template == planned.template)?;
        Some(idle.swap_remove(fits))
    }

    fn put_back(&self, worker: Worker) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= MOST_IDLE {
            idle.remove(0);
        }
        idle.push(worker);
    }
}

impl Engine for LinuxEngine {
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome {
        match self.try_run(spec, cancel) {
            Ok(ran) => Outcome::Ran(Box::new(ran)),
            // Said by who knows what of it may be told.
            Err(fault) => Outcome::NotStarted(fault),
        }
    }
}

/// Our binary as a file that nobody can write to. A program can have what runs it executed once more
/// (`#!/proc/self/exe`), and so get hold of it; it may belong to the same user. Landlock refuses that,
/// since the file is not below the program's root; where there is no Landlock there is nothing to be
/// held of. Where no copy can be executed (`vm.memfd_noexec`), it is the binary itself.
fn sealed_copy(exe: &Path) -> Option<OwnedFd> {
    let copy = std::fs::read(exe).and_then(|bytes| memory_file(c"capsule-run", &bytes));
    let copy = copy.inspect_err(|error| log::debug!("no copy of our binary: {error}")).ok()?;
    let path = format!("/proc/self/fd/{}", copy.as_raw_fd());
    let executable = nix::unistd::access(path.as_str(), nix::unistd::AccessFlags::X_OK);
    executable.is_ok().then_some(copy)
}

fn placement(cgroup: &Cgroup) -> PlacementPlan {
    match cgroup.placement() {
        Placement::Into(_) => PlacementPlan::Into,
        Placement::Tasks(tasks) => PlacementPlan::Tasks(u32::try_from(tasks.len()).unwrap_or(0)),
        Placement::Nowhere => PlacementPlan::Nowhere,
    }
}

/// Whether a fault is the program's own doing: then the worker is as good as before.
fn is_the_programs(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::NotFound { .. }
            | FaultKind::NotExecutable { .. }
            | FaultKind::Workdir { .. }
            | FaultKind::WorkspaceTooLarge
    )
}

/// Refuses what cannot be held as strictly as was asked.
fn require(spec: &Spec, layout: &Layout) -> Result<(), Fault> {
    if spec.require == Require::BestEffort || layout.version() != CgroupVersion::None {
        return Ok(());
    }
    Err(Fault {
        kind: FaultKind::Unmet,
        step: format!("the memory and process limits cannot be held by a cgroup here ({})", layout.missing),
        errno: None,
        help: "run as root, in a delegated cgroup (systemd-run --user --scope -p Delegate=yes), or with --require \
               best-effort: then memory is watched and processes are counted by rlimit, and the report says so"
            .to_owned(),
    })
}

/// What is weaker than asked, in words.
fn weaker(spec: &Spec, layout: &Layout, cgroup: &Cgroup) -> Vec<String> {
    let mut found = Vec::new();
    let names = cgroup.names();
    if layout.version() == CgroupVersion::None {
        found.push(format!(
            "no cgroup ({}): memory is watched every {} ms, processes are counted by RLIMIT_NPROC",
            layout.missing,
            spec.limits.watch_interval.as_millis()
        ));
    }
    if spec.limits.cpu_shares != 1024 && names.cpu_shares == "not held" {
        found.push("the CPU weight is not held: no cpu controller".to_owned());
    }
    if spec.seccomp == super::spec::SeccompPolicy::Off {
        found.push("no system-call filter: enable_seccomp is false".to_owned());
    }
    found
}
