//! Which cases are run: `list` and the options of selection, that `suite` has too.

use serde_json::Value;

use crate::{Capsule, Ended};

const SUITE: &str = "\
version: 1
name: hw
defaults: {run: ['true']}
build: [{run: [make]}]
groups:
  - {name: sample, cases: [{id: a, tags: [fast]}, {id: b, tags: [fast, io]}]}
  - {name: secret, needs: [sample], cases: [{id: a, tags: [slow]}, {id: b, tags: [slow, io]}]}
cases:
  - {id: sum}
  - {id: product}
";

const REPORT: &str = r#"{"schema": "capsule-run/report/9", "new": 1, "cases": [
  {"id": "sample/a", "suite": "hw", "status": "passed", "attempts": [{"duration_ms": 900}]},
  {"id": "sample/b", "suite": "hw", "status": "failed", "attempts": [{"duration_ms": 10}]},
  {"id": "secret/a", "suite": "hw", "status": "not_run", "attempts": []},
  {"id": "secret/b", "suite": "hw", "status": "skipped"},
  {"id": "sum", "suite": "hw", "status": "passed"},
  {"id": "sum", "suite": "another", "status": "failed"}]}"#;

fn capsule(args: &[&str]) -> Capsule {
    let mut all = vec!["list"];
    all.extend(args);
    Capsule::new(&all).file("capsule.yaml", SUITE).file("report.json", REPORT)
}

fn list(args: &[&str]) -> Ended {
    capsule(args).run()
}

/// The cases that are listed, without the build step.
fn ids(args: &[&str]) -> Vec<String> {
    let ended = list(args).exits(0);
    ended.stdout.lines().filter(|id| *id != "build/1").map(str::to_owned).collect()
}

#[test]
fn everything_is_listed_in_the_order_of_the_file() {
    let ended = list(&[]).exits(0);
    assert_eq!(ended.stdout, "build/1\nsample/a\nsample/b\nsecret/a\nsecret/b\nsum\nproduct\n");
}

#[test]
fn patterns_filters_and_ids_add_up_and_tags_narrow_them() {
    assert_eq!(ids(&["--", "prod"]), ["product"]);
    assert_eq!(ids(&["--filter", "um"]), ["sum"]);
    assert_eq!(ids(&["-E", "group(sample) & tag(io)"]), ["sample/b"]);
    assert_eq!(ids(&["-E", "/^s.m$/", "--only", "product"]), ["sum", "product"]);
    assert_eq!(ids(&["-t", "fast,!io"]), ["sample/a"]);
    assert_eq!(ids(&["-t", "fast", "-t", "nothing,io", "-E", "sample"]), ["sample/a", "sample/b"]);
    assert_eq!(ids(&["--skip-tag", "fast", "--skip-tag", "slow"]), ["sum", "product"]);
}

#[test]
fn a_selected_case_brings_what_it_needs() {
    let ended = list(&["--only", "secret/b"]).exits(0);
    assert_eq!(ended.stdout, "build/1\nsample/a\nsample/b\nsecret/b\n");
}

#[test]
fn a_filter_that_cannot_be_read_is_shown_with_a_caret() {
    let ended = list(&["-E", "tga(slow)", "-E", "sum &"]).exits(2);
    ended
        .says("--filter: nothing is called `tga(…)`")
        .says("^^^")
        .says("did you mean `tag`?")
        .prints_nothing();
    list(&["-E", "tga(slow)", "-E", "sum &", "-t", "a,"]).exits(2).says("something is missing").says("--tag");
}

#[test]
fn a_tag_that_nobody_has_is_told_because_its_opposite_lets_everything_through() {
    list(&["-E", "!tag(slwo)"]).exits(0).says("no case has the tag `slwo`; did you mean `slow`?");
    list(&["--skip-tag", "slwo"]).exits(0).says("did you mean `slow`?");
    list(&["-E", "!group(secert)"]).exits(0).says("no case has the group `secert`; did you mean `secret`?");
}

#[test]
fn an_id_that_does_not_exist_is_told_with_the_nearest() {
    let ended = list(&["--only", "smu", "--only", "sample/c"]).exits(2);
    ended.says("no case has the id `smu`; did you mean `sum`?").says("no case has the id `sample/c`");
}

#[test]
fn no_case_is_an_error_unless_it_may_be() {
    list(&["-t", "fast,slow"]).exits(3).says("error: no case selected");
    list(&["-t", "fast,slow", "--no-cases", "warn"]).exits(0).says("warning: no case selected");
    assert_eq!(list(&["-t", "fast,slow", "--no-cases=pass"]).exits(0).stderr, "");
    // Reports of such a run say so: a pipeline finds them, and not those of yesterday.
    for (how, status) in [("pass", 0), ("fail", 3)] {
        let junit = ["suite", "-t", "fast,slow", "--no-cases", how, "--junit", "j.xml", "--json", "r.json"];
        let ended = Capsule::new(&junit).file("j.xml", "yesterday").file("capsule.yaml", SUITE).run();
        let ended = ended.exits(status);
        let report: Value = serde_json::from_str(&ended.read("r.json")).expect("JSON");
        assert_eq!(
            (&report["run"]["outcome"], &report["run"]["exit_code"]),
            (&"empty".into(), &status.into())
        );
        assert!(ended.read("j.xml").contains("tests=\"0\""), "{}", ended.read("j.xml"));
    }
}

