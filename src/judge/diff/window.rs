//! What is shown when a whole diff would take too long to make or to read: the lines around the
//! first difference, and what is needed to tell the two apart.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::judge::Compare;
use crate::judge::compare::Mismatch;
use crate::judge::diff::line::{Blanks, draw, paired, unpaired};
use crate::judge::diff::region::{line_before, line_start, lines, newlines};
use crate::units::Bytes;

/// Lines before and after the first difference.
const AROUND: usize = 10;

/// The lines around `at` on both sides.
pub(super) fn window(compare: Compare, expected: &[u8], actual: &[u8], at: Mismatch) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "--- expected ({}, sha256 {})", Bytes(expected.len() as u64), sha256(expected));
    let _ = writeln!(out, "+++ actual ({}, sha256 {})", Bytes(actual.len() as u64), sha256(actual));
    let (left, right) = (line_start(expected, at.expected), line_start(actual, at.actual));
    let (left_line, right_line) = (newlines(&expected[..left]) + 1, newlines(&actual[..right]) + 1);
    let _ = writeln!(out, "@@ -{left_line} +{right_line} @@ first difference; too long for a whole diff");
    let mut start = right;
    for _ in 0..AROUND {
        start = line_before(actual, start);
    }
    for line in lines(&actual[start..right]) {
        let _ = writeln!(out, " {}", draw(line, Blanks::Plain, 0));
    }
    let blanks = match (lines(&expected[left..]).next(), lines(&actual[right..]).next()) {
        (Some(left), Some(right)) => paired(compare, left, right),
        (Some(line), None) | (None, Some(line)) => unpaired(compare, line),
        (None, None) => Blanks::Plain,
    };
    for (sign, bytes, from, focus) in
        [('-', expected, left, at.expected - left), ('+', actual, right, at.actual - right)]
    {
        for (index, line) in lines(&bytes[from..]).take(AROUND).enumerate() {
            let (blanks, focus) = if index == 0 { (blanks, focus) } else { (unpaired(compare, line), 0) };
            let _ = writeln!(out, "{sign}{}", draw(line, blanks, focus));
        }
    }
    out
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
