//! The writers of reports, against goldens in `fixtures/expected/report/`, and on runs that want to
//! do harm. `CAPSULE_UPDATE_GOLDENS=1` rewrites the goldens.
//!
//! The reports are also left under `target/tmp/reports/`, where `tests/reports/run` has them
//! read by software that is not ours.

mod builder;
mod formats;
mod runs;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use capsule_run::judge::{Code, Status};
use capsule_run::report::junit::JunitStyle;
use capsule_run::report::text::{self, Audience, TextStyle};
use capsule_run::report::{Format, ResultObject, RunReport, json, junit};
use capsule_run::resolve::GroupScore;
use capsule_run::sandbox::outcome::{End, FaultKind, KillReason};
use serde_json::Value;

use builder::case;

fn json_of(run: &RunReport) -> Vec<u8> {
    let mut out = Vec::new();
    json::write(&run.records(1, "cases failed").view(Audience::Staff), &mut out)
        .expect("a vector takes everything");
    out
}

fn junit_of(run: &RunReport, style: JunitStyle) -> Vec<u8> {
    let mut out = Vec::new();
    junit::write(&run.records(1, "cases failed").view(Audience::Staff), style, &mut out)
        .expect("a vector takes everything");
    out
}

const STYLES: [(&str, JunitStyle); 3] =
    [("extended", JunitStyle::Extended), ("strict", JunitStyle::Strict), ("ant", JunitStyle::Ant)];

/// Compares with a golden, or rewrites it.
fn golden(path: &str, found: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("CAPSULE_UPDATE_GOLDENS").is_some() {
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder can be made");
        fs::write(&path, found).expect("the golden can be written");
    }
    let expected = fs::read(&path).unwrap_or_default();
    assert!(
        expected == found,
        "{} differs; CAPSULE_UPDATE_GOLDENS=1 rewrites it. Found:\n{}",
        path.display(),
        String::from_utf8_lossy(found)
    );
}

/// Leaves the reports of a run for the software of others.
fn leave(name: &str, run: &RunReport) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("reports").join(name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    let records = run.records(1, "cases failed");
    for &format in Format::ALL {
        let bytes = formats::written(&records.view(Audience::Staff), format);
        fs::write(folder.join(formats::file_name(format)), bytes).expect("the report can be written");
    }
    fs::write(folder.join("events.jsonl"), formats::events(&records)).expect("the events can be written");
    let mut results = String::new();
    for report in &run.cases {
        results += &result_object(report, false);
    }
    fs::write(folder.join("objects.jsonl"), results).expect("the results can be written");
}

#[test]
fn every_writer_agrees_with_its_golden() {
    for (name, run) in [
        ("ordinary", runs::ordinary()),
        ("empty", runs::empty()),
        ("interrupted", runs::interrupted()),
        ("unfinished", runs::unfinished()),
        ("hostile", runs::hostile()),
    ] {
        leave(name, &run);
        golden(&format!("fixtures/expected/report/{name}.json"), &json_of(&run));
        for (style, junit_style) in STYLES {
            golden(&format!("fixtures/expected/report/{name}-{style}.xml"), &junit_of(&run, junit_style));
        }
    }
}

fn whole_text(run: &RunReport, style: &TextStyle) -> String {
    let mut out = String::new();
    for report in &run.cases {
        out += &text::case_line(report, style);
        out.push('\n');
    }
    for (done, report) in run.cases.iter().enumerate() {
        out += &text::counted_case_line(report, done + 1, run.cases.len(), style);
        out.push('\n');
    }
    for report in run.cases.iter().filter(|report| report.verdict.status != Status::Passed) {
        out.push('\n');
        out += &text::failure(report, style);
    }
    out.push('\n');
    out + &text::summary(run, &run.records(1, "cases failed").view(style.audience), style)
}

fn rerun() -> String {
    "capsule-run suite tests/grade.yaml".into()
}

