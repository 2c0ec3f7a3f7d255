//! [`Tally`]: the fold over the records of a run. Totals are computed, never stored; of each case
//! only what totals need is kept, so that a run of a hundred thousand cases fits into memory.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::Summary;
use super::record::{Audience, CaseRecord, GroupScoring, Kind, Moment};
use super::score::{self, Mark};
use crate::judge::Status;
use crate::resolve::{GroupScore, Visibility};

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
    visibility: Visibility,
    mark: Mark<u32>,
}

/// A group whose points are given as a whole, and that got none.
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
        Brief {
            suite: case.suite_index,
            kind: case.kind,
            status: case.status,
            flaky: case.flaky,
            leaked: case.leaked() > 0,
            duration_ms: case.duration_ms(),
            span: start.zip(end),
            visibility: case.visibility,
            mark: self.mark(case),
        }
    }

    fn mark(&mut self, case: &CaseRecord) -> Mark<u32> {
        let points = case.group_points.map_or(0.0, |points| points.0);
        let score = match case.group_score {
            None | Some(GroupScoring::Sum) => None,
            Some(GroupScoring::AllOrNothing) => Some(GroupScore::AllOrNothing { points }),
            Some(GroupScoring::Min) => Some(GroupScore::Min { points }),
            Some(GroupScoring::Threshold) => {
                Some(GroupScore::Threshold { points, share: case.group_share.unwrap_or(1.0) })
            }
        };
        let whole = case.group.as_ref().zip(score);
        Mark {
            status: case.status,
            points: case.max_score.rounded(),
            credit: case.credit.rounded(),
            extra: case.extra_credit,
            penalty: case.penalty.rounded(),
            whole: whole.map(|(group, score)| (self.group(case.suite_index, group), score)),
        }
    }

    fn group(&mut self, suite: usize, name: &str) -> u32 {
        let key = (suite, name.to_owned());
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        *self.groups.entry(key).or_insert(next)
    }

    /// What `audience` may know: not how long a case took that it may not see.
    #[must_use]
    pub fn for_audience(&self, audience: Audience) -> Self {
        let mut tally = self.clone();
        for brief in tally.briefs.iter_mut().filter(|brief| !audience.sees(brief.visibility)) {
            (brief.duration_ms, brief.span, brief.leaked) = (None, None, false);
        }
        tally
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
                Status::Xfailed => summary.xfailed += 1,
            }
            summary.leaky += usize::from(brief.leaked && brief.status == Status::Passed);
            summary.flaky += usize::from(brief.flaky);
        }
        (summary.score, summary.max_score) = score::points(self.briefs.iter().map(|brief| brief.mark));
        summary
    }

    /// Points of each case: none where those of its group are given as a whole and it got none.
    #[must_use]
    pub fn scores(&self) -> Vec<f64> {
        let lost = self.lost();
        let score = |brief: &Brief| match brief.mark.whole {
            Some((group, _)) if lost.contains(&group) => 0.0,
            _ => brief.mark.reached(),
        };
        self.briefs.iter().map(score).collect()
    }

    fn lost(&self) -> HashSet<u32> {
        score::lost(self.briefs.iter().map(|brief| brief.mark)).into_iter().collect()
    }

    /// The groups whose points are given as a whole and that got none, in the order of
    /// their suites and names.
    #[must_use]
    pub fn lost_groups(&self) -> Vec<LostGroup> {
        let lost = self.lost();
        let mut counts: HashMap<u32, (usize, usize)> = HashMap::new();
        for brief in &self.briefs {
            if let Some((group, _)) = brief.mark.whole.filter(|(group, _)| lost.contains(group)) {
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
