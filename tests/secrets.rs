//! `--secret`: a program gets the value, and it is nowhere else, whoever prints it.

use std::fs;
use std::path::Path;

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use place::Place;
use run::Done;

/// Characters that every format writes in its own way.
const VALUE: &str = "hun<t>&er\"2'\\x";

/// What prints, compares, hands on and fails with a secret.
const SUITE: &str = r#"
version: 1
name: s
vars: {token: none}
build:
  - {name: note, run: [sh, -c, 'printf "%s" "$1" > note', x, "${token}"], outputs: [note]}
cases:
  - {id: argument, run: [printf, '%s', "${token}"], expect: {stdout: "${token}"}}
  - {id: environment, shell: 'printf "%s" "$TOKEN"', env: {TOKEN: "${token}"}, expect: {stdout: "${token}"}}
  - {id: input, run: [cat], stdin: {text: "${token}"}, expect: {stdout: "${token}"}}
  - {id: file, run: [cat, f], files: {f: {text: "a ${token} b"}}, expect: {stdout: "a ${token} b"}}
  - {id: built, run: [sh, -c, 'test "$(cat note)" = "$1"', x, "${token}"]}
  - {id: stand-in, run: [printf, '<secret:%s>', token], expect: {stdout: "${token}"}}
  - {id: differs, run: [sh, -c, 'echo "$1"; echo "$1" >&2; echo "$1" > out; exit 3', x, "${token}"],
     expect: {stdout: "${token}!", files: {out: "other\n"}}}
  - {id: missing, run: ["/no/${token}"]}
  - {id: talks, run: [sh, -c, 'read -r line; printf "%s\n" "$line"', x],
     interactor: {run: [sh, -c, 'printf "%s\n" "$4"; read -r l; exit 43', x], args: ["${token}"], protocol: kattis}}
"#;

const REPORTS: &[&str] = &[
    "--json=r/a.json",
    "--events=r/a.jsonl",
    "--junit=r/a.xml",
    "--tap=r/a.tap",
    "--ctrf=r/a.ctrf.json",
    "--markdown=r/a.md",
    "--html=r/a.html",
    "--sarif=r/a.sarif",
    "--trace=r/a.trace",
];

fn suite(place: &Place) {
    fs::write(place.work().join("s.yaml"), SUITE).expect("writable");
    fs::create_dir_all(place.work().join("r")).expect("writable");
}

fn run(place: &Place, more: &[&str]) -> Done {
    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    command.args(["suite", "s.yaml"]).args(more).env("RUST_LOG", "debug");
    run::finish(command, b"")
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { files(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

/// Forms in which the value could be read in some file.
fn forms() -> Vec<Vec<u8>> {
    let texts = [
        VALUE.to_owned(),
        VALUE.replace('\\', "\\\\").replace('"', "\\\""),
        VALUE.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        // A piece without any character that would be written otherwise somewhere.
        "&er".to_owned(),
        "hun<t".to_owned(),
        "hun&lt;t".to_owned(),
        "aHVuPHQ".to_owned(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

fn holds(bytes: &[u8], form: &[u8]) -> bool {
    bytes.windows(form.len()).any(|window| window == form)
}

#[test]
fn programs_get_a_secret_and_no_report_terminal_log_or_history_has_it() {
    let place = Place::new();
    suite(&place);
    let secret = format!("token={VALUE}");
    let more = [&["--secret", &secret, "-v", "--output", "all", "--color", "never"][..], REPORTS].concat();
    let done = run(&place, &more);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    let status = |id: &str| {
        let text = fs::read_to_string(place.work().join("r/a.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let case = report["cases"].as_array().expect("cases").iter().find(|case| case["id"] == id).cloned();
        case.expect("a case")["status"].as_str().expect("a status").to_owned()
    };
    for id in ["build/note", "argument", "environment", "input", "file", "built"] {
        assert_eq!(status(id), "passed", "{id}: {}", done.stderr);
    }
    for id in ["stand-in", "differs", "missing", "talks"] {
        assert_eq!(status(id), "failed", "{id}: {}", done.stderr);
    }
    assert!(done.stderr.contains("<secret:token>"), "{}", done.stderr);
    // Reports, the history in the home, and whatever else is left behind.
    let root = place.work().parent().expect("it is in the test's folder").to_owned();
    let mut all = Vec::new();
    files(&root, &mut all);
    assert!(all.len() > REPORTS.len(), "{all:?}");
    let mut texts: Vec<(String, Vec<u8>)> = all
        .into_iter()
        .map(|path| (path.display().to_string(), fs::read(&path).expect("readable")))
        .collect();
    texts.push(("stdout".to_owned(), done.stdout.into_bytes()));
    texts.push(("stderr".to_owned(), done.stderr.into_bytes()));
    for (name, bytes) in &texts {
        for form in forms() {
            let shown = String::from_utf8_lossy(&form);
            assert!(!holds(bytes, &form), "{name} has {shown}:\n{}", String::from_utf8_lossy(bytes));
        }
    }
    for report in ["a.json", "a.jsonl", "a.xml", "a.html"] {
        let (_, bytes) = texts.iter().find(|(name, _)| name.ends_with(report)).expect("written");
        assert!(holds(bytes, b"secret:token"), "{report} says that there was a secret");
    }
}

#[test]
fn a_secret_comes_from_a_file_and_explanations_do_not_have_it() {
    let place = Place::new();
    suite(&place);
    fs::write(place.work().join("token"), format!("{VALUE}\n")).expect("writable");
    let done = run(&place, &["--secret", "token@token", "--only", "argument", "-q"]);
    assert_eq!((done.code(), done.stdout.as_str()), (0, ""), "{}", done.stderr);
    let done = run(&place, &["--secret", "token@token", "--dry-run"]);
    assert!(done.stdout.contains("<secret:token>") && !done.stdout.contains("hun<t>"), "{}", done.stdout);
}

#[test]
fn a_secret_that_is_none_is_refused() {
    let place = Place::new();
    suite(&place);
    for (secret, why) in [
        ("token", "is not NAME=VALUE or NAME@FILE"),
        ("token=abc", "less than 4 bytes"),
        ("token@nothing", "'nothing' cannot be read"),
        ("other=hunter2", "--secret: no suite has a variable `other`"),
        ("a-b=hunter2", "is no name of a variable"),
    ] {
        let done = run(&place, &["--secret", secret]);
        assert_eq!(done.code(), 2, "{secret}: {}", done.stderr);
        assert!(done.stderr.contains(why), "{secret}: {}", done.stderr);
        assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    }
}
