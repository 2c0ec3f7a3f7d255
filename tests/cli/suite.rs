//! `capsule-run suite`, as far as nothing is run.

use super::Capsule;

const SUITE: &str = "\
version: 1
name: tiny
cases:
  - id: first
    run: [echo, one]
    expect: {stdout: {text: \"one\\n\"}}
  - id: second
    run: [echo, two]
    needs: [first]
    expect: {stdout: {text: \"two\\n\"}}
  - id: third
    run: [echo, three]
    expect: {stdout: {text: \"three\\n\"}}
";

#[test]
fn list_names_the_cases_in_order_and_runs_nothing() {
    let ended = Capsule::new(&["suite", "--list"]).file("grade.yaml", SUITE).run().exits(0);
    assert_eq!(ended.stdout, "first\nsecond\nthird\n");
}

#[test]
fn only_and_filter_bring_what_their_cases_need() {
    let list = |args: &[&str]| {
        let args: Vec<_> = ["suite", "--list"].iter().chain(args).copied().collect();
        Capsule::new(&args).file("capsule.yaml", SUITE).run().exits(0).stdout
    };
    assert_eq!(list(&["--only", "second"]), "first\nsecond\n");
    assert_eq!(list(&["--only", "third", "--only", "first"]), "first\nthird\n");
    assert_eq!(list(&["--filter", "ir"]), "first\nthird\n");
}

#[test]
fn only_with_an_unknown_id_names_the_nearest() {
    Capsule::new(&["suite", "--only", "secnod"])
        .file("grade.yaml", SUITE)
        .run()
        .exits(2)
        .prints_nothing()
        .says("did you mean `second`?");
}

#[test]
fn no_case_selected_is_status_3() {
    Capsule::new(&["suite", "--filter", "nothing-like-it"])
        .file("grade.yaml", SUITE)
        .run()
        .exits(3)
        .prints_nothing()
        .says("no case selected");
}

#[test]
fn no_suite_file_is_status_2_and_says_how_one_is_called() {
    Capsule::new(&["suite"]).run().exits(2).prints_nothing().says("NAME.capsule.yaml");
    Capsule::new(&["suite", "gone.yaml"]).run().exits(2).says("'gone.yaml' not found");
}

#[test]
fn mistakes_in_all_suites_are_told_at_once_with_their_places() {
    let ended = Capsule::new(&["suite", "a.yaml", "b.yaml"])
        .file("a.yaml", "version: 1\nname: a\ncases:\n  - id: x\n    runn: [true]\n")
        .file("b.yaml", "version: 1\nname: b\ncases:\n  - id: y\n    run: [true]\n    timeuot: 1s\n")
        .run()
        .exits(2)
        .prints_nothing();
    for place in ["a.yaml:5", "b.yaml:6"] {
        assert!(ended.stderr.contains(place), "{place}:\n{}", ended.stderr);
    }
}

#[test]
fn diagnostics_can_be_one_json_object_a_line() {
    let ended = Capsule::new(&["suite", "--message-format", "json", "a.yaml"])
        .file("a.yaml", "version: 1\nname: a\ncases:\n  - id: x\n    run: [true]\n    timeuot: 1s\n")
        .run()
        .exits(2);
    let first = ended.stderr.lines().next().expect("there is a mistake");
    let first: serde_json::Value = serde_json::from_str(first).expect("one object a line");
    assert_eq!(first["code"], "E1001");
    assert_eq!((&first["place"]["file"], &first["place"]["line"]), (&"a.yaml".into(), &6.into()));
}

#[test]
fn a_report_that_cannot_be_written_stops_the_run_before_it_begins() {
    Capsule::new(&["suite", "--json", "no/such/folder/report.json"])
        .file("grade.yaml", SUITE)
        .run()
        .exits(5)
        .prints_nothing()
        .says("no/such/folder/report.json");
}

#[test]
fn two_reports_in_one_file_are_a_usage_error() {
    Capsule::new(&["suite", "--json", "r", "--junit", "r"])
        .file("grade.yaml", SUITE)
        .run()
        .exits(2)
        .says("same file");
}

#[test]
fn jobs_must_be_a_number_or_auto() {
    for jobs in ["0", "many", "-1", "100000"] {
        let jobs = format!("--jobs={jobs}");
        Capsule::new(&["suite", &jobs, "--list"]).file("grade.yaml", SUITE).run().exits(2).says("--jobs");
    }
    Capsule::new(&["suite", "-j", "auto", "--list"]).file("grade.yaml", SUITE).run().exits(0);
}

#[test]
fn set_overrides_a_limit_of_every_case_and_a_typo_is_told() {
    let plan = Capsule::new(&["suite", "--set", "memory=96M", "--dry-run"])
        .file("grade.yaml", SUITE)
        .run()
        .exits(0)
        .json();
    for case in plan["cases"].as_array().expect("cases") {
        assert_eq!(case["values"]["memory"]["value"], "96 MiB");
        assert_eq!(case["values"]["memory"]["origin"], "--set memory");
    }
    Capsule::new(&["suite", "--set", "memroy=96M"]).file("grade.yaml", SUITE).run().exits(2).says("memory");
}
