//! Whether bytes occur in others. Linear, however both repeat themselves.

use crate::judge::compare::is_blank;

/// What is looked for: the expected bytes without the newlines at their end, which a file has for
/// its own sake.
pub(in crate::judge) fn wanted(expected: &[u8]) -> &[u8] {
    let end = expected.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |last| last + 1);
    &expected[..end]
}

/// Where `wanted` occurs first (Knuth, Morris and Pratt).
pub(super) fn find(wanted: &[u8], bytes: &[u8]) -> Option<usize> {
    let Some(&start) = wanted.first() else { return Some(0) };
    // borders[i]: the longest proper beginning of wanted[..=i] that is its end too.
    let mut borders = vec![0usize; wanted.len()];
    let mut matched = 0;
    for at in 1..wanted.len() {
        matched = step(wanted, &borders, matched, wanted[at]);
        borders[at] = matched;
    }
    let from = bytes.iter().position(|&b| b == start)?;
    let mut matched = 0;
    for (at, &byte) in bytes.iter().enumerate().skip(from) {
        matched = step(wanted, &borders, matched, byte);
        if matched == wanted.len() {
            return Some(at + 1 - matched);
        }
    }
    None
}

fn step(wanted: &[u8], borders: &[usize], mut matched: usize, byte: u8) -> usize {
    while matched > 0 && wanted.get(matched) != Some(&byte) {
        matched = borders[matched - 1];
    }
    matched + usize::from(wanted.get(matched) == Some(&byte))
}

/// Whether it occurs if white space does not count.
pub(super) fn but_for_blanks(wanted: &[u8], bytes: &[u8]) -> bool {
    let solid = |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().filter(|&b| !is_blank(b)).collect() };
    find(&solid(wanted), &solid(bytes)).is_some()
}

/// Whether it occurs if upper and lower case are the same.
pub(super) fn but_for_case(wanted: &[u8], bytes: &[u8]) -> bool {
    find(&wanted.to_ascii_lowercase(), &bytes.to_ascii_lowercase()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(wanted in "[ab]{1,6}", text in "[ab]{0,60}") {
            prop_assert_eq!(find(wanted.as_bytes(), text.as_bytes()), text.find(&wanted));
        }
    }
}
