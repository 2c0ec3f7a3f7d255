//! The result object of a single command: what `capsule-run -- CMD` prints. One JSON object, one
//! line unless it is to be pretty.

use std::borrow::Cow;
use std::io;
use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;

use super::clock::{millis, rfc3339};
use super::encode::{base64, readable, write_json, write_json_line};
use super::{Attempt, CaseReport};
use crate::judge::{Code, Details, Family, Status, Verdict};
use crate::sandbox::outcome::{Captured, End, Enforced, Outcome, Ran};
use crate::units::visible_line;

/// The result of a single command.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultObject<'a> {
    /// The id of this execution: `--execution-id`, or a random one.
    execution_id: String,
    /// How it went.
    status: ResultStatus,
    /// The program's exit status; null unless it ended by itself.
    exit_code: Option<i32>,
    /// Standard output, as far as it was kept; bytes that are not UTF-8 read `\xNN`.
    stdout: Cow<'a, str>,
    /// The same without loss, when it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout_base64: Option<String>,
    /// Standard error, as far as it was kept; bytes that are not UTF-8 read `\xNN`.
    stderr: Cow<'a, str>,
    /// The same without loss, when it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr_base64: Option<String>,
    /// What the program used.
    metrics: Metrics,
    /// When it ran.
    timestamps: Timestamps,
    /// Which isolation and which counters were really in force; null when nothing ran.
    enforced: Option<Enforced>,
    /// What went wrong; absent on success.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
    /// Facts that decided nothing, in words: forks refused at the process limit, processes left
    /// behind, output that is not kept. Absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// How a single command went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ResultStatus {
    /// The program ended by itself, whatever its exit status.
    Success,
    /// A time limit ended it (E3001).
    Timeout,
    /// Anything else.
    Error,
}

/// What the program used. Null: nothing ran, or this host does not count it.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Metrics {
    /// From the program's start to its end.
    wall_time_ms: Option<u64>,
    /// CPU time of all its processes.
    cpu_time_ms: Option<u64>,
    /// User part of the CPU time.
    user_time_ms: Option<u64>,
    /// Kernel part of the CPU time.
    kernel_time_ms: Option<u64>,
    /// Highest memory use of all its processes together.
    max_memory_bytes: Option<u64>,
    /// Bytes read from block devices.
    io_bytes_read: Option<u64>,
    /// Bytes written to block devices.
    io_bytes_written: Option<u64>,
}

/// RFC 3339, UTC, milliseconds. Null when nothing was tried.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Timestamps {
    /// When the program was started.
    started: Option<String>,
    /// When its last process was gone.
    completed: Option<String>,
}

/// What went wrong.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ErrorObject {
    /// The E-code; null when the run was cancelled.
    code: Option<Code>,
    /// One line for people.
    message: String,
    /// The evidence; keys that do not apply are absent.
    details: Details,
}

impl<'a> ResultObject<'a> {
    /// The result of a command. The last attempt counts; a case without one was refused before it
    /// started.
    #[must_use]
    pub fn new(report: &'a CaseReport, execution_id: &str) -> Self {
        let mut result = Self::empty(execution_id);
        let ran = match report.attempts.last() {
            Some(attempt) => result.attempt(attempt),
            None => None,
        };
        result.status = status(&report.verdict, ran);
        result.notes.clone_from(&report.verdict.notes);
        if result.status != ResultStatus::Success {
            result.error = Some(ErrorObject {
                code: report.verdict.code,
                message: message(report),
                details: report.verdict.details.clone(),
            });
        }
        result
    }

    /// The result of a command that was refused before there was a case: a request that cannot be
    /// parsed, a profile that does not exist.
    #[must_use]
    pub fn refused(execution_id: &str, code: Code, message: &str) -> Self {
        let mut result = Self::empty(execution_id);
        result.error = Some(ErrorObject {
            code: Some(code),
            message: visible_line(message.as_bytes()),
            details: Details::default(),
        });
        result
    }

    /// The same for an operator who does not want usage reported (`enable_resource_tracking = false`): of
    /// the metrics only the wall time is left.
    #[must_use]
    pub fn untracked(mut self) -> Self {
        self.metrics = Metrics { wall_time_ms: self.metrics.wall_time_ms, ..Metrics::default() };
        self
    }

