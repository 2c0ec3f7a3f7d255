//! [`Reason`]: why a case did not pass, for people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::judge::{Code, NearMiss, Status, Verdict};

/// Why a case did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// What it has to do with.
    pub kind: ReasonKind,
    /// One line for people.
    pub message: String,
    /// The next weaker comparison that would have matched.
    pub near_miss: Option<NearMiss>,
}

/// What a verdict has to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// The suite, the configuration or the request.
    Input,
    /// The command could not be executed.
    Command,
    /// The security policy.
    Policy,
    /// A limit.
    Limit,
    /// The files that were handed in.
    Source,
    /// What it used.
    Resource,
    /// A signal.
    Signal,
    /// The exit status.
    Exit,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// An output file.
    File,
    /// A build step.
    Build,
    /// It passed although failure was expected.
    Xpass,
    /// The sandbox: not the program's fault.
    Sandbox,
    /// The set-up took too long: not the program's fault.
    Setup,
    /// The checker: not the program's fault.
    Checker,
    /// Something that it needs.
    Needs,
    /// The operator stopped it.
    Cancelled,
    /// The run ended before it.
    NotRun,
    /// It was left out on purpose.
    Skipped,
}

impl Reason {
    /// Why this verdict is not a pass; `None` if it is one.
    pub(super) fn of(verdict: &Verdict, near_miss: Option<NearMiss>) -> Option<Self> {
        let kind = match (verdict.status, verdict.code) {
            (Status::Passed, _) => return None,
            (_, Some(code)) => ReasonKind::of(code),
            (Status::Cancelled, None) => ReasonKind::Cancelled,
            (Status::NotRun, None) => ReasonKind::NotRun,
            (Status::Skipped, None) => ReasonKind::Skipped,
            (Status::Failed | Status::Xfailed, None) => ReasonKind::Exit,
            (Status::Error, None) => ReasonKind::Sandbox,
        };
        Some(Self { kind, message: verdict.message.clone(), near_miss })
    }
}

impl ReasonKind {
    fn of(code: Code) -> Self {
        match code {
            Code::InvalidInput | Code::MissingField | Code::OutOfRange | Code::ProfileNotFound => Self::Input,
            Code::PermissionDenied | Code::CommandNotFound | Code::InvalidCommand => Self::Command,
            Code::Blocked => Self::Policy,
            Code::Timeout
            | Code::MemoryLimit
            | Code::OomKill
            | Code::ProcessLimit
            | Code::OutputLimit
            | Code::DiskLimit => Self::Limit,
            Code::Signal => Self::Signal,
            Code::SandboxSetup | Code::Monitoring | Code::UnsupportedPlatform => Self::Sandbox,
            Code::SetupTimeout => Self::Setup,
            Code::WrongExit => Self::Exit,
            Code::StdoutDiffers => Self::Stdout,
            Code::StderrDiffers => Self::Stderr,
            Code::FileDiffers => Self::File,
            Code::BuildFailed => Self::Build,
            Code::CheckerFailed => Self::Checker,
            Code::PrerequisiteFailed => Self::Needs,
            Code::UnexpectedPass => Self::Xpass,
            Code::HookFailed => Self::Setup,
            Code::SourceRefused => Self::Source,
            Code::ResourceUse => Self::Resource,
        }
    }
}
