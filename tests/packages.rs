//! Problem packages of others: every reference solution does what is expected of it, however many
//! cases run at a time; what is imported is what is run; a hostile package is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

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

/// Every package with solutions: its folder, and how many it has.
const PACKAGES: &[(&str, usize)] = &[
    ("kattis-legacy-float", 6),
    ("kattis-legacy-validator", 6),
    ("kattis-legacy-scoring", 2),
    ("kattis-interactive", 8),
    ("kattis-groups", 2),
    ("kattis-legacy-validators", 3),
    ("kattis-multipass", 5),
    ("dmoj-batches", 3),
    ("dmoj-function", 3),
    ("dmoj-testlib", 4),
    ("pairs", 2),
];

fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages")
}

/// What every solution of a package did.
fn verdicts(place: &Place, package: &str, jobs: &str) -> (Done, Value) {
    let folder = packages().join(package);
    let done = place.capsule(&[
        "suite",
        &folder.to_string_lossy(),
        "--submissions",
        "submissions/**",
        "--verdicts",
        "-",
        "-q",
        "-j",
        jobs,
    ]);
    let mut value: Value = serde_json::from_str(&done.stdout)
        .unwrap_or_else(|error| panic!("{package}: {error}\n{}\n{}", done.stdout, done.stderr));
    // Times are never twice the same.
    if let Some(limit) = value["time_limit"].as_object_mut() {
        limit.remove("slowest_in_time");
        limit.remove("why");
    }
    (done, value)
}

/// What is wrong with one run of all packages; the verdicts of each.
fn round(jobs: &str, wrong: &mut Vec<String>) -> BTreeMap<&'static str, Value> {
    let place = Place::new();
    let mut all = BTreeMap::new();
    for (package, count) in PACKAGES {
        let (done, value) = verdicts(&place, package, jobs);
        let solutions = value["submissions"].as_array().cloned().unwrap_or_default();
        if done.code() != 0 || solutions.len() != *count {
            wrong.push(format!(
                "{package} -j {jobs}: exit {}, {} solutions\n{}",
                done.code(),
                solutions.len(),
                done.stderr
            ));
        }
        for solution in solutions.iter().filter(|solution| solution["as_expected"] != true) {
            wrong.push(format!("{package} -j {jobs}: {} {}", solution["path"], solution["why"]));
        }
        all.insert(*package, value);
    }
    all
}

#[test]
fn every_package_is_in_the_table() {
    let mut folders: Vec<String> = fs::read_dir(packages())
        .expect("a folder of ours")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "classroom")
        .collect();
    let mut table: Vec<_> = PACKAGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    folders.sort();
    table.sort();
    assert_eq!(folders, table);
}

