//! [`Operator`]: everything that stands above what a suite or a request says.

use std::path::PathBuf;

use super::Secrets;
use crate::policy::{Config, Overrides, Policy, Security};
use crate::suite::Variables;

/// Everything that stands above, or under, what a suite or a request says: the configuration,
/// the host's policy, and the options of the command line.
#[derive(Debug, Clone, Default)]
pub struct Operator {
    /// The configuration.
    pub config: Config,
    /// The host's policy file; empty where there is none.
    pub policy: Policy,
    /// The options of the command line and the environment (`CAPSULE_PROFILE`).
    pub overrides: Overrides,
    /// The folder that capsule-run was started in: absolute.
    pub cwd: PathBuf,
    /// The home directory of the user, if there is one: never shown as a workspace by itself.
    pub home: Option<PathBuf>,
    /// What the variables of suites stand for.
    pub vars: Variables,
    /// Variables whose values nobody is told; in `vars` they have their stand-ins.
    pub secrets: Secrets,
    /// Folders that suites may include files from, besides their own.
    pub include_roots: Vec<PathBuf>,
}

impl Operator {
    /// The policies that bind every run: the host's and the configuration's.
    #[must_use]
    pub fn policies(&self) -> [&Policy; 2] {
        [&self.policy, &self.config.policy]
    }

    /// The security rules that bind every run.
    #[must_use]
    pub fn securities(&self) -> [&Security; 3] {
        [&self.policy.security, &self.config.policy.security, &self.config.security]
    }
}
