//! One attempt at a case, in the one order that there is: lower → run → judge. Whatever has a say
//! in the verdict of a single execution (a checker, say) has its place between run and the end of
//! [`attempt`]; whatever may want another execution has it in `again`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::passes;
use super::timing::{self, Gate};
use crate::judge::{self, Status, Verdict};
use crate::report::Attempt;
use crate::resolve::{self, CaseKind, ResolvedCase};
use crate::sandbox::Engine;
use crate::sandbox::cancel::{Cancel, CancelLevel};
use crate::sandbox::outcome::{Fault, FaultKind, Outcome};

/// What an attempt is made with.
#[derive(Clone, Copy)]
pub(super) struct With<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) cancel: &'a Cancel,
    /// Through it every execution goes.
    pub(super) gate: &'a Gate,
    /// Folders with what build steps and hooks have handed on, the first on top.
    pub(super) outputs: &'a [PathBuf],
    /// The same for checkers, interactors and what builds them.
    pub(super) for_judge: &'a [PathBuf],
    /// [`RunPlan::digest`](super::RunPlan::digest).
    pub(super) digest: bool,
}

/// Runs a case once; once more, alone, where time decided and it was close: the last of the attempts
/// counts. A panic is a fault of ours (E5002), and only of this case.
pub(super) fn attempt(case: &Arc<ResolvedCase>, with: With<'_>) -> Vec<Attempt> {
    let (mut first, stalled) = with.gate.together(|| once(case, with));
    if !timing::is_of_time(&first.verdict) {
        return vec![first];
    }
    let limits = resolve::lower(case, with.outputs).limits;
    say(&mut first, stalled, None);
    // A build that takes too long takes too long.
    let may = case.kind == CaseKind::Case && with.cancel.level() == CancelLevel::Running;
    if !may || !timing::is_close(&first, &limits, has_no_margin(case), stalled) {
        return vec![first];
    }
    first.verdict.notes.push(timing::CLOSE.to_owned());
    let (mut alone, stalled) = with.gate.alone(|| once(case, with));
    // Stopped with the run: what it would have said is not known, and the first did say something.
    if alone.verdict.status == Status::Cancelled {
        return vec![first];
    }
    alone.alone = true;
    say(&mut alone, stalled, Some(timing::ALONE));
    vec![first, alone]
}

/// What is known of the time it had, beside its verdict.
fn say(attempt: &mut Attempt, stalled: Option<Duration>, more: Option<&str>) {
    if let Outcome::Ran(ran) = &attempt.outcome {
        attempt.verdict.notes.push(timing::pressure_note(ran, stalled));
    }
    attempt.verdict.notes.extend(more.map(str::to_owned));
}

/// Two programs that talk to each other are stopped at the limit itself.
fn has_no_margin(case: &ResolvedCase) -> bool {
    case.judging.as_ref().is_some_and(|judging| judging.interactor.is_some())
}

fn once(case: &Arc<ResolvedCase>, with: With<'_>) -> Attempt {
    let started = SystemTime::now();
    let clock = Instant::now();
    // Nothing that the closure touches is used again after a panic, except the engine, whose
    // guards clean up as they are dropped.
    let judged = catch_unwind(AssertUnwindSafe(|| judged(case, with)));
    let (outcome, verdict) = judged.unwrap_or_else(|panic| panicked(panic.as_ref()));
    Attempt { started, duration: clock.elapsed(), outcome, verdict, alone: false }
}

fn judged(case: &Arc<ResolvedCase>, with: With<'_>) -> (Outcome, Verdict) {
    let mut spec = resolve::lower(case, if case.for_judge { with.for_judge } else { with.outputs });
    spec.digest = with.digest;
    let limits = spec.limits.clone();
    if case.kind == CaseKind::Case && !has_no_margin(case) {
        spec.limits = timing::with_margin(&limits);
    }
    let Some(judging) = &case.judging else {
        let outcome = with.engine.run(&spec, with.cancel);
        let verdict = judge::judge(&case.expectation, &limits, &outcome);
        return (outcome, verdict);
    };
    passes::judged(case, judging, (&spec, &limits), with)
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
