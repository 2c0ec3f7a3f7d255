//! CSV: one line for each case, as RFC 4180 has it. A spreadsheet takes a cell that begins with `=`
//! for a formula; names and messages are not ours, so that such a cell gets a `'` before it.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use super::ci::without_commands;
use super::record::CaseRecord;
use super::run_records::RunRecords;
use super::told::Told;
use super::words;
use crate::units::visible_line;

const COLUMNS: [&str; 20] = [
    "suite",
    "id",
    "kind",
    "group",
    "file",
    "line",
    "status",
    "code",
    "message",
    "score",
    "max_score",
    "visibility",
    "attempts",
    "flaky",
    "duration_ms",
    "cpu_time_ms",
    "max_memory_bytes",
    "exit_code",
    "signal",
    "tags",
];

/// Writes the run as CSV with a header line; lines end in CR LF.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub(super) fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    write!(out, "{}\r\n", COLUMNS.join(","))?;
    for case in run.cases() {
        let cells: Vec<String> = row(&case?).iter().map(|cell| escaped(cell)).collect();
        write!(out, "{}\r\n", cells.join(","))?;
    }
    out.flush()
}

fn row(case: &CaseRecord) -> [String; COLUMNS.len()] {
    let last = case.attempts.last();
    let used = last.and_then(|attempt| attempt.resources.as_ref());
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let signed = |number: Option<i32>| number.map_or_else(String::new, |number| number.to_string());
    [
        case.suite.clone(),
        case.id.clone(),
        words::kind(case.kind).to_owned(),
        case.group.clone().unwrap_or_default(),
        case.file.clone(),
        case.line.to_string(),
        words::status(case.status).to_owned(),
        case.code.map_or_else(String::new, |code| code.to_string()),
        Told::of_case(case).why(),
        case.score.rounded().to_string(),
        case.max_score.rounded().to_string(),
        words::visibility(case.visibility).to_owned(),
        case.attempts.len().to_string(),
        case.flaky.to_string(),
        number(case.duration_ms()),
        number(used.map(|used| used.cpu_time_ms)),
        number(used.map(|used| used.max_memory_bytes)),
        signed(last.and_then(|attempt| attempt.exec.exit_code)),
        signed(last.and_then(|attempt| attempt.exec.signal)),
        case.tags.join(" "),
    ]
}

fn escaped(cell: &str) -> String {
    let mut text = visible_line(cell.as_bytes());
    if let Cow::Owned(inert) = without_commands(&text) {
        text = inert;
    }
    if text.parse::<f64>().is_err() && text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', '\'', ' ']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_stays_a_cell() {
        assert_eq!(escaped("=1+1"), "\"'=1+1\"");
        assert_eq!(escaped("-3"), "-3");
        assert_eq!(escaped("@x,\"y\"\r\n"), "\"'@x,\"\"y\"\"\\r\\n\"");
        assert_eq!(escaped("plain"), "plain");
        assert_eq!(escaped("::error::##[x"), "\\::error::##\\[x");
    }
}
