//! [`Tally`]: the fold over the records of a run. Totals are computed, never stored; of each case
//! only what totals need is kept, so that a run of a hundred thousand cases fits into memory.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::Summary;
use super::record::{CaseRecord, Kind, Moment};
use crate::judge::Status;

/// The facts of all cases of a run, in suite order.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    briefs: Vec<Brief>,
    groups: HashMap<(usize, String), u32>,
}

/// What totals need of one case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brief {
    /// The index of its suite.
    pub suite: usize,
    /// Build step or case.
    pub kind: Kind,
    /// The verdict.
    pub status: Status,
    /// Whether it passed, but not at the first try.
    pub flaky: bool,
    /// Whether it left processes behind.
    pub leaked: bool,
    /// How long all attempts took together, in milliseconds; `None` when it did not run.
    pub duration_ms: Option<u64>,
    /// From the start of its first attempt to the end of its last.
    pub span: Option<(Moment, Moment)>,
    /// Points reached, its group apart.
    score: f64,
    max_score: f64,
    /// Its group, where that has points of its own, and these.
    whole: Option<(u32, f64)>,
}

/// A group whose points are all or nothing, and of which a case did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostGroup {
    /// The index of its suite.
    pub suite: usize,
    /// Its name.
    pub name: String,
    /// Cases of it that passed.
    pub passed: usize,
    /// All its cases.
    pub cases: usize,
}

impl Tally {
    /// The tally of these cases, in this order.
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a CaseRecord>) -> Self {
        let mut tally = Self::default();
        cases.into_iter().for_each(|case| tally.push(case));
        tally
    }

    /// Adds a case behind the others.
    pub fn push(&mut self, case: &CaseRecord) {
        let brief = self.brief(case);
        self.briefs.push(brief);
    }

    /// Replaces what is known of the case at `at`; nothing if there is no such case.
    pub fn set(&mut self, at: usize, case: &CaseRecord) {
        let brief = self.brief(case);
        if let Some(old) = self.briefs.get_mut(at) {
            *old = brief;
        }
    }

    fn brief(&mut self, case: &CaseRecord) -> Brief {
        let start = case.attempts.iter().map(|attempt| attempt.started_at).min();
        let end = case.attempts.iter().map(super::record::AttemptRecord::ended_at).max();
        let whole = case.group.as_ref().zip(case.group_points);
        Brief {
            suite: case.suite_index,
            kind: case.kind,
            status: case.status,
            flaky: case.flaky,
            leaked: case.leaked() > 0,
            duration_ms: case.duration_ms(),
            span: start.zip(end),
            score: case.score.rounded(),
            max_score: case.max_score.0,
            whole: whole.map(|(group, points)| (self.group(case.suite_index, group), points.0)),
        }
    }

    fn group(&mut self, suite: usize, name: &str) -> u32 {
        let key = (suite, name.to_owned());
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        *self.groups.entry(key).or_insert(next)
    }

    /// The facts of all cases.
    #[must_use]
    pub fn briefs(&self) -> &[Brief] {
        &self.briefs
    }

    /// Whether any case has this verdict.
    #[must_use]
    pub fn any(&self, status: Status) -> bool {
        self.briefs.iter().any(|brief| brief.status == status)
    }

    /// The totals.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { cases: self.briefs.len(), ..Summary::default() };
        for brief in &self.briefs {
            match brief.status {
                Status::Passed => summary.passed += 1,
                Status::Failed => summary.failed += 1,
                Status::Error => summary.errors += 1,
                Status::NotRun => summary.not_run += 1,
                Status::Cancelled => summary.cancelled += 1,
                Status::Skipped => summary.skipped += 1,
            }
            summary.leaky += usize::from(brief.leaked && brief.status == Status::Passed);
            summary.flaky += usize::from(brief.flaky);
        }
        (summary.score, summary.max_score) = self.points();
        summary
    }

    /// Points reached and points that could be reached. A group that is all or nothing counts as
    /// one: the shares of its cases add up to its points only nearly.
    fn points(&self) -> (f64, f64) {
        let (lost, mut seen) = (self.lost(), HashSet::new());
        let (mut score, mut max_score) = (0.0, 0.0);
        for brief in &self.briefs {
            let (reached, possible) = match brief.whole {
                None => (brief.score, brief.max_score),
                Some((group, _)) if !seen.insert(group) => (0.0, 0.0),
                Some((group, points)) => (if lost.contains(&group) { 0.0 } else { points }, points),
            };
            score += reached;
            max_score += possible;
        }
        (score, max_score)
    }

    /// Points of each case: none where its group is all or nothing and another case did not pass.
    #[must_use]
    pub fn scores(&self) -> Vec<f64> {
        let lost = self.lost();
        let score = |brief: &Brief| match brief.whole {
            Some((group, _)) if lost.contains(&group) => 0.0,
            _ => brief.score,
        };
        self.briefs.iter().map(score).collect()
    }

    fn lost(&self) -> HashSet<u32> {
        let not_passed = self.briefs.iter().filter(|brief| brief.status != Status::Passed);
        not_passed.filter_map(|brief| brief.whole.map(|(group, _)| group)).collect()
    }

    /// The groups whose points are all or nothing and of which a case did not pass, in the order of
    /// their suites and names.
    #[must_use]
    pub fn lost_groups(&self) -> Vec<LostGroup> {
        let lost = self.lost();
        let mut counts: HashMap<u32, (usize, usize)> = HashMap::new();
        for brief in &self.briefs {
            if let Some((group, _)) = brief.whole.filter(|(group, _)| lost.contains(group)) {
                let (passed, cases) = counts.entry(group).or_default();
                *passed += usize::from(brief.status == Status::Passed);
                *cases += 1;
            }
        }
        let named = self.groups.iter().filter_map(|((suite, name), group)| {
            let &(passed, cases) = counts.get(group)?;
            Some(LostGroup { suite: *suite, name: name.clone(), passed, cases })
        });
        let mut groups: Vec<_> = named.collect();
        groups.sort_by(|a, b| (a.suite, &a.name).cmp(&(b.suite, &b.name)));
        groups
    }

    /// The `count` cases that took longest, by index, the slowest first; in suite order where equal.
    #[must_use]
    pub fn slowest(&self, count: usize) -> Vec<usize> {
        let ran = self.briefs.iter().enumerate().filter_map(|(at, brief)| Some((brief.duration_ms?, at)));
        let mut ran: Vec<_> = ran.collect();
        ran.sort_by_key(|&(duration, at)| (Reverse(duration), at));
        ran.into_iter().take(count).map(|(_, at)| at).collect()
    }
}
