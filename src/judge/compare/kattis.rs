//! As the default validator of the Kattis problem format compares.

use crate::judge::KattisFlags;
use crate::judge::compare::float;
use crate::judge::compare::tokens::tokens;
use crate::judge::compare::{Mismatch, tokens as by_tokens};

/// Whether two tokens are the same.
pub(in crate::judge) fn same_token(flags: KattisFlags, expected: &[u8], actual: &[u8]) -> bool {
    if let Some(tolerance) = flags.tolerance
        && float::same_token(tolerance, expected, actual)
    {
        return true;
    }
    if flags.case_sensitive { expected == actual } else { expected.eq_ignore_ascii_case(actual) }
}

pub(super) fn mismatch(flags: KattisFlags, expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    let differ = by_tokens::mismatch(expected, actual, |left, right| same_token(flags, left, right));
    if !flags.space_change_sensitive {
        return differ;
    }
    let blanks = blanks(expected, actual);
    match (differ, blanks) {
        (Some(token), Some(blank)) if blank.actual < token.actual => Some(blank),
        (None, blank) => blank,
        (token, _) => token,
    }
}

/// The first place where the white space differs.
fn blanks(expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    let (mut left, mut right) = (tokens(expected), tokens(actual));
    let (mut from, mut to) = (0, 0);
    loop {
        let (a, b) = (left.next(), right.next());
        let (a_at, b_at) = (a.map_or(expected.len(), |(at, _)| at), b.map_or(actual.len(), |(at, _)| at));
        if expected[from..a_at] != actual[to..b_at] {
            return Some(Mismatch { expected: from, actual: to });
        }
        let (Some((_, a)), Some((_, b))) = (a, b) else { return None };
        (from, to) = (a_at + a.len(), b_at + b.len());
    }
}
