//! SARIF 2.1.0, for code scanning and editors: what is wrong in suite files, and cases that did not
//! pass, each at its place.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use super::record::{CaseRecord, Tool};
use super::run_records::RunRecords;
use super::stream::JsonStream;
use super::told::Told;
use crate::diagnostic::Diagnostic;
use crate::judge::{Code, Status};
use crate::units::visible;

/// Results of one run that GitHub takes; with more it refuses the whole file.
const MOST: usize = 25_000;

/// The rule of a case that did not pass for no E-code: it was cancelled, or the run did not end.
const NO_RESULT: &str = "no-result";

/// Writes the cases that did not pass as SARIF.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let footer = run.footer();
    let invocation = json!({
        "executionSuccessful": !footer.is_unfinished(),
        "exitCode": footer.exit_code,
        "exitCodeDescription": footer.exit_reason,
        "startTimeUtc": run.header().started_at,
        "endTimeUtc": footer.finished_at,
    });
    let bad = run
        .tally()
        .briefs()
        .iter()
        .enumerate()
        .filter(|(_, brief)| matches!(brief.status, Status::Failed | Status::Error | Status::Cancelled));
    let results = bad.take(MOST).map(|(at, _)| run.case(at).map(|case| of_case(&case)));
    document(&run.header().tool, &invocation, results, &mut out)?;
    out.flush()
}

/// Writes what is wrong in suite files and configuration as SARIF; nothing was run.
///
/// # Errors
/// Those of `out`.
pub fn write_diagnostics(diagnostics: &[Diagnostic], exit_code: u8, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let invocation = json!({
        "executionSuccessful": false,
        "exitCode": exit_code,
        "exitCodeDescription": "nothing was run",
    });
    let results = diagnostics.iter().take(MOST).map(|diagnostic| Ok(of_diagnostic(diagnostic)));
    document(&Tool::this(), &invocation, results, &mut out)?;
    out.flush()
}

fn document(
    tool: &Tool,
    invocation: &Value,
    results: impl Iterator<Item = io::Result<Value>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut json = JsonStream::object(out)?;
    json.field("$schema", "https://json.schemastore.org/sarif-2.1.0.json")?;
    json.field("version", "2.1.0")?;
    // One run, whose results are a list in a list: written by hand so that they can be many.
    json.open_list("runs")?;
    json.open_item()?;
    json.field("tool", &json!({"driver": driver(tool)}))?;
    json.field("invocations", &[invocation])?;
    json.field("columnKind", "unicodeCodePoints")?;
    json.open_list("results")?;
    for result in results {
        json.item(&result?)?;
    }
    json.close_list()?;
    json.close_object()?;
    json.close_list()?;
    json.end()
}

fn driver(tool: &Tool) -> Value {
    let rule = |code: &Code| {
        json!({
            "id": code.number(),
            "shortDescription": {"text": code.title()},
            "help": {"text": code.remedy()},
        })
    };
    let no_result = json!({
        "id": NO_RESULT,
        "shortDescription": {"text": "a case has no result"},
        "help": {"text": "run it again"},
    });
    let rules: Vec<Value> = Code::ALL.iter().map(rule).chain([no_result]).collect();
    json!({"name": tool.name, "version": tool.version, "rules": rules})
}

fn of_case(case: &CaseRecord) -> Value {
    let told = Told::of_case(case);
    let rule = case.code.map_or(NO_RESULT, Code::number);
    let text = format!("{}: {}", visible(case.id.as_bytes()), visible(told.text(case).as_bytes()));
    let mut result = result(rule, "error", &text);
    if !case.file.is_empty() {
        result["locations"] = json!([place(&case.file, case.line as usize, None)]);
    }
    let id = BTreeMap::from([("case/v1", format!("{}:{}", case.suite, case.id))]);
    result["partialFingerprints"] = json!(id);
    result
}

fn of_diagnostic(diagnostic: &Diagnostic) -> Value {
    let mut text = visible(diagnostic.message.as_bytes());
    if !diagnostic.help.is_empty() {
        text = format!("{text}\n{}", visible(diagnostic.help.as_bytes()));
    }
    let mut result = result(diagnostic.code.number(), "error", &text);
    let at = |place: &crate::diagnostic::Place| {
        let (line, column) = place.line_column();
        self::place(&place.source.name, line, Some(column))
    };
    if let Some(place) = &diagnostic.place {
        result["locations"] = json!([at(place)]);
    }
    if let Some(other) = &diagnostic.other {
        result["relatedLocations"] = json!([at(other)]);
    }
    result
}

fn result(rule: &str, level: &str, text: &str) -> Value {
    json!({"ruleId": rule, "level": level, "message": {"text": text}})
}

fn place(file: &str, line: usize, column: Option<usize>) -> Value {
    let mut region = json!({"startLine": line.max(1)});
    if let Some(column) = column {
        region["startColumn"] = json!(column.max(1));
    }
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": region}})
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_whatever_is_in_it() {
        assert_eq!(uri("tests/a b#é?.yaml"), "tests/a%20b%23%C3%A9%3F.yaml");
        assert_eq!(uri("/abs/x:y"), "file:///abs/x%3Ay");
    }
}
