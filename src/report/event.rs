//! The event stream, schema `capsule-run/event/1`: one JSON object a line, numbered without gaps, from
//! which every report can be made.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::encode::Inert;
use super::json::RunSummary;
use super::record::{Audience, CaseRecord, Moment, PlannedCase, RunFooter, RunHeader};
use super::run_records::RunRecords;
use crate::judge::{Code, Status};

/// The version of the format; raised when a consumer could take a new stream for an old one.
pub const VERSION: u8 = 1;

/// One event: one line of the stream.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub struct Event<'a> {
    /// The version of the format: always 1.
    #[schemars(extend("const" = VERSION))]
    v: u8,
    /// Its number, from 1, without gaps.
    seq: u64,
    /// When it was written: RFC 3339, UTC, milliseconds.
    t: Moment,
    /// What happened.
    #[serde(flatten)]
    what: What<'a>,
}

/// What happened.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type")]
pub enum What<'a> {
    /// The run begins. Always the first.
    #[serde(rename = "run.started")]
    RunStarted {
        /// What is known of it.
        run: &'a RunHeader,
        /// Who may read this stream: what students may not see is not in theirs.
        audience: Audience,
    },
    /// What is going to run, in suite order. Always the second.
    #[serde(rename = "run.planned")]
    RunPlanned {
        /// How many cases and build steps.
        selected: usize,
        /// These.
        #[schemars(with = "Vec<PlannedCase>")]
        cases: Plan<'a>,
    },
    /// An attempt at a case begins.
    #[serde(rename = "case.started")]
    CaseStarted {
        /// The case's place in the plan, from 0.
        case: usize,
        /// Its id.
        id: &'a str,
        /// The number of the attempt, from 1.
        attempt: usize,
    },
    /// An attempt has ended: exactly one for every `case.started`.
    #[serde(rename = "case.attempt_finished")]
    AttemptFinished {
        /// The case's place in the plan, from 0.
        case: usize,
        /// Its id.
        id: &'a str,
        /// The number of the attempt, from 1.
        attempt: usize,
        /// What is to be thought of it.
        status: Status,
        /// Why.
        code: Option<Code>,
        /// From request to result, sandbox included.
        duration_ms: u64,
        /// Whether there is another attempt.
        will_retry: bool,
    },
    /// A case has its verdict, whether it ran or not: exactly one for every case of a run that ends.
    #[serde(rename = "case.finished")]
    CaseFinished {
        /// The case's place in the plan, from 0.
        case: usize,
        /// How many cases have their verdict now.
        done: usize,
        /// How many cases there are.
        total: usize,
        /// The case, as the JSON report has it. Its score is its own: what its group makes of it is
        /// known at the end.
        record: &'a CaseRecord,
    },
    /// Nothing new is started from here on.
    #[serde(rename = "run.cancelling")]
    RunCancelling {
        /// The signal: `SIGINT`.
        cause: &'a str,
    },
    /// The run has ended and its reports are written. Always the last; where it is missing, the run was
    /// killed.
    #[serde(rename = "run.finished")]
    RunFinished {
        /// What is known of it in the end.
        run: &'a RunFooter,
        /// Totals.
        summary: RunSummary,
    },
}

/// The cases of a run, made one at a time while they are written.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// How many.
    pub count: usize,
    /// The one at this place.
    pub case: &'a dyn Fn(usize) -> PlannedCase,
}

impl std::fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({})", self.count)
    }
}

impl Serialize for Plan<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.count).map(self.case))
    }
}

impl<'a> Event<'a> {
    /// The event with this number, at this time.
    #[must_use]
    pub fn new(seq: u64, t: Moment, what: What<'a>) -> Self {
        Self { v: VERSION, seq, t, what }
    }

    /// The line, with its newline.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(1024);
        self.serialize(&mut serde_json::Serializer::with_formatter(&mut line, Inert::compact()))
            .expect("keys are strings and a vector takes every byte");
        line.push(b'\n');
        line
    }
}

impl<'a> What<'a> {
    /// The last event of a run.
    ///
    /// # Errors
    /// Those of reading the run's log.
    pub fn finished(footer: &'a RunFooter, run: &RunRecords<'_>) -> std::io::Result<Self> {
        Ok(Self::RunFinished { run: footer, summary: RunSummary::new(run)? })
    }
}