#[test]
fn text_for_people_agrees_with_its_goldens() {
    let plain = TextStyle { rerun: rerun(), ..TextStyle::default() };
    let styles = [
        ("plain", plain.clone()),
        ("color", TextStyle { color: true, ..plain.clone() }),
        ("ascii", TextStyle { ascii: true, width: 60, ..plain.clone() }),
        ("student", TextStyle { audience: Audience::Student, ..plain.clone() }),
    ];
    for (name, style) in styles {
        golden(
            &format!("fixtures/expected/report/ordinary-{name}.txt"),
            whole_text(&runs::ordinary(), &style).as_bytes(),
        );
    }
    golden("fixtures/expected/report/hostile-plain.txt", whole_text(&runs::hostile(), &plain).as_bytes());
    golden(
        "fixtures/expected/report/interrupted-plain.txt",
        whole_text(&runs::interrupted(), &plain).as_bytes(),
    );
}

#[test]
fn nothing_raw_reaches_the_terminal() {
    for width in [0, 20, 37, 80, 200] {
        let style = TextStyle { width, rerun: "\x1b[2J".into(), ..TextStyle::default() };
        for run in [runs::hostile(), runs::long_line()] {
            let text = whole_text(&run, &style);
            let raw = text.chars().find(|&c| c != '\n' && (c.is_control() || c == '\u{202e}'));
            assert_eq!(raw, None, "width {width}");
        }
    }
    let style = TextStyle { ascii: true, ..TextStyle::default() };
    assert!(whole_text(&runs::ordinary(), &style).is_ascii());
}

#[test]
fn lines_fit_the_terminal() {
    for width in [36, 40, 50, 60, 80, 100, 140] {
        let style = TextStyle { width, ..TextStyle::default() };
        for report in &runs::ordinary().cases {
            let line = text::case_line(report, &style);
            assert!(line.chars().count() < width, "{width}: {line}");
        }
    }
}

#[test]
fn students_read_nothing_of_a_hidden_case() {
    let student = TextStyle { audience: Audience::Student, ..TextStyle::default() };
    let run = runs::ordinary();
    let text = whole_text(&run, &student);
    assert!(text.contains("secret/01") && !text.to_lowercase().contains("secret actual"));
    assert!(!text.contains("SECRET"), "{text}");
    assert!(whole_text(&run, &TextStyle::default()).contains("SECRET"));
    // Nor its parameters, nor what a program could choose that was given a secret.
    let (run, secret) = (formats::secrets(), formats::SECRET);
    let text = whole_text(&run, &student);
    let hidden: Vec<_> = text.lines().filter(|line| line.contains("closed/")).collect();
    assert!(!text.contains(secret) && hidden.iter().all(|line| !line.contains("3.217")), "{text}");
    assert!(hidden.iter().any(|line| line.contains("closed/2-Passed-None[#1]")), "{text}");
    assert!(whole_text(&run, &TextStyle::default()).contains(secret));
}

#[test]
fn bytes_that_are_not_utf8_are_in_base64_without_loss() {
    let json: Value = serde_json::from_slice(&json_of(&runs::hostile())).expect("valid JSON");
    let capture = &json["cases"][0]["attempts"][0]["stdout"];
    assert_eq!(capture["head"]["encoding"], "base64");
    assert_eq!(capture["sha256"], "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880");
    assert!(json["cases"][0]["attempts"][0]["exec"]["argv"][2]["base64"].is_string());
    assert!(!String::from_utf8_lossy(&json_of(&runs::hostile())).contains('\u{fffd}'));
    assert_eq!(json["run"]["argv"][2], json["run"]["cwd"], "text comes back as it was");
}

#[test]
fn a_line_of_two_megabytes_is_shown_by_its_ends() {
    let run = runs::long_line();
    leave("long-line", &run);
    let json: Value = serde_json::from_slice(&json_of(&run)).expect("valid JSON");
    let stdout = &json["cases"][0]["attempts"][0]["stdout"];
    assert_eq!((&stdout["bytes"], &stdout["kept_bytes"]), (&3_000_000.into(), &2_000_000.into()));
    assert_eq!(stdout["head"]["text"].as_str().map(str::len), Some(32 * 1024));
    assert_eq!(stdout["tail"]["text"].as_str().map(str::len), Some(32 * 1024));
    assert_eq!(stdout["omitted_bytes"], 2_000_000 - 64 * 1024);
    assert!(junit_of(&run, JunitStyle::Extended).len() < 300_000);
    assert!(text::failure(&run.cases[0], &TextStyle::default()).lines().all(|line| line.len() < 2_100_000));
}

