//! [`Verdict`]: what is to be thought of one execution, with the evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::judge::{Code, Judged};

/// The verdict on one execution.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Verdict {
    /// Passed, failed, or not judged.
    pub status: Status,
    /// Why, when it did not pass. Also set on a pass whose expected result was this code.
    pub code: Option<Code>,
    /// One line for people: "wall limit 2s", "stdout differs at line 2".
    pub message: String,
    /// The evidence.
    pub details: Details,
    /// What was checked, each with its result; all are evaluated, also after the first that failed.
    pub checks: Vec<Check>,
    /// Facts worth knowing that did not decide: "3 forks were refused at the process limit".
    pub notes: Vec<String>,
    /// The share of the points that a checker gave, from 0 to 1; `None`: all when it passed, none
    /// otherwise.
    pub credit: Option<f64>,
}

/// Passed, failed, or not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything that was expected held.
    Passed,
    /// The program did wrong.
    Failed,
    /// We could not judge.
    Error,
    /// Not run, because something that it needs failed.
    NotRun,
    /// Stopped by the operator while it ran.
    Cancelled,
    /// Left out on purpose.
    Skipped,
    /// Failed, as it was known that it would.
    Xfailed,
}

/// The evidence behind a code. Keys that do not apply are absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// The number of the signal that ended the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The same by name: `SIGKILL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_name: Option<String>,
    /// Which limit: `wall`, `cpu`, `memory`, `processes`, `output`, `file_size`, `disk`, `setup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Its value, in `unit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_value: Option<u64>,
    /// What was measured, in `unit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<u64>,
    /// `ms`, `bytes`, `processes`, `kills`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The counter that `measured` was read from: `memory.oom_control oom_kill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The forbidden system call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syscall: Option<String>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syscall_number: Option<i64>,
    /// The blocked command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Where a command was looked for, inside the sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched: Option<Vec<String>>,
    /// The step of the set-up that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The kernel's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// The same by name: `EPERM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno_name: Option<String>,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The exit status that was expected, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The exit status that was found, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The output file that is missing or differs, or the working directory that is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The prerequisite that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// What a checker or an interactor said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<Box<Judged>>,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What.
    pub target: CheckTarget,
    /// Whether it held.
    pub ok: bool,
    /// In one line: "exit 0", "stdout differs at line 2".
    pub message: String,
    /// How it was compared: `exact`, `tokens`, …; empty for the exit status.
    pub compare: &'static str,
    /// Where the expected bytes come from; empty for the exit status.
    pub expected_from: String,
    /// The difference, where bytes were compared and found different.
    pub difference: Option<Difference>,
}

/// What a check looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckTarget {
    /// The exit status.
    Exit,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, by its path relative to the workspace.
    File(String),
    /// What it used: `cpu`, `wall`, `peak_memory`, `output`, `peak_processes`.
    Resource(&'static str),
    /// The files of the submission: a path, or what was asked of all of them.
    Source(String),
}

impl CheckTarget {
    /// `exit`, `stdout`, `stderr`, the file's path, or what it used.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Exit => "exit",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::File(path) | Self::Source(path) => path,
            Self::Resource(name) => name,
        }
    }
}

/// How two byte strings differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Line of the first difference, from 1.
    pub line: usize,
    /// Column of the first difference in bytes, from 1.
    pub column: usize,
    /// Offset of the first difference in bytes, from 0, in what was found.
    pub offset: usize,
    /// A unified diff, control characters made visible, bounded in size.
    pub unified: String,
    /// Whether the diff was cut.
    pub truncated: bool,
    /// The next weaker comparison that would have matched.
    pub near_miss: Option<NearMiss>,
    /// Where it is in words of the comparison: `$.items[3].price: 1.1, expected 1.2`.
    pub note: Option<String>,
    /// The first difference of two texts in a sentence: `line 2 differs in 1 word ("6" → "5")`.
    pub words: Option<String>,
}

/// What a weaker comparison would have ignored to match. From strict to lax: the first that would
/// have matched is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NearMiss {
    /// Only a final newline is missing or too many.
    FinalNewline,
    /// Only line ends differ (CR LF against LF).
    LineEnds,
    /// Only blanks at the ends of lines, or blank lines at the end, differ.
    TrailingSpace,
    /// Only white space differs.
    WhiteSpace,
    /// Only upper and lower case differ.
    Case,
    /// The same lines in another order.
    LineOrder,
    /// The same tokens in another order.
    TokenOrder,
    /// Numbers agree within 1e-6.
    Numeric,
}
