//! What is remembered of runs: `--failed`, `--order smart`, `runs`.

use super::{Capsule, Ended};

const SUITE: &str = "version: 1\nsubmission: {path: sub}\ncases:\n  - {id: a, run: [cat, f], expect: {stdout: ok}}\n  - {id: b, run: [cat, f], expect: {stdout: ok}}\n  - {id: c, run: ['true']}\n";

/// Another run in the folder of an earlier one.
fn again(before: Ended, args: &[&str]) -> Ended {
    let mut capsule = Capsule::new(args);
    capsule.command.env("HOME", before.folder.path().join("home")).current_dir(before.folder.path());
    capsule.command.env("XDG_RUNTIME_DIR", before.folder.path());
    capsule.folder = before.folder;
    capsule.run()
}

fn failing() -> Ended {
    let capsule = Capsule::new(&["suite"]).file("capsule.yaml", SUITE).file("sub/f", "bad");
    capsule.run().exits(1)
}

#[test]
fn failed_runs_what_is_outstanding_until_nothing_is() {
    let ended = failing();
    std::fs::write(ended.path("sub/f"), "ok").expect("writable");
    let ended = again(ended, &["suite", "--failed", "--", "a"]).exits(6).says("1 of 2 outstanding cases");
    let ended = again(ended, &["list", "--failed"]).exits(0);
    assert_eq!(ended.stdout, "b\n", "what an earlier run knows of c is not forgotten");
    let ended = again(ended, &["suite", "--failed"]).exits(0).says("1 of 1 outstanding case");
    let ended = again(ended, &["suite", "--failed"]).exits(0).says("nothing is outstanding");
    let new = SUITE.to_owned() + "  - {id: d, run: ['true']}\n";
    std::fs::write(ended.path("capsule.yaml"), new).expect("writable");
    assert_eq!(again(ended, &["list", "--failed"]).exits(0).stdout, "d\n");
}

#[test]
fn runs_are_listed_shown_and_forgotten_and_only_their_owner_can_read_them() {
    use std::os::unix::fs::PermissionsExt;
    let ended = again(failing(), &["runs"]).exits(0).prints("exit 1").prints("1/3 passed");
    let id = ended.stdout.split_whitespace().next().expect("an id").to_owned();
    let folder = ended.path("home/.local/state/capsule-run/runs");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    let record = std::fs::read_dir(&folder).expect("is there").next().expect("a record").expect("readable");
    assert_eq!((mode(&folder), mode(&record.path())), (0o700, 0o600));
    let ended = again(ended, &["runs", "show", &id]).exits(0).prints("failed").prints("passed");
    let ended = again(ended, &["list", &format!("--failed={id}")]).exits(0);
    assert_eq!(ended.stdout, "a\nb\n");
    let ended = again(ended, &["runs", "prune"]).exits(0).prints("1 forgotten");
    let ended = again(ended, &["runs", "show", &id]).exits(2).says("no run");
    assert_eq!(again(ended, &["runs", "list"]).exits(0).stdout, "");
}

#[test]
fn nothing_is_remembered_of_a_run_that_asks_for_that() {
    for (option, variable) in [("--no-history", "UNUSED"), ("-q", "CAPSULE_NO_HISTORY")] {
        let capsule = Capsule::new(&["suite", option]).file("capsule.yaml", SUITE).file("sub/f", "ok");
        let ended = capsule.env(variable, "true").run().exits(0);
        assert!(!ended.path("home/.local").exists(), "{option}");
    }
}

#[test]
fn a_record_that_somebody_has_spoilt_is_no_reason_to_fail() {
    let ended = failing();
    let folder = ended.path("home/.local/state/capsule-run/runs");
    for name in ["9999999999999-AAAAAAAA.json", "9999999999998-BBBBBBBB.json"] {
        std::fs::write(folder.join(name), "{\"schema\": \"capsule-run/history/1\"").expect("writable");
    }
    let ended = again(ended, &["list", "--failed"]).exits(0);
    assert_eq!(ended.stdout, "a\nb\n");
    again(ended, &["suite", "--order", "smart"]).exits(1);
}

#[test]
fn an_order_changes_when_cases_start_and_not_where_they_stand_in_reports() {
    let ended = Capsule::new(&["suite", "--order", "random:3", "--json", "-", "--progress", "plain"])
        .file("capsule.yaml", SUITE)
        .file("sub/f", "ok")
        .run()
        .exits(0)
        .says("order random:3");
    let ids: Vec<_> =
        ended.json()["cases"].as_array().expect("cases").iter().map(|case| case["id"].clone()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
}
