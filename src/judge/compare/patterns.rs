//! Lines against patterns, one a line: regular expressions or globs.

use crate::judge::compare::lines::{first, plain_lines};
use crate::judge::compare::{Mismatch, trim_end};
use crate::judge::{Compare, Pattern};

/// Whether a line matches the pattern that an expected line is. What is no pattern, a line that is
/// no UTF-8 say, matches itself only.
fn matches(compare: Compare, ignore_case: bool, pattern: &[u8], line: &[u8]) -> bool {
    if is_literal(pattern) && !ignore_case {
        return pattern == line;
    }
    let Ok(text) = std::str::from_utf8(pattern) else { return pattern == line };
    let folded = |text: &str| if ignore_case { format!("(?i){text}") } else { text.to_owned() };
    let compiled = match compare {
        Compare::Glob if ignore_case => Pattern::glob(&text.to_ascii_lowercase()),
        Compare::Glob => Pattern::glob(text),
        _ => Pattern::whole(&folded(text)),
    };
    let lower = if ignore_case { line.to_ascii_lowercase() } else { Vec::new() };
    let line = if ignore_case { &lower } else { line };
    compiled.is_ok_and(|pattern| pattern.is_match(line))
}

/// Most lines of an expected output mean themselves; nothing is compiled for them.
fn is_literal(pattern: &[u8]) -> bool {
    !pattern.iter().any(|b| b"\\.+*?()|[]{}^$#".contains(b))
}

pub(super) fn mismatch(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    first(expected, actual, |_, pattern, line| matches(compare, false, pattern, line))
}

/// Whether all would match without the blanks at the ends of lines.
pub(super) fn but_for_blanks(compare: Compare, expected: &[u8], actual: &[u8]) -> bool {
    let mismatch = first(expected, trim_end(actual), |_, pattern, line| {
        matches(compare, false, trim_end(pattern), trim_end(line))
    });
    mismatch.is_none()
}

/// Whether all would match if upper and lower case were the same.
pub(super) fn but_for_case(compare: Compare, expected: &[u8], actual: &[u8]) -> bool {
    first(expected, actual, |_, pattern, line| matches(compare, true, pattern, line)).is_none()
}

/// What was expected with each pattern that matches its line replaced by that line: the diff then
/// shows only the others.
pub(super) fn filled_in(compare: Compare, expected: &[u8], actual: &[u8]) -> Vec<u8> {
    let mut lines = plain_lines(actual).map(|(_, line)| line);
    let mut out = Vec::with_capacity(actual.len());
    for (_, pattern) in plain_lines(expected) {
        let line = lines.next().filter(|line| matches(compare, false, pattern, line));
        out.extend_from_slice(line.unwrap_or(pattern));
        out.push(b'\n');
    }
    out
}
