//! Points: what each case reached, and what its group makes of that.

use std::collections::BTreeMap;

use crate::judge::Status;
use crate::resolve::GroupScore;

/// A sum of parts is compared with a share of their whole: so much may rounding have taken.
const ROUNDING: f64 = 1e-9;

/// What scoring needs of one case. `G` tells groups apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark<G> {
    /// The verdict.
    pub(super) status: Status,
    /// Points that could be reached.
    pub(super) points: f64,
    /// The share of them that it reached by itself, from 0 to 1.
    pub(super) credit: f64,
    /// Its points are not among those that could be reached.
    pub(super) extra: bool,
    /// Points that it takes away when it fails.
    pub(super) penalty: f64,
    /// Its group, where the points of that are given as a whole.
    pub(super) whole: Option<(G, GroupScore)>,
}

impl<G> Mark<G> {
    /// Points reached, its group apart.
    pub(super) fn reached(&self) -> f64 {
        self.points * self.credit
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
pub(super) fn points<G: Ord + Copy>(marks: impl Iterator<Item = Mark<G>> + Clone) -> (f64, f64) {
    let (mut score, mut max_score) = (0.0, 0.0);
    for mark in marks.clone() {
        if mark.status == Status::Failed {
            score -= mark.penalty;
        }
        if mark.extra {
            score += mark.reached();
        } else if mark.whole.is_none() && mark.status != Status::Skipped {
            score += mark.reached();
            max_score += mark.points;
        }
    }
    for whole in wholes(marks).values().filter(|whole| whole.cases > 0) {
        score += whole.points() * whole.share();
        max_score += whole.points();
    }
    (score.max(0.0), max_score)
}

/// The groups whose points are given as a whole and that got none of them.
pub(super) fn lost<G: Ord + Copy>(marks: impl Iterator<Item = Mark<G>>) -> Vec<G> {
    let lost = |whole: &Whole| whole.cases > 0 && whole.share() <= 0.0;
    wholes(marks).into_iter().filter(|(_, whole)| lost(whole)).map(|(group, _)| group).collect()
}

fn wholes<G: Ord + Copy>(marks: impl Iterator<Item = Mark<G>>) -> BTreeMap<G, Whole> {
    let mut wholes = BTreeMap::new();
    for mark in marks.filter(|mark| !mark.extra) {
        let Some((group, score)) = mark.whole else { continue };
        let none = Whole { score, cases: 0, reached: 0.0, worth: 0.0, worst: 1.0 };
        let whole: &mut Whole = wholes.entry(group).or_insert(none);
        if mark.status == Status::Skipped {
            continue;
        }
        whole.cases += 1;
        whole.reached += mark.reached();
        whole.worth += mark.points;
        whole.worst = whole.worst.min(mark.credit);
    }
    wholes
}
