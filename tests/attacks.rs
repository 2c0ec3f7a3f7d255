//! The suites of attacks, run by the binary itself: every program gets the verdict that it must get,
//! as root and as an ordinary user, and the host is as it was.

#![expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/host.rs"]
mod host;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use host::Host;
use place::Place;
use run::{Done, finish};

/// Nobody, on every Linux.
const NOBODY: u32 = 65534;
/// A request to run although some limits are only watched.
const WATCHED: &[&str] = &["--require", "best-effort"];

#[test]
fn every_attack_of_every_host_gets_its_verdict() {
    attack("everywhere", Who::Myself, WATCHED);
}

#[test]
fn attacks_on_memory_and_cpu_time_that_a_cgroup_counts_get_their_verdicts() {
    if !cgroups_count() {
        eprintln!("left out: no control group counts memory for this user");
        return;
    }
    attack("with-cgroup", Who::Myself, &[]);
}

/// Nothing of what a suite keeps from case to case is what holds an attack off.
#[test]
fn every_attack_gets_its_verdict_where_nothing_is_kept() {
    if in_vm() {
        eprintln!("left out: a worker for every case takes too long there");
        return;
    }
    attack("everywhere", Who::Myself, &["--require", "best-effort", "--fresh", "all"]);
}

#[test]
fn every_attack_as_an_ordinary_user_gets_its_verdict() {
    if in_vm() {
        eprintln!("left out: there the ordinary user has a machine of his own");
    } else if Who::is_root() {
        attack("everywhere", Who::Nobody, WATCHED);
    }
}

#[test]
fn attacks_on_memory_that_is_only_watched_get_their_verdicts() {
    let who = if Who::is_root() { Who::Nobody } else { Who::Myself };
    if who == Who::Myself && cgroups_count() {
        eprintln!("left out: a control group counts memory here");
        return;
    }
    attack("without-cgroup", who, WATCHED);
}

#[test]
fn every_attack_is_in_a_suite_and_says_what_it_attacks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let suites: String = ["everywhere", "with-cgroup", "without-cgroup"]
        .iter()
        .map(|name| fs::read_to_string(root.join(format!("suites/attacks/{name}.yaml"))).expect("a suite"))
        .collect();
    let words: BTreeSet<&str> = suites.split(|c: char| " ,[]{}\n".contains(c)).collect();
    for entry in fs::read_dir(root.join("fixtures/attacks")).expect("a folder of ours").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".c").map_or_else(|| name.clone(), |stem| format!("./{stem}"));
        let is_run = words.contains(stem.as_str()) || words.contains(format!("./{name}").as_str());
        assert!(is_run, "no suite runs {name}");
        let text = fs::read_to_string(entry.path()).expect("a text");
        let head: Vec<&str> = text.lines().take(2).collect();
        let says = |line: &&str| line.contains("Attacks: ") && line.contains(" Must get: ");
        assert!(head.iter().any(says), "{name} does not say what it attacks and what it must get");
    }
}

#[test]
fn a_forger_reaches_neither_the_reports_nor_the_terminal() {
    let place = Place::new();
    let done = capsule(
        &place,
        Who::Myself,
        "everywhere",
        &["--only", "forging/reports", "-v", "--require", "best-effort"],
    );
    for line in done.stderr.lines() {
        let harmless = |c: char| !c.is_control() && c != '\u{202e}';
        assert!(line.chars().all(harmless), "{line:?}");
        let start = line.trim_start();
        assert!(!start.starts_with("::") && !start.starts_with("##"), "a command of a CI system: {line:?}");
        assert!(!start.starts_with("Summary 1 run"), "{line:?}");
    }
    let report = report(&place, &done);
    let case = report["cases"].as_array().expect("cases").iter().find(|case| case["id"] == "forging/reports");
    assert_eq!(case.expect("it ran")["code"], "E6002");
    assert_eq!(done.stdout, "", "standard output is for reports");
    let junit = fs::read_to_string(place.work().join("junit.xml")).expect("a report");
    assert_eq!(junit.matches("<testsuites").count(), 1, "{junit}");
    assert!(!junit.contains('\x1b') && !junit.contains("<testcase name=\"y\"/>"), "{junit}");
}

/// Who runs capsule-run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Myself,
    Nobody,
}

impl Who {
    fn is_root() -> bool {
        let is_root = nix::unistd::Uid::effective().is_root();
        if !is_root {
            eprintln!("left out: only root can become another user");
        }
        is_root
    }
}

