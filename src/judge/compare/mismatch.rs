//! [`Mismatch`]: where two byte strings part, by one of the comparisons.

use crate::judge::Compare;
use crate::judge::compare::{exact, float, tokens, trim};

/// Offsets of the first difference in the two sides. Either may be the length of its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::judge) struct Mismatch {
    /// In what was expected.
    pub expected: usize,
    /// In what was found.
    pub actual: usize,
}

/// Where `actual` first differs from `expected`, if it does.
pub(super) fn mismatch(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    let same = exact::common_lines(expected, actual);
    let at = of_rest(compare, &expected[same..], &actual[same..])?;
    Some(Mismatch { expected: same + at.expected, actual: same + at.actual })
}

fn of_rest(compare: Compare, expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    match compare {
        Compare::Exact => exact::mismatch(expected, actual),
        Compare::Trim => trim::mismatch(expected, actual),
        Compare::Tokens => tokens::mismatch(expected, actual, |expected, actual| expected == actual),
        Compare::Float(tolerance) => tokens::mismatch(expected, actual, |expected, actual| {
            float::same_token(tolerance, expected, actual)
        }),
    }
}
