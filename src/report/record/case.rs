//! [`CaseRecord`]: one case, with its result.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AttemptRecord, GroupScoring, Kind, PlannedCase, Points, Reason, SuiteRecord};
use crate::judge::{Code, Details, Status};
use crate::report::CaseReport;
use crate::resolve::Visibility;

/// One case or build step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Case")]
pub struct CaseRecord {
    /// Unique in its suite.
    pub id: String,
    /// What people are told instead who may not see its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The name of its suite.
    pub suite: String,
    /// The index of its suite in the run, from 0.
    pub suite_index: usize,
    /// Build step or case.
    pub kind: Kind,
    /// The last part of the id.
    pub name: String,
    /// The group.
    pub group: Option<String>,
    /// Matrix parameters.
    pub params: BTreeMap<String, String>,
    /// The suite file, as the user named it.
    pub file: String,
    /// Its line there, from 1.
    pub line: u32,
    /// Tags.
    pub tags: Vec<String>,
    /// The verdict.
    pub status: Status,
    /// Why it did not pass; also set on a pass whose expected result was this code.
    pub code: Option<Code>,
    /// The evidence behind the code; keys that do not apply are absent.
    pub details: Details,
    /// The same for people; null when it passed.
    pub reason: Option<Reason>,
    /// Facts worth knowing that did not decide.
    pub notes: Vec<String>,
    /// Points reached: none when those of its group are given as a whole and it got none.
    pub score: Points,
    /// The share of its points that it reached by itself, from 0 to 1.
    pub credit: Points,
    /// Points that could be reached.
    pub max_score: Points,
    /// How the points of its group are given; null when it is in none.
    pub group_score: Option<GroupScoring>,
    /// The points of the whole group, where they are given as a whole.
    pub group_points: Option<Points>,
    /// The share of what its cases are worth that a group must reach, where that is the condition.
    pub group_share: Option<f64>,
    /// Whether its points are not among those that could be reached.
    pub extra_credit: bool,
    /// Points that are taken away when it fails.
    pub penalty: Points,
    /// Who may see its input, expectation and output.
    pub visibility: Visibility,
    /// Whether it passed, but not at the first try.
    pub flaky: bool,
    /// Every attempt, in order; empty when it did not run.
    pub attempts: Vec<AttemptRecord>,
}

impl CaseRecord {
    /// The record of a case that has ended, one of the run with these suites. Its score is its own:
    /// whether a group that is all or nothing got its points is known at the end only.
    #[must_use]
    pub fn new(report: &CaseReport, suites: &[SuiteRecord]) -> Self {
        let (case, verdict) = (&*report.case, &report.verdict);
        let planned = PlannedCase::new(case, suites);
        let attempts = (1..).zip(&report.attempts);
        Self {
            status: verdict.status,
            code: verdict.code,
            details: verdict.details.clone(),
            reason: Reason::of(verdict, report.near_miss()),
            notes: verdict.notes.clone(),
            score: Points(report.score()),
            credit: Points(report.credit()),
            flaky: report.is_flaky(),
            attempts: attempts.map(|(n, attempt)| AttemptRecord::new(n, case, attempt)).collect(),
            ..planned.without_result()
        }
    }

    /// How long all attempts took together, in milliseconds; `None` when it did not run.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        if self.attempts.is_empty() {
            return None;
        }
        Some(self.attempts.iter().map(|attempt| attempt.duration_ms).sum())
    }

    /// Takes out what was read from and written to block devices.
    pub fn forget_io(&mut self) {
        for used in self.attempts.iter_mut().filter_map(|attempt| attempt.resources.as_mut()) {
            (used.io_bytes_read, used.io_bytes_written) = (None, None);
        }
    }

    /// Processes that were still alive when the program had ended, and were killed.
    #[must_use]
    pub fn leaked(&self) -> u32 {
        self.attempts.last().map_or(0, |attempt| attempt.leaked_processes)
    }

    /// One line for people: why it did not pass; empty when it did.
    #[must_use]
    pub fn message(&self) -> &str {
        self.reason.as_ref().map_or("", |reason| &reason.message)
    }
}

#[cfg(test)]
impl CaseRecord {
    /// A case that did not run, to be changed by the tests of the writers.
    pub(in crate::report) fn example() -> Self {
        PlannedCase {
            id: "basic/sum".into(),
            alias: None,
            suite: "hw3".into(),
            suite_index: 0,
            kind: Kind::Case,
            name: "sum".into(),
            group: Some("basic".into()),
            params: BTreeMap::new(),
            file: "grade.yaml".into(),
            line: 3,
            tags: vec![],
            max_score: Points(5.0),
            group_score: None,
            group_points: None,
            group_share: None,
            extra_credit: false,
            penalty: Points(0.0),
            visibility: Visibility::Visible,
        }
        .without_result()
    }
}
