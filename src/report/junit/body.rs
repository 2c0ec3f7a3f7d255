//! What stands inside the elements: message, text, captured output.

use std::fmt::Write as _;

use crate::judge::{Check, Verdict};
use crate::report::CaseReport;
use crate::report::encode::readable;
use crate::report::hint::hint;
use crate::sandbox::outcome::Captured;
use crate::units::visible_line;

/// Bytes shown of the start, and again of the end, of a stream.
const SHOWN: usize = 32 * 1024;
/// Characters of a message.
const LONGEST_MESSAGE: usize = 200;

/// One line of at most 200 characters, the code first: `E6002: stdout differs at line 2`.
pub(super) fn message(verdict: &Verdict) -> String {
    let text = visible_line(verdict.message.as_bytes());
    let text = match verdict.code {
        Some(code) => format!("{code}: {text}"),
        None if text.is_empty() => "not run".to_owned(),
        None => text,
    };
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some(_) => text.chars().take(LONGEST_MESSAGE - 1).chain(['…']).collect(),
        None => text,
    }
}

/// Message, place, differences, hint. The second line has a form from which readers take file and
/// line without an attribute that the schemas forbid.
pub(super) fn text(report: &CaseReport, verdict: &Verdict) -> String {
    let file = visible_line(report.case.file.as_bytes());
    let mut out = format!("{}\n  at {file}:{}\n", message(verdict), report.case.line);
    for check in verdict.checks.iter().filter(|check| !check.ok) {
        difference(&mut out, check, verdict);
    }
    for note in &verdict.notes {
        let _ = writeln!(out, "note: {note}");
    }
    if let Some(hint) = hint(report) {
        let _ = writeln!(out, "hint: {hint}");
    }
    out
}

fn difference(out: &mut String, check: &Check, verdict: &Verdict) {
    let Some(difference) = &check.difference else {
        if !verdict.message.contains(&check.message) {
            let _ = writeln!(out, "{}: {}", check.target.name(), check.message);
        }
        return;
    };
    let name = check.target.name();
    let _ = writeln!(out, "\n{name}, {}, expected from {}", check.compare, check.expected_from);
    out.push_str(&difference.unified);
    if !difference.unified.ends_with('\n') {
        out.push('\n');
    }
    if difference.truncated {
        out.push_str("… the difference goes on\n");
    }
}

/// A stream as text: its start, and its end where it is long.
pub(super) fn captured(captured: &Captured) -> String {
    let bytes = captured.bytes.as_slice();
    let (head, tail) = if bytes.len() > 2 * SHOWN {
        (&bytes[..SHOWN], &bytes[bytes.len() - SHOWN..])
    } else {
        (bytes, &[][..])
    };
    let middle = (bytes.len() - head.len() - tail.len()) as u64;
    // What is kept is what came first: bytes that were never kept belong behind the tail.
    let behind = captured.total.saturating_sub(bytes.len() as u64);
    format!("{}{}{}{}", readable(head), left_out(middle), readable(tail), left_out(behind))
}

/// A line about bytes that are not shown; nothing if there are none.
fn left_out(bytes: u64) -> String {
    if bytes == 0 {
        return String::new();
    }
    format!("\n… [capsule-run: {} bytes left out] …\n", grouped(bytes))
}

/// `1 234 567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_keeps_its_start_and_its_end_and_says_what_is_missing() {
        let bytes: Vec<u8> = [vec![b'a'; SHOWN], vec![b'b'; 1_234_567], vec![b'c'; SHOWN]].concat();
        let total = bytes.len() as u64;
        let text = captured(&Captured { bytes: bytes.clone(), total });
        assert!(text.starts_with('a') && text.ends_with('c') && !text.contains("bb"));
        assert!(text.contains("… [capsule-run: 1 234 567 bytes left out] …"), "{}", &text[SHOWN..SHOWN + 60]);
        let cut = captured(&Captured { bytes, total: total + 7 });
        assert!(cut.ends_with("c\n… [capsule-run: 7 bytes left out] …\n"));
        assert_eq!(captured(&Captured { bytes: b"x".to_vec(), total: 1 }), "x");
    }
}
