//! [`RunRecords`]: a whole run as the writers read it.

use std::borrow::Cow;
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RunReport;
use super::record::{Audience, CaseRecord, Points, RunFooter, RunHeader};
use super::stand_in::stand_in;
use super::tally::Tally;
use crate::judge::Status;

/// Where the records of cases come from: memory, or a log. Several formats read at a time.
pub trait CaseSource: Sync {
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
///
/// What the audience may not see is not in it, and a run that is not finished has one more case,
/// which says so: no writer can get either wrong.
pub struct RunRecords<'a> {
    header: RunHeader,
    footer: RunFooter,
    tally: Cow<'a, Tally>,
    scores: Vec<f64>,
    cases: &'a dyn CaseSource,
    stand_in: Option<CaseRecord>,
    audience: Audience,
}

impl std::fmt::Debug for RunRecords<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunRecords").field("header", &self.header).finish_non_exhaustive()
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
    /// The run as `audience` may see it. The tally is that of the cases of the source, in their
    /// order.
    #[must_use]
    pub fn new(
        header: &RunHeader,
        footer: &RunFooter,
        tally: &'a Tally,
        cases: &'a dyn CaseSource,
        audience: Audience,
    ) -> Self {
        let mut header = header.clone().for_audience(audience);
        let mut tally = match audience {
            Audience::Staff => Cow::Borrowed(tally),
            Audience::Student => Cow::Owned(tally.for_audience(audience)),
        };
        let mut scores = tally.scores();
        let stand_in = footer.is_unfinished().then(|| stand_in(footer, &mut header));
        if let Some(case) = &stand_in {
            tally.to_mut().push(case);
            scores.push(0.0);
        }
        Self { header, footer: footer.clone(), tally, scores, cases, stand_in, audience }
    }

    /// What was known before the first case.
    #[must_use]
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// What was known after the last case.
    #[must_use]
    pub fn footer(&self) -> &RunFooter {
        &self.footer
    }

    /// Facts and totals of all cases.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Who may read it.
    #[must_use]
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// The same run for students, whoever this one is for: for formats that are theirs by nature.
    #[must_use]
    pub fn for_students(&self) -> RunRecords<'_> {
        RunRecords {
            header: self.header.clone().for_audience(Audience::Student),
            footer: self.footer.clone(),
            tally: Cow::Owned(self.tally.for_audience(Audience::Student)),
            scores: self.scores.clone(),
            cases: self.cases,
            stand_in: self.stand_in.clone(),
            audience: Audience::Student,
        }
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
        let is_last = at + 1 == self.len();
        let mut case = match self.stand_in.as_ref().filter(|_| is_last) {
            Some(stand_in) => stand_in.clone(),
            None => self.cases.case(at)?.for_audience(self.audience),
        };
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
    /// What the writers read, for `audience`.
    #[must_use]
    pub fn view(&self, audience: Audience) -> RunRecords<'_> {
        RunRecords::new(&self.header, &self.footer, &self.tally, &self.cases, audience)
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
