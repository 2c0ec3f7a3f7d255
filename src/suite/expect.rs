//! [`Expect`]: what must hold for a case to pass, in the author's words.

use std::ops::Range;
use std::path::PathBuf;

use crate::judge::Code;
use crate::suite::{Content, Spanned};

/// What must hold, as far as somebody said it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expect {
    /// The `expect` key and all below it.
    pub span: Option<Range<usize>>,
    /// How the program must end.
    pub exit: Option<Exit>,
    /// Standard output.
    pub stdout: Option<ExpectBytes>,
    /// Standard error.
    pub stderr: Option<ExpectBytes>,
    /// Files left in the workspace, in the order of the file.
    pub files: Vec<(PathBuf, ExpectBytes)>,
    /// The code that the case must end with.
    pub code: Option<Code>,
}

/// What bytes must be.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectBytes {
    /// Anything; a file must be there.
    Any,
    /// Like this.
    Like {
        /// The bytes.
        content: Spanned<Content>,
        /// How they are compared; `None`: as the defaults say.
        compare: Option<Compare>,
    },
}

/// How a program must end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// With one of these statuses; never empty.
    OneOf(Vec<i32>),
    /// With any status but 0.
    Nonzero,
    /// By this signal.
    Signal(i32),
    /// In any way.
    Any,
}

/// How bytes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Compare {
    /// Every byte counts.
    Exact,
    /// White space at the end of lines and blank lines at the end do not count.
    Trim,
    /// Only the blank-separated tokens count.
    Tokens,
    /// Like tokens, with numbers within either tolerance.
    Float {
        /// Greatest absolute difference.
        absolute: f64,
        /// Greatest difference relative to the expected number.
        relative: f64,
    },
}
