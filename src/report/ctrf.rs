//! CTRF. Its schema is closed: what it has no word for stands under `extra`. Times are milliseconds.

use std::io::{self, BufWriter, Write};

use serde_json::{Map, Value, json};

use super::record::{AttemptRecord, CaseRecord};
use super::run_records::RunRecords;
use super::stream::JsonStream;
use super::told::Told;
use super::words;
use crate::judge::Status;
use crate::units::visible;

/// Lines of a stream.
const MOST_LINES: usize = 200;

/// Writes the run as CTRF.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub(super) fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut json = JsonStream::object(&mut out)?;
    json.field("reportFormat", "CTRF")?;
    json.field("specVersion", "0.0.0")?;
    json.field("generatedBy", "capsule-run")?;
    json.open_object("results")?;
    json.field("tool", &json!({"name": run.header().tool.name, "version": run.header().tool.version}))?;
    json.field("summary", &summary(run))?;
    json.open_list("tests")?;
    for case in run.cases() {
        json.item(&test(&case?))?;
    }
    json.close_list()?;
    let footer = run.footer();
    let host = &run.header().host;
    json.field("environment", &json!({"osPlatform": "linux", "osRelease": host.kernel}))?;
    let extra = json!({
        "complete": footer.complete,
        "interruptedBy": footer.interrupted_by,
        "exitCode": footer.exit_code,
        "exitReason": footer.exit_reason,
        "run": run.header().id,
    });
    json.field("extra", &extra)?;
    json.close_object()?;
    json.end()?;
    out.flush()
}

fn summary(run: &RunRecords<'_>) -> Value {
    let totals = run.tally().summary();
    json!({
        "tests": totals.cases,
        "passed": totals.passed,
        "failed": totals.failed,
        "pending": totals.not_run,
        "skipped": totals.skipped,
        "other": totals.errors + totals.cancelled + totals.xfailed,
        "suites": run.header().suites.len(),
        "start": run.header().started_at.millis(),
        "stop": run.footer().finished_at.millis(),
        "extra": {
            "score": totals.score,
            "maxScore": totals.max_score,
            "flaky": totals.flaky,
            "errors": totals.errors,
            "cancelled": totals.cancelled,
            "xfailed": totals.xfailed,
        },
    })
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
        Status::NotRun => "pending",
        Status::Error | Status::Cancelled | Status::Xfailed => "other",
    }
}

fn test(case: &CaseRecord) -> Value {
    let told = Told::of_case(case);
    let mut test = Map::new();
    let mut put = |name: &str, value: Value| {
        test.insert(name.to_owned(), value);
    };
    put("name", json!(case.id));
    put("status", json!(status(case.status)));
    put("duration", json!(case.duration_ms().unwrap_or(0)));
    if let (Some(first), Some(last)) = (case.attempts.first(), case.attempts.last()) {
        put("start", json!(first.started_at.millis()));
        put("stop", json!(last.ended_at().millis()));
    }
    put("suite", json!([case.suite]));
    if case.status != Status::Passed {
        put("message", json!(told.line()));
        put("trace", json!(visible(told.text(case).as_bytes())));
        let last = case.attempts.last();
        put("stdout", lines(last.and_then(|attempt| attempt.stdout.as_ref())));
        put("stderr", lines(last.and_then(|attempt| attempt.stderr.as_ref())));
    }
    if !case.file.is_empty() {
        put("filePath", json!(case.file));
        put("line", json!(case.line));
    }
    put("rawStatus", json!(words::status(case.status)));
    put("tags", json!(case.tags));
    put("type", json!(words::kind(case.kind)));
    put("retries", json!(case.attempts.len().saturating_sub(1)));
    put("flaky", json!(case.flaky));
    put("extra", extra(case));
    Value::Object(test)
}

fn extra(case: &CaseRecord) -> Value {
    let used = case.attempts.last().and_then(|attempt: &AttemptRecord| attempt.resources.as_ref());
    json!({
        "code": case.code,
        "score": case.score,
        "maxScore": case.max_score,
        "visibility": case.visibility,
        "group": case.group,
        "params": case.params,
        "cpuTimeMs": used.map(|used| used.cpu_time_ms),
        "maxMemoryBytes": used.map(|used| used.max_memory_bytes),
    })
}

fn lines(capture: Option<&super::record::Capture>) -> Value {
    let text = capture.map(|capture| visible(capture.readable().as_bytes())).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().take(MOST_LINES).collect();
    if text.lines().nth(MOST_LINES).is_some() {
        lines.push("… the other lines are in the JSON report");
    }
    json!(lines)
}
