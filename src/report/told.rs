//! [`Told`]: a verdict as formats for people and CI services tell it: a line, and a text.

use std::fmt::Write as _;

use super::hint;
use super::record::{AttemptRecord, CaseRecord, Expectation, ReasonKind};
use crate::judge::{Code, Status};
use crate::units::visible_line;

/// Characters of a message.
const LONGEST_MESSAGE: usize = 200;

/// The verdict on a case or on one attempt, as it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) status: Status,
    pub(super) code: Option<Code>,
    pub(super) message: &'a str,
    pub(super) limit: Option<&'a str>,
    /// What it has to do with, where that is known.
    pub(super) kind: Option<ReasonKind>,
    notes: &'a [String],
    checks: &'a [Expectation],
}

impl<'a> Told<'a> {
    /// The verdict that counts. Its checks are those of the last attempt.
    pub(super) fn of_case(case: &'a CaseRecord) -> Self {
        Self {
            status: case.status,
            code: case.code,
            message: case.message(),
            limit: case.details.limit.as_deref(),
            kind: case.reason.as_ref().map(|reason| reason.kind),
            notes: &case.notes,
            checks: case.attempts.last().map_or(&[], |attempt| &attempt.expectations),
        }
    }

    pub(super) fn of_attempt(attempt: &'a AttemptRecord) -> Self {
        Self {
            status: attempt.status,
            code: attempt.code,
            message: &attempt.message,
            limit: attempt.details.limit.as_deref(),
            kind: None,
            notes: &attempt.notes,
            checks: &attempt.expectations,
        }
    }

    /// Whether the first file that is not as expected is not there at all.
    pub(super) fn is_missing_file(&self) -> bool {
        self.checks.iter().find(|check| check.file.is_some() && !check.ok).is_some_and(|check| check.missing)
    }

    /// The line of why, for any case: empty where there is nothing to say.
    pub(super) fn why(&self) -> String {
        if self.status == Status::Passed { String::new() } else { self.line() }
    }

    /// One line of at most 200 characters, the code first: `E6002: stdout differs at line 2`.
    pub(super) fn line(&self) -> String {
        let text = visible_line(self.message.as_bytes());
        let text = match self.code {
            Some(code) => format!("{code}: {text}"),
            None if text.is_empty() => "not run".to_owned(),
            None => text,
        };
        match text.char_indices().nth(LONGEST_MESSAGE) {
            Some(_) => text.chars().take(LONGEST_MESSAGE - 1).chain(['…']).collect(),
            None => text,
        }
    }

    /// Message, place, differences, hint. The second line has a form from which readers take file and
    /// line without an attribute that the schemas forbid.
    pub(super) fn text(&self, case: &CaseRecord) -> String {
        let mut out = format!("{}\n", self.line());
        if !case.file.is_empty() {
            let _ = writeln!(out, "  at {}:{}", visible_line(case.file.as_bytes()), case.line);
        }
        for check in self.checks.iter().filter(|check| !check.ok) {
            difference(&mut out, check, self.message);
        }
        for note in self.notes {
            let _ = writeln!(out, "note: {note}");
        }
        if let Some(hint) = hint::of_record(case) {
            let _ = writeln!(out, "hint: {hint}");
        }
        out
    }
}

fn difference(out: &mut String, check: &Expectation, message: &str) {
    let name = check.name();
    let Some(diff) = &check.diff else {
        if !message.contains(&check.message) {
            let _ = writeln!(out, "{name}: {}", check.message);
        }
        return;
    };
    let compare = check.compare.as_deref().unwrap_or_default();
    let from = check.expected_from.as_deref().unwrap_or_default();
    let _ = writeln!(out, "\n{name}, {compare}, expected from {from}");
    if let Some(words) = &check.words {
        let _ = writeln!(out, "{words}");
    }
    out.push_str(diff);
    if !diff.ends_with('\n') {
        out.push('\n');
    }
    if check.diff_truncated {
        out.push_str("… the difference goes on\n");
    }
}
