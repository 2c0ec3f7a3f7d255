//! [`RunRecords`]: a whole run as the writers read it.

use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RunReport;
use super::record::{CaseRecord, Points, RunFooter, RunHeader};
use super::tally::Tally;
use crate::judge::Status;

/// Where the records of cases come from: memory, or a log.
pub trait CaseSource {
    /// The record of the case at this index in suite order; one without a result for a case that
    /// has none.
    ///
    /// # Errors
    /// Those of reading a log.
    fn case(&self, at: usize) -> io::Result<CaseRecord>;
}

impl CaseSource for Vec<CaseRecord> {
    fn case(&self, at: usize) -> io::Result<CaseRecord> {
        self.get(at).cloned().ok_or_else(|| io::Error::other(format!("there is no case {at}")))
    }
}

/// A whole run as the writers read it: what is small is at hand, and cases come one at a time.
pub struct RunRecords<'a> {
    /// What was known before the first case.
    pub header: &'a RunHeader,
    /// What was known after the last case.
    pub footer: &'a RunFooter,
    /// Facts and totals of all cases.
    pub tally: &'a Tally,
    scores: Vec<f64>,
    cases: &'a dyn CaseSource,
}

impl std::fmt::Debug for RunRecords<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunRecords").field("header", self.header).finish_non_exhaustive()
    }
}

/// A whole run in memory: small ones, and those of tests.
#[derive(Debug, Clone)]
pub struct RecordedRun {
    /// What was known before the first case.
    pub header: RunHeader,
    /// What was known after the last case.
    pub footer: RunFooter,
    /// Facts and totals of all cases.
    pub tally: Tally,
    /// The cases, in suite order.
    pub cases: Vec<CaseRecord>,
}

impl RecordedRun {
    /// What the writers read.
    #[must_use]
    pub fn view(&self) -> RunRecords<'_> {
        RunRecords::new(&self.header, &self.footer, &self.tally, &self.cases)
    }
}

/// What came of a run; the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
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

impl<'a> RunRecords<'a> {
    /// The tally is that of the cases of the source, in their order.
    #[must_use]
    pub fn new(
        header: &'a RunHeader,
        footer: &'a RunFooter,
        tally: &'a Tally,
        cases: &'a dyn CaseSource,
    ) -> Self {
        Self { header, footer, tally, scores: tally.scores(), cases }
    }

    /// How many cases and build steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tally.briefs().len()
    }

    /// Whether there is no case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The case at this index in suite order, with the points that it got in the end.
    ///
    /// # Errors
    /// Those of the source.
    pub fn case(&self, at: usize) -> io::Result<CaseRecord> {
        let mut case = self.cases.case(at)?;
        case.score = Points(self.scores.get(at).copied().unwrap_or_default());
        Ok(case)
    }

    /// All cases in suite order.
    pub fn cases(&self) -> impl Iterator<Item = io::Result<CaseRecord>> {
        (0..self.len()).map(|at| self.case(at))
    }

    /// What came of the run.
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        if self.footer.is_unfinished() {
            RunOutcome::Interrupted
        } else if self.tally.any(Status::Error) || self.tally.any(Status::Cancelled) {
            RunOutcome::Error
        } else if self.tally.any(Status::Failed) {
            RunOutcome::Failed
        } else if self.is_empty() {
            RunOutcome::Empty
        } else {
            RunOutcome::Passed
        }
    }
}

impl RunReport {
    /// The records of this run, if the program ends with this status for this reason.
    #[must_use]
    pub fn records(&self, exit_code: u8, exit_reason: &str) -> RecordedRun {
        let header = RunHeader::new(&self.meta, &self.suites);
        let cases: Vec<_> = self.cases.iter().map(|case| CaseRecord::new(case, &header.suites)).collect();
        let tally = Tally::of(&cases);
        RecordedRun { footer: RunFooter::new(&self.meta, exit_code, exit_reason), header, tally, cases }
    }
}
