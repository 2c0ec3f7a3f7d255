//! The suites of the pages for courses, contests, CI and model evaluation, run as the pages say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What became of a run: its exit status, the status of each case, the points.
struct Done {
    exit: Option<i32>,
    cases: BTreeMap<String, String>,
    score: (f64, f64),
    text: String,
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn run(suite: &str, args: &[&str]) -> Done {
    let home = tempfile::tempdir().expect("a temporary directory");
    let report = home.path().join("report.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsule-run"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path());
    command.arg("suite").arg(example(suite)).arg("--json").arg(&report).args(["-j", "2"]).args(args);
    let output = command.current_dir(example("")).output().expect("the binary was built by cargo");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = std::fs::read_to_string(report).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let report: Value = serde_json::from_str(&report).expect("a report is JSON");
    let word = |case: &Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
    let cases = report["cases"].as_array().expect("a list").iter();
    let points = |key: &str| report["summary"][key].as_f64().expect("a number");
    Done {
        exit: output.status.code(),
        cases: cases.map(|case| (word(case, "id"), word(case, "status"))).collect(),
        score: (points("score"), points("max_score")),
        text,
    }
}

impl Done {
    fn assert(&self, exit: i32, score: (f64, f64), others_than_passed: &[(&str, &str)]) {
        let mut found: Vec<_> = self.cases.iter().filter(|(_, status)| *status != "passed").collect();
        found.sort();
        let mut wanted = others_than_passed.to_vec();
        wanted.sort_unstable();
        let found: Vec<_> = found.iter().map(|(id, status)| (id.as_str(), status.as_str())).collect();
        assert_eq!(found, wanted, "{}", self.text);
        let near = |a: f64, b: f64| (a - b).abs() < 0.01;
        assert!(
            near(self.score.0, score.0) && near(self.score.1, score.1),
            "{:?}\n{}",
            self.score,
            self.text
        );
        assert_eq!(self.exit, Some(exit), "{}", self.text);
    }
}

#[test]
fn for_courses_a_good_submission_gets_everything_and_the_extra_points() {
    run("course/grade.yaml", &[]).assert(0, (105.0, 100.0), &[]);
}

#[test]
fn for_courses_a_careless_one_loses_points_by_group_weight_and_penalty() {
    let careless = example("course/submissions/careless");
    let done = run("course/grade.yaml", &["--submission", careless.to_str().expect("a plain path")]);
    let failed = ["counting/large", "longest-line", "no-shell-out", "robust/missing-file"];
    // 30 of 60 for counting, none for robust, 10 for style, 20 taken away.
    done.assert(1, (20.0, 100.0), &failed.map(|id| (id, "failed")));
}

#[test]
fn for_contests_any_right_pair_is_accepted_and_a_wrong_one_is_not() {
    run("contest/contest.capsule.yaml", &[]).assert(0, (100.0, 100.0), &[]);
    let wrong = example("contest/submissions/wrong");
    let wrong = run("contest/contest.capsule.yaml", &["--submission", wrong.to_str().expect("a plain path")]);
    wrong.assert(1, (0.0, 100.0), &[("secret/1", "failed"), ("secret/3", "failed")]);
}

#[test]
fn for_ci_known_bugs_and_other_machines_do_not_fail_the_build() {
    let others = [("known-bug", "xfailed"), ("mac-only", "skipped")];
    let done = run("ci/capsule.yaml", &[]);
    assert_eq!(done.exit, Some(0), "{}", done.text);
    done.assert(0, done.score, &others);
    assert!(done.cases.contains_key("sum[empty]") && done.cases.contains_key("small"), "{:?}", done.cases);
    let mac = run("ci/capsule.yaml", &["-V", "os=mac"]);
    assert_eq!((mac.exit, mac.cases["mac-only"].as_str()), (Some(1), "failed"), "{}", mac.text);
}

#[test]
fn for_model_evaluation_the_score_is_the_number_of_solved_tasks() {
    run("models/eval.capsule.yaml", &[]).assert(0, (3.0, 3.0), &[]);
    let other = run("models/eval.capsule.yaml", &["-V", "model=model-b"]);
    let failed = ["median/even", "primes/many", "rotate/by-1", "rotate/by-7", "rotate/nothing"];
    other.assert(1, (0.0, 3.0), &failed.map(|id| (id, "failed")));
}

#[test]
fn a_variable_that_no_suite_knows_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capsule-run"));
    let output = command.args(["suite", "-V", "modell=x"]).arg(example("models/eval.capsule.yaml")).output();
    let output = output.expect("the binary was built by cargo");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("no suite has a variable `modell`; did you mean `model`?"), "{text}");
}

#[test]
fn every_page_names_its_suite() {
    for (page, suite) in [
        ("for-courses.md", "examples/course/grade.yaml"),
        ("for-contests.md", "examples/contest/contest.capsule.yaml"),
        ("for-ci.md", "examples/ci/capsule.yaml"),
        ("for-model-evaluation.md", "examples/models/eval.capsule.yaml"),
    ] {
        let text =
            std::fs::read_to_string(example("").join("../docs").join(page)).expect("the page is there");
        assert!(text.contains(suite), "{page} does not name {suite}");
    }
}
