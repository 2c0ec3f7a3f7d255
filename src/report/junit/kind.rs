//! Which child element a verdict becomes, and its `type`.

use crate::judge::{CheckTarget, Code, Status, Verdict};
use crate::sandbox::outcome::{FileProblem, Outcome};

/// What a case is for a reader of JUnit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No child.
    Passed,
    /// The program did wrong.
    Failure,
    /// We could not judge: set-up, sandbox, stopped on the way.
    Error,
    /// It did not run.
    Skipped,
}

impl Kind {
    pub(super) fn of(status: Status) -> Self {
        match status {
            Status::Passed => Self::Passed,
            Status::Failed => Self::Failure,
            Status::Error | Status::Cancelled => Self::Error,
            Status::NotRun | Status::Skipped | Status::Xfailed => Self::Skipped,
        }
    }
}

/// The `type` of a failure or an error: from a closed list, always with our prefix, because some
/// readers give bare words a meaning.
pub(super) fn type_name(verdict: &Verdict, outcome: Option<&Outcome>) -> &'static str {
    let Some(code) = verdict.code else { return without_code(verdict.status) };
    match code {
        Code::Timeout if verdict.details.limit.as_deref() == Some("cpu") => "capsule.timeout-cpu",
        Code::Timeout => "capsule.timeout-wall",
        Code::Signal => "capsule.signal",
        Code::MemoryLimit | Code::OomKill => "capsule.memory",
        Code::ProcessLimit => "capsule.pids",
        // What a program writes into files is output too; the list has no word of its own for it.
        Code::OutputLimit | Code::DiskLimit => "capsule.output-limit",
        Code::Blocked => "capsule.forbidden-syscall",
        Code::WrongExit => "capsule.exit-code",
        Code::StdoutDiffers => "capsule.stdout-mismatch",
        Code::StderrDiffers => "capsule.stderr-mismatch",
        Code::FileDiffers if is_missing(verdict, outcome) => "capsule.file-missing",
        Code::FileDiffers | Code::SourceRefused => "capsule.file-mismatch",
        Code::ResourceUse => "capsule.resource",
        Code::UnexpectedPass => "capsule.xpass",
        Code::PrerequisiteFailed => "capsule.not-run",
        Code::SandboxSetup | Code::Monitoring | Code::UnsupportedPlatform => "capsule.sandbox",
        // What came before the program: building it, finding it, reading what to do with it.
        Code::BuildFailed
        | Code::CheckerFailed
        | Code::HookFailed
        | Code::SetupTimeout
        | Code::InvalidInput
        | Code::MissingField
        | Code::OutOfRange
        | Code::ProfileNotFound
        | Code::PermissionDenied
        | Code::CommandNotFound
        | Code::InvalidCommand => "capsule.setup",
    }
}

fn without_code(status: Status) -> &'static str {
    match status {
        Status::Cancelled | Status::NotRun | Status::Skipped | Status::Xfailed => "capsule.not-run",
        Status::Error => "capsule.sandbox",
        Status::Failed | Status::Passed => "capsule.exit-code",
    }
}

/// Whether the first file that is not as expected is not there at all.
fn is_missing(verdict: &Verdict, outcome: Option<&Outcome>) -> bool {
    let failed = verdict.checks.iter().find_map(|check| match &check.target {
        CheckTarget::File(path) if !check.ok => Some(path.as_str()),
        _ => None,
    });
    let (Some(path), Some(Outcome::Ran(ran))) = (failed, outcome) else { return false };
    ran.files.iter().any(|file| file.path.to_str() == Some(path) && file.content == Err(FileProblem::Missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Details;

    const CLOSED_LIST: [&str; 18] = [
        "capsule.resource",
        "capsule.exit-code",
        "capsule.signal",
        "capsule.timeout-wall",
        "capsule.timeout-cpu",
        "capsule.memory",
        "capsule.output-limit",
        "capsule.pids",
        "capsule.stdout-mismatch",
        "capsule.stderr-mismatch",
        "capsule.file-mismatch",
        "capsule.file-missing",
        "capsule.forbidden-syscall",
        "capsule.leaked-process",
        "capsule.xpass",
        "capsule.setup",
        "capsule.sandbox",
        "capsule.not-run",
    ];

    fn verdict(status: Status, code: Option<Code>) -> Verdict {
        Verdict {
            status,
            code,
            message: String::new(),
            details: Details::default(),
            checks: vec![],
            notes: vec![],
            credit: None,
        }
    }

    #[test]
    fn every_code_has_a_type_of_the_closed_list() {
        for code in Code::ALL.iter().copied().map(Some).chain([None]) {
            for status in [Status::Failed, Status::Error, Status::NotRun, Status::Cancelled] {
                let name = type_name(&verdict(status, code), None);
                assert!(CLOSED_LIST.contains(&name), "{code:?} {status:?}: {name}");
            }
        }
    }

    #[test]
    fn a_cancelled_case_is_an_error_and_never_a_pass() {
        assert_eq!(Kind::of(Status::Cancelled), Kind::Error);
        assert_eq!(type_name(&verdict(Status::Cancelled, None), None), "capsule.not-run");
    }
}
