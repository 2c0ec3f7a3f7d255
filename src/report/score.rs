//! Points: what each case reached, and what its group makes of that.

use std::collections::{BTreeMap, HashSet};

use super::CaseReport;
use crate::judge::Status;
use crate::resolve::GroupScore;

/// A group, by suite and name.
type Group<'a> = (usize, &'a str);

/// A sum of parts is compared with a share of their whole: so much may rounding have taken.
const ROUNDING: f64 = 1e-9;

/// A group whose points are given as a whole: what its cases came to.
struct Whole {
    score: GroupScore,
    /// Cases that count: not those left out, nor those that are extra.
    cases: usize,
    reached: f64,
    worth: f64,
    worst: f64,
}

impl Whole {
    fn points(&self) -> f64 {
        match self.score {
            GroupScore::Sum => self.worth,
            GroupScore::AllOrNothing { points }
            | GroupScore::Min { points }
            | GroupScore::Threshold { points, .. } => points,
        }
    }

    /// The share of its points that it gets.
    fn share(&self) -> f64 {
        match self.score {
            GroupScore::Sum => 1.0,
            GroupScore::AllOrNothing { .. } => f64::from(u8::from(self.worst >= 1.0)),
            GroupScore::Min { .. } => self.worst,
            GroupScore::Threshold { share, .. } => {
                let enough = self.worth * share - ROUNDING;
                f64::from(u8::from(self.worth > 0.0 && self.reached >= enough))
            }
        }
    }
}

/// Points reached, never below 0, and points that could be reached. A group whose points are given
/// as a whole counts as one: the shares of its cases add up to its points only nearly.
pub(super) fn points(cases: &[CaseReport]) -> (f64, f64) {
    let (mut score, mut max_score) = (0.0, 0.0);
    for report in cases {
        score -= penalty(report);
        let is_skipped = report.verdict.status == Status::Skipped;
        if is_extra(report) {
            score += report.score();
        } else if group(report).is_none() && !is_skipped {
            score += report.score();
            max_score += report.case.points;
        }
    }
    for whole in wholes(cases).values().filter(|whole| whole.cases > 0) {
        score += whole.points() * whole.share();
        max_score += whole.points();
    }
    (score.max(0.0), max_score)
}

/// The groups whose points are given as a whole and that got none of them.
pub(super) fn lost_groups(cases: &[CaseReport]) -> HashSet<Group<'_>> {
    let lost = |whole: &Whole| whole.cases > 0 && whole.share() <= 0.0;
    wholes(cases).into_iter().filter(|(_, whole)| lost(whole)).map(|(group, _)| group).collect()
}

/// Points that a case takes away: it failed, and by its own doing.
fn penalty(report: &CaseReport) -> f64 {
    if report.verdict.status == Status::Failed { report.case.terms.penalty } else { 0.0 }
}

fn is_extra(report: &CaseReport) -> bool {
    report.case.terms.extra_credit
}

/// The group of a case, if its points are given as a whole.
fn group(report: &CaseReport) -> Option<(Group<'_>, GroupScore)> {
    match report.case.group_score? {
        GroupScore::Sum => None,
        score @ (GroupScore::AllOrNothing { .. } | GroupScore::Min { .. } | GroupScore::Threshold { .. }) => {
            Some(((report.case.suite, report.case.group.as_deref()?), score))
        }
    }
}

fn wholes(cases: &[CaseReport]) -> BTreeMap<Group<'_>, Whole> {
    let mut wholes = BTreeMap::new();
    for report in cases.iter().filter(|report| !is_extra(report)) {
        let Some((group, score)) = group(report) else { continue };
        let none = Whole { score, cases: 0, reached: 0.0, worth: 0.0, worst: 1.0 };
        let whole: &mut Whole = wholes.entry(group).or_insert(none);
        if report.verdict.status == Status::Skipped {
            continue;
        }
        whole.cases += 1;
        whole.reached += report.score();
        whole.worth += report.case.points;
        whole.worst = whole.worst.min(report.credit());
    }
    wholes
}
