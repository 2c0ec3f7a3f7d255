//! [`PlannedCase`]: a case as it is known before it runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CaseRecord, Points, Reason, ReasonKind, SuiteRecord};
use crate::judge::{Details, Status};
use crate::resolve::{CaseKind, GroupScore, ResolvedCase, Visibility};

/// A case as it is known before it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedCase {
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
    /// Points that can be reached.
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
}

/// What kind of thing a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A build step.
    Build,
    /// A case proper.
    Case,
    /// A hook before the cases.
    Setup,
    /// A hook after the cases.
    Teardown,
}

/// How the points of a group are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GroupScore")]
pub enum GroupScoring {
    /// Each case by itself.
    Sum,
    /// All of them if every case passed, otherwise none.
    AllOrNothing,
    /// By the worst of them.
    Min,
    /// All of them once enough is reached, otherwise none.
    Threshold,
}

impl PlannedCase {
    /// What is known of `case`, one of the run with these suites.
    #[must_use]
    pub fn new(case: &ResolvedCase, suites: &[SuiteRecord]) -> Self {
        Self {
            id: case.id.0.to_string(),
            alias: case.alias.as_deref().map(str::to_owned),
            suite: suites.get(case.suite).map_or_else(String::new, |suite| suite.name.clone()),
            suite_index: case.suite,
            kind: match case.kind {
                CaseKind::Build => Kind::Build,
                CaseKind::Case => Kind::Case,
                CaseKind::Setup => Kind::Setup,
                CaseKind::Teardown => Kind::Teardown,
            },
            name: case.name.to_string(),
            group: case.group.as_deref().map(str::to_owned),
            params: case.params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            file: case.file.to_string(),
            line: case.line,
            tags: case.tags.iter().map(ToString::to_string).collect(),
            max_score: Points(case.points),
            group_score: case.group_score.map(|score| match score {
                GroupScore::Sum => GroupScoring::Sum,
                GroupScore::AllOrNothing { .. } => GroupScoring::AllOrNothing,
                GroupScore::Min { .. } => GroupScoring::Min,
                GroupScore::Threshold { .. } => GroupScoring::Threshold,
            }),
            group_points: case.group_score.and_then(|score| match score {
                GroupScore::Sum => None,
                GroupScore::AllOrNothing { points }
                | GroupScore::Min { points }
                | GroupScore::Threshold { points, .. } => Some(Points(points)),
            }),
            group_share: case.group_score.and_then(|score| match score {
                GroupScore::Threshold { share, .. } => Some(share),
                GroupScore::Sum | GroupScore::AllOrNothing { .. } | GroupScore::Min { .. } => None,
            }),
            extra_credit: case.terms.extra_credit,
            penalty: Points(case.terms.penalty),
            visibility: case.visibility,
        }
    }

    /// The record of this case where it has no result: what a reader finds if the run never ends.
    #[must_use]
    pub fn without_result(&self) -> CaseRecord {
        let reason =
            Reason { kind: ReasonKind::NotRun, message: "the run did not end".to_owned(), near_miss: None };
        CaseRecord {
            id: self.id.clone(),
            alias: self.alias.clone(),
            suite: self.suite.clone(),
            suite_index: self.suite_index,
            kind: self.kind,
            name: self.name.clone(),
            group: self.group.clone(),
            params: self.params.clone(),
            file: self.file.clone(),
            line: self.line,
            tags: self.tags.clone(),
            status: Status::NotRun,
            code: None,
            details: Details::default(),
            reason: Some(reason),
            notes: Vec::new(),
            score: Points(0.0),
            credit: Points(0.0),
            max_score: self.max_score,
            group_score: self.group_score,
            group_points: self.group_points,
            group_share: self.group_share,
            extra_credit: self.extra_credit,
            penalty: self.penalty,
            visibility: self.visibility,
            flaky: false,
            attempts: Vec::new(),
        }
    }
}
