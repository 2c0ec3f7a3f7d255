//! The engine as the command line uses it: the sandbox, taking turns where the configuration
//! wants that. An engine that cannot be made is one that says so for every case.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::hidden;
use super::turns::Turns;
use crate::policy::Config;
use crate::resolve::{Operator, Secrets};
use crate::sandbox::cancel::Cancel;
use crate::sandbox::live::Live;
use crate::sandbox::outcome::{Captured, Fault, Outcome};
use crate::sandbox::spec::Spec;
use crate::sandbox::{Engine, EngineOptions, Fresh, LinuxEngine};

/// The engine for a run.
pub(super) fn engine(operator: &Operator, fresh: Fresh) -> Turns<HostEngine> {
    let engine = LinuxEngine::new(EngineOptions { fresh, ..options(&operator.config) });
    let engine = HostEngine { engine: engine.map(Box::new), secrets: operator.secrets.clone() };
    Turns::new(engine, most_at_a_time(operator))
}

/// What the engine has to know of this process and the configuration.
pub(super) fn options(config: &Config) -> EngineOptions {
    EngineOptions {
        worker_exe: own_binary(),
        cgroup_folder: config.linux.cgroup_folder.clone(),
        fresh: Fresh::default(),
    }
}

/// Our own binary: the kernel's link to it, which stays right when the file is replaced while we
/// run. Under valgrind that link is valgrind, and only the path is ours.
pub(super) fn own_binary() -> PathBuf {
    let link = PathBuf::from("/proc/self/exe");
    let file = |path: &PathBuf| std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let path =
        std::env::current_exe().ok().filter(|path| file(path).is_some_and(|at| Some(at) != file(&link)));
    path.unwrap_or(link)
}

/// The smallest of what the configuration and the policies say.
fn most_at_a_time(operator: &Operator) -> Option<u32> {
    let policies = operator.policies().map(|policy| &policy.security);
    let all = policies.into_iter().chain([&operator.config.security]);
    all.filter_map(|security| security.max_concurrent_executions.as_ref()).map(|most| most.value).min()
}

/// The sandbox of this host, or why there is none.
pub(super) struct HostEngine {
    engine: Result<Box<LinuxEngine>, Fault>,
    /// This is where programs get them, and where they are hidden in what comes out.
    secrets: Secrets,
}

impl HostEngine {
    /// What runs now; nothing ever does where there is no sandbox.
    pub(super) fn live(&self) -> Option<Arc<Live>> {
        self.engine.as_ref().ok().map(|engine| engine.live())
    }

    fn plain(&self, spec: &Spec, cancel: &Cancel) -> Outcome {
        match &self.engine {
            Ok(engine) => engine.run(spec, cancel),
            Err(fault) => Outcome::NotStarted(fault.clone()),
        }
    }
}

impl Engine for HostEngine {
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome {
        let outcome = if self.secrets.is_empty() {
            self.plain(spec, cancel)
        } else {
            hidden::in_outcome(self.plain(&hidden::told(spec, &self.secrets), cancel), &self.secrets)
        };
        if let Outcome::NotStarted(fault) = &outcome {
            log::debug!("not started: {fault:?}");
        }
        outcome
    }

    fn hide(&self, captured: &mut Captured) {
        hidden::in_captured(captured, &self.secrets);
    }

    fn tell(&self, bytes: &mut Vec<u8>) {
        if !self.secrets.is_empty() {
            *bytes = self.secrets.told(bytes);
        }
    }
}
