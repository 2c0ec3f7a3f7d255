//! What a weaker comparison would have ignored to match: contest judges' "presentation error",
//! made useful.

use crate::judge::compare::exact::common_lines;
use crate::judge::compare::mismatch::mismatch;
use crate::judge::compare::tokens::{self, tokens};
use crate::judge::compare::{contains, is_blank, json, patterns, sha256, trim};
use crate::judge::{Compare, FloatTolerance, NearMiss};

/// Sides longer than this are not sorted: a hint is not worth the time and the memory.
const MAX_SORTED: usize = 1 << 20;

const NUMERIC: Compare = Compare::Float(FloatTolerance { absolute: 1e-6, relative: 1e-6 });

/// The first comparison, from strict to lax, that would have matched.
pub(super) fn near_miss(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<NearMiss> {
    match compare {
        Compare::Exact
        | Compare::Trim
        | Compare::Tokens
        | Compare::Float(_)
        | Compare::Lines
        | Compare::Unordered
        | Compare::Kattis(_) => of_bytes(expected, actual),
        Compare::Regex | Compare::Glob => of_patterns(compare, expected, actual),
        Compare::Contains => of_contained(contains::wanted(expected), actual),
        Compare::Json(_) => {
            let near = FloatTolerance { absolute: 1e-6, relative: 1e-6 };
            json::difference(Some(near), expected, actual).is_none().then_some(NearMiss::Numeric)
        }
        Compare::Sha256 => of_hash(expected, actual),
        Compare::Lacks => None,
    }
}

fn of_patterns(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<NearMiss> {
    if patterns::but_for_blanks(compare, expected, actual) {
        return Some(NearMiss::TrailingSpace);
    }
    patterns::but_for_case(compare, expected, actual).then_some(NearMiss::Case)
}

fn of_contained(wanted: &[u8], actual: &[u8]) -> Option<NearMiss> {
    if contains::but_for_blanks(wanted, actual) {
        return Some(NearMiss::WhiteSpace);
    }
    contains::but_for_case(wanted, actual).then_some(NearMiss::Case)
}

fn of_hash(expected: &[u8], actual: &[u8]) -> Option<NearMiss> {
    let bare = without_final_newlines(actual);
    if sha256::same(expected, bare) || sha256::same(expected, &[bare, b"\n"].concat()) {
        return Some(NearMiss::FinalNewline);
    }
    let plain: Vec<u8> = actual.iter().copied().filter(|&b| b != b'\r').collect();
    sha256::same(expected, &plain).then_some(NearMiss::LineEnds)
}

fn of_bytes(expected: &[u8], actual: &[u8]) -> Option<NearMiss> {
    type Test = fn(&[u8], &[u8]) -> bool;
    const TESTS: [(NearMiss, Test); 8] = [
        (NearMiss::FinalNewline, final_newline),
        (NearMiss::LineEnds, line_ends),
        (NearMiss::TrailingSpace, |a, b| mismatch(Compare::Trim, a, b).is_none()),
        (NearMiss::WhiteSpace, white_space),
        (NearMiss::Case, case),
        (NearMiss::LineOrder, line_order),
        (NearMiss::TokenOrder, token_order),
        (NearMiss::Numeric, |a, b| mismatch(NUMERIC, a, b).is_none()),
    ];
    let same = common_lines(expected, actual);
    let (expected, actual) = (&expected[same..], &actual[same..]);
    TESTS.into_iter().find(|(_, test)| test(expected, actual)).map(|(near_miss, _)| near_miss)
}

fn without_final_newlines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&b| b != b'\n').map_or(0, |last| last + 1);
    &bytes[..end]
}

fn final_newline(expected: &[u8], actual: &[u8]) -> bool {
    without_final_newlines(expected) == without_final_newlines(actual)
}

fn line_ends(expected: &[u8], actual: &[u8]) -> bool {
    fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        bytes.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }
    lines(expected).eq(lines(actual))
}

