//! [`Profile`]: limits, isolation and environment under one name, as somebody wrote them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::limits::{Resolved, WrittenLimits};
use crate::units::NoNul;

/// Limits, isolation and environment as somebody wrote them. `[defaults]`, `[profiles.NAME]`, a
/// profile of a suite, a request and the options of a command line all have this shape.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The profile that says what this one does not.
    pub inherits: Option<Resolved<String>>,
    /// Limits.
    pub limits: WrittenLimits,
    /// Isolation.
    pub isolation: Isolation,
    /// Environment variables; names are never empty and never contain `=`.
    pub environment: BTreeMap<NoNul, Resolved<NoNul>>,
}

/// Isolation as somebody wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Isolation {
    /// Whether the host's network is seen.
    pub network: Option<Resolved<bool>>,
    /// Host paths shown inside: `--readonly`, `--writable` and `--bind`, in the order written.
    pub mounts: Vec<Resolved<Mount>>,
    /// Where the program starts, inside.
    pub workdir: Option<Resolved<PathBuf>>,
    /// Which system calls are allowed.
    pub seccomp: Option<Resolved<SeccompChoice>>,
}

/// A host path shown inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Path on the host; may be relative (to the folder that capsule-run was started in) when it
    /// comes from a command line or a request, never when it comes from a configuration.
    pub source: PathBuf,
    /// Absolute path inside, without `..`. `None`: where it is on the host.
    pub dest: Option<PathBuf>,
    /// Whether writes reach the host.
    pub writable: bool,
}

/// Which system calls are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum SeccompChoice {
    /// Wide enough for modern runtimes.
    Default,
    /// Without sockets but `AF_UNIX`, without luxuries.
    Strict,
}

impl Profile {
    /// This profile, and `lower` where this one says nothing. Host paths of both are shown, those
    /// of this one last, so that they win.
    #[must_use]
    pub fn or(self, lower: Self) -> Self {
        let mut environment = lower.environment;
        environment.extend(self.environment);
        Self {
            inherits: self.inherits,
            limits: self.limits.or(lower.limits),
            isolation: self.isolation.or(lower.isolation),
            environment,
        }
    }
}

impl Isolation {
    fn or(self, lower: Self) -> Self {
        let mut mounts = lower.mounts;
        mounts.extend(self.mounts);
        Self {
            network: self.network.or(lower.network),
            mounts,
            workdir: self.workdir.or(lower.workdir),
            seccomp: self.seccomp.or(lower.seccomp),
        }
    }
}
