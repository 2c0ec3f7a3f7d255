//! The engine as the command line uses it: the sandbox, taking turns where the configuration
//! wants that. An engine that cannot be made is one that says so for every case.

use std::path::PathBuf;

use super::turns::Turns;
use crate::resolve::Operator;
use crate::sandbox::cancel::Cancel;
use crate::sandbox::outcome::{Fault, Outcome};
use crate::sandbox::spec::Spec;
use crate::sandbox::{Engine, EngineOptions, LinuxEngine};

/// The engine for a run.
pub(super) fn engine(operator: &Operator) -> Turns<HostEngine> {
    let engine = match LinuxEngine::new(EngineOptions { worker_exe: own_binary() }) {
        Ok(engine) => HostEngine::Sandbox(Box::new(engine)),
        Err(fault) => HostEngine::Broken(fault),
    };
    Turns::new(engine, most_at_a_time(operator))
}

/// Our own binary: by its path where that is still it (under valgrind, `/proc/self/exe` is
/// valgrind), else, when it was replaced while we run, by the kernel's own link to it.
fn own_binary() -> PathBuf {
    std::env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| "/proc/self/exe".into())
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

impl Engine for HostEngine {
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome {
        match self {
            Self::Sandbox(engine) => engine.run(spec, cancel),
            Self::Broken(fault) => Outcome::NotStarted(fault.clone()),
        }
    }
}
