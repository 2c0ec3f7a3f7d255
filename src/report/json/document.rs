//! [`ReportDocument`]: the report as a whole.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::ExitInfo;
use super::case::Case;
use super::number::Points;
use crate::judge::Status;
use crate::report::clock::{millis, rfc3339};
use crate::report::{CaseReport, RunReport, SuiteInfo};

/// The format; the number is raised when a consumer could take a new report for an old one.
const SCHEMA: &str = "capsule-run/report/1";

/// The report of a run.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Report")]
pub(in crate::report) struct ReportDocument<'a> {
    /// The format: always `capsule-run/report/1`.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// What wrote it.
    tool: Tool,
    /// The run as a whole.
    run: Run<'a>,
    /// Totals.
    summary: Summary<'a>,
    /// The suites, in the order of the command line.
    suites: Vec<Suite<'a>>,
    /// Every selected case and build step, in suite order, whether it ran or not.
    #[schemars(with = "Vec<Case<'a>>")]
    cases: Cases<'a>,
}

/// What wrote the report.
#[derive(Debug, Serialize, JsonSchema)]
struct Tool {
    /// Its name.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// The run as a whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Run")]
struct Run<'a> {
    /// A short random id.
    id: &'a str,
    /// The command line, without the program's own name.
    argv: &'a [String],
    /// Where it was started.
    cwd: &'a str,
    /// RFC 3339, UTC, milliseconds.
    started_at: String,
    /// RFC 3339, UTC, milliseconds.
    finished_at: String,
    /// How long it took.
    duration_ms: u64,
    /// How many cases ran at a time.
    jobs: usize,
    /// The machine.
    host: Host<'a>,
    /// What came of it, in a word.
    outcome: RunOutcome,
    /// Whether every selected case has its result; false in the copy that is written first.
    complete: bool,
    /// The signal that interrupted it: `SIGINT`.
    interrupted_by: Option<&'a str>,
    /// The exit status of capsule-run.
    exit_code: u8,
    /// The same in words.
    exit_reason: &'a str,
}

/// The machine.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Host")]
struct Host<'a> {
    /// `uname -r`.
    kernel: &'a str,
    /// `x86_64`, `aarch64`.
    arch: &'a str,
    /// CPUs that may be used.
    cpus: usize,
    /// Memory of the machine.
    memory_bytes: u64,
}

/// What came of a run; the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RunOutcome {
    /// It was interrupted, or is not finished.
    Interrupted,
    /// At least one case could not be judged.
    Error,
    /// At least one case failed.
    Failed,
    /// No case was selected.
    Empty,
    /// All is well.
    Passed,
}

/// Totals.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Summary")]
struct Summary<'a> {
    /// Cases and build steps.
    cases: usize,
    /// Passed.
    passed: usize,
    /// Failed.
    failed: usize,
    /// Could not be judged.
    errors: usize,
    /// Left out on purpose.
    skipped: usize,
    /// Failed, as it was known that they would.
    xfailed: usize,
    /// Not run, because something that they need failed or the run was interrupted.
    not_run: usize,
    /// Stopped while they ran.
    cancelled: usize,
    /// Passed, but not at the first try.
    flaky: usize,
    /// Passed, but left processes behind.
    leaky: usize,
    /// Points reached.
    score: Points,
    /// Points that could be reached.
    max_score: Points,
    /// The slowest three.
    slowest: Vec<Slow<'a>>,
}

/// A case that took long.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Slow")]
struct Slow<'a> {
    /// Which.
    id: &'a str,
    /// All its attempts together.
    duration_ms: u64,
}

/// A suite.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Suite")]
struct Suite<'a> {
    /// Its name.
    name: &'a str,
    /// Its file, as the user named it.
    file: &'a str,
    /// SHA-256 of the file, in hex.
    sha256: &'a str,
}

/// The cases, made one at a time while they are written.
#[derive(Debug)]
struct Cases<'a>(&'a RunReport);

impl Serialize for Cases<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let run = self.0;
        let lost = run.lost_groups();
        serializer.collect_seq(run.cases.iter().map(|report| Case::new(report, &run.suites, &lost)))
    }
}

impl<'a> ReportDocument<'a> {
    pub(super) fn new(run: &'a RunReport, exit: &'a ExitInfo) -> Self {
        Self {
            schema: SCHEMA,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            run: Run::new(run, exit),
            summary: Summary::new(run),
            suites: run.suites.iter().map(Suite::new).collect(),
            cases: Cases(run),
        }
    }
}

impl<'a> Run<'a> {
    fn new(run: &'a RunReport, exit: &'a ExitInfo) -> Self {
        let meta = &run.meta;
        Self {
            id: &meta.id,
            argv: &meta.argv,
            cwd: &meta.cwd,
            started_at: rfc3339(meta.started),
            finished_at: rfc3339(meta.started + meta.duration),
            duration_ms: millis(meta.duration),
            jobs: meta.jobs,
            host: Host {
                kernel: &meta.host.kernel,
                arch: &meta.host.arch,
                cpus: meta.host.cpus,
                memory_bytes: meta.host.memory_bytes,
            },
            outcome: RunOutcome::of(run),
            complete: meta.complete,
            interrupted_by: meta.interrupted_by.as_deref(),
            exit_code: exit.code,
            exit_reason: &exit.reason,
        }
    }
}

impl RunOutcome {
    fn of(run: &RunReport) -> Self {
        let any = |status| run.cases.iter().any(|case| case.verdict.status == status);
        if run.is_unfinished() {
            Self::Interrupted
        } else if any(Status::Error) || any(Status::Cancelled) {
            Self::Error
        } else if any(Status::Failed) {
            Self::Failed
        } else if run.cases.is_empty() {
            Self::Empty
        } else {
            Self::Passed
        }
    }
}

impl<'a> Summary<'a> {
    fn new(run: &'a RunReport) -> Self {
        let summary = run.summary();
        Self {
            cases: summary.cases,
            passed: summary.passed,
            failed: summary.failed,
            errors: summary.errors,
            skipped: summary.skipped,
            xfailed: summary.xfailed,
            not_run: summary.not_run,
            cancelled: summary.cancelled,
            flaky: run.cases.iter().filter(|case| case.is_flaky()).count(),
            leaky: summary.leaky,
            score: Points(summary.score),
            max_score: Points(summary.max_score),
            slowest: run.slowest(3).into_iter().map(Slow::new).collect(),
        }
    }
}

impl<'a> Slow<'a> {
    fn new(report: &'a CaseReport) -> Self {
        Self { id: &report.case.id.0, duration_ms: report.duration().map_or(0, millis) }
    }
}

impl<'a> Suite<'a> {
    fn new(suite: &'a SuiteInfo) -> Self {
        Self { name: &suite.name, file: &suite.file, sha256: &suite.sha256 }
    }
}
