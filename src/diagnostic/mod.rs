//! [`Diagnostic`]: one thing wrong with what somebody wrote, with place, reason and remedy.
//!
//! Parsers return all of them at once; `cli::render` turns them into text. Plain data.

mod nearest;

pub use nearest::nearest;

use std::ops::Range;
use std::sync::Arc;

use crate::judge::Code;
use crate::units::char_boundary;

/// A text that somebody wrote, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As the user named it: a path, `--memory`, `<stdin>`.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// One thing wrong with what somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// E1001 to E1004, E2004.
    pub code: Code,
    /// What is wrong: one line, lower case, no full stop.
    pub message: String,
    /// Where, if it is in a text.
    pub place: Option<Place>,
    /// A second place that belongs to it: "first defined here".
    pub other: Option<Place>,
    /// What to do about it; empty where the message says it all.
    pub help: String,
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The source.
    pub source: Source,
    /// Bytes of the text; may be empty.
    pub span: Range<usize>,
    /// Written beside the caret: "did you mean `timeout`?". May be empty.
    pub label: String,
}

impl Place {
    /// Line and column (in characters), both from 1, of the start of the span.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let text = &self.source.text;
        let before = &text[..char_boundary(text, self.span.start)];
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}