/// Runs a suite of attacks and demands that all pass and the host is as it was.
fn attack(suite: &str, who: Who, more: &[&str]) {
    let _one_at_a_time = lock();
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attacks");
    let place = Place::new();
    let before = (Host::now(&programs), left_in_the_kernel());
    let done = capsule(&place, who, suite, more);
    let report = report(&place, &done);
    let wrong: Vec<_> = report["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .filter(|case| case["status"] != "passed")
        .map(|case| format!("{} {} {}", case["id"], case["code"], case["reason"]))
        .collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), done.stderr);
    assert_eq!(done.code(), 0, "{done:#?}");
    assert_eq!(before.0.difference(&programs), "");
    assert_eq!(before.1, left_in_the_kernel());
}

/// Pictures of the host are taken by one test at a time.
fn lock() -> std::sync::MutexGuard<'static, ()> {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What outlives processes: System V IPC of the host, and the host's own files for programs.
fn left_in_the_kernel() -> Vec<String> {
    let ipc = ["shm", "sem", "msg"].map(|kind| {
        let table = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
        format!("{} {kind}", table.lines().count())
    });
    let files = fs::read_dir("/usr/bin").map_or(0, |entries| entries.count());
    ipc.into_iter().chain([format!("{files} programs")]).collect()
}

fn capsule(place: &Place, who: Who, suite: &str, more: &[&str]) -> Done {
    let work = place.work();
    let mut command = match who {
        Who::Myself => place.command(&binary()),
        Who::Nobody => place.command(&work.join("capsule-run").to_string_lossy()),
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut from = root.clone();
    if who == Who::Nobody {
        let work = work.to_string_lossy().into_owned();
        let script = "set -e; cp -r \"$1/suites\" \"$1/fixtures\" \"$2\"; cp \"$3\" \"$2/capsule-run\"; \
                      chown -R 65534:65534 \"$2/..\"; chmod 755 \"$2/..\"";
        let mut copy = Command::new("/bin/sh");
        copy.args(["-c", script, "copy"]).arg(&root).arg(&work).arg(binary());
        assert!(copy.status().is_ok_and(|status| status.success()), "the attacks can be copied");
        command.uid(NOBODY).gid(NOBODY);
        from = PathBuf::from(work);
    }
    let suite = from.join(format!("suites/attacks/{suite}.yaml"));
    command.arg("suite").arg(if in_vm() { with_more_time(&suite, &work) } else { suite });
    command.arg("--submission").arg(from.join("fixtures/attacks"));
    command.args(["--json", "report.json", "--junit", "junit.xml"]).args(more);
    finish(command, b"")
}

/// The binary: the one that was built with this test, or a copy that was put elsewhere.
fn binary() -> String {
    let copy = std::env::var("CAPSULE_RUN_TEST_WORKER");
    copy.unwrap_or_else(|_| env!("CARGO_BIN_EXE_capsule-run").to_owned())
}

fn in_vm() -> bool {
    std::env::var_os("CAPSULE_RUN_VM").is_some()
}

/// The same suite for an emulated machine, where everything takes many times as long.
fn with_more_time(suite: &Path, folder: &Path) -> PathBuf {
    const TIMES: u32 = 8;
    let text = fs::read_to_string(suite).expect("a suite of ours");
    let mut slower = String::new();
    for line in text.lines() {
        // A mapping in braces, or one of indented lines.
        let end = if line.contains("profile: compile,") { ", " } else { "\n    " };
        let patient = format!("limits: {{timeout: 10m, cpu_time: 10m}}{end}profile: compile");
        let mut line = line.replace("profile: compile", &patient);
        // What is to run into its limit does so here too.
        let keys: &[&str] = if line.contains("E3001") { &[] } else { &["timeout: ", "cpu_time: "] };
        for key in keys {
            for seconds in (1..=20_u32).rev() {
                let long = format!("{key}{} s", seconds * TIMES);
                line = line.replace(&format!("{key}{seconds}s"), &long);
            }
        }
        slower.push_str(&line);
        slower.push('\n');
    }
    let copy = folder.join(suite.file_name().expect("it has a name"));
    fs::write(&copy, slower).expect("ours");
    copy
}

fn report(place: &Place, done: &Done) -> Value {
    let text = fs::read_to_string(place.work().join("report.json"));
    let text = text.unwrap_or_else(|error| panic!("no report: {error}\n{}", done.stderr));
    serde_json::from_str(&text).expect("it is JSON")
}

/// Whether a run may ask for strict limits here: found out by asking.
fn cgroups_count() -> bool {
    let place = Place::new();
    let mut command = place.command(&binary());
    command.args(["--require", "strict", "--workspace", "none", "--", "true"]);
    finish(command, b"").code() == 0
}
