//! [`Drawn`]: the two sides as a diff shows them, which need not be what was compared.

use std::borrow::Cow;

use crate::judge::Compare;
use crate::judge::compare::{Mismatch, contains, exact, json, lines, patterns, sha256, trim, unordered};

/// Two sides for a diff, and by what their lines are the same there.
pub(super) struct Drawn<'a> {
    pub(super) compare: Compare,
    pub(super) expected: Cow<'a, [u8]>,
    pub(super) actual: Cow<'a, [u8]>,
    pub(super) at: Mismatch,
}

/// The sides of a comparison that found a difference at `at`.
pub(super) fn drawn<'a>(compare: Compare, expected: &'a [u8], actual: &'a [u8], at: Mismatch) -> Drawn<'a> {
    let as_it_is = |compare| Drawn { compare, expected: expected.into(), actual: actual.into(), at };
    match compare {
        Compare::Exact
        | Compare::Trim
        | Compare::Tokens
        | Compare::Float(_)
        | Compare::Lines
        | Compare::Kattis(_) => as_it_is(compare),
        Compare::Unordered => {
            sides(Compare::Trim, unordered::sorted(expected).into(), unordered::sorted(actual).into())
        }
        Compare::Regex | Compare::Glob => {
            sides(Compare::Lines, patterns::filled_in(compare, expected, actual).into(), actual.into())
        }
        Compare::Contains => sides(Compare::Lines, contains::wanted(expected).into(), actual.into()),
        Compare::Lacks => {
            let start =
                actual[..at.actual].iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
            let rest = &actual[at.actual..];
            let end = rest.iter().position(|&b| b == b'\n').map_or(actual.len(), |n| at.actual + n + 1);
            sides(Compare::Exact, [&actual[..start], &actual[end..]].concat().into(), actual.into())
        }
        Compare::Json(_) => sides(Compare::Exact, json::pretty(expected).into(), json::pretty(actual).into()),
        Compare::Sha256 => {
            let line = |text: &[u8]| [text.trim_ascii(), b"\n"].concat();
            let found = sha256::hex(actual);
            sides(Compare::Exact, line(expected).into(), line(found.as_bytes()).into())
        }
    }
}

/// Other sides than those that were compared: they part where they do.
fn sides<'a>(compare: Compare, expected: Cow<'a, [u8]>, actual: Cow<'a, [u8]>) -> Drawn<'a> {
    let at = match compare {
        Compare::Trim => trim::mismatch(&expected, &actual),
        Compare::Lines => lines::mismatch(&expected, &actual),
        _ => exact::mismatch(&expected, &actual),
    };
    let at = at.unwrap_or(Mismatch { expected: expected.len(), actual: actual.len() });
    Drawn { compare, expected, actual, at }
}
