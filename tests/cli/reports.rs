//! The event stream and the reports, from the outside, with real sandboxes.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Capsule, Ended};

const SUITE: &str = "\
version: 1
name: tiny
cases:
  - id: good
    run: [echo, one]
    expect: {stdout: {text: \"one\\n\"}}
  - id: bad
    run: [printf, '::error::x\\n##[add-mask]y\\n\\033[31mz\\n']
    expect: {stdout: {text: \"two\\n\"}}
  - id: secret
    run: [sh, -c, 'echo xyzzy-output; echo xyzzy-error >&2; exit 97']
    visibility: hidden
    stdin: {text: \"xyzzy-input\\n\"}
    expect: {exit: 0, stdout: {text: \"xyzzy-expected\\n\"}}
";

/// Every report, by option and file.
const REPORTS: [(&str, &str); 11] = [
    ("--json", "report.json"),
    ("--junit", "junit.xml"),
    ("--tap", "report.tap"),
    ("--ctrf", "ctrf.json"),
    ("--sarif", "report.sarif"),
    ("--markdown", "summary.md"),
    ("--html", "report.html"),
    ("--gradescope", "results.json"),
    ("--classroom", "classroom.json"),
    ("--csv", "report.csv"),
    ("--trace", "trace.json"),
];

fn all(first: &[&'static str], prefix: &str) -> Vec<String> {
    let reports = REPORTS.iter().flat_map(|(option, file)| [(*option).to_owned(), format!("{prefix}{file}")]);
    first.iter().map(|word| (*word).to_owned()).chain(reports).collect()
}

fn capsule(args: &[String]) -> Capsule {
    Capsule::new(&args.iter().map(String::as_str).collect::<Vec<_>>()).file("grade.yaml", SUITE)
}

/// The events of a stream; numbers, ends and the last line are looked at.
fn events(stream: &str) -> Vec<Value> {
    let events: Vec<Value> =
        stream.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    for (number, event) in (1..).zip(&events) {
        assert_eq!(event["seq"], number, "{event}");
    }
    let attempts = |kind: &str| {
        let key = |event: &Value| format!("{} {}", event["case"], event["attempt"]);
        let mut keys: Vec<_> = events.iter().filter(|event| event["type"] == kind).map(key).collect();
        keys.sort();
        keys
    };
    assert_eq!(attempts("case.started"), attempts("case.attempt_finished"));
    assert_eq!(events.first().map(|event| &event["type"]), Some(&"run.started".into()));
    assert_eq!(events.last().map(|event| &event["type"]), Some(&"run.finished".into()));
    events
}

#[test]
fn every_report_is_made_again_from_the_events_byte_for_byte() {
    let args = all(&["suite", "--events", "events.jsonl", "-j", "2"], "");
    let ended = capsule(&args).run().exits(1);
    let events = events(&ended.read("events.jsonl"));
    assert_eq!(events.iter().filter(|event| event["type"] == "case.finished").count(), 3);
    for (option, file) in REPORTS {
        let again = again(&ended, &["report", "events.jsonl", option, "again"]);
        assert_eq!(again.status.code(), Some(0), "{option}: {}", String::from_utf8_lossy(&again.stderr));
        assert!(ended.read("again") == ended.read(file), "{option} differs");
    }
}

/// Another capsule-run in the folder of one that has ended.
fn again(ended: &Ended, args: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_capsule-run"));
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(ended.folder.path()).args(args);
    command.output().expect("the binary was built by cargo")
}

#[test]
fn no_report_for_students_holds_anything_of_a_hidden_case() {
    let args = all(&["suite", "--audience", "student", "--events", "events.jsonl", "--ci", "github"], "");
    let ended = capsule(&args).run().exits(1);
    let files = REPORTS.iter().map(|(_, file)| *file).chain(["events.jsonl"]);
    for file in files {
        let text = ended.read(file);
        assert!(!text.contains("xyzzy"), "{file}: {text}");
    }
    assert!(!ended.stderr.contains("xyzzy") && ended.stderr.contains("secret"), "{}", ended.stderr);
    // The same from the stream of staff.
    let staff = capsule(&all(&["suite", "--events", "events.jsonl"], "")).run().exits(1);
    assert!(
        staff.read("events.jsonl").contains("xyzzy-output") && staff.read("report.json").contains("xyzzy")
    );
    for (option, _) in REPORTS {
        again(&staff, &["report", "events.jsonl", "--audience", "student", option, "again"]);
        assert!(!staff.read("again").contains("xyzzy"), "{option}");
    }
}

#[test]
fn a_descriptor_and_standard_output_take_events() {
    let ended = capsule(&["suite", "--events", "-"].map(str::to_owned)).run().exits(1);
    assert!(events(&ended.stdout).len() > 6);
    let ended = capsule(&["suite", "--events", "fd:1"].map(str::to_owned)).run().exits(1);
    events(&ended.stdout);
    let args = ["suite", "--events", "fd:99"].map(str::to_owned);
    capsule(&args).run().exits(2).says("descriptor 99 is not open");
    let args = ["suite", "--events", "x", "--tap", "x"].map(str::to_owned);
    capsule(&args).run().exits(2).says("two reports name the same file: x");
}

fn spawn(mut capsule: Capsule) -> (Child, tempfile::TempDir) {
    capsule.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = capsule.command.spawn().expect("the binary was built by cargo");
    (child, capsule.folder)
}

/// Waits until a file has this text. Only what hangs gets to the end.
fn wait_for(path: &Path, text: &str) -> String {
    let clock = Instant::now();
    loop {
        let found = std::fs::read_to_string(path).unwrap_or_default();
        if found.contains(text) {
            return found;
        }
        assert!(clock.elapsed() < Duration::from_secs(300), "{} lacks {text}: {found}", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_reader_who_does_not_read_holds_no_run_up_and_misses_nothing() {
    let cases: String = (0..60)
        .map(|n| {
            let long = "x".repeat(1500);
            format!("  - {{id: c{n}, run: [echo, {long}], expect: {{stdout: {{text: \"{long}\\n\"}}}}}}\n")
        })
        .collect();
    let suite = format!("version: 1\nname: long\ncases:\n{cases}");
    let capsule = Capsule::new(&["suite", "-q", "--events", "-", "--json", "report.json"]);
    let (mut child, folder) = spawn(capsule.file("grade.yaml", &suite));
    // The events are far more than a pipe holds, and nobody reads them: yet the run ends.
    wait_for(&folder.path().join("report.json"), "\"complete\":true");
    let mut stream = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut stream).expect("UTF-8");
    assert_eq!(child.wait().expect("our own child").code(), Some(0));
    assert!(stream.len() > 200_000, "{}", stream.len());
    assert_eq!(events(&stream).iter().filter(|event| event["type"] == "case.finished").count(), 60);
}

const SLOW: &str = "\
version: 1
name: slow
cases:
  - {id: quick, run: [\"true\"], expect: {stdout: any}}
  - {id: long, run: [sleep, \"600\"], limits: {timeout: 900s}, expect: {stdout: any}}
  - {id: never, run: [\"true\"], expect: {stdout: any}}
";

#[test]
fn of_a_killed_run_reports_can_be_made_and_are_not_green() {
    let args = all(&["suite", "-q", "--events", "events.jsonl"], "");
    let (mut child, folder) = spawn(capsule(&args).file("grade.yaml", SLOW));
    wait_for(&folder.path().join("events.jsonl"), "\"id\":\"long\",\"attempt\":1}");
    child.kill().expect("our own child");
    child.wait().expect("our own child");
    // What was left beside the log says the same of the run.
    let left = std::fs::read_to_string(folder.path().join("report.json")).expect("a pessimistic copy");
    let left: Value = serde_json::from_str(&left).expect("JSON");
    assert_eq!((&left["run"]["complete"], &left["summary"]["not_run"]), (&false.into(), &3.into()));
    let ended = Ended { status: None, stdout: String::new(), stderr: String::new(), folder };
    let output = again(&ended, &["report", "events.jsonl", "--json", "again.json", "--junit", "again.xml"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_str(&ended.read("again.json")).expect("JSON");
    assert_eq!((&report["run"]["complete"], &report["run"]["exit_code"]), (&false.into(), &4.into()));
    let statuses: Vec<_> =
        report["cases"].as_array().expect("a list").iter().map(|case| &case["status"]).collect();
    assert_eq!(statuses, ["passed", "not_run", "not_run", "error"]);
    assert!(ended.read("again.xml").contains("run not finished"));
}

#[test]
fn an_interrupted_run_has_a_whole_stream_and_says_so_in_every_report() {
    let args = all(&["suite", "-q", "--events", "events.jsonl"], "");
    let (mut child, folder) = spawn(capsule(&args).file("grade.yaml", SLOW));
    wait_for(&folder.path().join("events.jsonl"), "\"id\":\"long\",\"attempt\":1}");
    let id = i32::try_from(child.id()).expect("a process id");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGINT)
        .expect("our child");
    assert_eq!(child.wait().expect("our own child").code(), Some(130));
    let ended = Ended { status: None, stdout: String::new(), stderr: String::new(), folder };
    let stream = events(&ended.read("events.jsonl"));
    let kinds: Vec<_> = stream.iter().filter_map(|event| event["type"].as_str()).collect();
    assert!(kinds.contains(&"run.cancelling"), "{kinds:?}");
    assert_eq!(stream.last().map(|event| &event["run"]["exit_code"]), Some(&130.into()));
    for (_, file) in REPORTS.iter().filter(|(option, _)| !["--trace", "--gradescope"].contains(option)) {
        assert!(ended.read(file).contains("interrupted"), "{file}: {}", ended.read(file));
    }
    assert!(ended.read("results.json").contains("did not run to their end"));
}

#[test]
fn a_github_job_gets_sections_annotations_and_a_summary() {
    let cases: String =
        (0..14).map(|n| format!("  - {{id: f{n}, run: [\"false\"], expect: {{stdout: any}}}}\n")).collect();
    let suite = format!("{SUITE}{cases}");
    let ended = capsule(&["suite"].map(str::to_owned))
        .file("grade.yaml", &suite)
        .file("summary", "before\n")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "summary")
        .run()
        .exits(1);
    let annotations = ended.stderr.lines().filter(|line| line.starts_with("::error ")).count();
    assert_eq!(annotations, 10, "{}", ended.stderr);
    assert!(ended.stderr.contains("::error title=capsule-run::and 7 more"), "{}", ended.stderr);
    let summary = ended.read("summary");
    assert!(summary.starts_with("before\n## ") && summary.contains("16 of 17 failed"), "{summary}");
    // Between the commands that switch commands off and on again there may be anything.
    let mut token: Option<&str> = None;
    for line in ended.stderr.lines() {
        match (line.strip_prefix("::stop-commands::"), token) {
            (Some(new), _) => token = Some(new),
            (None, Some(old)) if line == format!("::{old}::") => token = None,
            (None, None) if line.starts_with("::") => {
                let known = ["::group::", "::endgroup::", "::error file=", "::error title=capsule-run::"];
                assert!(known.iter().any(|known| line.starts_with(known)), "{line}");
            }
            _ => {}
        }
        assert!(!line.contains("##["), "{line}");
    }
    let quiet =
        capsule(&["suite", "--ci", "none"].map(str::to_owned)).env("GITHUB_ACTIONS", "true").run().exits(1);
    assert!(!quiet.stderr.contains("::group::"));
}

#[test]
fn what_is_wrong_in_a_suite_is_told_to_code_scanning() {
    let args = ["suite", "--sarif", "x.sarif"].map(str::to_owned);
    let ended = capsule(&args)
        .file("grade.yaml", "version: 1\nname: x\ncases:\n  - {id: a, rnu: [x]}\n")
        .run()
        .exits(2);
    let sarif: Value = serde_json::from_str(&ended.read("x.sarif")).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("a list");
    assert!(!results.is_empty());
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&"grade.yaml".into(), &4.into())
    );
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn a_report_that_cannot_be_made_again_says_why() {
    let args = ["report", "grade.yaml", "--json", "x"].map(str::to_owned);
    capsule(&args).run().exits(2).says("grade.yaml: line 1: ");
    capsule(&["report", "missing", "--json", "x"].map(str::to_owned)).run().exits(2).says("missing: ");
    capsule(&["report", "grade.yaml"].map(str::to_owned)).run().exits(2).says("say which report to make");
}
