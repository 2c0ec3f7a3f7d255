//! One case from request to report: lower, run, judge.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::judge::{self, Status, Verdict};
use crate::report::{Attempt, CaseReport};
use crate::resolve::{self, CaseId, ResolvedCase};
use crate::sandbox::Engine;
use crate::sandbox::cancel::Cancel;
use crate::sandbox::outcome::{Fault, FaultKind, Outcome};

use super::plan::bare;

/// Runs a case to its verdict. A panic on the way is a fault of ours (E5002), and only of this
/// case: the run goes on.
pub(super) fn execute(
    case: &Arc<ResolvedCase>,
    outputs: Option<&Path>,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> CaseReport {
    if let Some(reason) = &case.blocked {
        return without_running(case, judge::blocked(&command(case), reason));
    }
    let started = SystemTime::now();
    let clock = Instant::now();
    // Nothing that the closure touches is used again after a panic, except the engine, whose
    // guards clean up as they are dropped.
    let attempt = catch_unwind(AssertUnwindSafe(|| {
        let spec = resolve::lower(case, outputs);
        let outcome = engine.run(&spec, cancel);
        let verdict = judge::judge(&case.expectation, &spec.limits, &outcome);
        (outcome, verdict)
    }));
    let (outcome, verdict) = attempt.unwrap_or_else(|panic| panicked(panic.as_ref()));
    let attempt = Attempt { started, duration: clock.elapsed(), outcome, verdict: verdict.clone() };
    CaseReport { case: Arc::clone(case), attempts: vec![attempt], verdict }
}

/// The report of a case that has its verdict without having run.
pub(super) fn without_running(case: &Arc<ResolvedCase>, verdict: Verdict) -> CaseReport {
    CaseReport { case: Arc::clone(case), attempts: Vec::new(), verdict }
}

/// The report of a case as it stands before the run: what a reader finds if the run never ends.
#[must_use]
pub fn unfinished(case: &Arc<ResolvedCase>) -> CaseReport {
    without_running(case, judge::not_run(None, "the run did not end", None))
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

fn panicked(panic: &(dyn std::any::Any + Send)) -> (Outcome, Verdict) {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    log::error!("a worker panicked: {words}");
    let fault = Fault {
        kind: FaultKind::Monitor,
        step: format!("running the case (capsule-run panicked: {words})"),
        errno: None,
        help: "this is a bug in capsule-run: report it with the command and RUST_LOG=debug output".to_owned(),
    };
    let verdict = judge::not_started(&fault);
    (Outcome::NotStarted(fault), verdict)
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
