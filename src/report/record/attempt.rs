//! [`AttemptRecord`]: one attempt at a case.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Capture, Expectation, LimitsRecord, Moment, Resources};
use crate::judge::{Code, Details, Status};
use crate::report::Attempt;
use crate::report::clock::millis;
use crate::report::encode::base64;
use crate::resolve::ResolvedCase;
use crate::sandbox::outcome::{End, Enforced, Fault, FaultKind, KillReason, Outcome, Ran};

/// One attempt at a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub struct AttemptRecord {
    /// Its number, from 1.
    pub n: usize,
    /// RFC 3339, UTC, milliseconds.
    pub started_at: Moment,
    /// From request to result, sandbox included.
    pub duration_ms: u64,
    /// What is to be thought of it.
    pub status: Status,
    /// Why.
    pub code: Option<Code>,
    /// The same in one line for people; empty when it passed.
    pub message: String,
    /// The evidence behind the code; keys that do not apply are absent.
    pub details: Details,
    /// Facts worth knowing that did not decide.
    pub notes: Vec<String>,
    /// What was executed and how it ended.
    pub exec: ExecRecord,
    /// Why the program never ran; null when it did.
    pub fault: Option<FaultRecord>,
    /// What it used; null when it never ran.
    pub resources: Option<Resources>,
    /// The limits that were in force.
    pub limits: LimitsRecord,
    /// The profile that its limits started from.
    pub profile: String,
    /// Which isolation and which counters were really in force; null when it never ran.
    pub enforced: Option<Enforced>,
    /// Processes that were still alive when the program had ended, and were killed.
    pub leaked_processes: u32,
    /// What it wrote on standard output; null when it never ran.
    pub stdout: Option<Capture>,
    /// What it wrote on standard error; null when it never ran.
    pub stderr: Option<Capture>,
    /// What was checked; all are evaluated, also after the first that failed.
    pub expectations: Vec<Expectation>,
}

/// What was executed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Exec")]
pub struct ExecRecord {
    /// Program and arguments.
    pub argv: Vec<Text>,
    /// Its exit status, when it exited.
    pub exit_code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
    /// Whether the kernel says that a core was dumped.
    pub core_dumped: bool,
    /// Why we ended it, if we did.
    pub killed_by: Option<Cow<'static, str>>,
}

/// A byte string: text, or an object with base64 where it is not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Text {
    /// It is UTF-8.
    Utf8(String),
    /// It is not.
    Binary {
        /// The bytes.
        base64: String,
    },
}

/// Why the program never ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Fault")]
pub struct FaultRecord {
    /// Of what kind.
    pub kind: Cow<'static, str>,
    /// The step that failed, in words.
    pub step: String,
    /// The kernel's answer.
    pub errno: Option<i32>,
    /// What a person can do about it.
    pub help: Option<String>,
}

impl AttemptRecord {
    pub(super) fn new(n: usize, case: &ResolvedCase, attempt: &Attempt) -> Self {
        let (ran, fault) = match &attempt.outcome {
            Outcome::Ran(ran) => (Some(&**ran), None),
            Outcome::NotStarted(fault) => (None, Some(fault)),
        };
        let verdict = &attempt.verdict;
        let message = if verdict.status == Status::Passed { String::new() } else { verdict.message.clone() };
        Self {
            n,
            started_at: attempt.started.into(),
            duration_ms: millis(attempt.duration),
            status: verdict.status,
            code: verdict.code,
            message,
            details: verdict.details.clone(),
            notes: verdict.notes.clone(),
            exec: ExecRecord::new(case, ran),
            fault: fault.map(FaultRecord::new),
            resources: ran.map(Resources::new),
            limits: LimitsRecord::new(&case.limits, verdict),
            profile: case.profile.to_string(),
            enforced: ran.map(|ran| ran.enforced.clone()),
            leaked_processes: ran.map_or(0, |ran| ran.leaked),
            stdout: ran.map(|ran| Capture::new(&ran.stdout)),
            stderr: ran.map(|ran| Capture::new(&ran.stderr)),
            expectations: verdict.checks.iter().map(|check| Expectation::new(check, ran)).collect(),
        }
    }

    /// When it had ended.
    #[must_use]
    pub fn ended_at(&self) -> Moment {
        self.started_at.plus_millis(self.duration_ms)
    }
}

impl ExecRecord {
    fn new(case: &ResolvedCase, ran: Option<&Ran>) -> Self {
        let (exit_code, signal, core_dumped) = match ran.map(|ran| ran.end) {
            Some(End::Exited(status)) => (Some(status), None, false),
            Some(End::Signaled { signal, core_dumped }) => (None, Some(signal), core_dumped),
            Some(End::Killed) | None => (None, None, false),
        };
        Self {
            argv: case.argv.iter().map(|argument| Text::new(argument.as_bytes())).collect(),
            exit_code,
            signal,
            core_dumped,
            killed_by: ran.and_then(|ran| ran.killed_by.as_ref()).map(|by| kill_reason(by).into()),
        }
    }
}

fn kill_reason(reason: &KillReason) -> &'static str {
    match reason {
        KillReason::ForbiddenSyscall { .. } => "forbidden_syscall",
        KillReason::Output => "output",
        KillReason::Wall => "wall",
        KillReason::Cpu => "cpu",
        KillReason::Memory => "memory",
        KillReason::Cancelled => "cancelled",
    }
}

impl Text {
    fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Utf8(text.to_owned()),
            Err(_) => Self::Binary { base64: base64(bytes) },
        }
    }
}

impl FaultRecord {
    fn new(fault: &Fault) -> Self {
        let kind = match fault.kind {
            FaultKind::Setup => "setup",
            FaultKind::SetupTimeout => "setup_timeout",
            FaultKind::Unmet => "unmet",
            FaultKind::Monitor => "monitor",
            FaultKind::Unsupported => "unsupported",
            FaultKind::Cancelled => "cancelled",
            FaultKind::NotFound { .. } => "not_found",
            FaultKind::NotExecutable { .. } => "not_executable",
            FaultKind::Workdir { .. } => "workdir",
            FaultKind::WorkspaceTooLarge => "workspace_too_large",
        };
        Self {
            kind: kind.into(),
            step: fault.step.clone(),
            errno: fault.errno,
            help: Some(&fault.help).filter(|help| !help.is_empty()).cloned(),
        }
    }
}
