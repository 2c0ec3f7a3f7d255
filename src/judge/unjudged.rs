//! Verdicts on what never ran: faults of the sandbox, missing commands, blocked, skipped and
//! cancelled cases.

use nix::errno::Errno;

use crate::judge::{Code, Details, Status, Verdict};
use crate::sandbox::outcome::{Fault, FaultKind};
use crate::units::visible_line;

impl Verdict {
    /// A verdict without checks and notes.
    fn bare(status: Status, code: Option<Code>, message: String, details: Details) -> Self {
        Self { status, code, message, details, checks: Vec::new(), notes: Vec::new(), credit: None }
    }
}

/// The verdict on a program that never ran, or that we lost sight of.
pub fn not_started(fault: &Fault) -> Verdict {
    let (status, code) = match &fault.kind {
        FaultKind::Setup | FaultKind::Unmet => (Status::Error, Some(Code::SandboxSetup)),
        FaultKind::SetupTimeout => (Status::Error, Some(Code::SetupTimeout)),
        FaultKind::Monitor => (Status::Error, Some(Code::Monitoring)),
        FaultKind::Unsupported => (Status::Error, Some(Code::UnsupportedPlatform)),
        FaultKind::Cancelled => (Status::Cancelled, None),
        FaultKind::NotFound { .. } => (Status::Failed, Some(Code::CommandNotFound)),
        FaultKind::NotExecutable { .. } | FaultKind::Workdir { .. } => {
            (Status::Failed, Some(Code::PermissionDenied))
        }
        FaultKind::WorkspaceTooLarge => (Status::Failed, Some(Code::DiskLimit)),
    };
    Verdict::bare(status, code, fault_in_words(fault), fault_details(fault))
}

fn fault_in_words(fault: &Fault) -> String {
    let step = visible_line(fault.step.as_bytes());
    let because = fault.errno.map_or_else(String::new, |number| {
        let errno = Errno::from_raw(number);
        format!(": {} ({errno:?})", errno.desc())
    });
    match &fault.kind {
        FaultKind::Setup => format!("sandbox set-up failed at {step}{because}"),
        FaultKind::Unmet => format!("cannot be enforced on this host: {step}{because}"),
        FaultKind::SetupTimeout => format!("the sandbox was not ready in time, at {step}"),
        FaultKind::Monitor => format!("monitoring failed at {step}{because}"),
        FaultKind::Unsupported => format!("platform not supported: {step}"),
        FaultKind::Cancelled => "cancelled before it started".to_owned(),
        FaultKind::NotFound { searched } => match searched.as_slice() {
            [] => "command not found inside the sandbox".to_owned(),
            [path] => format!("command not found: no {} inside the sandbox", visible_line(path.as_bytes())),
            many => format!("command not found inside the sandbox: looked at {} paths", many.len()),
        },
        FaultKind::Workdir { path } => {
            format!(
                "cannot enter the working directory {} inside the sandbox{because}",
                visible_line(path.as_bytes())
            )
        }
        FaultKind::WorkspaceTooLarge => format!("the workspace is too large to be copied{because}"),
        FaultKind::NotExecutable { path } => {
            format!("cannot execute {} inside the sandbox{because}", visible_line(path.as_bytes()))
        }
    }
}

fn fault_details(fault: &Fault) -> Details {
    let mut details = Details {
        step: (!fault.step.is_empty()).then(|| fault.step.clone()),
        errno: fault.errno,
        errno_name: fault.errno.map(|number| format!("{:?}", Errno::from_raw(number))),
        help: (!fault.help.is_empty()).then(|| fault.help.clone()),
        ..Details::default()
    };
    match &fault.kind {
        FaultKind::NotFound { searched } => details.searched = Some(searched.clone()),
        FaultKind::NotExecutable { path } => details.command = Some(path.clone()),
        FaultKind::SetupTimeout => details.limit = Some("setup".to_owned()),
        FaultKind::Workdir { path } => details.file = Some(path.clone()),
        FaultKind::Setup
        | FaultKind::Unmet
        | FaultKind::WorkspaceTooLarge
        | FaultKind::Monitor
        | FaultKind::Unsupported
        | FaultKind::Cancelled => {}
    }
    details
}

/// A case that did not run. `code` is [`Code::PrerequisiteFailed`] with the id in `needs`, or
/// `None` when nobody failed (the run was interrupted before it).
pub fn not_run(code: Option<Code>, message: impl Into<String>, needs: Option<&str>) -> Verdict {
    let details = Details { needs: needs.map(str::to_owned), ..Details::default() };
    Verdict::bare(Status::NotRun, code, message.into(), details)
}

/// A case that was stopped by the operator before it could be judged.
pub fn cancelled(message: impl Into<String>) -> Verdict {
    Verdict::bare(Status::Cancelled, None, message.into(), Details::default())
}

/// A case left out on purpose.
pub fn skipped(message: impl Into<String>) -> Verdict {
    Verdict::bare(Status::Skipped, None, message.into(), Details::default())
}

/// A command that the security policy refuses; nothing was run. `reason` says which rule.
pub fn blocked(command: &str, reason: &str) -> Verdict {
    let message = format!("blocked command {}: {reason}", visible_line(command.as_bytes()));
    let details = Details { command: Some(command.to_owned()), ..Details::default() };
    Verdict::bare(Status::Failed, Some(Code::Blocked), message, details)
}
