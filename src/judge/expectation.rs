//! [`Expectation`]: what must hold, fully decided. Every file that it needs has been read.

use std::path::PathBuf;
use std::sync::Arc;

use crate::judge::Code;

/// What must hold for a case to pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// How the program must end.
    pub exit: ExitExpectation,
    /// What standard output must be.
    pub stdout: StreamExpectation,
    /// What standard error must be.
    pub stderr: StreamExpectation,
    /// What files must be left in the workspace, in the order of the suite.
    pub files: Vec<FileExpectation>,
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
    /// By this signal.
    Signal(i32),
    /// By itself, with any exit status. A signal is no exit status (E3003), and a nonzero one after
    /// the process or the disk limit was hit has that limit's code.
    Any,
}

/// What a stream must be.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamExpectation {
    /// Anything.
    Any,
    /// Like this.
    Like(Expected),
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
    /// What it must be; `None`: it must only be there.
    pub expected: Option<Expected>,
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
}

/// Kattis' tolerance: a number is right if it is within *either* of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FloatTolerance {
    /// Greatest absolute difference.
    pub absolute: f64,
    /// Greatest difference relative to the expected number.
    pub relative: f64,
}
