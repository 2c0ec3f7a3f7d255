//! [`CaseSettings`]: everything about a case but what it runs and what must come of it. Most cases
//! of a suite have the same, and then they share them; those with limits of their own share the rest.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Settings;
use crate::limits::{Origin, Resolved};
use crate::sandbox::spec::{Bind, CgroupChoice, Network, Require, SeccompPolicy};
use crate::units::{Bytes, NoNul};

/// The limits of a case, each with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedLimits {
    /// Wall-clock time.
    pub wall: Resolved<Duration>,
    /// CPU time.
    pub cpu: Resolved<Option<Duration>>,
    /// Memory.
    pub memory: Resolved<Bytes>,
    /// Processes.
    pub pids: Resolved<u32>,
    /// Output.
    pub output: Resolved<Bytes>,
    /// Size of one file.
    pub file_size: Resolved<Bytes>,
    /// All writable places.
    pub disk: Resolved<Bytes>,
    /// Open files.
    pub open_files: Resolved<u32>,
    /// CPU weight.
    pub cpu_shares: Resolved<u32>,
}

/// Where the workspace of a case comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sources {
    /// An empty workspace.
    Empty,
    /// These host folders, the first on top. The runner puts the folder with the build's outputs
    /// before them.
    Folders(Vec<PathBuf>),
}

/// Limits, environment and isolation of a case, decided. It is its [`Surroundings`] too
/// (`settings.env`); to change one of them makes a copy of them for this case alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseSettings {
    /// The limits.
    pub limits: ResolvedLimits,
    /// All the rest.
    pub surroundings: Arc<Surroundings>,
}

/// Environment and isolation of a case, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The profile that its limits started from.
    pub profile: String,
    /// The whole environment.
    pub env: Vec<(NoNul, NoNul)>,
    /// Where it starts, inside.
    pub workdir: PathBuf,
    /// What its workspace shows.
    pub sources: Sources,
    /// Host paths shown inside.
    pub binds: Vec<Bind>,
    /// Network.
    pub network: Network,
    /// System calls.
    pub seccomp: SeccompPolicy,
    /// Cgroup interface.
    pub cgroup: CgroupChoice,
    /// Strict or best effort.
    pub require: Require,
    /// How long the sandbox may take to be ready.
    pub setup_timeout: Duration,
    /// How often the process tree is looked at where no cgroup counts for us.
    pub watch_interval: Duration,
    /// Where all this came from; the limits have theirs themselves.
    pub origins: SettingOrigins,
}

/// Where the settings of a case came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingOrigins {
    /// Of the profile's name.
    pub profile: Origin,
    /// Of each variable, in the order of `env`.
    pub env: Vec<Origin>,
    /// Of the place it starts in.
    pub workdir: Origin,
    /// Of each bind, in the order of `binds`.
    pub binds: Vec<Origin>,
    /// Of the network.
    pub network: Origin,
    /// Of the filter.
    pub seccomp: Origin,
    /// Of the cgroup interface.
    pub cgroup: Origin,
    /// Of strict or best effort.
    pub require: Origin,
    /// Of the time that the sandbox may take.
    pub setup_timeout: Origin,
    /// Of the interval.
    pub watch_interval: Origin,
}

impl CaseSettings {
    /// What was decided, for a workspace that shows `sources`.
    #[must_use]
    pub fn new(settings: Settings, sources: Sources) -> Self {
        let (env, env_origins) = settings
            .env
            .into_iter()
            .map(|(name, Resolved { value, origin })| ((name, value), origin))
            .unzip();
        let (binds, bind_origins) =
            settings.binds.into_iter().map(|Resolved { value, origin }| (value, origin)).unzip();
        let surroundings = Surroundings {
            profile: settings.profile.value,
            env,
            workdir: settings.workdir.value,
            sources,
            binds,
            network: settings.network.value,
            seccomp: settings.seccomp.value,
            cgroup: settings.cgroup.value,
            require: settings.require.value,
            setup_timeout: settings.setup_timeout.value,
            watch_interval: settings.watch_interval.value,
            origins: SettingOrigins {
                profile: settings.profile.origin,
                env: env_origins,
                workdir: settings.workdir.origin,
                binds: bind_origins,
                network: settings.network.origin,
                seccomp: settings.seccomp.origin,
                cgroup: settings.cgroup.origin,
                require: settings.require.origin,
                setup_timeout: settings.setup_timeout.origin,
                watch_interval: settings.watch_interval.origin,
            },
        };
        Self { limits: settings.limits, surroundings: Arc::new(surroundings) }
    }
}

impl Deref for CaseSettings {
    type Target = Surroundings;

    fn deref(&self) -> &Surroundings {
        &self.surroundings
    }
}

impl DerefMut for CaseSettings {
    fn deref_mut(&mut self) -> &mut Surroundings {
        Arc::make_mut(&mut self.surroundings)
    }
}
