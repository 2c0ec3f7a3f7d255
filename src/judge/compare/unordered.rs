//! The same lines in any order. Blanks at their ends and blank lines at the end do not count.

use std::collections::HashMap;

use crate::judge::compare::{Mismatch, trim};

/// The first line that was found and not expected, or else the first that was expected and not
/// found.
pub(super) fn mismatch(expected: &[u8], actual: &[u8]) -> Option<Mismatch> {
    let mut left: HashMap<&[u8], usize> = HashMap::new();
    trim::lines(expected).for_each(|(_, line)| *left.entry(line).or_default() += 1);
    for (at, line) in trim::lines(actual) {
        match left.get_mut(line) {
            Some(count @ 1..) => *count -= 1,
            _ => return Some(Mismatch { expected: expected.len(), actual: at }),
        }
    }
    let missing = trim::lines(expected).find(|(_, line)| left.get(line).is_some_and(|&count| count > 0));
    missing.map(|(at, _)| Mismatch { expected: at, actual: actual.len() })
}

/// The lines in an order of their own, for a diff of what is missing and what is too many.
pub(super) fn sorted(bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<_> = trim::lines(bytes).map(|(_, line)| line).collect();
    lines.sort_unstable();
    lines.iter().flat_map(|line| line.iter().chain(b"\n")).copied().collect()
}
