//! The limit of time of a package: found by its reference solutions where it states none, and held
//! against them where it does.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

#[path = "support/capsule.rs"]
mod capsule;
#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use place::Place;
use run::Done;

/// A solution that works for so long, by its own clock, and then is right.
fn works(seconds: &str) -> String {
    format!("import time\nwhile time.process_time() < {seconds}:\n    pass\nprint(input())\n")
}

const ENDLESS: &str = "while True:\n    pass\n";

/// A package with one case, what `problem.yaml` says of limits, and these solutions.
fn package(place: &Place, version: &str, limits: &str, solutions: &[(&str, &str)]) -> PathBuf {
    let folder = place.work().join("echo");
    let yaml = format!("{version}name: Echo\nlimits: {{memory: 256{limits}}}\n");
    let files = [("problem.yaml", yaml.as_str()), ("data/secret/1.in", "a\n"), ("data/secret/1.ans", "a\n")];
    let solutions: Vec<_> =
        solutions.iter().map(|(path, text)| (format!("submissions/{path}"), *text)).collect();
    let solutions = solutions.iter().map(|(path, text)| (path.as_str(), *text));
    for (path, text) in files.into_iter().chain(solutions) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
    folder
}

const NEW: &str = "problem_format_version: 2025-09\nuuid: 7e3bb1a4-6fb5-4a8a-9f4c-a4b3f5d7f1a2\n";

