//! The result of a GitHub Classroom grader, version 1, as its reporter reads it (there in base64).
//! Students read it, as they do Gradescope's.

use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use super::record::{CaseRecord, Kind, Points, Text};
use super::run_records::{RunOutcome, RunRecords};
use super::stream::JsonStream;
use super::told::Told;
use crate::judge::Status;
use crate::units::{visible, visible_line};

/// Characters of one test's message: all of them together must fit into an environment variable.
const LONGEST: usize = 1000;

/// Writes the run as a version 1 result.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub(super) fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let run = &run.for_students();
    let mut out = BufWriter::new(out);
    let mut json = JsonStream::object(&mut out)?;
    json.field("version", &1)?;
    let status = match run.outcome() {
        RunOutcome::Passed | RunOutcome::Empty => "pass",
        RunOutcome::Failed => "fail",
        RunOutcome::Error | RunOutcome::Interrupted => "error",
    };
    json.field("status", status)?;
    json.field("max_score", &Points(run.tally().summary().max_score))?;
    json.open_list("tests")?;
    for case in run.cases() {
        let case = case?;
        if case.kind == Kind::Case || case.status != Status::Passed {
            json.item(&test(&case))?;
        }
    }
    json.close_list()?;
    json.end()?;
    out.flush()
}

fn test(case: &CaseRecord) -> Value {
    let status = match case.status {
        Status::Passed | Status::Xfailed => "pass",
        Status::Failed => "fail",
        Status::Skipped | Status::NotRun | Status::Error | Status::Cancelled => "error",
    };
    let command = case.attempts.last().map(|attempt| attempt.exec.argv.iter().map(word).collect::<Vec<_>>());
    let millis = case.duration_ms().unwrap_or(0);
    json!({
        "name": case.id,
        "status": status,
        "score": case.score,
        "max_score": case.max_score,
        "message": message(case),
        "test_code": command.unwrap_or_default().join(" "),
        "filename": case.file,
        "line_no": case.line,
        "execution_time": format!("{}.{:03}s", millis / 1000, millis % 1000),
    })
}

fn word(argument: &Text) -> String {
    match argument {
        Text::Utf8(text) => visible_line(text.as_bytes()),
        Text::Binary { .. } => "(binary)".to_owned(),
    }
}

fn message(case: &CaseRecord) -> String {
    if matches!(case.status, Status::Passed | Status::Xfailed) {
        return String::new();
    }
    let text = visible(Told::of_case(case).text(case).as_bytes());
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
