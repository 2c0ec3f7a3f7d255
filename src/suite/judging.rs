//! Checkers and interactors in the author's words.

use std::ops::Range;

use crate::judge::Protocol;
use crate::suite::{Common, Spanned};
use crate::units::Bytes;

/// What `checker` or `interactor` says.
#[derive(Debug, Clone, PartialEq)]
pub enum JudgedBy {
    /// By nobody: what a level below says does not hold here.
    None,
    /// By this program.
    Program(Box<JudgeWords>),
}

/// A checker or an interactor.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeWords {
    /// The map.
    pub span: Range<usize>,
    /// How it is called and how it answers.
    pub protocol: Spanned<Protocol>,
    /// Command, arguments, files, limits, profile and environment.
    pub common: Common,
    /// How much of a conversation is kept.
    pub transcript: Option<Bytes>,
    /// How often the program may be run for one case.
    pub passes: Option<u32>,
}
