//! One attempt at a case, in the one order that there is: lower → run → judge. Whatever has a say
//! in the verdict of a single execution (a checker, say) has its place between run and the end of
//! [`attempt`]; whatever may want another execution has it in `again`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::checker::{Given, check, output_of};
use super::interact::interact;
use crate::judge::{self, Status, Verdict};
use crate::report::Attempt;
use crate::resolve::{self, ResolvedCase};
use crate::sandbox::Engine;
use crate::sandbox::cancel::Cancel;
use crate::sandbox::outcome::{Fault, FaultKind, Outcome};

/// What an attempt is made with.
#[derive(Clone, Copy)]
pub(super) struct With<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) cancel: &'a Cancel,
    /// Folders with what build steps and hooks have handed on, the first on top.
    pub(super) outputs: &'a [PathBuf],
    /// The same for checkers, interactors and what builds them.
    pub(super) for_judge: &'a [PathBuf],
}

/// Runs a case once. A panic on the way is a fault of ours (E5002), and only of this case.
pub(super) fn attempt(case: &Arc<ResolvedCase>, with: With<'_>) -> Attempt {
    let started = SystemTime::now();
    let clock = Instant::now();
    // Nothing that the closure touches is used again after a panic, except the engine, whose
    // guards clean up as they are dropped.
    let judged = catch_unwind(AssertUnwindSafe(|| judged(case, with)));
    let (outcome, verdict) = judged.unwrap_or_else(|panic| panicked(panic.as_ref()));
    Attempt { started, duration: clock.elapsed(), outcome, verdict }
}

fn judged(case: &Arc<ResolvedCase>, with: With<'_>) -> (Outcome, Verdict) {
    let spec = resolve::lower(case, if case.for_judge { with.for_judge } else { with.outputs });
    let Some(judging) = &case.judging else {
        let outcome = with.engine.run(&spec, with.cancel);
        let verdict = judge::judge(&case.expectation, &spec.limits, &outcome);
        return (outcome, verdict);
    };
    let given = |program| Given { program, case, judging, built: with.for_judge };
    let checker = judging.checker.as_deref().map(given);
    if let Some(interactor) = &judging.interactor {
        return interact(&given(interactor), checker.as_ref(), spec, with.engine, with.cancel);
    }
    let outcome = with.engine.run(&spec, with.cancel);
    let verdict = judge::judge(&case.expectation, &spec.limits, &outcome);
    match checker {
        Some(checker) if verdict.status == Status::Passed => {
            let verdict = check(&checker, output_of(&outcome), verdict, with.engine, with.cancel);
            (outcome, verdict)
        }
        _ => (outcome, verdict),
    }
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
