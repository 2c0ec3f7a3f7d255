//! Only the sequence of tokens counts: runs of bytes between blanks.

use crate::judge::compare::Mismatch;

/// The six ASCII blanks of C's `isspace`. No others: what is a space in Unicode depends on the
/// version of Unicode, and the input need not be Unicode.
pub(in crate::judge) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The tokens of `bytes`, each with its offset.
pub(in crate::judge) fn tokens(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|&b| !is_blank(b))?;
        let rest = &bytes[start..];
        let length = rest.iter().position(|&b| is_blank(b)).unwrap_or(rest.len());
        at = start + length;
        Some((start, &rest[..length]))
    })
}

/// `bytes` without the blanks at its end.
pub(in crate::judge) fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&b| !is_blank(b)).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// The first pair of tokens that are not the same by `same`, or the first without a partner.
pub(super) fn mismatch(
    expected: &[u8],
    actual: &[u8],
    same: impl Fn(&[u8], &[u8]) -> bool,
) -> Option<Mismatch> {
    let (mut left, mut right) = (tokens(expected), tokens(actual));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some((_, a)), Some((_, b))) if same(a, b) => {}
            (a, b) => {
                return Some(Mismatch {
                    expected: a.map_or(expected.len(), |(offset, _)| offset),
                    actual: b.map_or(actual.len(), |(offset, _)| offset),
                });
            }
        }
    }
}
