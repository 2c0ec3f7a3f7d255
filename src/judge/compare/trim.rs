//! Blanks at the end of lines and blank lines at the end do not count.

use crate::judge::compare::exact::common_prefix;
use crate::judge::compare::{Mismatch, trim_end};

pub(super) fn mismatch(expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    let (mut left, mut right) = (lines(expected), lines(actual));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some((a_at, a)), Some((b_at, b))) if a != b => {
                let same = common_prefix(a, b);
                return Some(Mismatch { expected: a_at + same, actual: b_at + same });
            }
            (Some(_), Some(_)) => {}
            (a, b) => {
                return Some(Mismatch {
                    expected: a.map_or(expected.len(), |(offset, _)| offset),
                    actual: b.map_or(actual.len(), |(offset, _)| offset),
                });
            }
        }
    }
}

/// The lines without the blanks at their ends, each with its offset; none of the blank lines at
/// the end.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let text = trim_end(bytes);
    let mut at = 0;
    text.split(|&b| b == b'\n').filter(move |_| !text.is_empty()).map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, trim_end(line))
    })
}