fn white_space(expected: &[u8], actual: &[u8]) -> bool {
    let solid = |byte: &&u8| !is_blank(**byte);
    expected.iter().filter(solid).eq(actual.iter().filter(solid))
}

/// Only ASCII letters: the bytes need not be in any encoding.
fn case(expected: &[u8], actual: &[u8]) -> bool {
    tokens::mismatch(expected, actual, <[u8]>::eq_ignore_ascii_case).is_none()
}

fn line_order(expected: &[u8], actual: &[u8]) -> bool {
    fn sorted(bytes: &[u8]) -> Vec<&[u8]> {
        let mut lines: Vec<_> = trim::lines(bytes).map(|(_, line)| line).collect();
        lines.sort_unstable();
        lines
    }
    expected.len().max(actual.len()) <= MAX_SORTED && sorted(expected) == sorted(actual)
}

fn token_order(expected: &[u8], actual: &[u8]) -> bool {
    fn sorted(bytes: &[u8]) -> Vec<&[u8]> {
        let mut tokens: Vec<_> = tokens(bytes).map(|(_, token)| token).collect();
        tokens.sort_unstable();
        tokens
    }
    expected.len().max(actual.len()) <= MAX_SORTED && sorted(expected) == sorted(actual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_weaker_comparison_that_matches_is_named() {
        for (expected, actual, near) in [
            ("a\n", "a", Some(NearMiss::FinalNewline)),
            ("a\n", "a\n\n\n", Some(NearMiss::FinalNewline)),
            ("a\nb\n", "a\r\nb\r\n", Some(NearMiss::LineEnds)),
            ("a\nb\n", "a\r\nb", Some(NearMiss::LineEnds)),
            ("a\nb\n", "a \nb\n", Some(NearMiss::TrailingSpace)),
            ("a b\n", "a  b\n", Some(NearMiss::WhiteSpace)),
            ("a b\n", "ab\n", Some(NearMiss::WhiteSpace)),
            ("Yes\n", "YES\n", Some(NearMiss::Case)),
            ("1 2\n3\n", "3\n1 2\n", Some(NearMiss::LineOrder)),
            ("1 2\n3\n", "3 2\n1\n", Some(NearMiss::TokenOrder)),
            ("0.1\n", "0.1000000001\n", Some(NearMiss::Numeric)),
            ("6\n", "5\n", None),
            ("6\n", "", None),
        ] {
            let found = near_miss(Compare::Exact, expected.as_bytes(), actual.as_bytes());
            assert_eq!(found, near, "{expected:?} {actual:?}");
        }
    }
    #[test]
    fn patterns_parts_json_and_hashes_have_near_misses_of_their_own() {
        let hash = sha256::hex(b"a\n");
        for (compare, expected, actual, near) in [
            (Compare::Regex, "a+\nb", "aa \nb\n", Some(NearMiss::TrailingSpace)),
            (Compare::Regex, "a+", "AA\n", Some(NearMiss::Case)),
            (Compare::Glob, "warning: *", "Warning: x\n", Some(NearMiss::Case)),
            (Compare::Glob, "warning: *", "error\n", None),
            (Compare::Contains, "a b", "x a  b y", Some(NearMiss::WhiteSpace)),
            (Compare::Contains, "a b", "x A B y", Some(NearMiss::Case)),
            (Compare::Lacks, "a", "a", None),
            (Compare::Json(None), "[0.1]", "[0.1000000001]", Some(NearMiss::Numeric)),
            (Compare::Json(None), "[1]", "[2]", None),
            (Compare::Sha256, &hash, "a", Some(NearMiss::FinalNewline)),
            (Compare::Sha256, &hash, "a\r\n", Some(NearMiss::LineEnds)),
            (Compare::Unordered, "1 2\n3", "2 1\n3", Some(NearMiss::TokenOrder)),
            (Compare::Lines, "a", "a \n", Some(NearMiss::TrailingSpace)),
        ] {
            let found = near_miss(compare, expected.as_bytes(), actual.as_bytes());
            assert_eq!(found, near, "{compare:?} {expected:?} {actual:?}");
        }
    }
}
