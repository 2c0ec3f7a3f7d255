//! [`accepted`]: what would have to be expected.

use crate::judge::compare::mismatch::parting;
use crate::judge::compare::{patterns, sha256};
use crate::judge::{Compare, diff};

/// What must be expected for `actual` to match, keeping every line and every pattern of `expected`
/// that still does. `None` where that is for a person to say: what must occur somewhere, or nowhere.
#[must_use]
pub fn accepted(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<Vec<u8>> {
    let new = match compare {
        Compare::Contains | Compare::Lacks => return None,
        Compare::Regex | Compare::Glob => patterns::kept(compare, expected, actual),
        Compare::Sha256 => {
            let end: &[u8] = if expected.ends_with(b"\n") { b"\n" } else { b"" };
            [sha256::hex(actual).as_bytes(), end].concat()
        }
        _ => diff::kept(compare, expected, actual),
    };
    // Lines that match one by one need not match together.
    [new, actual.to_vec()].into_iter().find(|new| parting(compare, new, actual).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::FloatTolerance;

    const FLOAT: Compare = Compare::Float(FloatTolerance { absolute: 1e-6, relative: 1e-6 });

    fn accept(compare: Compare, expected: &str, actual: &str) -> Option<String> {
        let new = accepted(compare, expected.as_bytes(), actual.as_bytes())?;
        Some(String::from_utf8(new).expect("text"))
    }

    #[test]
    fn what_still_matches_is_kept_as_it_was_written() {
        for (compare, expected, actual, new) in [
            (Compare::Exact, "a \nb\n", "a\nc\n", "a\nc\n"),
            (Compare::Trim, "a  \nb\nc", "a\nx\nc\n", "a  \nx\nc"),
            (Compare::Tokens, "# a  b\n1 2\n", "# a b\n1 3\nnew\n", "# a  b\n1 3\nnew\n"),
            (FLOAT, "1.0\n2.0\n", "1.0000001\n2.5\n", "1.0\n2.5\n"),
            (Compare::Trim, "a", "a\nb\n", "a\nb\n"),
            (Compare::Tokens, "a b", "a\nc", "a\nc"),
            (Compare::Lines, "a\r\nb\r\n", "a\nc\n", "a\r\nc\n"),
            (Compare::Json(None), "{\"a\": 1}", "{\"a\":2}", "{\"a\":2}"),
            (Compare::Unordered, "b\na\n", "a\nc\n", "a\nc\n"),
        ] {
            assert_eq!(accept(compare, expected, actual).as_deref(), Some(new), "{compare:?} {expected:?}");
        }
    }

    #[test]
    fn patterns_that_still_match_are_kept_wherever_they_are() {
        let expected = "start\ntook [0-9]+ ms\nold\nseed [0-9]+\nend\n";
        let actual = "start\nnew (one)\ntook 17 ms\nother\nseed 4\nend\n";
        let new = accept(Compare::Regex, expected, actual).expect("lines can be accepted");
        assert_eq!(new, "start\nnew \\(one\\)\ntook [0-9]+ ms\nother\nseed [0-9]+\nend\n");
        let new = accept(Compare::Glob, "at *\nold\n", "at 12:30\nnew\n").expect("lines can be accepted");
        assert_eq!(new, "at *\nnew\n");
    }

    #[test]
    fn what_a_person_has_to_say_is_not_guessed() {
        assert_eq!(accept(Compare::Contains, "a\n", "b\n"), None);
        assert_eq!(accept(Compare::Lacks, "b\n", "b\n"), None);
    }
}
