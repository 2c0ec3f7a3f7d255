//! Exit statuses: the only numbers. `docs/exit-codes.md` is the same table for people, and a
//! test compares the two.

use std::process::ExitCode;

use super::signals::Cause;
use crate::judge::{Code, Family, Status};
use crate::report::{CaseReport, Tally};
use crate::sandbox::outcome::{End, Outcome};

/// Everything passed, or nothing was to be done.
pub(super) const OK: u8 = 0;
/// At least one case failed.
pub(super) const FAILED: u8 = 1;
/// Bad usage, configuration, suite or request; nothing was run.
pub(super) const USAGE: u8 = 2;
/// No case was selected.
pub(super) const NOTHING_SELECTED: u8 = 3;
/// At least one case could not be judged.
pub(super) const NOT_JUDGED: u8 = 4;
/// A report that was asked for could not be written.
pub(super) const REPORT_LOST: u8 = 5;
/// `--failed`: all that ran has passed, and others are still outstanding.
pub(super) const OUTSTANDING: u8 = 6;
/// Single command: a limit of ours ended it.
pub(super) const LIMIT: u8 = 124;
/// Single command: capsule-run could not do its work.
pub(super) const HARNESS: u8 = 125;
/// Single command: found but cannot be executed.
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// Single command: not found.
pub(super) const NOT_FOUND: u8 = 127;
/// Plus the number of the signal.
pub(super) const SIGNAL: u8 = 128;

/// The table, for `capsule-run help exit-codes`: number, meaning for `suite`, meaning for
/// `-- CMD`.
pub(super) const TABLE: &[(&str, &str, &str)] = &[
    ("0", "every selected case passed or was skipped", "the program exited 0"),
    (
        "1",
        "at least one case failed, or the run took longer than `--run-timeout`",
        "the program's own status",
    ),
    ("2", "bad usage, configuration or suite; nothing was run", "the same, or the program's own status"),
    ("3", "no case was selected", "the program's own status"),
    ("4", "at least one case could not be judged (wins over 1)", "the program's own status"),
    ("5", "a report could not be written (wins over 0, 1 and 4)", "the result could not be written"),
    ("6", "`--failed`: all of this run passed, others are still outstanding", "the program's own status"),
    ("101", "capsule-run panicked; reports are left as they were before the run", "the same"),
    ("124", "-", "a limit of ours ended the program (E3001, E4xxx)"),
    ("125", "-", "capsule-run could not do its work (E1xxx, E3002, E5xxx)"),
    ("126", "-", "the command cannot be executed, or is blocked by policy"),
    ("127", "-", "the command was not found"),
    ("128+N", "-", "signal N ended the program"),
    ("129, 130, 143", "SIGHUP, SIGINT, SIGTERM stopped the run; reports were written", "the same"),
];

/// The status as the OS takes it.
pub(super) fn code(status: u8) -> ExitCode {
    ExitCode::from(status)
}

/// Status and reason of a run of suites, reports aside.
pub(super) fn of_run(run: &Tally, interrupted_by: Option<Cause>) -> (u8, &'static str) {
    let any = |status| run.any(status);
    match interrupted_by {
        Some(Cause::Signal(signal)) => return (of_signal(signal), "interrupted by a signal"),
        Some(Cause::RunTimeout) => return (FAILED, "the run took longer than --run-timeout"),
        None => {}
    }
    if run.briefs().is_empty() {
        return (NOTHING_SELECTED, "no case selected");
    }
    if any(Status::Error) {
        return (NOT_JUDGED, "cases could not be judged");
    }
    if any(Status::Failed) || any(Status::NotRun) || any(Status::Cancelled) {
        return (FAILED, "cases failed");
    }
    (OK, "all cases passed")
}

/// Status of a single command.
pub(super) fn of_single(report: &CaseReport, interrupted_by: Option<i32>) -> u8 {
    if let Some(signal) = interrupted_by {
        return of_signal(signal);
    }
    // `WrongExit` is what the contract calls success: the program's own status goes out.
    match report.verdict.code {
        None | Some(Code::WrongExit) => of_end(report),
        Some(code) => of_code(code, report),
    }
}

fn of_code(code: Code, report: &CaseReport) -> u8 {
    match code {
        Code::Timeout => LIMIT,
        Code::CommandNotFound => NOT_FOUND,
        Code::PermissionDenied | Code::InvalidCommand => NOT_EXECUTABLE,
        // A command that policy refuses was never executed; a forbidden call killed the program.
        Code::Blocked if report.attempts.is_empty() => NOT_EXECUTABLE,
        Code::Blocked | Code::Signal => of_end(report),
        code if code.family() == Family::Resource => LIMIT,
        code if code.is_harness_fault() || code.family() == Family::Configuration => HARNESS,
        _ => of_end(report),
    }
}

/// How the program itself ended.
fn of_end(report: &CaseReport) -> u8 {
    match report.attempts.last().map(|attempt| &attempt.outcome) {
        Some(Outcome::Ran(ran)) => match ran.end {
            End::Exited(status) => u8::try_from(status & 0xff).unwrap_or(HARNESS),
            End::Signaled { signal, .. } => of_signal(signal),
            // We, or the kernel, killed the whole sandbox with SIGKILL.
            End::Killed => of_signal(libc::SIGKILL),
        },
        Some(Outcome::NotStarted(_)) | None => HARNESS,
    }
}

/// 128 and the signal's number.
pub(super) fn of_signal(signal: i32) -> u8 {
    SIGNAL.saturating_add(u8::try_from(signal).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_one_in_the_documentation() {
        let page = include_str!("../../docs/exit-codes.md");
        for (number, suite, single) in TABLE {
            let line = format!("| {number} | {suite} | {single} |");
            assert!(page.contains(&line), "docs/exit-codes.md lacks: {line}");
        }
        let rows = page.lines().filter(|line| line.starts_with("| ")).count();
        assert_eq!(rows, TABLE.len() + 1, "docs/exit-codes.md has rows that the table lacks");
    }
}
