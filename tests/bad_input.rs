//! Everything in `fixtures/bad`, through the binary: exit status 2, the exact text beside the
//! file on standard error, no panic, and nothing is run. `CAPSULE_UPDATE_GOLDENS=1` rewrites the
//! texts.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad").join(name)
}

/// The fixtures of a folder: every file with one of the extensions of suites, configurations and
/// requests. Folders below are what suites name.
fn fixtures(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name)).expect("the fixtures are there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "yaml" || it == "toml" || it == "json"));
    files.sort();
    files
}

/// capsule-run in the folder of the fixture, with nothing of this machine's in its environment.
fn capsule_run(path: &Path, home: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsule-run"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path());
    command.env("XDG_RUNTIME_DIR", home.path()).current_dir(path.parent().expect("it is in a folder"));
    let stdin = match args {
        ["--json"] => Stdio::from(File::open(path).expect("the fixture is there")),
        _ => Stdio::null(),
    };
    let start = Instant::now();
    let output = command.args(args).stdin(stdin).output().expect("the binary was built by cargo");
    assert!(start.elapsed() < Duration::from_secs(300), "{} hangs", path.display());
    output
}

/// Compares standard error with the text beside the fixture, or writes that.
fn compare(path: &Path, output: &Output, wrong: &mut Vec<String>) {
    let text = String::from_utf8_lossy(&output.stderr);
    let golden = PathBuf::from(format!("{}.expected", path.display()));
    if std::env::var_os("CAPSULE_UPDATE_GOLDENS").is_some() {
        fs::write(&golden, text.as_bytes()).expect("goldens can be written");
    } else if fs::read_to_string(&golden).unwrap_or_default() != text {
        wrong.push(format!("{} gets another text:\n{text}", path.display()));
    }
    let control = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    if text.contains(control) || text.contains("panicked") {
        wrong.push(format!("{} sends what it must not send", path.display()));
    }
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("fixtures have plain names")
}

#[test]
fn every_broken_suite_is_refused_with_its_text_and_nothing_is_run() {
    let mut wrong = Vec::new();
    for path in fixtures("suite") {
        let home = tempfile::tempdir().expect("a temporary directory");
        let report = home.path().join("report.json");
        let report = report.to_str().expect("a plain path");
        let more = fs::read_to_string(path.with_extension("args")).unwrap_or_default();
        let mut args = vec!["suite", file_name(&path), "--json", report];
        args.extend(more.lines());
        let output = capsule_run(&path, &home, &args);
        compare(&path, &output, &mut wrong);
        assert_eq!(output.status.code(), Some(2), "{}", path.display());
        assert!(output.stdout.is_empty(), "{}", path.display());
        let report = fs::read_to_string(report).unwrap_or_default();
        assert!(!report.contains("\"attempts\""), "{}: {report}", path.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_broken_configuration_is_refused_with_its_text_and_nothing_is_run() {
    const GOOD: &str = "version: 1\ncases: [{id: a, run: [/bin/true]}]\n";
    let mut wrong = Vec::new();
    for path in fixtures("config") {
        let home = tempfile::tempdir().expect("a temporary directory");
        let suite = home.path().join("good.yaml");
        fs::write(&suite, GOOD).expect("writable");
        let suite = suite.to_str().expect("a plain path");
        let output = capsule_run(&path, &home, &["suite", suite, "--config", file_name(&path)]);
        compare(&path, &output, &mut wrong);
        assert_eq!(output.status.code(), Some(2), "{}", path.display());
        assert!(output.stdout.is_empty(), "{}", path.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_broken_configuration_keeps_a_single_command_from_running() {
    for path in fixtures("config") {
        let home = tempfile::tempdir().expect("a temporary directory");
        let here = home.path().to_str().expect("a plain path");
        let marker = home.path().join("ran");
        let program = marker.to_str().expect("a plain path");
        let args = ["--config", file_name(&path), "--writable", here, "--", "/bin/touch", program];
        let output = capsule_run(&path, &home, &args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(125), "{}:\n{text}", path.display());
        assert!(text.ends_with("nothing was run. (exit 125)\n"), "{}:\n{text}", path.display());
        assert!(!marker.exists(), "{} did not keep the command from running", path.display());
    }
}

#[test]
fn the_marker_of_the_test_before_is_made_when_nothing_keeps_the_command_from_running() {
    let good = folder("config/good.toml");
    let home = tempfile::tempdir().expect("a temporary directory");
    let here = home.path().to_str().expect("a plain path");
    let marker = home.path().join("ran");
    let program = marker.to_str().expect("a plain path");
    let output = capsule_run(&good, &home, &["--writable", here, "--", "/bin/touch", program]);
    if output.status.code() == Some(125) {
        let text = String::from_utf8_lossy(&output.stdout);
        eprintln!("skipped: this host has no sandbox for us: {text}");
        return;
    }
    assert!(marker.exists(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn every_broken_request_is_refused_with_its_text_and_nothing_is_run() {
    let mut wrong = Vec::new();
    for path in fixtures("request") {
        let home = tempfile::tempdir().expect("a temporary directory");
        let output = capsule_run(&path, &home, &["--json"]);
        compare(&path, &output, &mut wrong);
        assert_eq!(output.status.code(), Some(2), "{}", path.display());
        let result: serde_json::Value =
            serde_json::from_slice(&output.stdout).expect("a refusal is a result object");
        assert_eq!(result["status"], "error", "{}", path.display());
        assert!(result["enforced"].is_null(), "{} was run", path.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_as_many_broken_files_as_promised() {
    assert!(fixtures("suite").len() >= 28);
    let all: usize = ["suite", "config", "request"].iter().map(|name| fixtures(name).len()).sum();
    assert!(all >= 40, "{all}");
}
