//! [`Timing`] and [`Bound`]: how a package's limit of time and its reference solutions belong
//! together.

use super::expected::{Expected, Rule, Word, covers};
use super::read::{get, number};
use crate::suite::Node;

/// What a package says about its limit of time. All times are seconds of CPU time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The limit; `None`: the solutions decide.
    pub stated: Option<f64>,
    /// What the slowest of those that must be in time needs, times this, is at most the limit.
    pub ac_to_limit: f64,
    /// The limit times this is at most what those need that must not be in time.
    pub limit_to_tle: f64,
    /// The limit that solutions decide is a multiple of this.
    pub resolution: f64,
    /// Whether a limit that is stated must keep these margins, too.
    pub binding: bool,
}

impl Timing {
    /// What holds where a package of the format of 2025-09 says nothing.
    pub(super) const NEW: Self =
        Self { stated: None, ac_to_limit: 2.0, limit_to_tle: 1.5, resolution: 1.0, binding: true };
    /// The same for the legacy format, whose limits stand beside the package.
    pub(super) const LEGACY: Self =
        Self { stated: None, ac_to_limit: 5.0, limit_to_tle: 2.0, resolution: 1.0, binding: false };

    /// The limit that solutions decide, of which the slowest needs so long.
    #[must_use]
    pub fn limit_for(&self, slowest: f64) -> f64 {
        // A product that is a multiple but for its last bit is that multiple.
        let steps = (slowest * self.ac_to_limit / self.resolution - 1e-9).ceil().max(1.0);
        steps * self.resolution
    }
}

/// The factors of a legacy package, and of one of 2025-09: what `limits` says; the keys that are
/// no factor.
pub(super) fn factors(limits: &Node, legacy: bool) -> (Timing, Vec<(Node, &'static str)>) {
    let mut timing = if legacy { Timing::LEGACY } else { Timing::NEW };
    let mut wrong = Vec::new();
    let none = Node { span: 0..0, value: crate::suite::Value::Null };
    let inside = if legacy { limits } else { get(limits, "time_multipliers").unwrap_or(&none) };
    let [ac, tle] = if legacy {
        ["time_multiplier", "time_safety_margin"]
    } else {
        ["ac_to_time_limit", "time_limit_to_tle"]
    };
    let mut take = |from: &Node, key: &'static str, least: f64, place: &mut f64| {
        let Some(node) = get(from, key) else { return };
        match number(node).filter(|number| *number >= least && *number <= 1000.0) {
            Some(number) => *place = number,
            None => wrong.push((node.clone(), key)),
        }
    };
    take(inside, ac, 1.0, &mut timing.ac_to_limit);
    take(inside, tle, 1.0, &mut timing.limit_to_tle);
    take(limits, "time_resolution", 0.001, &mut timing.resolution);
    (timing, wrong)
}

/// What a rule about a solution says about the limit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ForLimit {
    /// What its verdicts imply.
    #[default]
    Implied,
    /// Nothing.
    Never,
}

/// On which side of the limit a solution must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It must be in time: the limit is at least what it needs, and the margin.
    InTime,
    /// It must be too slow on some case: the limit is at most what it needs, less the margin.
    TooSlow,
}

/// A solution that bounds the limit of time, by some of the cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// On which side.
    pub side: Side,
    cases: Option<String>,
}

impl Bound {
    /// Whether the case counts.
    #[must_use]
    pub fn covers(&self, id: &str) -> bool {
        covers(self.cases.as_deref(), id)
    }
}

impl Expected {
    /// How this solution bounds the limit of time.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        let whole = match self.overall.as_deref() {
            Some([Word::Ac]) => Some(Side::InTime),
            Some([Word::Tle]) => Some(Side::TooSlow),
            Some(_) => return Vec::new(),
            None => None,
        };
        let whole = whole.map(|side| Bound { side, cases: None });
        whole.into_iter().chain(self.rules.iter().flat_map(bounds_of)).collect()
    }
}

fn bounds_of(rule: &Rule) -> Vec<Bound> {
    if rule.for_limit == ForLimit::Never {
        return Vec::new();
    }
    let in_time = rule.permitted.as_ref().is_some_and(|words| !words.contains(&Word::Tle));
    let too_slow = rule.required.as_deref() == Some(&[Word::Tle]);
    let sides = [(in_time, Side::InTime), (too_slow, Side::TooSlow)];
    let bound = |side| Bound { side, cases: rule.cases.clone() };
    sides.into_iter().filter(|(is, _)| *is).map(|(_, side)| bound(side)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_smallest_multiple_that_leaves_the_margin() {
        assert_eq!(Timing::NEW.limit_for(0.01), 1.0);
        assert_eq!(Timing::NEW.limit_for(0.5), 1.0);
        assert_eq!(Timing::NEW.limit_for(0.51), 2.0);
        let fine = Timing { resolution: 0.1, ..Timing::NEW };
        assert_eq!(fine.limit_for(0.15), 3.0 * 0.1, "0.15 × 2 is three steps of 0.1, not four");
        assert_eq!(Timing::LEGACY.limit_for(0.81), 5.0);
    }
}