fn judged(place: &Place, more: &[&str]) -> (Done, Value) {
    let arguments = ["suite", "echo", "--submissions", "submissions/**", "--verdicts", "v.json"];
    let done = place.capsule(&[&arguments[..], more].concat());
    let text = fs::read_to_string(place.work().join("v.json")).unwrap_or_else(|_| "{}".to_owned());
    (done, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_limit_that_is_not_stated_is_what_the_slowest_accepted_solution_needs_with_its_margin() {
    let place = Place::new();
    let solutions = [
        ("accepted/quick.py", "print(input())\n"),
        ("accepted/slow.py", &works("0.2")),
        ("wrong_answer/slower.py", &works("0.3").replace("input()", "'b'")),
        ("time_limit_exceeded/endless.py", ENDLESS),
    ];
    package(&place, NEW, ", time_resolution: 0.25, time_multipliers: {ac_to_time_limit: 1.5}", &solutions);
    let (done, verdicts) = judged(&place, &["--json", "r.json"]);
    assert_eq!((done.code(), done.stdout.as_str()), (0, ""), "{}", done.stderr);
    let limit = &verdicts["time_limit"];
    assert_eq!((&limit["measured"], &limit["margins_kept"]), (&true.into(), &true.into()), "{limit}");
    // The one that is wrong must be in time as well.
    assert_eq!(limit["slowest_in_time"]["submission"], "wrong_answer/slower.py");
    let slowest = limit["slowest_in_time"]["seconds"].as_f64().expect("a time");
    let steps = (slowest * 1.5 / 0.25).ceil();
    assert_eq!(limit["seconds"].as_f64(), Some(steps * 0.25), "{limit}");
    // It is the limit of every case, and says where it is from.
    let report = fs::read_to_string(place.work().join("r.json")).expect("a report");
    assert!(report.contains("measured by the reference solutions"), "{report}");
    assert!(done.stderr.contains("measured: the slowest that must be in time"), "{}", done.stderr);
}

#[test]
fn what_the_command_line_says_is_the_limit_and_nothing_is_measured() {
    let place = Place::new();
    package(&place, NEW, "", &[("accepted/a.py", "print(input())\n")]);
    let (done, verdicts) = judged(&place, &["--set", "cpu_time=3s"]);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    let limit = &verdicts["time_limit"];
    assert_eq!((&limit["seconds"], &limit["measured"]), (&3.0.into(), &false.into()));
}

#[test]
fn a_slower_machine_has_the_measured_limit_times_its_factor() {
    let place = Place::new();
    package(&place, NEW, ", time_resolution: 2", &[("accepted/a.py", "print(input())\n")]);
    let (done, verdicts) = judged(&place, &["--time-factor", "1.5"]);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert_eq!(verdicts["time_limit"]["seconds"], 3.0);
}

#[test]
fn a_stated_limit_too_close_to_a_solution_that_must_be_in_time_is_told_and_fails() {
    let place = Place::new();
    package(&place, NEW, ", time_limit: 1", &[("accepted/slow.py", &works("0.6"))]);
    let (done, verdicts) = judged(&place, &["-q"]);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    assert!(done.stderr.contains("!! accepted/slow.py needs "), "{}", done.stderr);
    assert!(done.stderr.contains("with × 2 the limit is at least 1."), "{}", done.stderr);
    assert_eq!(verdicts["submissions"][0]["as_expected"], true);
    assert_eq!(verdicts["time_limit"]["margins_kept"], false);
}

#[test]
fn a_solution_that_is_hardly_too_slow_is_told_and_fails() {
    let place = Place::new();
    let solutions = [("accepted/a.py", "print(input())\n"), ("time_limit_exceeded/b.py", &works("1.25"))];
    package(&place, NEW, ", time_limit: 1", &solutions);
    let (done, verdicts) = judged(&place, &["-q"]);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    assert!(done.stderr.contains("!! time_limit_exceeded/b.py is done in 1."), "{}", done.stderr);
    assert!(done.stderr.contains("with × 1.5 it needs more than 1.5s"), "{}", done.stderr);
    assert_eq!(verdicts["submissions"][1]["as_expected"], true);
}

#[test]
fn the_margins_of_a_legacy_package_are_wider_and_only_told_where_its_limit_is_stated() {
    let place = Place::new();
    let folder = package(&place, "", "", &[("accepted/slow.py", &works("0.3"))]);
    fs::write(folder.join(".timelimit"), "1\n").expect("writable");
    let (done, _) = judged(&place, &["-q"]);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert!(done.stderr.contains("note: accepted/slow.py needs "), "{}", done.stderr);
    assert!(done.stderr.contains("with × 5 the limit is at least 1."), "{}", done.stderr);
    fs::remove_file(folder.join(".timelimit")).expect("ours");
    fs::write(folder.join("problem.yaml"), "name: Echo\nlimits: {time_multiplier: 10}\n").expect("writable");
    let (done, verdicts) = judged(&place, &["-q"]);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    let limit = &verdicts["time_limit"];
    let slowest = limit["slowest_in_time"]["seconds"].as_f64().expect("a time");
    assert_eq!(limit["seconds"].as_f64(), Some((slowest * 10.0).ceil()));
}

#[test]
fn submissions_yaml_says_who_counts_for_the_limit() {
    let place = Place::new();
    let solutions = [
        ("accepted/quick.py", "print(input())\n"),
        ("accepted/slow.py", &works("0.6")),
        ("brute_force/b.py", &works("0.3")),
    ];
    let folder = package(&place, NEW, ", time_resolution: 0.1", &solutions);
    let slowest = || {
        let (done, verdicts) = judged(&place, &["-q"]);
        (done, verdicts["time_limit"]["slowest_in_time"]["submission"].clone())
    };
    let said = "brute_force: {permitted: [AC], required: [AC], use_for_time_limit: false}\n\
                accepted: {use_for_time_limit: false}\naccepted/q*.py: {permitted: [AC]}\n";
    fs::write(folder.join("submissions/submissions.yaml"), said).expect("writable");
    // The slow one does not count, so it is too slow for the limit that the other one shows.
    let (done, by) = slowest();
    assert_eq!((done.code(), by), (1, "accepted/quick.py".into()), "{}", done.stderr);
    assert!(done.stderr.contains("!! accepted/slow.py"), "{}", done.stderr);
    let said = "brute_force: {required: [AC], use_for_time_limit: lower}\n\
                accepted/slow.py: {permitted: [AC, TLE]}\naccepted: {permitted: [AC, TLE], required: [AC]}\n";
    fs::write(folder.join("submissions/submissions.yaml"), said).expect("writable");
    fs::remove_file(folder.join("submissions/accepted/slow.py")).expect("ours");
    let (done, by) = slowest();
    assert_eq!(by, "brute_force/b.py", "{}", done.stderr);
}

#[test]
fn a_limit_that_nobody_shows_and_a_factor_that_is_none_stop_the_run() {
    let place = Place::new();
    let folder = package(&place, NEW, "", &[("time_limit_exceeded/a.py", ENDLESS)]);
    let (done, _) = judged(&place, &[]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    assert!(done.stderr.contains("states no limit of time, and none of these solutions"), "{}", done.stderr);
    assert!(done.stderr.contains("--set cpu_time=2s"), "{}", done.stderr);
    let yaml = format!("{NEW}name: x\nlimits: {{time_multipliers: {{ac_to_time_limit: 0.5}}}}\n");
    fs::write(folder.join("problem.yaml"), yaml).expect("writable");
    let (done, _) = judged(&place, &[]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    assert!(done.stderr.contains("`ac_to_time_limit` is no factor from 1"), "{}", done.stderr);
}
