//! One case from request to report: lower, run, judge.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::judge::{self, Status, Verdict};
use crate::report::{Attempt, CaseReport};
use crate::resolve::{self, ResolvedCase};
use crate::sandbox::Engine;
use crate::sandbox::cancel::Cancel;
use crate::sandbox::outcome::{Fault, FaultKind, Outcome};

use super::checker::{Given, check, output_of};
use super::interact::interact;

/// Runs a case to its verdict. A panic on the way is a fault of ours (E5002), and only of this
/// case: the run goes on.
pub(super) fn execute(
    case: &Arc<ResolvedCase>,
    built: Built<'_>,
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
    let attempt = catch_unwind(AssertUnwindSafe(|| attempt(case, built, engine, cancel)));
    let (outcome, verdict) = attempt.unwrap_or_else(|panic| panicked(panic.as_ref()));
    let attempt = Attempt { started, duration: clock.elapsed(), outcome, verdict: verdict.clone() };
    CaseReport { case: Arc::clone(case), attempts: vec![attempt], verdict }
}

/// What build steps have made so far: for the cases, and for checkers and interactors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Built<'a> {
    pub(super) cases: Option<&'a Path>,
    pub(super) judges: Option<&'a Path>,
}

fn attempt(
    case: &ResolvedCase,
    built: Built<'_>,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> (Outcome, Verdict) {
    let spec = resolve::lower(case, if case.for_judge { built.judges } else { built.cases });
    let Some(judging) = &case.judging else {
        let outcome = engine.run(&spec, cancel);
        let verdict = judge::judge(&case.expectation, &spec.limits, &outcome);
        return (outcome, verdict);
    };
    let given = |program| Given { program, case, judging, built: built.judges };
    let checker = judging.checker.as_deref().map(given);
    if let Some(interactor) = &judging.interactor {
        return interact(&given(interactor), checker.as_ref(), spec, engine, cancel);
    }
    let outcome = engine.run(&spec, cancel);
    let verdict = judge::judge(&case.expectation, &spec.limits, &outcome);
    match checker {
        Some(checker) if verdict.status == Status::Passed => {
            let verdict = check(&checker, output_of(&outcome), verdict, engine, cancel);
            (outcome, verdict)
        }
        _ => (outcome, verdict),
    }
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
