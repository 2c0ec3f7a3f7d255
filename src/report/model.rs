//! [`RunReport`]: what happened in a run, in suite order, as people are shown it. Totals are those of
//! the [`Tally`](super::Tally).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::judge::{NearMiss, Status, Verdict};
use crate::report::score::{self, Mark};
use crate::resolve::{GroupScore, ResolvedCase};
use crate::sandbox::outcome::Outcome;

/// Everything that happened in a run.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// What is known of the run as a whole.
    pub meta: RunMeta,
    /// The suites, in the order of the command line.
    pub suites: Vec<SuiteInfo>,
    /// Selected cases and build steps, in suite order, whether they ran or not; of a long run only
    /// those that people are shown at its end.
    pub cases: Vec<CaseReport>,
}

/// What is known of a run as a whole.
#[derive(Debug, Clone)]
pub struct RunMeta {
    /// A short random id.
    pub id: String,
    /// The command line, without the program's own name.
    pub argv: Vec<String>,
    /// Where it was started.
    pub cwd: String,
    /// When it was started.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// How many cases ran at a time.
    pub jobs: usize,
    /// The machine.
    pub host: Host,
    /// The signal that interrupted it (`SIGINT`), if one did.
    pub interrupted_by: Option<String>,
    /// Whether every selected case has its result: false in the copy that is written first.
    pub complete: bool,
}

/// The machine of a run.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// `uname -r`.
    pub kernel: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// CPUs that may be used.
    pub cpus: usize,
    /// Memory of the machine in bytes.
    pub memory_bytes: u64,
}

/// A suite of the run.
#[derive(Debug, Clone)]
pub struct SuiteInfo {
    /// Its name.
    pub name: String,
    /// Its file, as the user named it.
    pub file: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// One case, side by side: what was asked, what happened, what is to be thought of it.
#[derive(Debug, Clone)]
pub struct CaseReport {
    /// What was asked.
    pub case: Arc<ResolvedCase>,
    /// Every attempt, in order; empty when the case did not run.
    pub attempts: Vec<Attempt>,
    /// The verdict that counts.
    pub verdict: Verdict,
}

/// One attempt at a case.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When it was started.
    pub started: SystemTime,
    /// From request to result, sandbox included.
    pub duration: Duration,
    /// What happened.
    pub outcome: Outcome,
    /// What is to be thought of it.
    pub verdict: Verdict,
    /// Whether it was run while nothing else of the run was, because the attempt before it was
    /// judged by its time and that was close: that one then does not count.
    pub alone: bool,
}

impl Attempt {
    /// Those that count: an attempt that was made again alone does not.
    pub fn that_count(attempts: &[Self]) -> impl Iterator<Item = &Self> {
        let next_is_alone = |at: usize| attempts.get(at + 1).is_some_and(|next| next.alone);
        attempts.iter().enumerate().filter(move |(at, _)| !next_is_alone(*at)).map(|(_, attempt)| attempt)
    }
}

/// Totals of a run, computed from its cases.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Summary {
    /// Cases and build steps in the report.
    pub cases: usize,
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Could not be judged.
    pub errors: usize,
    /// Not run because of a prerequisite or an interruption.
    pub not_run: usize,
    /// Stopped while running.
    pub cancelled: usize,
    /// Left out on purpose.
    pub skipped: usize,
    /// Cases that passed, but not at the first try.
    pub flaky: usize,
    /// Failed, as it was known that they would.
    pub xfailed: usize,
    /// Cases that passed but left processes behind.
    pub leaky: usize,
    /// Points reached.
    pub score: f64,
    /// Points that could be reached.
    pub max_score: f64,
}

impl CaseReport {
    /// Points reached, its group apart: whether a group that is all or nothing gets them is known
    /// at the end only ([`Tally`](super::Tally)).
    #[must_use]
    pub fn score(&self) -> f64 {
        self.case.points * self.credit()
    }

    /// The share of its points that it reached, from 0 to 1.
    #[must_use]
    pub fn credit(&self) -> f64 {
        let judged = matches!(self.verdict.status, Status::Passed | Status::Failed);
        let by_status = f64::from(u8::from(self.verdict.status == Status::Passed));
        self.verdict.credit.filter(|_| judged).unwrap_or(by_status)
    }

    /// What scoring needs of it.
    fn mark(&self) -> Mark<(usize, &str)> {
        let (case, terms) = (&*self.case, &self.case.terms);
        let whole = case.group_score.filter(|score| *score != GroupScore::Sum);
        let group = case.group.as_deref().map(|group| (case.suite, group));
        Mark {
            status: self.verdict.status,
            points: case.points,
            credit: self.credit(),
            extra: terms.extra_credit,
            penalty: terms.penalty,
            whole: group.zip(whole),
        }
    }

    /// What a weaker comparison would have ignored to match, for the first check that failed.
    #[must_use]
    pub fn near_miss(&self) -> Option<NearMiss> {
        let failed = self.verdict.checks.iter().find(|check| !check.ok)?;
        failed.difference.as_ref()?.near_miss
    }

    /// How long all attempts took together; `None` when it did not run.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        if self.attempts.is_empty() {
            return None;
        }
        Some(self.attempts.iter().map(|attempt| attempt.duration).sum())
    }

    /// Whether it passed, but not at the first try.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        self.verdict.status == Status::Passed
            && Attempt::that_count(&self.attempts).any(|attempt| attempt.verdict.status != Status::Passed)
    }

    /// Processes that were still alive when the program had ended, and were killed.
    #[must_use]
    pub fn leaked(&self) -> u32 {
        match self.attempts.last().map(|attempt| &attempt.outcome) {
            Some(Outcome::Ran(ran)) => ran.leaked,
            Some(Outcome::NotStarted(_)) | None => 0,
        }
    }
}

impl RunReport {
    /// Whether results are missing: it was interrupted, or this is the copy that is written first.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        !self.meta.complete || self.meta.interrupted_by.is_some()
    }

    /// Points reached in the cases that count, and points that could be reached there.
    pub fn points_of(&self, counts: impl Fn(&CaseReport) -> bool) -> (f64, f64) {
        let counted: Vec<_> = self.cases.iter().filter(|case| counts(case)).map(CaseReport::mark).collect();
        score::points(counted.into_iter())
    }
}
