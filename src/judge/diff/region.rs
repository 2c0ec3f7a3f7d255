//! What is left to look at when the lines that are the same at the head and at the tail are put
//! aside. Linear, and no list of lines is made before the rest is known to be small.

use std::borrow::Cow;
use std::ops::Range;

use crate::judge::Compare;
use crate::judge::compare::{common_lines, same_kattis_token, same_token, tokens, trim_end, without_end};

/// Lines of context around a change.
pub(super) const CONTEXT: usize = 3;

/// The part of both sides that a diff is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    /// Bytes of what was expected.
    pub expected: Range<usize>,
    /// Bytes of what was found.
    pub actual: Range<usize>,
    /// Lines before it, on both sides.
    pub head: usize,
}

/// How many newlines there are.
pub(in crate::judge) fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| b == b'\n').count()
}

/// The lines, each with its newline.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&b| b == b'\n')
}

/// A line as `compare` sees it: two lines are the same if these are.
pub(super) fn key(compare: Compare, line: &[u8]) -> Cow<'_, [u8]> {
    match compare {
        Compare::Trim => Cow::Borrowed(trim_end(line)),
        Compare::Lines => Cow::Borrowed(without_end(line)),
        Compare::Kattis(flags) if !flags.space_change_sensitive => {
            let tokens: Vec<_> = tokens(line).map(|(_, token)| token).collect();
            let line = tokens.join(&b' ');
            Cow::Owned(if flags.case_sensitive { line } else { line.to_ascii_lowercase() })
        }
        Compare::Tokens | Compare::Float(_) => {
            let tokens: Vec<_> = tokens(line).map(|(_, token)| token).collect();
            Cow::Owned(tokens.join(&b' '))
        }
        // The others are never drawn as they are compared: `compare::drawn`.
        _ => Cow::Borrowed(line),
    }
}

/// Whether two lines are the same to `compare`.
pub(super) fn same_line(compare: Compare, expected: &[u8], actual: &[u8]) -> bool {
    if expected == actual {
        return true;
    }
    let same_tokens = |same: &dyn Fn(&[u8], &[u8]) -> bool| {
        let (mut left, mut right) = (tokens(expected), tokens(actual));
        loop {
            match (left.next(), right.next()) {
                (None, None) => return true,
                (Some((_, a)), Some((_, b))) if same(a, b) => {}
                _ => return false,
            }
        }
    };
    match compare {
        Compare::Trim => trim_end(expected) == trim_end(actual),
        Compare::Lines => without_end(expected) == without_end(actual),
        Compare::Kattis(flags) if !flags.space_change_sensitive => {
            same_tokens(&|a, b| same_kattis_token(flags, a, b))
        }
        Compare::Tokens => same_tokens(&|a, b| a == b),
        Compare::Float(tolerance) => same_tokens(&|a, b| same_token(tolerance, a, b)),
        _ => false,
    }
}

/// The region of two byte strings that differ: everything but equal lines at both ends, with up
/// to [`CONTEXT`] of those.
pub(super) fn region(compare: Compare, expected: &[u8], actual: &[u8]) -> Region {
    let same = common_lines(expected, actual);
    let mut start = (same, same);
    let mut head = newlines(&expected[..same]);
    for (left, right) in lines(&expected[same..]).zip(lines(&actual[same..])) {
        if !same_line(compare, left, right) {
            break;
        }
        start = (start.0 + left.len(), start.1 + right.len());
        head += 1;
    }
    let mut end = (expected.len(), actual.len());
    let mut tail = Vec::new();
    let tails = expected[start.0..]
        .split_inclusive(newline)
        .rev()
        .zip(actual[start.1..].split_inclusive(newline).rev());
    for (left, right) in tails {
        if !same_line(compare, left, right) {
            break;
        }
        end = (end.0 - left.len(), end.1 - right.len());
        // Only the last few are ever wanted: those next to the difference.
        if tail.len() == CONTEXT {
            tail.remove(0);
        }
        tail.push((left.len(), right.len()));
    }
    for (left, right) in tail.into_iter().rev() {
        end = (end.0 + left, end.1 + right);
    }
    for _ in 0..CONTEXT.min(head) {
        start = (line_before(expected, start.0), line_before(actual, start.1));
        head -= 1;
    }
    Region { expected: start.0..end.0, actual: start.1..end.1, head }
}

fn newline(byte: &u8) -> bool {
    *byte == b'\n'
}

/// Start of the line before the one that starts at `at`.
pub(super) fn line_before(bytes: &[u8], at: usize) -> usize {
    let Some(end) = at.checked_sub(1) else { return 0 };
    bytes[..end].iter().rposition(newline).map_or(0, |newline| newline + 1)
}

/// Start of the line that `at` is in.
pub(super) fn line_start(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().rposition(newline).map_or(0, |newline| newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_at_both_ends_are_put_aside_but_for_the_context() {
        let expected = b"1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let actual = b"1\n2\n3\n4\nx\ny\n6\n7\n8\n9\n";
        let found = region(Compare::Exact, expected, actual);
        assert_eq!(&expected[found.expected], b"2\n3\n4\n5\n6\n7\n8\n");
        assert_eq!(&actual[found.actual], b"2\n3\n4\nx\ny\n6\n7\n8\n");
        assert_eq!(found.head, 1);
    }

    #[test]
    fn lines_that_the_comparison_calls_equal_are_put_aside_too() {
        let found = region(Compare::Tokens, b"a  b\n1\nc d\n", b"a b\n2\nc  d");
        assert_eq!(found, Region { expected: 0..11, actual: 0..10, head: 0 });
        let found = region(Compare::Trim, b"a\n".repeat(9).as_slice(), b"a \n".repeat(8).as_slice());
        assert_eq!(found.head, 5);
    }
}
