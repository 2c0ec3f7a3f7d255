//! Points: what each case reached, and what its group makes of that.

use std::collections::{BTreeMap, HashSet};

use crate::judge::Status;
use crate::resolve::GroupScore;

/// A sum of parts is compared with a share of their whole: so much may rounding have taken.
const ROUNDING: f64 = 1e-9;

/// What totals of points need of one case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Worth {
    /// Its group, by a number, where the points of that are given as a whole.
    pub(super) whole: Option<(u32, GroupScore)>,
    pub(super) status: Status,
    /// Points reached, its group apart.
    pub(super) reached: f64,
    /// Points that could be reached.
    pub(super) points: f64,
    pub(super) extra_credit: bool,
    pub(super) penalty: f64,
}

impl Worth {
    /// The share of its points that it reached.
    fn credit(&self) -> f64 {
        if self.points > 0.0 {
            self.reached / self.points
        } else {
            f64::from(u8::from(self.status == Status::Passed))
        }
    }
}

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
            GroupScore::AllOrNothing { .. } => f64::from(u8::from(self.worst >= 1.0 - ROUNDING)),
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
pub(super) fn points(cases: &[Worth]) -> (f64, f64) {
    let (mut score, mut max_score) = (0.0, 0.0);
    for case in cases {
        // Only what it did itself is taken away for.
        if case.status == Status::Failed {
            score -= case.penalty;
        }
        if case.extra_credit {
            score += case.reached;
        } else if case.whole.is_none() && case.status != Status::Skipped {
            score += case.reached;
            max_score += case.points;
        }
    }
    for whole in wholes(cases).values().filter(|whole| whole.cases > 0) {
        score += whole.points() * whole.share();
        max_score += whole.points();
    }
    (score.max(0.0), max_score)
}

/// The groups whose points are given as a whole and that got none of them.
pub(super) fn lost(cases: &[Worth]) -> HashSet<u32> {
    let lost = |whole: &Whole| whole.cases > 0 && whole.share() <= 0.0;
    wholes(cases).into_iter().filter(|(_, whole)| lost(whole)).map(|(group, _)| group).collect()
}

fn wholes(cases: &[Worth]) -> BTreeMap<u32, Whole> {
    let mut wholes = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.extra_credit) {
        let Some((group, score)) = case.whole else { continue };
        let none = Whole { score, cases: 0, reached: 0.0, worth: 0.0, worst: 1.0 };
        let whole: &mut Whole = wholes.entry(group).or_insert(none);
        if case.status == Status::Skipped {
            continue;
        }
        whole.cases += 1;
        whole.reached += case.reached;
        whole.worth += case.points;
        whole.worst = whole.worst.min(case.credit());
    }
    wholes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(status: Status, reached: f64, points: f64) -> Worth {
        Worth { whole: None, status, reached, points, extra_credit: false, penalty: 0.0 }
    }

    fn passed(points: f64) -> Worth {
        case(Status::Passed, points, points)
    }

    fn failed(points: f64) -> Worth {
        case(Status::Failed, 0.0, points)
    }

    fn of(score: GroupScore, cases: &[Worth]) -> Vec<Worth> {
        cases.iter().map(|case| Worth { whole: Some((1, score)), ..*case }).collect()
    }

    #[test]
    fn cases_by_themselves_add_up_and_those_left_out_do_not_count() {
        let skipped = case(Status::Skipped, 0.0, 7.0);
        assert_eq!(points(&[passed(2.0), failed(3.0), skipped]), (2.0, 5.0));
    }

    #[test]
    fn a_group_is_all_or_nothing_or_as_good_as_its_worst_case() {
        let half = case(Status::Passed, 2.0, 4.0);
        let all = GroupScore::AllOrNothing { points: 10.0 };
        assert_eq!(points(&of(all, &[passed(4.0), half])), (0.0, 10.0));
        assert_eq!(points(&of(all, &[passed(4.0), passed(1.0)])), (10.0, 10.0));
        let min = GroupScore::Min { points: 10.0 };
        assert_eq!(points(&of(min, &[passed(4.0), half])), (5.0, 10.0));
        assert_eq!(points(&of(min, &[half, failed(0.0)])), (0.0, 10.0), "a case without points counts");
        assert_eq!(lost(&of(min, &[half, failed(1.0)])), HashSet::from([1]));
    }

    #[test]
    fn a_threshold_gives_everything_once_enough_is_reached() {
        let seven_of_ten = GroupScore::Threshold { points: 20.0, share: 0.7 };
        let cases = |good: usize| -> Vec<Worth> {
            let tenth = 0.1;
            let of = |n: usize| if n < good { passed(tenth) } else { failed(tenth) };
            (0..10).map(of).collect()
        };
        assert_eq!(points(&of(seven_of_ten, &cases(7))), (20.0, 20.0), "rounding takes nothing");
        assert_eq!(points(&of(seven_of_ten, &cases(6))), (0.0, 20.0));
    }

    #[test]
    fn extra_credit_comes_on_top_and_penalties_never_lead_below_nothing() {
        let extra = |case: Worth| Worth { extra_credit: true, ..case };
        let fined = |case: Worth| Worth { penalty: 3.0, ..case };
        assert_eq!(points(&[passed(5.0), extra(passed(2.0)), extra(failed(2.0))]), (7.0, 5.0));
        assert_eq!(points(&[passed(5.0), fined(failed(0.0)), fined(passed(0.0))]), (2.0, 5.0));
        assert_eq!(points(&[passed(1.0), fined(failed(0.0))]), (0.0, 1.0));
        let all = GroupScore::AllOrNothing { points: 10.0 };
        assert_eq!(points(&of(all, &[passed(1.0), extra(failed(2.0))])), (10.0, 10.0));
        let unjudged = fined(case(Status::Error, 0.0, 0.0));
        assert_eq!(points(&[passed(5.0), unjudged]), (5.0, 5.0), "our fault costs nobody anything");
    }
}
