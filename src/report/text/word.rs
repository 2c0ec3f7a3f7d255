//! The one word for a verdict: PASS, FAIL, TIMEOUT, SIGSEGV…

use super::style::{Paint, TextStyle};
use crate::judge::{Code, Status, Verdict};
use crate::report::CaseReport;

/// The one word for a case's verdict, at most nine letters: a reader without colours, and a
/// program that reads a log, need no more.
///
/// Of a case that its reader may not see it says no more than its verdict.
#[must_use]
pub fn word(report: &CaseReport, style: &TextStyle) -> String {
    let verdict = &report.verdict;
    match verdict.status {
        Status::Passed if !style.sees(report) => "PASS".to_owned(),
        Status::Failed if !style.sees(report) => "FAIL".to_owned(),
        Status::Passed if report.leaked() > 0 => "LEAK".to_owned(),
        Status::Passed if report.is_flaky() => "FLAKY".to_owned(),
        Status::Passed => "PASS".to_owned(),
        Status::Failed => failed(verdict),
        Status::Error => "ERROR".to_owned(),
        Status::NotRun if verdict.code == Some(Code::PrerequisiteFailed) => "BLOCKED".to_owned(),
        Status::NotRun => "NOT-RUN".to_owned(),
        Status::Cancelled => "CANCEL".to_owned(),
        Status::Skipped => "SKIP".to_owned(),
        Status::Xfailed => "XFAIL".to_owned(),
    }
}

fn failed(verdict: &Verdict) -> String {
    let Some(code) = verdict.code else { return "FAIL".to_owned() };
    let word = match code {
        Code::Timeout if verdict.details.limit.as_deref() == Some("cpu") => "CPU",
        Code::Timeout => "TIMEOUT",
        Code::MemoryLimit | Code::OomKill => "MEMORY",
        Code::OutputLimit => "OUTPUT",
        Code::ProcessLimit => "PIDS",
        Code::DiskLimit => "DISK",
        Code::Blocked => "DENIED",
        Code::UnexpectedPass => "XPASS",
        Code::Signal => signal(verdict),
        Code::InvalidInput
        | Code::MissingField
        | Code::OutOfRange
        | Code::ProfileNotFound
        | Code::PermissionDenied
        | Code::CommandNotFound
        | Code::InvalidCommand
        | Code::SetupTimeout
        | Code::SandboxSetup
        | Code::Monitoring
        | Code::UnsupportedPlatform
        | Code::WrongExit
        | Code::StdoutDiffers
        | Code::StderrDiffers
        | Code::FileDiffers
        | Code::BuildFailed
        | Code::CheckerFailed
        | Code::HookFailed
        | Code::SourceRefused
        | Code::ResourceUse
        | Code::PrerequisiteFailed => "FAIL",
    };
    word.to_owned()
}

/// The signal's name, if it fits the column; else its kind.
fn signal(verdict: &Verdict) -> &str {
    match verdict.details.signal_name.as_deref() {
        Some(name) if name.len() <= 9 && name.bytes().all(|b| b.is_ascii_alphanumeric()) => name,
        _ => "SIGNAL",
    }
}

/// The colour of a verdict.
pub(super) fn paint(report: &CaseReport, style: &TextStyle) -> Paint {
    match report.verdict.status {
        Status::Passed if style.sees(report) && (report.leaked() > 0 || report.is_flaky()) => Paint::Warn,
        Status::Passed => Paint::Good,
        Status::Failed | Status::Error => Paint::Bad,
        Status::NotRun | Status::Cancelled => Paint::Warn,
        Status::Skipped | Status::Xfailed => Paint::Dim,
    }
}
