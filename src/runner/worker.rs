//! One case from request to report: attempts until there is no reason for another.

use std::sync::Arc;

use super::again::{self, Again};
use super::attempt::{With, attempt};
use super::plan::bare;
use super::source;
use crate::judge::{self, Status, Verdict};
use crate::report::CaseReport;
use crate::resolve::{CaseId, ResolvedCase};
use crate::sandbox::outcome::{Fault, FaultKind};

/// Runs a case to its verdict.
pub(super) fn execute(case: &Arc<ResolvedCase>, with: With<'_>, how: Again) -> CaseReport {
    if let Some(reason) = &case.blocked {
        return without_running(case, judge::blocked(&command(case), reason));
    }
    if let Some(check) = &case.terms.source {
        return without_running(case, again::taken(case, source::verdict(case, check)));
    }
    let mut attempts = Vec::with_capacity(1);
    loop {
        attempts.extend(attempt(case, with));
        match again::again(case, how, &attempts) {
            Some(delay) if again::wait(delay, with.cancel) => {}
            _ => break,
        }
    }
    let none = || harness_fault("the case ended without an attempt", "");
    let verdict = again::verdict(case, how, &attempts).unwrap_or_else(none);
    CaseReport { case: Arc::clone(case), attempts, verdict }
}

/// The report of a case that has its verdict without having run.
pub(super) fn without_running(case: &Arc<ResolvedCase>, verdict: Verdict) -> CaseReport {
    CaseReport { case: Arc::clone(case), attempts: Vec::new(), verdict }
}

/// The case that stands in a report for the interruption itself, so that no reader can take an
/// unfinished run for a good one: an error in the suite with this index. `first` is any case of the
/// run; `cause` is the signal's name, or `run-timeout`.
#[must_use]
pub fn interruption(first: &ResolvedCase, suite: usize, cause: &str) -> CaseReport {
    let name = format!("run interrupted ({cause})");
    let case =
        ResolvedCase { id: CaseId(Arc::from(name.as_str())), suite, name: Arc::from(name), ..bare(first) };
    let message = "the run was interrupted: cases that had not ended have no result";
    let verdict = Verdict { status: Status::Error, ..judge::not_run(None, message, None) };
    without_running(&Arc::new(case), verdict)
}

fn command(case: &ResolvedCase) -> String {
    case.argv.first().map(ToString::to_string).unwrap_or_default()
}

/// A fault of ours while we looked after a case (E5002).
pub(super) fn harness_fault(step: &str, help: &str) -> Verdict {
    judge::not_started(&Fault {
        kind: FaultKind::Monitor,
        step: step.to_owned(),
        errno: None,
        help: help.to_owned(),
    })
}
