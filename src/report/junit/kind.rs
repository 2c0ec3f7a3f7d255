//! Which child element a verdict becomes, and its `type`.

use crate::judge::{Code, Status};
use crate::report::record::ReasonKind;
use crate::report::told::Told;

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
pub(super) fn type_name(told: &Told<'_>) -> &'static str {
    let Some(code) = told.code else {
        let not_run = matches!(told.kind, Some(ReasonKind::NotRun | ReasonKind::Cancelled));
        return if not_run { "capsule.not-run" } else { without_code(told.status) };
    };
    match code {
        Code::Timeout if told.limit == Some("cpu") => "capsule.timeout-cpu",
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
        Code::FileDiffers if told.is_missing_file() => "capsule.file-missing",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::record::CaseRecord;

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

    fn name(status: Status, code: Option<Code>) -> &'static str {
        let mut case = CaseRecord::example();
        (case.status, case.code) = (status, code);
        type_name(&Told::of_case(&case))
    }

    #[test]
    fn every_code_has_a_type_of_the_closed_list() {
        for code in Code::ALL.iter().copied().map(Some).chain([None]) {
            for status in [Status::Failed, Status::Error, Status::NotRun, Status::Cancelled] {
                let found = name(status, code);
                assert!(CLOSED_LIST.contains(&found), "{code:?} {status:?}: {found}");
            }
        }
    }

    #[test]
    fn a_cancelled_case_is_an_error_and_never_a_pass() {
        assert_eq!(Kind::of(Status::Cancelled), Kind::Error);
        assert_eq!(name(Status::Cancelled, None), "capsule.not-run");
    }
}
