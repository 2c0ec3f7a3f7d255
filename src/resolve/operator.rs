//! [`Operator`]: everything that stands above what a suite or a request says.

use std::path::PathBuf;

use crate::limits::Resolved;
use crate::policy::{Config, Overrides, Policy, Security};

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

    /// How many executions the user may have at one time on this host: the least of all rules.
    #[must_use]
    pub fn max_concurrent_executions(&self) -> Option<&Resolved<u32>> {
        let rules = self.securities().into_iter().filter_map(|rule| rule.max_concurrent_executions.as_ref());
        rules.min_by_key(|rule| rule.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_all_rules_says_how_many_may_run() {
        let mut operator = Operator::default();
        assert_eq!(operator.max_concurrent_executions(), None);
        operator.config.security.max_concurrent_executions = Some(Resolved::builtin(5));
        operator.policy.security.max_concurrent_executions = Some(Resolved::builtin(3));
        assert_eq!(operator.max_concurrent_executions().map(|most| most.value), Some(3));
    }
}
