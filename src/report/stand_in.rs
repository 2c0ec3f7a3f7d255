//! The case of our own that a run without an end gets, so that no reader can take it for a green one.

use std::collections::BTreeMap;

use super::record::{
    CaseRecord, Kind, PlannedCase, Points, Reason, ReasonKind, RunFooter, RunHeader, SuiteRecord,
};
use crate::judge::Status;
use crate::resolve::Visibility;

/// The name of its suite.
pub(super) const SUITE: &str = "@run";

/// The case, and its suite behind those of the run.
pub(super) fn stand_in(footer: &RunFooter, header: &mut RunHeader) -> CaseRecord {
    let name = match &footer.interrupted_by {
        Some(cause) => format!("run interrupted ({cause})"),
        None => "run not finished".to_owned(),
    };
    let suite = SuiteRecord { name: SUITE.to_owned(), file: String::new(), sha256: String::new() };
    header.suites.push(suite);
    let planned = PlannedCase {
        alias: None,
        id: name.clone(),
        suite: SUITE.to_owned(),
        suite_index: header.suites.len() - 1,
        kind: Kind::Case,
        name: name.clone(),
        group: None,
        params: BTreeMap::new(),
        file: String::new(),
        line: 0,
        tags: Vec::new(),
        max_score: Points(0.0),
        group_score: None,
        group_points: None,
        group_share: None,
        extra_credit: false,
        penalty: Points(0.0),
        visibility: Visibility::Visible,
    };
    let message = format!("{name}: some cases have no result");
    CaseRecord {
        status: Status::Error,
        reason: Some(Reason { kind: ReasonKind::NotRun, message, near_miss: None }),
        ..planned.without_result()
    }
}
