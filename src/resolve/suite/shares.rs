//! Points: what each case is worth, and how those of its group are given.

use super::planned::Planned;
use super::resolver::Resolver;
use crate::judge::Code;
use crate::resolve::GroupScore;
use crate::suite::Score;

/// What the cases of a group come to.
#[derive(Clone, Copy, Default)]
struct Sum {
    points: f64,
    weights: f64,
}

impl Resolver<'_> {
    /// Points of each case and how its group is scored.
    pub(super) fn shares(&mut self, planned: &[Planned<'_>]) -> Vec<(f64, Option<GroupScore>)> {
        let suite = self.suite;
        let ordinary = suite.defaults.points.as_ref().map_or(1.0, |points| points.value);
        let worth = |case: &Planned<'_>| {
            case.common.and_then(|common| common.points.as_ref()).map_or(ordinary, |points| points.value)
        };
        let usual = suite.defaults.weight.as_ref().map_or(1.0, |weight| weight.value);
        let weight = |case: &Planned<'_>| {
            case.common.and_then(|common| common.weight.as_ref()).map_or(usual, |weight| weight.value)
        };
        let is_extra = |case: &Planned<'_>| case.common.is_some_and(|common| common.extra_credit);
        let mut sums = vec![Sum::default(); suite.groups.len()];
        for case in planned {
            self.check_points(case);
            let Some(at) = case.group.filter(|_| !is_extra(case)) else { continue };
            sums[at].points += worth(case);
            sums[at].weights += weight(case);
        }
        for (group, sum) in suite.groups.iter().zip(&sums) {
            if let (Some(points), true) = (&group.common.points, sum.weights <= 0.0 && sum.points > 0.0) {
                let message = "the points of this group are shared out by weights that are all 0";
                self.mistake(Code::OutOfRange, &points.span, message, "give one of its cases a weight");
            }
        }
        let share = |case: &Planned<'_>| {
            let Some(at) = case.group else { return (worth(case), None) };
            let (group, sum) = (&suite.groups[at], sums[at]);
            let total = group.common.points.as_ref().map(|points| points.value);
            let points = match total {
                Some(total) if !is_extra(case) && sum.weights > 0.0 => total * weight(case) / sum.weights,
                _ => worth(case),
            };
            let whole = total.unwrap_or(sum.points);
            let score = match group.score {
                Score::Sum => GroupScore::Sum,
                Score::AllOrNothing => GroupScore::AllOrNothing { points: whole },
                Score::Min => GroupScore::Min { points: whole },
                Score::Threshold(share) => GroupScore::Threshold { points: whole, share },
            };
            (points, Some(score))
        };
        planned.iter().map(share).collect()
    }

    /// What a case says about its points must fit what its group says.
    fn check_points(&mut self, case: &Planned<'_>) {
        let suite = self.suite;
        let Some(common) = case.common else { return };
        let of_group = case.group.and_then(|group| suite.groups[group].common.points.as_ref());
        if let (Some(points), Some(_), false) = (&common.points, of_group, common.extra_credit) {
            let message = "the group gives points to all its cases, and this case has its own";
            self.mistake(Code::OutOfRange, &points.span, message, "leave one of them, or give it a `weight`");
        }
        if let (Some(weight), None) = (&common.weight, of_group) {
            let message = "a weight is a part of the group's points, and there are none";
            self.mistake(
                Code::OutOfRange,
                &weight.span,
                message,
                "give its group `points`, or the case its own",
            );
        }
    }
}
