//! One line for each case that ended.

use unicode_width::UnicodeWidthStr as _;

use super::amount::{bracketed, points};
use super::style::{TextStyle, padded};
use super::word::{paint, word};
use crate::judge::Status;
use crate::report::CaseReport;

/// Columns before the id: the word, the time and their blanks.
const LEAD: usize = 22;
/// Columns behind these in which there is room for nothing but an id.
const NARROW: usize = 28;

/// One case on one line, for a terminal; without a newline:
/// `     FAIL [  0.118s] basic/sum[n=3]               stdout differs at line 2             0/5`.
#[must_use]
pub fn case_line(report: &CaseReport, style: &TextStyle) -> String {
    let tail = if report.case.points > 0.0 { score(report) } else { String::new() };
    format!("{} {}", lead(report, style), columns(report, style, &tail))
}

/// One case on one line, for a log; without a newline:
/// `     FAIL [  0.118s] ( 3/42) basic/sum[n=3]: stdout differs at line 2`.
#[must_use]
pub fn counted_case_line(report: &CaseReport, done: usize, total: usize, style: &TextStyle) -> String {
    let digits = total.to_string().len();
    let id = style.safe(style.id(report));
    let reason = style.safe(&reason(report, style));
    let colon = if reason.is_empty() { "" } else { ": " };
    format!("{} ({done:>digits$}/{total}) {id}{colon}{reason}", lead(report, style))
}

/// Id, reason and a tail in columns that fit the terminal.
pub(super) fn columns(report: &CaseReport, style: &TextStyle, tail: &str) -> String {
    let room = style.width.saturating_sub(1 + LEAD).max(8);
    if room < NARROW {
        return style.fit(&style.safe(style.id(report)), room);
    }
    let tail_columns = if tail.is_empty() { 0 } else { tail.width() + 2 };
    let id = style.safe(style.id(report));
    let reason = style.safe(&reason(report, style));
    if reason.is_empty() && tail.is_empty() {
        return style.fit(&id, room);
    }
    let id_columns = if reason.is_empty() { room.saturating_sub(tail_columns) } else { id_room(room) };
    let id = padded(&style.fit(&id, id_columns), id_columns);
    if reason.is_empty() {
        return format!("{id}  {tail}");
    }
    let reason_columns = room.saturating_sub(id_columns + 1 + tail_columns);
    let reason = style.fit(&reason, reason_columns);
    if tail.is_empty() {
        return format!("{id} {reason}").trim_end().to_owned();
    }
    format!("{id} {}  {tail}", padded(&reason, reason_columns))
}

/// Ids get two fifths of the room, and not more than they use as a rule.
fn id_room(room: usize) -> usize {
    (room * 2 / 5).min(40)
}

/// The word and the time.
pub(super) fn lead(report: &CaseReport, style: &TextStyle) -> String {
    let word = format!("{:>9}", word(report, style));
    // A program that was given a secret could tell it by the time that it takes.
    let took = report.duration().filter(|_| style.sees(report));
    format!("{} {}", style.paint(paint(report, style), &word), bracketed(took))
}

/// `0/5`.
fn score(report: &CaseReport) -> String {
    format!("{}/{}", points(report.score()), points(report.case.points))
}

/// Why the word is not PASS; empty where there is nothing to say.
///
/// A message can tell what was expected, so that of a hidden case a student is told the kind only.
pub(super) fn reason(report: &CaseReport, style: &TextStyle) -> String {
    let verdict = &report.verdict;
    if !style.audience.sees(report.case.visibility) {
        return match verdict.code {
            Some(code) if verdict.status != Status::Passed => code.title().to_owned(),
            _ => String::new(),
        };
    }
    if verdict.status != Status::Passed {
        return verdict.message.clone();
    }
    match report.leaked() {
        0 if report.is_flaky() => format!("passed on try {}", report.attempts.len()),
        0 => verdict.notes.first().cloned().unwrap_or_default(),
        1 => "1 process killed after exit".to_owned(),
        leaked => format!("{leaked} processes killed after exit"),
    }
}
