//! [`RunHeader`] and [`RunFooter`]: what is known of a run before its first case and after its last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;
use crate::report::clock::millis;
use crate::report::{Host, RunMeta, SuiteInfo};

/// What is known of a run before its first case, the cases apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunHeader {
    /// What runs it.
    pub tool: Tool,
    /// A short random id.
    pub id: String,
    /// The command line, without the program's own name.
    pub argv: Vec<String>,
    /// Where it was started.
    pub cwd: String,
    /// RFC 3339, UTC, milliseconds.
    pub started_at: Moment,
    /// How many cases run at a time.
    pub jobs: usize,
    /// The machine.
    pub host: HostRecord,
    /// The suites, in the order of the command line.
    pub suites: Vec<SuiteRecord>,
}

/// What is known of a run after its last case, results apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunFooter {
    /// RFC 3339, UTC, milliseconds.
    pub finished_at: Moment,
    /// How long it took.
    pub duration_ms: u64,
    /// Whether every selected case has its result; false in the copy that is written first.
    pub complete: bool,
    /// The signal that interrupted it: `SIGINT`.
    pub interrupted_by: Option<String>,
    /// The exit status of capsule-run.
    pub exit_code: u8,
    /// The same in words.
    pub exit_reason: String,
}

/// What wrote the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Host")]
pub struct HostRecord {
    /// `uname -r`.
    pub kernel: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// CPUs that may be used.
    pub cpus: usize,
    /// Memory of the machine.
    pub memory_bytes: u64,
}

/// A suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Suite")]
pub struct SuiteRecord {
    /// Its name.
    pub name: String,
    /// Its file, as the user named it.
    pub file: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

impl Tool {
    /// This program.
    #[must_use]
    pub fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

impl RunHeader {
    /// The header of a run of this program.
    #[must_use]
    pub fn new(meta: &RunMeta, suites: &[SuiteInfo]) -> Self {
        Self {
            tool: Tool::this(),
            id: meta.id.clone(),
            argv: meta.argv.clone(),
            cwd: meta.cwd.clone(),
            started_at: meta.started.into(),
            jobs: meta.jobs,
            host: HostRecord::new(&meta.host),
            suites: suites.iter().map(SuiteRecord::new).collect(),
        }
    }
}

impl RunFooter {
    /// The exit status that stands in a report of a run that did not end: it could not be judged.
    pub const NO_END: u8 = 4;

    /// The footer of a run of this program, and with what status the program ends and why.
    #[must_use]
    pub fn new(meta: &RunMeta, exit_code: u8, exit_reason: &str) -> Self {
        Self {
            finished_at: (meta.started + meta.duration).into(),
            duration_ms: millis(meta.duration),
            complete: meta.complete,
            interrupted_by: meta.interrupted_by.clone(),
            exit_code,
            exit_reason: exit_reason.to_owned(),
        }
    }

    /// Whether results are missing: it was interrupted, or this is the copy that is written first.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        !self.complete || self.interrupted_by.is_some()
    }
}

impl HostRecord {
    fn new(host: &Host) -> Self {
        Self {
            kernel: host.kernel.clone(),
            arch: host.arch.clone(),
            cpus: host.cpus,
            memory_bytes: host.memory_bytes,
        }
    }
}

impl SuiteRecord {
    fn new(suite: &SuiteInfo) -> Self {
        Self { name: suite.name.clone(), file: suite.file.clone(), sha256: suite.sha256.clone() }
    }
}
