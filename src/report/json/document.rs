//! [`ReportDocument`]: the report as a whole.

use schemars::JsonSchema;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::report::record::{CaseRecord, HostRecord, Moment, Points, SuiteRecord, Tool};
use crate::report::run_records::{RunOutcome, RunRecords};

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
    tool: &'a Tool,
    /// The run as a whole.
    run: Run<'a>,
    /// Totals.
    summary: RunSummary,
    /// The suites, in the order of the command line.
    suites: &'a [SuiteRecord],
    /// Every selected case and build step, in suite order, whether it ran or not.
    #[schemars(with = "Vec<CaseRecord>")]
    cases: Cases<'a>,
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
    started_at: Moment,
    /// RFC 3339, UTC, milliseconds.
    finished_at: Moment,
    /// How long it took.
    duration_ms: u64,
    /// How many cases ran at a time.
    jobs: usize,
    /// The machine.
    host: &'a HostRecord,
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

/// Totals.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Summary")]
pub struct RunSummary {
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
    slowest: Vec<Slow>,
}

/// A case that took long.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Slow")]
struct Slow {
    /// Which.
    id: String,
    /// All its attempts together.
    duration_ms: u64,
}

/// The cases, read one at a time while they are written.
#[derive(Debug)]
struct Cases<'a>(&'a RunRecords<'a>);

impl Serialize for Cases<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cases = serializer.serialize_seq(Some(self.0.len()))?;
        for case in self.0.cases() {
            cases.serialize_element(&case.map_err(S::Error::custom)?)?;
        }
        cases.end()
    }
}

impl<'a> ReportDocument<'a> {
    /// # Errors
    /// Those of reading the slowest cases again.
    pub(super) fn new(run: &'a RunRecords<'a>) -> std::io::Result<Self> {
        Ok(Self {
            schema: SCHEMA,
            tool: &run.header().tool,
            run: Run::new(run),
            summary: RunSummary::new(run)?,
            suites: &run.header().suites,
            cases: Cases(run),
        })
    }
}

impl<'a> Run<'a> {
    fn new(run: &'a RunRecords<'_>) -> Self {
        let (header, footer) = (run.header(), run.footer());
        Self {
            id: &header.id,
            argv: &header.argv,
            cwd: &header.cwd,
            started_at: header.started_at,
            finished_at: footer.finished_at,
            duration_ms: footer.duration_ms,
            jobs: header.jobs,
            host: &header.host,
            outcome: run.outcome(),
            complete: footer.complete,
            interrupted_by: footer.interrupted_by.as_deref(),
            exit_code: footer.exit_code,
            exit_reason: &footer.exit_reason,
        }
    }
}

impl RunSummary {
    /// # Errors
    /// Those of reading the slowest cases again.
    pub(in crate::report) fn new(run: &RunRecords<'_>) -> std::io::Result<Self> {
        let summary = run.tally().summary();
        let slowest = run.tally().slowest(3).into_iter().map(|at| {
            let case = run.case(at)?;
            Ok(Slow { duration_ms: case.duration_ms().unwrap_or(0), id: case.id })
        });
        Ok(Self {
            cases: summary.cases,
            passed: summary.passed,
            failed: summary.failed,
            errors: summary.errors,
            skipped: summary.skipped,
            xfailed: summary.xfailed,
            not_run: summary.not_run,
            cancelled: summary.cancelled,
            flaky: summary.flaky,
            leaky: summary.leaky,
            score: Points(summary.score),
            max_score: Points(summary.max_score),
            slowest: slowest.collect::<std::io::Result<_>>()?,
        })
    }
}
