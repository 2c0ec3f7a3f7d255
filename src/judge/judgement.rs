//! [`judge`]: facts in, verdict out.

use crate::judge::check::checks;
use crate::judge::classify::{Cause, decide};
use crate::judge::evidence::{Finding, Scene, evidence};
use crate::judge::facts::{Checked, Facts};
use crate::judge::notes::notes;
use crate::judge::unjudged::not_started;
use crate::judge::{Check, CheckTarget, Code, Expectation, Status, Verdict};
use crate::sandbox::outcome::{Outcome, Ran};
use crate::sandbox::spec::Limits;

/// What is to be thought of one execution. Total: every outcome has a verdict.
pub fn judge(expectation: &Expectation, limits: &Limits, outcome: &Outcome) -> Verdict {
    let verdict = match outcome {
        Outcome::NotStarted(fault) => not_started(fault),
        Outcome::Ran(ran) => judge_ran(expectation, limits, ran),
    };
    let verdict = if expectation.build { as_build(verdict) } else { verdict };
    match expectation.code {
        Some(wanted) => against_code(wanted, verdict),
        None => verdict,
    }
}

fn judge_ran(expectation: &Expectation, limits: &Limits, ran: &Ran) -> Verdict {
    let checks = checks(expectation, ran);
    let cause = decide(&Facts::of(expectation, limits, ran, checked(&checks)));
    let scene = Scene { exit: &expectation.exit, limits, ran, checks: &checks };
    let Finding { code, message, details } = evidence(cause, scene);
    Verdict {
        status: status(cause),
        code,
        message,
        details,
        notes: notes(cause, limits, ran),
        checks,
        credit: None,
    }
}

fn checked(checks: &[Check]) -> Checked {
    let ok = |exit: bool| {
        checks.iter().filter(|check| (check.target == CheckTarget::Exit) == exit).all(|check| check.ok)
    };
    Checked { exit_ok: ok(true), bytes_ok: ok(false) }
}

fn status(cause: Cause) -> Status {
    match cause {
        Cause::Fault => Status::Error,
        Cause::Cancelled => Status::Cancelled,
        Cause::Pass => Status::Passed,
        Cause::Forbidden
        | Cause::OomKill
        | Cause::Memory
        | Cause::Output
        | Cause::Wall
        | Cause::Cpu
        | Cause::Processes
        | Cause::Disk
        | Cause::Signal
        | Cause::Exit
        | Cause::Comparison => Status::Failed,
    }
}

/// A build step that did not do what it should is a failed build; a limit that it ran into keeps
/// its own code, because the remedy is another one.
fn as_build(mut verdict: Verdict) -> Verdict {
    let own = matches!(
        verdict.code,
        Some(Code::WrongExit | Code::StdoutDiffers | Code::StderrDiffers | Code::FileDiffers | Code::Signal)
    );
    if own {
        verdict.code = Some(Code::BuildFailed);
        verdict.message = format!("build failed: {}", verdict.message);
    }
    verdict
}

/// The verdict when ending with the code `wanted` is what was expected.
fn against_code(wanted: Code, mut verdict: Verdict) -> Verdict {
    match verdict.status {
        Status::Failed if verdict.code == Some(wanted) => {
            verdict.status = Status::Passed;
            // What the program wrote until then was not asked for, unless it is what `wanted` is about.
            if wanted.family() != crate::judge::Family::Expectation {
                verdict.checks.clear();
            }
        }
        Status::Failed => verdict.message = format!("{}, expected {wanted}", verdict.message),
        Status::Passed => {
            verdict.status = Status::Failed;
            verdict.code = Some(Code::UnexpectedPass);
            verdict.message = format!("passed ({}), expected {wanted}", verdict.message);
            verdict.details.expected = Some(wanted.number().to_owned());
        }
        // Whoever did not get a fair trial has not shown the expected failure either.
        Status::Error | Status::NotRun | Status::Cancelled | Status::Skipped | Status::Xfailed => {}
    }
    verdict
}
