//! Gradescope's `results.json`. Students read it: of a case that is not visible it says name, verdict
//! and points, whoever asked for the report, and leaves it to Gradescope when these are shown.

use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use super::cut::cut;
use super::record::{CaseRecord, Kind, Points};
use super::run_records::RunRecords;
use super::stream::JsonStream;
use super::told::Told;
use crate::judge::Status;
use crate::resolve::Visibility;
use crate::units::visible;

/// Bytes of one test's text.
const LONGEST: usize = 16 * 1024;

/// Writes the run as `results.json`.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub(super) fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let run = &run.for_students();
    let mut out = BufWriter::new(out);
    let mut json = JsonStream::object(&mut out)?;
    let totals = run.tally().summary();
    json.field("score", &Points(totals.score))?;
    json.field("execution_time", &(run.footer().duration_ms / 1000))?;
    json.field("output", &note(run))?;
    json.field("output_format", "text")?;
    json.field("stdout_visibility", "hidden")?;
    json.open_list("tests")?;
    for (number, case) in (1_usize..).zip(run.cases()) {
        json.item(&test(number, &case?))?;
    }
    json.close_list()?;
    json.field("extra_data", &json!({"run": run.header().id, "complete": run.footer().complete}))?;
    json.end()?;
    out.flush()
}

/// What stands above the tests: that a low score may not be the student's doing.
fn note(run: &RunRecords<'_>) -> String {
    let totals = run.tally().summary();
    if run.footer().is_unfinished() {
        "The tests did not run to their end: this is no result. Ask the course staff to run them again."
            .to_owned()
    } else if totals.errors > 0 {
        format!(
            "{} of {} tests could not be judged, which is not your doing. Tell the course staff.",
            totals.errors, totals.cases
        )
    } else {
        String::new()
    }
}

fn test(number: usize, case: &CaseRecord) -> Value {
    let mut test = json!({
        "name": case.id,
        "number": number.to_string(),
        "status": if is_good(case) { "passed" } else { "failed" },
        "visibility": visibility(case.visibility),
        "output": output(case),
        "output_format": "text",
        "tags": case.tags,
    });
    if case.kind == Kind::Case || case.max_score.0 != 0.0 {
        test["score"] = json!(case.score);
        test["max_score"] = json!(case.max_score);
    }
    test
}

fn is_good(case: &CaseRecord) -> bool {
    matches!(case.status, Status::Passed | Status::Xfailed)
}

fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Visible => "visible",
        Visibility::Hidden => "hidden",
        Visibility::AfterDueDate => "after_due_date",
        Visibility::AfterPublished => "after_published",
    }
}

fn output(case: &CaseRecord) -> String {
    if is_good(case) {
        return String::new();
    }
    let told = Told::of_case(case);
    let mut text = told.text(case);
    if let Some(attempt) = case.attempts.last() {
        for (name, capture) in [("stdout", &attempt.stdout), ("stderr", &attempt.stderr)] {
            if let Some(capture) = capture.as_ref().filter(|capture| capture.bytes > 0) {
                text.push_str(&format!("\n{name}:\n{}\n", capture.readable()));
            }
        }
    }
    cut(&visible(text.as_bytes()), LONGEST)
}
