//! Bytes that are no text: a few rows of a hex dump.

use std::fmt::Write as _;

use crate::units::Bytes;

const ROW: usize = 16;
const ROWS: usize = 3;
/// Where git looks for a NUL, and how much.
const LOOK: usize = 8_000;

/// Whether the two are shown as bytes: a NUL at the start or near the difference says that at
/// least one of them is no text.
pub(in crate::judge) fn is_binary(expected: &[u8], actual: &[u8], offset: usize) -> bool {
    [expected, actual].into_iter().any(|bytes| {
        let head = &bytes[..bytes.len().min(LOOK)];
        let near = offset.saturating_sub(LOOK / 2).min(bytes.len());
        let near = &bytes[near..bytes.len().min(near + LOOK)];
        head.contains(&0) || near.contains(&0)
    })
}

/// The rows around the first byte that differs, of both.
pub(super) fn dump(expected: &[u8], actual: &[u8], expected_at: usize, actual_at: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "--- expected ({})", length(expected));
    let _ = writeln!(out, "+++ actual ({})", length(actual));
    let _ = writeln!(out, "@@ first difference at byte {actual_at} @@");
    rows(&mut out, '-', expected, expected_at);
    rows(&mut out, '+', actual, actual_at);
    out
}

/// Whether the rows show all there is.
pub(super) fn shows_all(bytes: &[u8]) -> bool {
    bytes.len() <= 2 * ROW
}

fn length(bytes: &[u8]) -> String {
    match bytes.len() {
        1 => "1 byte".to_owned(),
        short if short < 1024 => format!("{short} bytes"),
        long => format!("{long} bytes, {}", Bytes(long as u64)),
    }
}

fn rows(out: &mut String, sign: char, bytes: &[u8], at: usize) {
    let first = (at / ROW).saturating_sub(1) * ROW;
    for (index, row) in bytes[first.min(bytes.len())..].chunks(ROW).take(ROWS).enumerate() {
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String =
            row.iter().map(|&b| if matches!(b, b' '..=b'~') { char::from(b) } else { '.' }).collect();
        let width = ROW * 3 - 1;
        let _ = writeln!(out, "{sign}{:08x}  {:width$}  |{text}|", first + index * ROW, hex.join(" "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_rows_around_the_first_difference_are_shown() {
        let expected: Vec<u8> = (0..=255).collect();
        let mut actual = expected.clone();
        actual[100] = 0xff;
        let text = dump(&expected, &actual, 100, 100);
        assert_eq!(text.lines().count(), 3 + 2 * ROWS, "{text}");
        assert!(text.contains("@@ first difference at byte 100 @@"), "{text}");
        assert!(text.contains("-00000060  60 61 62 63 64 65"), "{text}");
        assert!(text.contains("+00000060  60 61 62 63 ff 65"), "{text}");
        assert!(text.contains("|`abcdefghijklmno|"), "{text}");
    }

    #[test]
    fn a_side_that_ends_before_the_difference_shows_what_it_has() {
        let text = dump(b"", b"\0", 0, 0);
        assert_eq!(text.lines().count(), 4, "{text}");
    }
}