    /// Bytes of text that the program has printed, as far as they are in this.
    #[must_use]
    pub fn said(&self) -> usize {
        self.stdout.len() + self.stderr.len()
    }

    /// Writes it as JSON with a newline at its end: on one line, or indented.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, pretty: bool, out: &mut dyn io::Write) -> io::Result<()> {
        if pretty { write_json(self, out) } else { write_json_line(self, out) }
    }

    fn empty(execution_id: &str) -> Self {
        Self {
            execution_id: execution_id.to_owned(),
            status: ResultStatus::Error,
            exit_code: None,
            stdout: Cow::Borrowed(""),
            stdout_base64: None,
            stderr: Cow::Borrowed(""),
            stderr_base64: None,
            metrics: Metrics::default(),
            timestamps: Timestamps::default(),
            enforced: None,
            error: None,
            notes: Vec::new(),
        }
    }

    /// Takes over what is known of an attempt; the facts of the program, if it ran.
    fn attempt(&mut self, attempt: &'a Attempt) -> Option<&'a Ran> {
        match &attempt.outcome {
            Outcome::Ran(ran) => {
                self.ran(ran);
                Some(ran)
            }
            Outcome::NotStarted(_) => {
                self.timestamps = Timestamps::new(attempt.started, attempt.started + attempt.duration);
                None
            }
        }
    }

    fn ran(&mut self, ran: &'a Ran) {
        self.exit_code = own_exit(ran);
        (self.stdout, self.stdout_base64) = stream(&ran.stdout);
        (self.stderr, self.stderr_base64) = stream(&ran.stderr);
        self.metrics = Metrics {
            wall_time_ms: Some(millis(ran.usage.wall)),
            cpu_time_ms: Some(millis(ran.usage.cpu)),
            user_time_ms: Some(millis(ran.usage.user)),
            kernel_time_ms: Some(millis(ran.usage.kernel)),
            max_memory_bytes: Some(ran.usage.memory_peak.0),
            io_bytes_read: ran.usage.io_read.map(|bytes| bytes.0),
            io_bytes_written: ran.usage.io_written.map(|bytes| bytes.0),
        };
        self.timestamps = Timestamps::new(ran.started, ran.completed);
        self.enforced = Some(ran.enforced.clone());
    }
}

impl Timestamps {
    fn new(started: SystemTime, completed: SystemTime) -> Self {
        Self { started: Some(rfc3339(started)), completed: Some(rfc3339(completed)) }
    }
}

/// The exit status, when the program ended by itself.
fn own_exit(ran: &Ran) -> Option<i32> {
    match ran.end {
        End::Exited(status) if ran.killed_by.is_none() => Some(status),
        End::Exited(_) | End::Signaled { .. } | End::Killed => None,
    }
}

fn stream(captured: &Captured) -> (Cow<'_, str>, Option<String>) {
    match std::str::from_utf8(&captured.bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(_) => (Cow::Owned(readable(&captured.bytes)), Some(base64(&captured.bytes))),
    }
}

/// What a suite would expect of the program is not asked here: a wrong exit status is a success.
fn status(verdict: &Verdict, ran: Option<&Ran>) -> ResultStatus {
    if verdict.code == Some(Code::Timeout) {
        return ResultStatus::Timeout;
    }
    let judged = matches!(verdict.status, Status::Passed | Status::Failed);
    let own_fault = verdict.code.is_none_or(|code| code.family() == Family::Expectation);
    if judged && own_fault && ran.and_then(own_exit).is_some() {
        ResultStatus::Success
    } else {
        ResultStatus::Error
    }
}

/// The wording that users of the tool know, where they know one.
fn message(report: &CaseReport) -> String {
    let verdict = &report.verdict;
    match (verdict.code, verdict.details.signal) {
        (Some(Code::PermissionDenied), _)
            if matches!(verdict.details.errno_name.as_deref(), None | Some("EACCES")) =>
        {
            "Permission denied".to_owned()
        }
        (Some(Code::CommandNotFound), _) => {
            let command = report.case.argv.first().map(|argument| visible_line(argument.as_bytes()));
            format!("Command '{}' not found", command.unwrap_or_default())
        }
        (Some(Code::Signal), Some(signal)) => format!("Process killed by signal {signal}"),
        _ => visible_line(verdict.message.as_bytes()),
    }
}
