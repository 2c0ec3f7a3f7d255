//! A suite whose verdicts are known, and what its reports may say whatever happened to the run.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// What every case deserves: `wrong` fails, all others pass.
pub(crate) const SUITE: &str = "version: 1
name: known
build:
  - {shell: 'echo data > made; mkdir d; echo more > d/made', outputs: [made, d/made]}
cases:
  - {id: reads, run: [cat, made, d/made], expect: {stdout: \"data\\nmore\\n\"}}
  - {id: sleeps, run: [sleep, '0.05']}
  - {id: forks, shell: 'for i in 1 2 3 4; do sleep 0.02 & done; (setsid sleep 60 &); wait %1'}
  - {id: wrong, shell: 'echo wrong', expect: {stdout: right}}
  - {id: writes, shell: 'head -c 3000000 /dev/zero > /tmp/x; ls /tmp', expect: {stdout: \"x\\n\"}}
  - {id: collects, shell: 'echo left > out', expect: {files: {out: \"left\\n\"}}}
  - {id: prints, shell: 'head -c 200000 /dev/zero'}
";

/// The reports `report.json` and `junit.xml` in a folder are whole, and say nothing that is not so.
/// `code` is the exit status; `None`: the run was killed.
pub(crate) fn look_at_reports(reports: &Path, what: &str, code: Option<i32>) {
    if let Ok(text) = fs::read_to_string(reports.join("report.json")) {
        let report: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}: {text}"));
        let cases = report["cases"].as_array().unwrap_or_else(|| panic!("{what}: {text}"));
        let said: Vec<_> =
            cases.iter().map(|case| (text_of(&case["id"]), text_of(&case["status"]))).collect();
        for (id, status) in &said {
            let truth = if id == "wrong" { "failed" } else { "passed" };
            let judged = status == "passed" || status == "failed";
            assert!(!judged || status == truth, "{what}: {id} {status}: {text}");
        }
        let unjudged = said.iter().any(|(_, status)| status != "passed" && status != "failed");
        if let Some(code) = code {
            assert_eq!(code == 4, unjudged, "{what}: exit status {code}: {said:?}");
        }
    } else {
        assert!(code.is_none(), "{what}: no report, but exit status {code:?}");
    }
    if let Ok(text) = fs::read_to_string(reports.join("junit.xml")) {
        assert!(text.trim_end().ends_with("</testsuites>"), "{what}: {text}");
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
