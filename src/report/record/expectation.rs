//! [`Expectation`]: one thing that was checked.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::judge::{Check, CheckTarget, Difference, NearMiss};
use crate::sandbox::outcome::{FileProblem, Ran};

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// What.
    pub target: Target,
    /// The file's path relative to the workspace, where `target` is `file`.
    pub file: Option<String>,
    /// How it was compared; null for the exit status.
    pub compare: Option<Cow<'static, str>>,
    /// Whether it held.
    pub ok: bool,
    /// In one line.
    pub message: String,
    /// Where the expected bytes come from; null for the exit status.
    pub expected_from: Option<String>,
    /// Whether it is a file that is not there.
    pub missing: bool,
    /// Where the first difference is, where bytes were compared and found different.
    pub first_difference: Option<FirstDifference>,
    /// The next weaker comparison that would have matched.
    pub near_miss: Option<NearMiss>,
    /// The first difference of two texts in a sentence.
    #[serde(default)]
    pub words: Option<String>,
    /// A unified diff with control characters made visible.
    pub diff: Option<String>,
    /// Whether the diff was cut.
    pub diff_truncated: bool,
}

/// What a check looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The exit status.
    Exit,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file.
    File,
    /// What it used.
    Resource,
    /// The files that were handed in.
    Source,
}

/// Where the first difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FirstDifference {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// Offset in bytes, from 0, in what was found.
    pub byte: usize,
}

impl Expectation {
    pub(super) fn new(check: &Check, ran: Option<&Ran>) -> Self {
        let (target, file) = match &check.target {
            CheckTarget::Exit => (Target::Exit, None),
            CheckTarget::Stdout => (Target::Stdout, None),
            CheckTarget::Stderr => (Target::Stderr, None),
            CheckTarget::File(path) => (Target::File, Some(path.as_str())),
            CheckTarget::Resource(_) => (Target::Resource, None),
            CheckTarget::Source(path) => (Target::Source, Some(path.as_str())),
        };
        let difference = check.difference.as_ref();
        Self {
            target,
            file: file.map(str::to_owned),
            compare: Some(check.compare).filter(|compare| !compare.is_empty()).map(Cow::Borrowed),
            ok: check.ok,
            message: check.message.clone(),
            expected_from: Some(&check.expected_from).filter(|from| !from.is_empty()).cloned(),
            missing: file.is_some_and(|path| ran.is_some_and(|ran| is_missing(ran, path))),
            first_difference: difference.map(FirstDifference::new),
            near_miss: difference.and_then(|difference| difference.near_miss),
            words: difference.and_then(|difference| difference.words.clone()),
            diff: difference.map(|difference| difference.unified.clone()),
            diff_truncated: difference.is_some_and(|difference| difference.truncated),
        }
    }

    /// `exit`, `stdout`, `stderr`, or the file's path.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.target {
            Target::Exit => "exit",
            Target::Stdout => "stdout",
            Target::Stderr => "stderr",
            Target::Resource => "resources",
            Target::File | Target::Source => self.file.as_deref().unwrap_or_default(),
        }
    }
}

impl FirstDifference {
    fn new(difference: &Difference) -> Self {
        Self { line: difference.line, column: difference.column, byte: difference.offset }
    }
}

fn is_missing(ran: &Ran, path: &str) -> bool {
    ran.files.iter().any(|file| file.path.to_str() == Some(path) && file.content == Err(FileProblem::Missing))
}