#[test]
fn a_group_that_is_all_or_nothing_gets_all_or_nothing() {
    let third = |id: &str, suite| {
        case(id, 1).with(|case| {
            case.suite = suite;
            case.points = 10.0 / 3.0;
            case.group_score = Some(GroupScore::AllOrNothing { points: 10.0 });
        })
    };
    let lost = third("secret/2", 0).failed(Code::WrongExit, "exit 1, expected 0").report();
    let cases = vec![
        third("secret/1", 0).report(),
        lost,
        third("secret/3", 0).report(),
        third("secret/4", 1).report(),
        third("secret/5", 1).report(),
        third("secret/6", 1).report(),
    ];
    let run = builder::run(cases);
    let text =
        text::summary(&run, &run.records(1, "cases failed").view(Audience::Staff), &TextStyle::default());
    assert!(text.contains("Group secret: no points, 2 of 3 passed and it is all or nothing\n"), "{text}");
    let json: Value = serde_json::from_slice(&json_of(&run)).expect("valid JSON");
    assert_eq!((&json["summary"]["score"], &json["summary"]["max_score"]), (&10.into(), &20.into()));
    assert_eq!((&json["cases"][0]["status"], &json["cases"][0]["score"]), (&"passed".into(), &0.into()));
    assert_eq!(json["cases"][3]["score"], 3.333333333);
}

#[test]
fn no_two_junit_cases_have_the_same_class_and_name() {
    for run in [runs::ordinary(), runs::hostile(), runs::interrupted()] {
        let xml = String::from_utf8(junit_of(&run, JunitStyle::Strict)).expect("UTF-8");
        let cases: Vec<_> = xml
            .lines()
            .filter_map(|line| line.trim().strip_prefix("<testcase ")?.split(" time=").next())
            .collect();
        let unique: HashSet<_> = cases.iter().collect();
        assert!(!cases.is_empty());
        assert_eq!(unique.len(), cases.len(), "{cases:?}");
    }
}

#[test]
fn an_unfinished_run_is_never_green() {
    for run in [runs::interrupted(), runs::unfinished()] {
        for (name, style) in STYLES {
            let xml = String::from_utf8(junit_of(&run, style)).expect("UTF-8");
            assert!(xml.contains("name=\"@run\"") && xml.contains("<error "), "{name}: {xml}");
        }
        let json: Value = serde_json::from_slice(&json_of(&run)).expect("valid JSON");
        assert_eq!(json["run"]["outcome"], "interrupted");
    }
}

#[test]
fn ten_times_the_cases_take_ten_times_the_bytes_and_a_summary_of_the_same_length() {
    let sizes = |count| {
        let run = runs::many(count);
        let summary =
            text::summary(&run, &run.records(1, "cases failed").view(Audience::Staff), &TextStyle::default());
        assert!(summary.contains(&format!("{count} run")) && summary.lines().count() < 300);
        json_of(&run).len() + junit_of(&run, JunitStyle::Extended).len()
    };
    let (small, large) = (sizes(300), sizes(3_000));
    assert!((9 * small..11 * small).contains(&large), "{small} and {large} bytes");
    leave("many", &runs::many(2_000));
}

/// A writer that takes so many bytes and then no more.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_and_keeps_its_kind() {
    let run = runs::many(100).records(1, "");
    let kind = |result: std::io::Result<()>| result.expect_err("the disk is full").kind();
    assert_eq!(
        kind(json::write(&run.view(Audience::Staff), &mut Full(9_000))),
        std::io::ErrorKind::StorageFull
    );
    assert_eq!(
        kind(junit::write(&run.view(Audience::Staff), JunitStyle::Strict, &mut Full(9_000))),
        std::io::ErrorKind::StorageFull
    );
}

