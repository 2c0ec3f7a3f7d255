//! [`Config`]: a configuration file, as written, with nothing but its defaults decided.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::{Policy, Profile, Profiles, SeccompChoice};
use crate::limits::Resolved;

/// A configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file as the user named it; `None`: no file, all is built in.
    pub file: Option<String>,
    /// `[defaults]`, for every run.
    pub defaults: Profile,
    /// The built-in profiles and those of the file.
    pub profiles: Profiles,
    /// `[platform.linux]`.
    pub linux: Linux,
    /// `[platform.macos]`.
    pub macos: MacOs,
    /// `[monitoring]`.
    pub monitoring: Monitoring,
    /// `[security]`.
    pub security: Security,
    /// `[policy]`.
    pub policy: Policy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            file: None,
            defaults: Profile::default(),
            profiles: Profiles::builtin(),
            linux: Linux::default(),
            macos: MacOs::default(),
            monitoring: Monitoring::default(),
            security: Security::default(),
            policy: Policy::default(),
        }
    }
}

/// `[platform.linux]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linux {
    /// Which cgroup interface to use.
    pub cgroups_version: Resolved<CgroupsVersion>,
    /// The version 2 cgroup in which cases get theirs; `None`: a place is found.
    pub cgroup_folder: Option<PathBuf>,
    /// Whether system calls are filtered.
    pub enable_seccomp: Resolved<bool>,
    /// Which filter, where a profile does not say.
    pub seccomp_policy: Resolved<SeccompChoice>,
}

impl Default for Linux {
    fn default() -> Self {
        Self {
            cgroups_version: Resolved::builtin(CgroupsVersion::Auto),
            cgroup_folder: None,
            enable_seccomp: Resolved::builtin(true),
            seccomp_policy: Resolved::builtin(SeccompChoice::Default),
        }
    }
}

/// Which cgroup interface to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum CgroupsVersion {
    /// The best one that works here.
    Auto,
    /// Version 1 or nothing.
    V1,
    /// Version 2 or nothing.
    V2,
    /// Do not use cgroups.
    None,
}

/// `[platform.macos]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacOs {
    /// Whether `sandbox-exec` is used.
    pub enable_sandbox_exec: bool,
}

impl Default for MacOs {
    fn default() -> Self {
        Self { enable_sandbox_exec: true }
    }
}

/// `[monitoring]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitoring {
    /// Whether what a program used is reported.
    pub enable_resource_tracking: bool,
    /// How often the process tree is looked at where no cgroup counts for us.
    pub monitor_interval: Resolved<Duration>,
    /// How long a sandbox may take to be ready before that is our fault (E3002).
    pub setup_timeout: Resolved<Duration>,
    /// Whether bytes read and written are reported.
    pub enable_io_statistics: bool,
    /// Whether each execution is written to the log.
    pub log_executions: bool,
    /// The log; `None`: standard error.
    pub log_file: Option<PathBuf>,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            enable_resource_tracking: true,
            monitor_interval: Resolved::builtin(Duration::from_millis(50)),
            setup_timeout: Resolved::builtin(Duration::from_secs(10)),
            enable_io_statistics: true,
            log_executions: false,
            log_file: None,
        }
    }
}

/// `[security]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Security {
    /// Commands that are refused, by name or absolute path.
    pub blocked_commands: BTreeMap<String, Resolved<()>>,
    /// If there is a list, the only commands that are allowed.
    pub allowed_commands: Option<Resolved<Vec<String>>>,
    /// How many executions the user may have at one time on this host; `None`: as many as wanted.
    pub max_concurrent_executions: Option<Resolved<u32>>,
}
