//! The engine as the command line uses it: the sandbox, taking turns where the configuration
//! wants that. An engine that cannot be made is one that says so for every case.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::turns::Turns;
use crate::policy::Config;
use crate::resolve::Operator;
use crate::sandbox::cancel::Cancel;
use crate::sandbox::live::Live;
use crate::sandbox::outcome::{Fault, Outcome};
use crate::sandbox::spec::Spec;
use crate::sandbox::{Engine, EngineOptions, Fresh, LinuxEngine};

/// The engine for a run.
pub(super) fn engine(operator: &Operator, fresh: Fresh) -> Turns<HostEngine> {
    let engine = match LinuxEngine::new(EngineOptions { fresh, ..options(&operator.config) }) {
        Ok(engine) => HostEngine::Sandbox(Box::new(engine)),
        Err(fault) => HostEngine::Broken(fault),
    };
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
pub(super) enum HostEngine {
    Sandbox(Box<LinuxEngine>),
    Broken(Fault),
}

impl HostEngine {
    /// What runs now; nothing ever does where there is no sandbox.
    pub(super) fn live(&self) -> Option<Arc<Live>> {
        match self {
            Self::Sandbox(engine) => Some(engine.live()),
            Self::Broken(_) => None,
        }
    }
}

impl Engine for HostEngine {
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome {
        match self {
            Self::Sandbox(engine) => engine.run(spec, cancel),
            Self::Broken(fault) => Outcome::NotStarted(fault.clone()),
        }
    }
}
