//! [`Mismatch`]: where two byte strings part, by one of the comparisons.

use crate::judge::Compare;
use crate::judge::compare::json::JsonDifference;
use crate::judge::compare::{
    contains, exact, float, json, kattis, lines, patterns, sha256, tokens, trim, unordered,
};

/// Offsets of the first difference in the two sides. Either may be the length of its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::judge) struct Mismatch {
    /// In what was expected.
    pub expected: usize,
    /// In what was found.
    pub actual: usize,
}

/// Where two sides part, and what there is to say about it.
pub(super) struct Parting {
    pub(super) at: Mismatch,
    pub(super) note: Option<String>,
}

impl Parting {
    fn noted(actual: usize, note: impl Into<String>) -> Self {
        Self { at: Mismatch { expected: 0, actual }, note: Some(note.into()) }
    }
}

/// Where `actual` first differs from `expected`, if it does.
pub(super) fn parting(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<Parting> {
    let plain = |at: Option<Mismatch>| at.map(|at| Parting { at, note: None });
    match compare {
        Compare::Exact
        | Compare::Trim
        | Compare::Tokens
        | Compare::Float(_)
        | Compare::Lines
        | Compare::Kattis(_) => plain(mismatch(compare, expected, actual)),
        Compare::Unordered => plain(unordered::mismatch(expected, actual)),
        Compare::Regex | Compare::Glob => plain(patterns::mismatch(compare, expected, actual)),
        Compare::Contains => match contains::find(contains::wanted(expected), actual) {
            Some(_) => None,
            None => Some(Parting::noted(0, "the expected text is nowhere in it")),
        },
        Compare::Lacks => {
            let found = contains::find(contains::wanted(expected), actual)?;
            Some(Parting::noted(found, "it has what it must not have"))
        }
        Compare::Json(tolerance) => match json::difference(tolerance, expected, actual)? {
            JsonDifference::NoJson(why, at) => Some(Parting::noted(at, format!("this is no JSON: {why}"))),
            JsonDifference::At(what) => Some(Parting::noted(0, what)),
        },
        Compare::Sha256 if sha256::same(expected, actual) => None,
        Compare::Sha256 => Some(Parting::noted(0, format!("its SHA-256 is {}", sha256::hex(actual)))),
    }
}

/// Where the comparisons that go through both sides from the start find the first difference.
/// Lines that are the same byte for byte are the same to each of them.
pub(super) fn mismatch(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    let same = exact::common_lines(expected, actual);
    let at = of_rest(compare, &expected[same..], &actual[same..])?;
    Some(Mismatch { expected: same + at.expected, actual: same + at.actual })
}

fn of_rest(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    match compare {
        Compare::Trim => trim::mismatch(expected, actual),
        Compare::Tokens => tokens::mismatch(expected, actual, |expected, actual| expected == actual),
        Compare::Float(tolerance) => tokens::mismatch(expected, actual, |expected, actual| {
            float::same_token(tolerance, expected, actual)
        }),
        Compare::Lines => lines::mismatch(expected, actual),
        Compare::Kattis(flags) => kattis::mismatch(flags, expected, actual),
        Compare::Exact
        | Compare::Unordered
        | Compare::Regex
        | Compare::Glob
        | Compare::Contains
        | Compare::Lacks
        | Compare::Json(_)
        | Compare::Sha256 => exact::mismatch(expected, actual),
    }
}
