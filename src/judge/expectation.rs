//! [`Expectation`]: what must hold, fully decided. Every file that it needs has been read.

use std::path::PathBuf;
use std::sync::Arc;

use crate::judge::{Code, FileGlob};

/// What must hold for a case to pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectation {
    /// How the program must end.
    pub exit: ExitExpectation,
    /// What standard output must be.
    pub stdout: StreamExpectation,
    /// What standard error must be.
    pub stderr: StreamExpectation,
    /// What files must be left in the workspace, in the order of the suite.
    pub files: Vec<FileExpectation>,
    /// What it may have used, measured.
    pub resources: Vec<ResourceExpectation>,
    /// What is replaced in all that it wrote before that is compared.
    pub redact: Vec<Redaction>,
    /// The code that the case must end with, when hitting a limit is the expected result. The
    /// other expectations are then not looked at, unless `code` is one that they themselves give.
    pub code: Option<Code>,
    /// Whether a failure is called [`Code::BuildFailed`]: this is a build step.
    pub build: bool,
}

/// How the program must end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitExpectation {
    /// With one of these statuses.
    OneOf(Vec<i32>),
    /// With any status but 0.
    Nonzero,
    /// With any status but this one.
    Not(i32),
    /// By this signal.
    Signal(i32),
    /// By itself, with any exit status. A signal is no exit status (E3003), and a nonzero one after
    /// the process or the disk limit was hit has that limit's code.
    Any,
}

/// What a stream must be.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum StreamExpectation {
    /// Anything.
    #[default]
    Any,
    /// Like this.
    Like(Expected),
    /// Like each of these.
    Every(Vec<Expected>),
}

/// Bytes to compare with, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// Where they come from, for messages: a path relative to the suite, or `the suite`.
    pub source: String,
    /// How they are compared.
    pub compare: Compare,
}

/// A file that must be left in the workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct FileExpectation {
    /// Relative to the workspace.
    pub path: PathBuf,
    /// What it must be; `None`: it must only be there, or not be there.
    pub expected: Option<Expected>,
    /// It must not be there.
    pub absent: bool,
    /// Instead of one path: all that this matches, of which none must be there.
    pub glob: Option<FileGlob>,
}

/// How bytes are compared. Comparison works on bytes; nothing has to be UTF-8.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Compare {
    /// Every byte counts.
    Exact,
    /// White space at the end of lines and blank lines at the end do not count.
    Trim,
    /// Only the sequence of blank-separated tokens counts.
    Tokens,
    /// Like [`Compare::Tokens`], with numbers compared within a tolerance.
    Float(FloatTolerance),
    /// The sequence of lines: line ends (CR LF or LF) and a missing final newline do not count.
    Lines,
    /// The same lines in any order; blanks at their ends and blank lines at the end do not count.
    Unordered,
    /// Each expected line is a regular expression that the whole line must match.
    Regex,
    /// Each expected line is a glob (`*`, `?`) that the whole line must match.
    Glob,
    /// The expected bytes occur somewhere.
    Contains,
    /// The expected bytes occur nowhere.
    Lacks,
    /// The same JSON value; numbers within a tolerance, where there is one.
    Json(Option<FloatTolerance>),
    /// The expected text is the SHA-256 of what was found, in hex.
    Sha256,
    /// As the default validator of the Kattis problem format compares.
    Kattis(KattisFlags),
}

/// The flags of the default validator of the Kattis problem format. Without any: tokens, upper and
/// lower case the same.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct KattisFlags {
    /// Upper and lower case differ.
    pub case_sensitive: bool,
    /// White space counts.
    pub space_change_sensitive: bool,
    /// Numbers within either tolerance are the same.
    pub tolerance: Option<FloatTolerance>,
}

/// What a program may have used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceExpectation {
    /// What was measured.
    pub resource: Resource,
    /// How it is compared with `amount`.
    pub order: Order,
    /// Milliseconds, bytes, or processes.
    pub amount: u64,
}

/// What is measured of a program that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// CPU time, in milliseconds.
    Cpu,
    /// Wall-clock time, in milliseconds.
    Wall,
    /// The peak of memory, in bytes.
    PeakMemory,
    /// Standard output and standard error together, in bytes.
    Output,
    /// The most processes at one time.
    PeakProcesses,
}

/// How a measured amount is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// What is replaced in what was found before it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// A regular expression; checked when the suite was read.
    pub pattern: String,
    /// What stands there instead, as it is.
    pub with: String,
}

impl Default for ExitExpectation {
    fn default() -> Self {
        Self::OneOf(vec![0])
    }
}

/// Kattis' tolerance: a number is right if it is within *either* of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FloatTolerance {
    /// Greatest absolute difference.
    pub absolute: f64,
    /// Greatest difference relative to the expected number.
    pub relative: f64,
}
