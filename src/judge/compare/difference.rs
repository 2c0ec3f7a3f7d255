//! [`compare`]: from two byte strings to a [`Difference`] that a person can read.

use crate::judge::compare::drawn::drawn;
use crate::judge::compare::mismatch::{Parting, parting};
use crate::judge::compare::near_miss::near_miss;
use crate::judge::compare::words::in_words;
use crate::judge::{Compare, Difference, diff};

/// How `actual` differs from `expected`; `None` when it does not.
#[must_use]
pub fn compare(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<Difference> {
    let Parting { at, note } = parting(compare, expected, actual)?;
    let before = &actual[..at.actual];
    let line = diff::newlines(before) + 1;
    let is_text = !diff::is_binary(expected, actual, at.actual);
    let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
    let drawn = drawn(compare, expected, actual, at);
    let text = diff::unified(drawn.compare, &drawn.expected, &drawn.actual, drawn.at, diff::USUAL_LINES);
    Some(Difference {
        line,
        column: at.actual - line_start + 1,
        offset: at.actual,
        unified: text.text,
        truncated: text.truncated,
        near_miss: near_miss(compare, expected, actual),
        note,
        words: if is_text { in_words(compare, expected, actual, at, line) } else { None },
    })
}

/// A diff of the two with at most `most` lines, and whether there is more; `None` when `compare`
/// finds no difference.
#[must_use]
pub fn diff_of(compare: Compare, expected: &[u8], actual: &[u8], most: usize) -> Option<(String, bool)> {
    let Parting { at, .. } = parting(compare, expected, actual)?;
    let drawn = drawn(compare, expected, actual, at);
    let diff = diff::unified(drawn.compare, &drawn.expected, &drawn.actual, drawn.at, most);
    Some((diff.text, diff.truncated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::FloatTolerance;

    const FLOAT: Compare = Compare::Float(FloatTolerance { absolute: 1e-6, relative: 1e-6 });

    fn same(mode: Compare, expected: &[u8], actual: &[u8]) -> bool {
        compare(mode, expected, actual).is_none()
    }

    /// Each row: expected, actual, and whether exact, trim, tokens and float call them the same.
    type Row = (&'static [u8], &'static [u8], [bool; 4]);

    #[test]
    fn each_comparison_ignores_what_it_says_and_nothing_else() {
        const YES: bool = true;
        const NO: bool = false;
        let rows: &[Row] = &[
            (b"", b"", [YES, YES, YES, YES]),
            (b"a\n", b"a\n", [YES, YES, YES, YES]),
            (b"a\n", b"a", [NO, YES, YES, YES]),
            (b"a\n", b"a\n\n\n", [NO, YES, YES, YES]),
            (b"", b"\n \n", [NO, YES, YES, YES]),
            (b"a\nb\n", b"a\r\nb\r\n", [NO, YES, YES, YES]),
            (b"a\nb\n", b"a  \nb\t\n", [NO, YES, YES, YES]),
            (b"a\nb\n", b"a\n\nb\n", [NO, NO, YES, YES]),
            (b"a b", b"a  b", [NO, NO, YES, YES]),
            (b"a b", b" a b", [NO, NO, YES, YES]),
            (b"a b", b"a\nb", [NO, NO, YES, YES]),
            (b"a b", b"a\x0bb", [NO, NO, YES, YES]),
            (b"ab", b"a b", [NO, NO, NO, NO]),
            (b"a", b"A", [NO, NO, NO, NO]),
            (b"a", b"a b", [NO, NO, NO, NO]),
            (b"a b", b"a", [NO, NO, NO, NO]),
            (b"1.0", b"1", [NO, NO, NO, YES]),
            (b"1", b"1.0000001", [NO, NO, NO, YES]),
            (b"1", b"1.1", [NO, NO, NO, NO]),
            (b"a\0b", b"a\0b", [YES, YES, YES, YES]),
            (b"a\0b", b"a b", [NO, NO, NO, NO]),
            (b"a", b"a\0", [NO, NO, NO, NO]),
            (b"\xff\xfe", b"\xff\xfe\n", [NO, YES, YES, YES]),
            (b"\xff", b"\xfe", [NO, NO, NO, NO]),
            ("\u{a0}".as_bytes(), b" ", [NO, NO, NO, NO]),
            (b"a\rb", b"a\nb", [NO, NO, YES, YES]),
        ];
        for (expected, actual, answers) in rows {
            let found = [Compare::Exact, Compare::Trim, Compare::Tokens, FLOAT]
                .map(|mode| same(mode, expected, actual));
            assert_eq!(found, *answers, "{:?} against {:?}", expected, actual);
            let back = [Compare::Exact, Compare::Trim, Compare::Tokens, FLOAT]
                .map(|mode| same(mode, actual, expected));
            assert_eq!(back, *answers, "{:?} against {:?}", actual, expected);
        }
    }

    #[test]
    fn the_place_is_line_column_and_offset_in_what_was_found() {
        let place = |mode, expected: &[u8], actual: &[u8]| {
            let found = compare(mode, expected, actual).expect("they differ");
            (found.line, found.column, found.offset)
        };
        assert_eq!(place(Compare::Exact, b"one\ntwo\n", b"one\ntwx\n"), (2, 3, 6));
        assert_eq!(place(Compare::Exact, b"one\ntwo\n", b"one\n"), (2, 1, 4));
        assert_eq!(place(Compare::Exact, b"one\n", b"one"), (1, 4, 3));
        assert_eq!(place(Compare::Trim, b"one\ntwo\n", b"one  \ntwx\n"), (2, 3, 8));
        assert_eq!(place(Compare::Tokens, b"1 2 3", b"1\n2\n4\n"), (3, 1, 4));
        assert_eq!(place(Compare::Tokens, b"1 2 3", b"1\n2\n"), (3, 1, 4));
        assert_eq!(place(FLOAT, b"1 2 3", b"1.0\n2.5"), (2, 1, 4));
    }

    #[test]
    fn a_diff_has_no_more_lines_than_were_asked_for() {
        let text = |word: &str| (0..500).map(|n| format!("{word} {n}\n")).collect::<String>();
        let (expected, actual) = (text("a"), text("b"));
        for most in [8, 20, 80, 300] {
            let found = diff_of(Compare::Exact, expected.as_bytes(), actual.as_bytes(), most);
            let (diff, truncated) = found.expect("they differ");
            assert!(diff.lines().count() <= most && truncated, "{most}: {diff}");
            assert!(diff.contains("\n-a 0\n") && diff.contains("\n+b 0\n"), "{most}: {diff}");
        }
        let all = diff_of(Compare::Exact, expected.as_bytes(), actual.as_bytes(), usize::MAX);
        let (diff, truncated) = all.expect("they differ");
        assert!(!truncated && diff.lines().count() == 1_003, "{}", diff.lines().count());
    }

    #[test]
    fn a_line_of_100_000_columns_is_compared_to_its_last_byte() {
        let expected = vec![b'x'; 100_000];
        let mut actual = expected.clone();
        actual[99_999] = b'y';
        for mode in [Compare::Exact, Compare::Trim, Compare::Tokens, FLOAT] {
            let found = compare(mode, &expected, &actual).expect("the last byte differs");
            assert_eq!(found.line, 1);
            assert!(found.unified.len() < 20_000, "{}", found.unified.len());
            assert!(found.unified.contains("xxy"), "the difference itself is shown");
        }
    }
}
