//! The homework example graded by an ordinary user: no root, no control groups, one user id. The
//! walls are the same; limits are watched from outside, and only when that was asked for.
//!
//! Needs root, to become nobody; an ordinary user who runs the tests is the case itself.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/json.rs"]
mod json;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use json::json;
use place::Place;
use run::{Done, finish};

/// Nobody, on every Linux.
const NOBODY: u32 = 65534;

/// What is the same without root: name, exit status, points of 60.
const GRADES: &[(&str, i32, f64)] = &[
    ("correct-c", 0, 60.0),
    ("correct-python", 0, 60.0),
    ("wrong-answer", 1, 40.0),
    ("does-not-compile", 1, 0.0),
    ("output-flood", 1, 0.0),
    ("memory-hog", 1, 0.0),
    ("crashes", 1, 0.0),
    ("reads-answers", 1, 0.0),
    ("kills-everything", 1, 0.0),
    ("writes-everywhere", 0, 60.0),
    ("calls-home", 1, 0.0),
];

/// The example and the binary, where nobody may read them.
struct Ordinary {
    place: Place,
}

impl Ordinary {
    fn new() -> Self {
        let place = Place::new();
        let work = place.work();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/homework"), &work.join("homework"));
        fs::copy(env!("CARGO_BIN_EXE_capsule-run"), work.join("capsule-run"))
            .expect("the binary can be copied");
        open_to_all(work.parent().expect("the place has a folder"));
        for own in [&work, &work.with_file_name("tmp")] {
            chown(own, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        Self { place }
    }

    fn run(&self, arguments: &[&str]) -> Done {
        let work = self.place.work();
        let mut command = self.place.command(&work.join("capsule-run").to_string_lossy());
        command.args(arguments).env("HOME", "/nonexistent").uid(NOBODY).gid(NOBODY);
        finish(command, b"")
    }
}

#[test]
fn without_control_groups_a_run_is_refused_unless_watching_is_good_enough() {
    if !is_root() {
        return;
    }
    let user = Ordinary::new();
    let refused = user.run(&["--workspace", "none", "--", "true"]);
    // A machine that delegates a control group to nobody would be a surprise, but no fault.
    if json(&refused)["status"] != "success" {
        assert_eq!(json(&refused)["error"]["code"], "E5001", "{refused:#?}");
        assert_eq!(refused.code(), 125);
    }
    let watched = user.run(&["--workspace", "none", "--require", "best-effort", "--", "id", "-u"]);
    assert_eq!(json(&watched)["stdout"], "1000\n", "{watched:#?}");
    let suite = user.run(&["suite", "homework/grade.yaml", "--only", "sample/three"]);
    assert!(suite.code() == 4 || suite.code() == 0, "could not judge, which is nobody's failure: {suite:#?}");
}

#[test]
fn doctor_names_what_an_ordinary_user_lacks_and_what_would_give_it() {
    if !is_root() {
        return;
    }
    let user = Ordinary::new();
    let told = json(&user.run(&["doctor", "--json"]));
    let layers = told["layers"].as_array().expect("an array").clone();
    let layer = |id: &str| layers.iter().find(|layer| layer["id"] == id).expect("every layer is told");
    assert_eq!(layer("id-maps")["state"], "weaker", "{told:#}");
    assert_eq!(layer("sandbox")["state"], "ok", "{told:#}");
    let done = user.run(&["doctor"]);
    // A machine that delegates a control group to nobody would be a surprise, but no fault.
    if layer("cgroup")["state"] == "missing" {
        assert_eq!(done.code(), 1, "{done:#?}");
        let text = &done.stdout;
        assert!(text.contains("missing  cgroups") && text.contains("run it as root"), "{text}");
        assert!(text.contains("what they need and lack: cgroups"), "{text}");
        assert_eq!(layer("memory-limit")["state"], "weaker", "{told:#}");
    } else {
        assert_eq!(done.code(), 0, "{done:#?}");
    }
}

#[test]
fn an_ordinary_user_gives_the_grades_that_root_gives() {
    if !is_root() {
        return;
    }
    let user = Ordinary::new();
    let mut wrong = Vec::new();
    for (name, exit, score) in GRADES {
        let submission = format!("homework/submissions/{name}");
        let done = user.run(&[
            "suite",
            "homework/grade.yaml",
            "--submission",
            &submission,
            "--require",
            "best-effort",
            "--json",
            "report.json",
            "-j",
            "2",
        ]);
        let report = fs::read_to_string(user.place.work().join("report.json")).expect("a report");
        let report: Value = serde_json::from_str(&report).expect("it is JSON");
        let got = (done.code(), report["summary"]["score"].as_f64());
        if got != (*exit, Some(*score)) {
            wrong.push(format!("{name}: {got:?} instead of {:?}: {}", (exit, score), done.stderr));
        }
        if report.to_string().contains("found:") {
            wrong.push(format!("{name}: found something of the grader's"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]
fn is_root() -> bool {
    let is_root = nix::unistd::Uid::effective().is_root();
    if !is_root {
        eprintln!("left out: only root can become another user");
    }
    is_root
}

/// Everything below is readable by everybody; nothing there is secret.
fn open_to_all(folder: &Path) {
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder, everybody.clone()).expect("ours");
    for entry in fs::read_dir(folder).expect("ours").flatten() {
        if entry.path().is_dir() {
            open_to_all(&entry.path());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(status.is_ok_and(|status| status.success()), "the example can be copied");
}
