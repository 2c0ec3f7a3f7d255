//! The sequence of lines: how they end, and whether the last one does, does not count.

use crate::judge::compare::Mismatch;
use crate::judge::compare::exact::common_prefix;

/// The lines without their ends, each with its offset. Empty text has none.
pub(in crate::judge) fn plain_lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let mut at = 0;
    body.split(|&b| b == b'\n').filter(move |_| !bytes.is_empty()).map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, without_cr(line))
    })
}

/// A line without what ends it.
pub(in crate::judge) fn without_end(line: &[u8]) -> &[u8] {
    without_cr(line.strip_suffix(b"\n").unwrap_or(line))
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

pub(super) fn mismatch(expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    first(expected, actual, |_, expected, actual| expected == actual)
}

/// The first pair of lines that are not the same by `same` (which gets their number, from 0), or
/// the first without a partner.
pub(super) fn first(
    expected: &[u8],
    actual: &[u8],
    mut same: impl FnMut(usize, &[u8], &[u8]) -> bool,
) -> Option<Mismatch> {
    let (mut left, mut right) = (plain_lines(expected), plain_lines(actual));
    for number in 0.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (Some((a_at, a)), Some((b_at, b))) => {
                if !same(number, a, b) {
                    let equal = common_prefix(a, b);
                    return Some(Mismatch { expected: a_at + equal, actual: b_at + equal });
                }
            }
            (a, b) => {
                return Some(Mismatch {
                    expected: a.map_or(expected.len(), |(offset, _)| offset),
                    actual: b.map_or(actual.len(), |(offset, _)| offset),
                });
            }
        }
    }
    None
}