#[test]
fn what_failed_did_not_run_or_is_new_in_a_report_is_outstanding() {
    assert_eq!(
        list(&["--failed=report.json"]).exits(0).says("3 of 3 outstanding cases").stdout,
        "build/1\nsample/a\nsample/b\nsecret/a\nproduct\n",
        "sample/a is needed by secret/a"
    );
    assert_eq!(ids(&["--failed=report.json", "--", "prod"]), ["product"]);
    assert_eq!(ids(&["--failed=report.json", "-E", "status(failed)"]), ["sample/b"]);
    assert_eq!(ids(&["--failed=report.json", "-E", "status(new) | status(passed)"]), ["product"]);
    list(&["--failed=nothing.json"]).exits(2).says("the report `nothing.json` cannot be read");
    list(&["--failed=capsule.yaml"]).exits(2).says("is no JSON report of capsule-run");
    list(&["--failed"]).exits(2).says("no earlier run of these suites is known here");
}

#[test]
fn the_shards_of_all_machines_are_all_cases_and_each_is_there_once() {
    for how in ["slice", "hash", "time"] {
        let mut all = Vec::new();
        for index in 1..=3 {
            let shard = format!("{how}:{index}/3");
            let ended =
                list(&["--shard", &shard, "--timings", "report.json", "-E", "!group(secret)"]).exits(0);
            let ended = ended.says(&format!("shard {index}/3 ({how})"));
            all.extend(ended.stdout.lines().filter(|id| *id != "build/1").map(str::to_owned));
        }
        all.sort();
        assert_eq!(all, ["product", "sample/a", "sample/b", "sum"], "{how}");
    }
}

#[test]
fn a_shard_by_time_without_times_is_refused_and_an_empty_one_is_no_mistake() {
    list(&["--shard", "time:1/2"]).exits(2).says("needs --timings");
    list(&["--shard", "slice:9/9", "--only", "sum"]).exits(0).says("0 of 1 case");
    list(&["--shard", "slice:4/3"]).exits(2).says("there is no shard 4 of 3");
}

#[test]
fn the_variables_of_a_ci_say_which_shard_this_is() {
    let ended = capsule(&["--shard", "auto", "-E", "!group(secret)"]);
    let ended = ended.env("CI_NODE_INDEX", "2").env("CI_NODE_TOTAL", "2").run().exits(0);
    assert_eq!(ended.stdout, "build/1\nsample/b\nproduct\n");
    ended.says("shard 2/2 (slice, from CI_NODE_INDEX)");
    let ended = capsule(&["-E", "!group(secret)"]).env("CAPSULE_SHARD", "slice:1/2").run().exits(0);
    assert_eq!(ended.stdout, "build/1\nsample/a\nsum\n");
    let ended = capsule(&["--shard", "auto"]);
    let ended = ended.env("TEST_TOTAL_SHARDS", "2").env("TEST_SHARD_INDEX", "0");
    let ended = ended.env("TEST_SHARD_STATUS_FILE", "touched").run().exits(0).says("from TEST_SHARD_INDEX");
    assert_eq!(ended.read("touched"), "");
}

#[test]
fn json_has_an_object_a_line_for_each_case() {
    let ended = list(&["--json", "-E", "id(=secret/b)"]).exits(0);
    let last: Value =
        serde_json::from_str(ended.stdout.lines().last().expect("there are lines")).expect("JSON");
    assert_eq!(
        (&last["id"], &last["suite"], &last["group"]),
        (&"secret/b".into(), &"hw".into(), &"secret".into())
    );
    assert_eq!((&last["tags"], &last["line"]), (&serde_json::json!(["slow", "io"]), &7.into()));
}

#[test]
fn every_value_of_a_case_is_explained_with_its_origin() {
    let suite = "version: 1\nprofiles:\n  std: {memory: 64M, env: {A: '1'}}\ndefaults: {profile: std}\ncases:\n  - id: a\n    run: [./a, b]\n    limits: {timeout: 3s}\n    stdin: {text: x}\n    points: 2\n    workdir: sub\n    env: {B: '2'}\n";
    let ended =
        Capsule::new(&["list", "--explain", "a", "--set", "max_pids=7"]).file("capsule.yaml", suite).run();
    let ended = ended.exits(0);
    for (name, value, origin) in [
        ("timeout", "3s", "capsule.yaml:8"),
        ("memory", "64 MiB", "capsule.yaml:3"),
        ("max_pids", "7", "--set max_pids"),
        ("env A", "1", "capsule.yaml:3"),
        ("env B", "2", "capsule.yaml:12"),
        ("env TZ", "UTC", "built in"),
        ("workdir", "/workspace/sub", "capsule.yaml:11"),
        ("profile", "std", "capsule.yaml:4"),
        ("command", "\"./a\" \"b\"", "capsule.yaml:7"),
        ("stdin", "1 bytes", "capsule.yaml:9"),
        ("points", "2", "capsule.yaml:10"),
    ] {
        let line = ended.stdout.lines().find(|line| line.split("  ").next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("{name} is missing:\n{}", ended.stdout));
        assert!(line.contains(value) && line.contains(&format!("({origin}")), "{name}: {line}");
    }
    Capsule::new(&["list", "--explain", "aa"])
        .file("capsule.yaml", suite)
        .run()
        .exits(2)
        .says("did you mean `a`?");
}
