//! [`Expect`]: what must hold for a case to pass, in the author's words.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::judge::{Code, Compare, Redaction, ResourceExpectation};
use crate::suite::{Content, Spanned};
use crate::units::Nothing;

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
    pub files: Vec<(PathBuf, ExpectFile)>,
    /// The code that the case must end with.
    pub code: Option<Code>,
    /// What it may have used.
    pub resources: Vec<Spanned<ResourceExpectation>>,
    /// What is replaced before anything is compared.
    pub redact: Vec<Redaction>,
}

impl Nothing for Expect {
    fn nothing() -> &'static Self {
        static NOTHING: LazyLock<Expect> = LazyLock::new(Expect::default);
        &NOTHING
    }
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
    /// Like each of these.
    Every(Vec<ExpectBytes>),
}

/// What a file must be.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectFile {
    /// There, and like this.
    Is(ExpectBytes),
    /// Not there.
    Absent,
}

/// How a program must end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// With one of these statuses; never empty.
    OneOf(Vec<i32>),
    /// With any status but 0.
    Nonzero,
    /// With any status but this one.
    Not(i32),
    /// By this signal.
    Signal(i32),
    /// In any way.
    Any,
}
