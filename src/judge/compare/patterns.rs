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

/// Patterns and lines of a change that are compared each with each; above it, in their order only.
const MOST_PAIRS: usize = 250_000;

/// What matches `actual` with as many of the patterns as still do, in their order; other lines mean
/// themselves.
pub(super) fn kept(compare: Compare, expected: &[u8], actual: &[u8]) -> Vec<u8> {
    let patterns: Vec<_> = plain_lines(expected).map(|(_, line)| line).collect();
    let lines: Vec<_> = plain_lines(actual).map(|(_, line)| line).collect();
    let compiled: Vec<_> = patterns.iter().map(|pattern| Compiled::new(compare, pattern)).collect();
    let partners = if compiled.len().saturating_mul(lines.len()) <= MOST_PAIRS {
        longest_common(&compiled, &lines)
    } else {
        let fits = |(at, line): (usize, &&[u8])| compiled.get(at)?.is_match(line).then_some(at);
        lines.iter().enumerate().map(fits).collect()
    };
    let mut out = Vec::with_capacity(actual.len());
    for (line, partner) in lines.iter().zip(partners) {
        match partner {
            Some(pattern) => out.extend_from_slice(patterns[pattern]),
            None => out.extend(escaped(line)),
        }
        out.push(b'\n');
    }
    out
}

/// For each line the pattern that it is kept as: of all ways the one that keeps most.
fn longest_common(patterns: &[Compiled<'_>], lines: &[&[u8]]) -> Vec<Option<usize>> {
    let (rows, columns) = (patterns.len(), lines.len());
    let fits: Vec<Vec<bool>> =
        patterns.iter().map(|one| lines.iter().map(|line| one.is_match(line)).collect()).collect();
    let mut best = vec![vec![0_usize; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let with = if fits[row][column] { 1 + best[row + 1][column + 1] } else { 0 };
            best[row][column] = with.max(best[row + 1][column]).max(best[row][column + 1]);
        }
    }
    let mut kept = vec![None; columns];
    let (mut row, mut column) = (0, 0);
    while row < rows && column < columns {
        if fits[row][column] && best[row][column] == 1 + best[row + 1][column + 1] {
            kept[column] = Some(row);
            (row, column) = (row + 1, column + 1);
        } else if best[row][column] == best[row + 1][column] {
            row += 1;
        } else {
            column += 1;
        }
    }
    kept
}

/// A line that was read as a pattern once, for many lines.
enum Compiled<'a> {
    Literal(&'a [u8]),
    Pattern(Pattern),
}

impl<'a> Compiled<'a> {
    fn new(compare: Compare, line: &'a [u8]) -> Self {
        let text = std::str::from_utf8(line).ok().filter(|_| !is_literal(line));
        let pattern = text.and_then(|text| match compare {
            Compare::Glob => Pattern::glob(text).ok(),
            _ => Pattern::whole(text).ok(),
        });
        pattern.map_or(Self::Literal(line), Self::Pattern)
    }

    fn is_match(&self, line: &[u8]) -> bool {
        match self {
            Self::Literal(literal) => *literal == line,
            Self::Pattern(pattern) => pattern.is_match(line),
        }
    }
}

/// The line as a pattern that means itself.
fn escaped(line: &[u8]) -> Vec<u8> {
    let special = |byte: &u8| !is_literal(std::slice::from_ref(byte));
    line.iter().flat_map(|byte| if special(byte) { vec![b'\\', *byte] } else { vec![*byte] }).collect()
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
