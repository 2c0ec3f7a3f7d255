//! TAP 13. What follows a `#` in a test line is a directive to its readers, so that no `#` of a name
//! gets there where it could be one.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use super::ci::without_commands;
use super::record::CaseRecord;
use super::run_records::RunRecords;
use super::told::Told;
use crate::judge::Status;
use crate::units::{visible, visible_line};

/// Lines of a difference.
const MOST_LINES: usize = 200;

/// Writes the run as TAP 13.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub(super) fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    writeln!(out, "TAP version 13")?;
    match run.len() {
        0 => writeln!(out, "1..0 # SKIP no case was selected")?,
        count => writeln!(out, "1..{count}")?,
    }
    for (number, case) in (1..).zip(run.cases()) {
        out.write_all(test(number, &case?).as_bytes())?;
    }
    if let Some(cause) = &run.footer().interrupted_by {
        writeln!(out, "Bail out! run interrupted ({})", visible_line(cause.as_bytes()))?;
    }
    out.flush()
}

fn test(number: usize, case: &CaseRecord) -> String {
    let told = Told::of_case(case);
    let name = name(&case.id);
    match case.status {
        Status::Passed if case.attempts.len() > 1 => {
            format!("ok {number} - {name} # tries {}\n", case.attempts.len())
        }
        Status::Passed => format!("ok {number} - {name}\n"),
        Status::Skipped | Status::NotRun => {
            format!("ok {number} - {name} # SKIP {}\n", plain(&told.line()))
        }
        Status::Xfailed => format!("not ok {number} - {name} # TODO {}\n", plain(&told.line())),
        Status::Failed | Status::Error | Status::Cancelled => {
            format!("not ok {number} - {name}\n{}", evidence(case, &told))
        }
    }
}

/// One line without a `#`: readers differ in what they make of `\#`.
fn name(id: &str) -> String {
    plain(&visible_line(id.as_bytes()))
}

fn plain(text: &str) -> String {
    text.replace('#', "\\x23")
}

/// The YAML block of a test that is not ok. Only the plainest YAML: some readers know no more.
fn evidence(case: &CaseRecord, told: &Told<'_>) -> String {
    let mut out = String::from("  ---\n");
    let _ = writeln!(out, "  message: {}", quoted(&without_commands(&told.line())));
    let severity = if case.status == Status::Failed { "fail" } else { "error" };
    let _ = writeln!(out, "  severity: {severity}");
    if let Some(code) = case.code {
        let _ = writeln!(out, "  code: {code}");
    }
    if !case.file.is_empty() {
        let _ = writeln!(out, "  file: {}", quoted(&visible_line(case.file.as_bytes())));
        let _ = writeln!(out, "  line: {}", case.line);
    }
    if let Some(duration) = case.duration_ms() {
        let _ = writeln!(out, "  duration_ms: {duration}");
    }
    out.push_str("  details: |\n");
    let text = visible(told.text(case).as_bytes());
    let text = without_commands(&text);
    for line in text.lines().take(MOST_LINES) {
        let _ = writeln!(out, "    {}", line.replace('\t', "    "));
    }
    if text.lines().nth(MOST_LINES).is_some() {
        out.push_str("    … the other lines are in the JSON report\n");
    }
    out.push_str("  ...\n");
    out
}

/// A double-quoted YAML string of text that has no control characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_makes_a_directive_or_a_line_of_its_own() {
        let mut case = CaseRecord::example();
        case.id = "a # SKIP b\nok 2 - c # TODO\r\n1..9".into();
        case.status = Status::Failed;
        let text = test(1, &case);
        assert!(text.starts_with("not ok 1 - a \\x23 SKIP b\\nok 2 - c \\x23 TODO\\r\\n1..9\n"), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("  ")), "{text}");
        case.notes = vec!["##vso[x]\n::error::y".into()];
        let text = test(1, &case);
        assert!(text.contains("##vso\\[x]\n    \\::error::y\n"), "{text}");
    }
}