#[test]
fn every_solution_does_what_is_expected_of_it_alone_and_side_by_side() {
    let mut wrong = Vec::new();
    let alone = round("1", &mut wrong);
    let side_by_side = round("2", &mut wrong);
    for (package, verdicts) in &alone {
        if side_by_side.get(package) != Some(verdicts) {
            wrong.push(format!("{package}: -j 2 says otherwise than -j 1"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "twenty rounds of all packages take minutes"]
fn twenty_rounds_give_the_same_verdicts() {
    let mut wrong = Vec::new();
    let first = round("1", &mut wrong);
    for turn in 0..20 {
        let again = round(if turn % 2 == 0 { "2" } else { "1" }, &mut wrong);
        if again != first {
            wrong.push(format!("round {turn} differs"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn points_are_those_of_the_package() {
    let place = Place::new();
    let score = |package: &str, path: &str| {
        let (_, value) = verdicts(&place, package, "2");
        let all = value["submissions"].as_array().cloned().unwrap_or_default();
        let solution = all.into_iter().find(|solution| solution["path"] == path).expect("a solution");
        (solution["score"].as_f64(), solution["max_score"].as_f64())
    };
    assert_eq!(score("kattis-groups", "submissions/partial/from_zero.py"), (Some(40.0), Some(100.0)));
    assert_eq!(score("kattis-legacy-scoring", "submissions/wrong_answer/small.c"), (Some(40.0), Some(100.0)));
    assert_eq!(score("dmoj-batches", "submissions/wrong_answer/whole.py"), (Some(5.0), Some(100.0)));
    assert_eq!(score("dmoj-function", "submissions/partially_accepted/copies.py"), (Some(15.0), Some(20.0)));
}

#[test]
fn a_solution_that_does_something_else_is_named_and_the_run_fails() {
    let place = Place::new();
    let package = copy(&place, "pairs");
    fs::write(package.join("submissions/accepted/wrong.py"), "print('nonsense')\n").expect("writable");
    fs::create_dir_all(package.join("submissions/mixed")).expect("writable");
    let by_comment = "# @EXPECTED_RESULTS@: WRONG-ANSWER, RUN-ERROR\nprint('nonsense')\n";
    fs::write(package.join("submissions/mixed/comment.py"), by_comment).expect("writable");
    let done = place.capsule(&["suite", "pairs", "--submissions", "submissions/**", "-q"]);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    assert!(done.stderr.contains("!! accepted/wrong.py"), "{}", done.stderr);
    assert!(done.stderr.contains("ok mixed/comment.py"), "{}", done.stderr);
    assert!(done.stderr.contains("1 of 4 solutions did not"), "{}", done.stderr);
}

#[test]
fn a_solution_of_which_nobody_says_what_is_expected_stops_the_run() {
    let place = Place::new();
    let package = copy(&place, "pairs");
    fs::create_dir_all(package.join("submissions/mixed")).expect("writable");
    fs::write(package.join("submissions/mixed/a.py"), "print(1)\n").expect("writable");
    let done = place.capsule(&["suite", "pairs", "--submissions", "submissions/**"]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    assert!(
        done.stderr.contains("nobody says what is expected of `submissions/mixed/a.py`"),
        "{}",
        done.stderr
    );
    let done = place.capsule(&["suite", "pairs", "--submissions", "nothing/**"]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
}

/// Status and code of every case of a report.
fn cases_of(place: &Place, report: &str) -> Vec<(String, String, String)> {
    let text = fs::read_to_string(place.work().join(report)).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("a report is JSON");
    let case = |case: &Value| (case["id"].to_string(), case["status"].to_string(), case["code"].to_string());
    report["cases"].as_array().expect("a report has cases").iter().map(case).collect()
}

#[test]
fn what_is_imported_is_what_is_run() {
    let place = Place::new();
    for (package, submission) in [
        ("kattis-legacy-float", "submissions/wrong_answer/whole.py"),
        ("kattis-legacy-validator", "submissions/wrong_answer/zero.py"),
        ("kattis-interactive", "submissions/wrong_answer/upwards.py"),
        ("kattis-groups", "submissions/partial/from_zero.py"),
        ("dmoj-batches", "submissions/run_time_error/no_zero.py"),
        ("dmoj-function", "submissions/wrong_answer/nothing.py"),
        ("pairs", "submissions/wrong_answer/same.py"),
    ] {
        let folder = copy(&place, package);
        let name = folder.join(submission).file_name().expect("a file").to_string_lossy().into_owned();
        let run = |report: &str| {
            let path = format!("{package}/{submission}");
            place.capsule(&["suite", package, "--submission", &path, "--json", report, "-q"])
        };
        let direct = run("direct.json");
        assert_eq!(direct.code(), 1, "{package}: {}", direct.stderr);
        let suite = format!("{package}/capsule.yaml");
        let imported = place.capsule(&["import", package, "-o", &suite, "--language", "python"]);
        assert_eq!(imported.code(), 0, "{package}: {}", imported.stderr);
        let text = fs::read_to_string(place.work().join(&suite)).expect("written");
        assert!(text.starts_with("# yaml-language-server: $schema="), "{text}");
        // The suite begins with the file that is usual; this solution has another name.
        fs::write(place.work().join(&suite), text.replace("main.py", &name)).expect("writable");
        let through_the_suite = run("suite.json");
        assert_eq!(through_the_suite.code(), 1, "{package}: {}", through_the_suite.stderr);
        assert_eq!(cases_of(&place, "direct.json"), cases_of(&place, "suite.json"), "{package}");
        let again = place.capsule(&["import", package, "-o", &suite]);
        assert_eq!(again.code(), 2, "an import overwrites nothing: {}", again.stderr);
    }
}

#[test]
fn a_suite_that_reads_its_package_is_not_written_elsewhere() {
    let place = Place::new();
    copy(&place, "pairs");
    let done = place.capsule(&["import", "pairs", "-o", "elsewhere.yaml"]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    assert!(done.stderr.contains("must stand in 'pairs'"), "{}", done.stderr);
    assert!(!place.work().join("elsewhere.yaml").exists());
}

#[test]
fn a_package_without_a_submission_says_how_to_name_one() {
    let place = Place::new();
    copy(&place, "pairs");
    let done = place.capsule(&["suite", "pairs"]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    assert!(done.stderr.contains("--submission") && done.stderr.contains("--submissions"), "{}", done.stderr);
}

#[test]
fn github_classrooms_tests_run_in_the_repository_that_holds_them_and_cannot_be_read_there() {
    let place = Place::new();
    let repository = copy(&place, "classroom");
    let done = place.capsule(&["suite", "classroom", "--json", "report.json", "-q"]);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert_eq!(cases_of(&place, "report.json").len(), 4);
    fs::write(repository.join("hello.py"), "print(open('.github/classroom/autograding.json').read())\n")
        .expect("writable");
    let done = place.capsule(&["suite", "classroom", "--json", "report.json", "-q"]);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    let text = fs::read_to_string(place.work().join("report.json")).expect("a report");
    assert!(!text.contains("Has no answers\\\""), "the tests were printed: {text}");
}

/// A package of two files that should be refused.
fn refused(place: &Place, name: &str, files: &[(&str, &str)]) -> String {
    let folder = place.work().join(name);
    let pair = [("data/secret/1.in", "1\n"), ("data/secret/1.ans", "1\n"), ("s/a.py", "print(1)\n")];
    for (path, text) in pair.iter().chain(files) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
    let done = place.capsule(&["suite", name, "--submission", &format!("{name}/s")]);
    assert_eq!(done.code(), 2, "{name} was not refused: {}", done.stderr);
    done.stderr
}

#[test]
fn a_hostile_package_is_refused_and_nothing_runs() {
    let place = Place::new();
    let limit = |text: &str| {
        refused(
            &place,
            &format!("limit-{}", text.len()),
            &[("problem.yaml", "name: x\n"), (".timelimit", text)],
        )
    };
    for text in ["1e300", "nan", "-1", "", "9999999"] {
        assert!(limit(text).contains("is no time limit"), "{text}");
    }
    let memory = "name: x\nlimits: {memory: 1e99, validation_time: -5}\n";
    let said = refused(&place, "memory", &[("problem.yaml", memory)]);
    assert!(said.contains("`memory` is no limit"), "{said}");
    let bomb: String = (0..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        format!("{text}a{}: &a{} [{}]\n", n + 1, n + 1, vec![format!("*a{n}"); 9].join(", "))
    });
    refused(&place, "bomb", &[("problem.yaml", &bomb)]);
    let deep = "{a: ".repeat(100_000);
    refused(&place, "deep", &[("problem.yaml", &deep)]);
    let flags = "name: x\nvalidator_flags: float_tolerance nonsense\n";
    assert!(refused(&place, "flags", &[("problem.yaml", flags)]).contains("is no tolerance"));
    let climbing = "test_cases:\n- {in: ../../etc/passwd, out: /etc/shadow}\n";
    let said = refused(&place, "climbing", &[("init.yml", climbing)]);
    assert!(said.contains("climbs out with `..`") && said.contains("is absolute"), "{said}");
    let archive = "archive: ../x.zip\ntest_cases:\n- {in: a, out: b}\n";
    refused(&place, "archive", &[("init.yml", archive)]);
    refused(&place, "not-an-archive", &[("init.yml", "archive: s/a.py\ntest_cases: []\n")]);
    let generated = "test_cases:\n- {generator_args: [rm, -rf]}\n";
    assert!(refused(&place, "generated", &[("init.yml", generated)]).contains("cannot be made"));
    let passes = "problem_format_version: 2025-09\nname: x\ntype: multi-pass\n";
    assert!(refused(&place, "passes", &[("problem.yaml", passes)]).contains("output_validator/ has none"));
    let many = format!("{passes}limits: {{validation_passes: 1000}}\n");
    let said = refused(&place, "many", &[("problem.yaml", &many), ("output_validator/v.py", "")]);
    assert!(said.contains("`validation_passes` is no number from 2 to 100"), "{said}");
    let answers = "problem_format_version: 2025-09\nname: x\ntype: submit-answer\n";
    assert!(refused(&place, "answers", &[("problem.yaml", answers)]).contains("have nothing to run"));
    refused(&place, "autograding", &[("autograding.json", "{\"tests\": [{\"name\": \"x\"}]}")]);
}

/// A multi-pass package in which this judges.
fn of_several_passes(place: &Place, validator: &str) -> Done {
    let package = copy(place, "kattis-multipass");
    fs::write(package.join("output_validator/validate.py"), validator).expect("writable");
    let solution = "kattis-multipass/submissions/accepted/plus.py";
    place.capsule(&["suite", "kattis-multipass", "--submission", solution, "--json", "r.json", "-q"])
}

#[test]
fn a_validator_that_never_comes_to_an_end_or_contradicts_itself_judges_nobody() {
    let always = "import sys\nopen(sys.argv[3] + 'nextpass.in', 'w').write('encode 1')\n";
    let place = Place::new();
    let done = of_several_passes(&place, &format!("{always}sys.exit(42)\n"));
    assert_eq!(done.code(), 4, "{}", done.stderr);
    assert!(done.stderr.contains("another pass after 3, and there are no more than 3"), "{}", done.stderr);
    let done = of_several_passes(&place, &format!("{always}sys.exit(43)\n"));
    assert_eq!(done.code(), 4, "{}", done.stderr);
    assert!(done.stderr.contains("it wrote nextpass.in and did not accept"), "{}", done.stderr);
    let folder = "import os, sys\nos.mkdir(sys.argv[3] + 'nextpass.in')\nsys.exit(42)\n";
    assert_eq!(of_several_passes(&place, folder).code(), 0, "a folder of that name is no input");
}

#[test]
fn the_report_of_several_passes_has_the_messages_of_all_and_the_pass_that_decided() {
    let place = Place::new();
    copy(&place, "kattis-multipass");
    let solution = "kattis-multipass/submissions/wrong_answer/forgets.py";
    let done =
        place.capsule(&["suite", "kattis-multipass", "--submission", solution, "--json", "r.json", "-q"]);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    let report = fs::read_to_string(place.work().join("r.json")).expect("a report");
    assert!(report.contains("encode: ['49']") && report.contains("decode: ['56']"), "{report}");
    assert!(report.contains("pass 2; there are at most 3"), "{report}");
}

#[test]
fn a_link_out_of_a_package_is_refused() {
    let place = Place::new();
    let package = copy(&place, "pairs");
    fs::write(place.work().join("outside"), "secret\n").expect("writable");
    std::os::unix::fs::symlink("../outside", package.join("3.in")).expect("a link can be made");
    fs::write(package.join("3.ans"), "SECRET\n").expect("writable");
    let done = place.capsule(&["suite", "pairs", "--submission", "pairs/submissions/accepted/upper.py"]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    assert!(done.stderr.contains("`3.in` is a link that leaves the package"), "{}", done.stderr);
}

/// A package in a test's own place.
fn copy(place: &Place, package: &str) -> PathBuf {
    let target = place.work().join(package);
    copy_folder(&packages().join(package), &target);
    target
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder of the test");
    for entry in fs::read_dir(from).expect("a folder of ours").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file of ours");
        }
    }
}

#[test]
fn the_problem_in_the_documentation_does_what_it_says() {
    let place = Place::new();
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/contest.md")).expect("a page");
    let mut files = 0;
    for part in page.split("<!-- file: ").skip(1) {
        let (name, rest) = part.split_once(" -->\n").expect("a name");
        let (_, rest) = rest.split_once('\n').expect("a fence");
        let (text, _) = rest.split_once("\n```").expect("the end of the fence");
        let path = place.work().join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("writable");
        fs::write(path, format!("{text}\n")).expect("writable");
        files += 1;
    }
    assert_eq!(files, 5);
    let done = place.capsule(&["suite", "problem", "--submissions", "submissions/**", "-q"]);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert!(done.stderr.contains("all 3 solutions did what is expected"), "{}", done.stderr);
}
