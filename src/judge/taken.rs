//! How a verdict is taken: a case that is known to fail, one that passed at a later try only, a
//! step of the suite's own.

use crate::judge::{Code, Status, Verdict};

/// The verdict on a case that is known to fail, for `reason`, perhaps with one `code` only.
pub fn known_to_fail(mut verdict: Verdict, reason: &str, code: Option<Code>, strict: bool) -> Verdict {
    let why = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    match verdict.status {
        Status::Failed if code.is_none() || code == verdict.code => {
            verdict.status = Status::Xfailed;
            verdict.message = format!("{}, as expected{why}", verdict.message);
        }
        Status::Failed => {
            let known = code.map(Code::number).unwrap_or_default();
            verdict.message = format!("{}; only {known} is known{why}", verdict.message);
        }
        Status::Passed if strict => {
            verdict.status = Status::Failed;
            verdict.code = Some(Code::UnexpectedPass);
            verdict.message = format!("passed, though it is marked as failing{why}");
            verdict.details.expected = code.map(|code| code.number().to_owned());
        }
        Status::Passed => verdict.notes.push(format!("it passed, though it is marked as failing{why}")),
        // Whoever did not get a fair trial has not shown the known failure either.
        Status::Error | Status::NotRun | Status::Cancelled | Status::Skipped | Status::Xfailed => {}
    }
    verdict
}

/// The verdict on a case that passed at try number `tries` only, where that is a failure: the code
/// is that of the first try that `failed`.
pub fn flaky(mut verdict: Verdict, failed: &Verdict, tries: usize) -> Verdict {
    if verdict.status == Status::Passed {
        verdict.status = Status::Failed;
        verdict.code = failed.code;
        verdict.details = failed.details.clone();
        verdict.message = format!("passed at try {tries} only, at first: {}", failed.message);
    }
    verdict
}

/// The verdict on a hook: where the suite's own step fails, nothing can be judged.
pub fn hook(mut verdict: Verdict) -> Verdict {
    if verdict.status == Status::Failed {
        verdict.status = Status::Error;
        verdict.code = Some(Code::HookFailed);
        verdict.message = format!("a step of the suite failed: {}", verdict.message);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{not_run, skipped};

    fn verdict(status: Status, code: Option<Code>) -> Verdict {
        Verdict { status, code, ..not_run(None, "stdout differs at line 2", None) }
    }

    #[test]
    fn a_known_failure_is_taken_as_one_and_any_other_is_not() {
        let failed = || verdict(Status::Failed, Some(Code::StdoutDiffers));
        let any = known_to_fail(failed(), "bug 7", None, true);
        assert_eq!((any.status, any.code), (Status::Xfailed, Some(Code::StdoutDiffers)));
        assert_eq!(any.message, "stdout differs at line 2, as expected (bug 7)");
        assert_eq!(known_to_fail(failed(), "", Some(Code::StdoutDiffers), true).status, Status::Xfailed);
        let other = known_to_fail(failed(), "bug 7", Some(Code::Timeout), true);
        assert_eq!(other.status, Status::Failed);
        assert_eq!(other.message, "stdout differs at line 2; only E3001 is known (bug 7)");
    }

    #[test]
    fn an_unexpected_pass_fails_unless_it_may_pass() {
        let passed = || verdict(Status::Passed, None);
        let strict = known_to_fail(passed(), "bug 7", None, true);
        assert_eq!((strict.status, strict.code), (Status::Failed, Some(Code::UnexpectedPass)));
        let lax = known_to_fail(passed(), "bug 7", None, false);
        assert_eq!((lax.status, lax.notes.len()), (Status::Passed, 1));
    }

    #[test]
    fn what_was_not_judged_is_never_a_known_failure() {
        for status in [Status::Error, Status::NotRun, Status::Cancelled, Status::Skipped] {
            assert_eq!(known_to_fail(verdict(status, None), "", None, true).status, status);
        }
        assert_eq!(hook(skipped("x")).status, Status::Skipped);
    }

    #[test]
    fn a_failing_hook_of_the_suite_is_a_fault_and_not_a_failure() {
        let failed = hook(verdict(Status::Failed, Some(Code::WrongExit)));
        assert_eq!((failed.status, failed.code), (Status::Error, Some(Code::HookFailed)));
        assert!(Code::HookFailed.is_harness_fault());
    }

    #[test]
    fn a_flaky_pass_has_the_code_of_its_first_failure_where_that_is_a_failure() {
        let first = verdict(Status::Failed, Some(Code::StdoutDiffers));
        let taken = flaky(verdict(Status::Passed, None), &first, 2);
        assert_eq!((taken.status, taken.code), (Status::Failed, Some(Code::StdoutDiffers)));
        assert_eq!(taken.message, "passed at try 2 only, at first: stdout differs at line 2");
    }
}
