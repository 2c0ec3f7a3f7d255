//! A case with judges: the program is run, and looked at; where the judge asks for another pass,
//! once more with the input that it has made. The first pass that is not accepted decides, else the
//! last one.

use super::attempt::With;
use super::checker::{Given, PassState, check, output_of};
use super::interact::interact;
use crate::judge::{self, Pass, Status, Verdict};
use crate::resolve::{Judging, ResolvedCase};
use crate::sandbox::outcome::Outcome;
use crate::sandbox::spec::{Limits, Spec, Stdin};

/// One pass, and the one that is to follow it.
pub(super) struct Passed {
    pub(super) outcome: Outcome,
    pub(super) verdict: Verdict,
    pub(super) next: Option<PassState>,
}

/// Runs a case to the end of its passes. `limits` are those to judge by; each pass has them whole.
pub(super) fn judged(
    case: &ResolvedCase,
    judging: &Judging,
    (spec, limits): (&Spec, &Limits),
    with: With<'_>,
) -> (Outcome, Verdict) {
    let programs = judging.interactor.iter().chain(&judging.checker);
    let most = programs.map(|program| program.passes).max().unwrap_or(1);
    let mut state = PassState { pass: Pass { number: 1, most }, input: None, feedback: Vec::new() };
    let mut before: Option<Outcome> = None;
    loop {
        let mut spec = spec.clone();
        if let Some(input) = &state.input {
            spec.stdin = Stdin::Bytes(std::sync::Arc::clone(input));
        }
        let mut this = one((case, judging), (spec, limits), &state, with);
        if let Some(before) = &before {
            most_of_all(&mut this.outcome, before);
        }
        match this.next {
            // Nobody has said no so far.
            Some(next) if this.verdict.status == Status::Passed => {
                before = Some(this.outcome);
                state = next;
            }
            _ => {
                if most > 1 {
                    let Pass { number, most } = state.pass;
                    this.verdict.notes.push(format!("pass {number}; there are at most {most}"));
                }
                return (this.outcome, this.verdict);
            }
        }
    }
}

fn one(
    (case, judging): (&ResolvedCase, &Judging),
    (spec, limits): (Spec, &Limits),
    state: &PassState,
    with: With<'_>,
) -> Passed {
    let given = |program| Given { program, case, judging, built: with.for_judge, pass: state };
    let checker = judging.checker.as_deref().map(given);
    if let Some(interactor) = &judging.interactor {
        return interact(&given(interactor), checker.as_ref(), spec, with.engine, with.cancel);
    }
    let outcome = with.engine.run(&spec, with.cancel);
    let verdict = judge::judge(&case.expectation, limits, &outcome);
    match checker {
        Some(checker) if verdict.status == Status::Passed => {
            let (verdict, next) = check(&checker, output_of(&outcome), verdict, with.engine, with.cancel);
            Passed { outcome, verdict, next }
        }
        _ => Passed { outcome, verdict, next: None },
    }
}

/// What is told of a case of several passes is its last one, with the most that any has used.
fn most_of_all(outcome: &mut Outcome, before: &Outcome) {
    if let (Outcome::Ran(ran), Outcome::Ran(before)) = (outcome, before) {
        ran.usage.cpu = ran.usage.cpu.max(before.usage.cpu);
        ran.usage.wall = ran.usage.wall.max(before.usage.wall);
        ran.usage.memory_peak = ran.usage.memory_peak.max(before.usage.memory_peak);
    }
}
