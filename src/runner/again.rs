//! Whether a case is tried again, and what all its attempts together come to.

use std::thread;
use std::time::{Duration, Instant};

use crate::judge::{self, Status, Verdict};
use crate::report::Attempt;
use crate::resolve::{Blame, CaseKind, ResolvedCase};
use crate::sandbox::cancel::{Cancel, CancelLevel};

/// What the operator says about trying again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Again {
    /// How often every case is tried again; `None`: as the suite says.
    pub retries: Option<u32>,
    /// What a case is that passed, but not at the first try.
    pub flaky: Flaky,
}

/// What a case is that passed, but not at the first try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flaky {
    /// Passed.
    #[default]
    Pass,
    /// Failed.
    Fail,
}

/// How long to wait before the next attempt; `None` when there is none to come.
pub(super) fn again(case: &ResolvedCase, again: Again, attempts: &[Attempt]) -> Option<Duration> {
    let retries = again.retries.unwrap_or(case.terms.retries);
    let last = attempts.last()?;
    // A case that is known to fail has done what was expected, or is not helped by another try.
    let may = case.kind == CaseKind::Case && case.terms.xfail.is_none();
    let not_passed = matches!(last.verdict.status, Status::Failed | Status::Error);
    // The second look at a verdict on time is no second try.
    let tries = attempts.iter().filter(|attempt| !attempt.alone).count();
    let left = tries <= usize::try_from(retries).unwrap_or(usize::MAX);
    (may && not_passed && left).then_some(case.terms.retry_delay)
}

/// Waits, and says whether the run still goes on then.
pub(super) fn wait(delay: Duration, cancel: &Cancel) -> bool {
    const SLICE: Duration = Duration::from_millis(20);
    let clock = Instant::now();
    while cancel.level() == CancelLevel::Running {
        let left = delay.saturating_sub(clock.elapsed());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(SLICE));
    }
    false
}

/// The verdict on the case: that of its last attempt, taken as the case is to be taken.
pub(super) fn verdict(case: &ResolvedCase, again: Again, attempts: &[Attempt]) -> Option<Verdict> {
    let mut verdict = attempts.last()?.verdict.clone();
    if again.flaky == Flaky::Fail {
        let first_failed =
            Attempt::that_count(attempts).find(|attempt| attempt.verdict.status != Status::Passed);
        if let Some(failed) = first_failed {
            verdict = judge::flaky(verdict, &failed.verdict, attempts.len());
        }
    }
    Some(taken(case, verdict))
}

/// What is known about a case or who is to blame may turn its verdict.
pub(super) fn taken(case: &ResolvedCase, verdict: Verdict) -> Verdict {
    match (case.kind, &case.terms.xfail) {
        (CaseKind::Setup | CaseKind::Teardown, _) if case.terms.blame == Blame::Suite => judge::hook(verdict),
        (CaseKind::Case, Some(xfail)) => {
            judge::known_to_fail(verdict, &xfail.reason, xfail.code, xfail.strict)
        }
        (CaseKind::Case | CaseKind::Build | CaseKind::Setup | CaseKind::Teardown, _) => verdict,
    }
}