#[test]
fn the_schemas_in_the_repository_are_those_of_the_types() {
    golden("schemas/report.schema.json", capsule_run::report::report_schema().as_bytes());
    golden("schemas/result.schema.json", capsule_run::report::result_schema().as_bytes());
}

fn result_object(report: &capsule_run::report::CaseReport, pretty: bool) -> String {
    written(&ResultObject::new(report, "id-1"), pretty)
}

fn written(result: &ResultObject<'_>, pretty: bool) -> String {
    let mut out = Vec::new();
    result.write(pretty, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn result_of(report: &capsule_run::report::CaseReport) -> Value {
    serde_json::from_str(&result_object(report, false)).expect("valid JSON")
}

#[test]
fn a_program_that_ended_by_itself_is_a_success_whatever_its_exit_status() {
    let report = case("cmd", 1)
        .failed(Code::WrongExit, "exit 3, expected 0")
        .outcome(|ran| ran.end = End::Exited(3))
        .stdout(b"a\xff\n")
        .report();
    let result = result_of(&report);
    assert_eq!((&result["status"], &result["exit_code"]), (&"success".into(), &3.into()));
    assert_eq!((&result["stdout"], &result["stdout_base64"]), (&"a\\xFF\n".into(), &"Yf8K".into()));
    assert_eq!(result.get("error"), None);
    assert_eq!(result.get("stderr_base64"), None);
    assert_eq!(result["timestamps"]["started"], "2026-11-23T18:29:04.123Z");
}

#[test]
fn limits_signals_and_refusals_say_what_users_of_the_tool_know() {
    let timeout = case("cmd", 1).failed(Code::Timeout, "wall limit 5s").killed(KillReason::Wall).report();
    let signal = case("cmd", 1)
        .failed(Code::Signal, "killed by SIGKILL")
        .outcome(|ran| ran.end = End::Signaled { signal: 9, core_dumped: false })
        .details(|details| details.signal = Some(9))
        .report();
    let missing = case("cmd", 1)
        .failed(Code::CommandNotFound, "python3 was not found")
        .fault(FaultKind::NotFound { searched: vec![] }, "executing python3", Some(2), "")
        .report();
    let denied = case("cmd", 1).failed(Code::PermissionDenied, "x").not_run().report();
    let memory = case("cmd", 1)
        .failed(Code::MemoryLimit, "memory limit 256 MiB")
        .outcome(|ran| ran.end = End::Exited(1))
        .report();
    for (report, status, code, message, exit) in [
        (timeout, "timeout", "E3001", "wall limit 5s", Value::Null),
        (signal, "error", "E3003", "Process killed by signal 9", Value::Null),
        (missing, "error", "E2002", "Command 'python3' not found", Value::Null),
        (denied, "error", "E2001", "Permission denied", Value::Null),
        (memory, "error", "E4001", "memory limit 256 MiB", 1.into()),
    ] {
        let result = result_of(&report);
        assert_eq!(result["status"], status, "{code}");
        assert_eq!(result["error"]["code"], code);
        assert_eq!(result["error"]["message"], message);
        assert_eq!(result["exit_code"], exit, "{code}");
    }
}

#[test]
fn a_result_is_one_line_or_pretty_and_a_refusal_has_the_same_shape() {
    let report = case("cmd", 1).stdout(b"a\nb\n").report();
    assert_eq!(result_object(&report, false).lines().count(), 1);
    let pretty = result_object(&report, true);
    assert!(pretty.starts_with("{\n  \"execution_id\": \"id-1\""), "{pretty}");
    let refused = ResultObject::refused("id-2", Code::ProfileNotFound, "Profile 'x' not found");
    let refused: Value = serde_json::from_str(&written(&refused, false)).expect("valid JSON");
    assert_eq!(refused["error"]["code"], "E1004");
    assert_eq!(refused["enforced"], Value::Null);
    golden("fixtures/expected/report/result-pretty.json", pretty.as_bytes());
}
