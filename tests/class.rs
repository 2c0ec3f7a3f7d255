//! A class graded in one run: the gradebook is right, builds are made once, a run that was killed
//! goes on, and nothing that students hand in reaches anything but their own row.

#![expect(clippy::print_stderr, reason = "the long form says its figures")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "support/capsule.rs"]
mod capsule;
#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/left_in_tmp.rs"]
mod left_in_tmp;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use place::Place;
use run::Done;

/// Points of 60, and what became of it: as in tests/homework.rs.
const DESERVED: &[(&str, f64, &str)] = &[
    ("correct-c", 60.0, "graded"),
    ("correct-python", 60.0, "graded"),
    ("wrong-answer", 40.0, "graded"),
    ("does-not-compile", 0.0, "build_failed"),
    ("endless-loop", 47.5, "graded"),
    ("memory-hog", 0.0, "graded"),
    ("fork-bomb", 47.5, "graded"),
    ("fork-bomb-python", 0.0, "graded"),
    ("output-flood", 0.0, "graded"),
    ("crashes", 0.0, "graded"),
    ("exits-nonzero", 0.0, "graded"),
    ("reads-answers", 0.0, "graded"),
    ("kills-everything", 0.0, "graded"),
    ("writes-everywhere", 60.0, "graded"),
    ("calls-home", 0.0, "graded"),
    // Last: its five sleepers take ten seconds each.
    ("sleeps", 47.5, "graded"),
];

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/homework")
}

/// A class of `count` students, who hand in what is in the example, one after the other.
fn class_of(
    place: &Place,
    kinds: &[(&'static str, f64, &'static str)],
    count: usize,
) -> Vec<(f64, &'static str)> {
    let folder = place.work().join("class");
    fs::create_dir_all(&folder).expect("writable");
    (0..count)
        .map(|n| {
            let (name, points, status) = kinds[n % kinds.len()];
            let from = example().join("submissions").join(name);
            let to = folder.join(format!("student-{n}"));
            fs::create_dir(&to).expect("writable");
            for entry in fs::read_dir(from).expect("readable").flatten() {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("writable");
            }
            (points, status)
        })
        .collect()
}

fn arguments<'a>(suite: &'a str, out: &'a str, jobs: &'a str) -> Vec<&'a str> {
    vec!["grade", suite, "--submissions", "class/*", "--out", out, "-j", jobs]
}

fn homework() -> String {
    example().join("grade.yaml").display().to_string()
}

fn book(place: &Place, out: &str) -> Value {
    let text = fs::read_to_string(place.work().join(out).join("gradebook.json")).expect("a gradebook");
    serde_json::from_str(&text).expect("JSON")
}

fn rows(book: &Value) -> &Vec<Value> {
    book["rows"].as_array().expect("rows")
}

fn row<'a>(book: &'a Value, submission: &str) -> &'a Value {
    let found = rows(book).iter().find(|row| row["submission"] == submission);
    found.unwrap_or_else(|| panic!("no row {submission}: {book:#}"))
}

fn both(place: &Place, out: &str) -> (Vec<u8>, Vec<u8>) {
    let read = |name: &str| fs::read(place.work().join(out).join(name)).expect("a gradebook");
    (read("gradebook.csv"), read("gradebook.json"))
}

/// Builds that were really made, by the reports: those that are taken over say so.
fn made(place: &Place, out: &str, count: usize) -> usize {
    let report = |n: usize| -> Value {
        let path = place.work().join(out).join(format!("reports/student-{n}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).expect("JSON")
    };
    let is_made = |n: &usize| {
        let report = report(*n);
        let build = report["cases"].as_array().expect("cases").iter().find(|case| case["kind"] == "build");
        let build = build.expect("a build step").clone();
        !build["notes"].to_string().contains("earlier build") && build["attempts"] != Value::Array(Vec::new())
    };
    (0..count).filter(is_made).count()
}

fn check(place: &Place, out: &str, deserved: &[(f64, &str)]) {
    let book = book(place, out);
    assert_eq!(rows(&book).len(), deserved.len());
    let wrong: Vec<_> = deserved
        .iter()
        .enumerate()
        .filter_map(|(n, (points, status))| {
            let row = row(&book, &format!("student-{n}"));
            let right = row["score"].as_f64() == Some(*points) && row["status"] == *status;
            (!right).then(|| format!("student-{n} deserves {points} {status}: {row}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Starts a run and kills it, with everything it has, once `enough` submissions are in its journal.
fn kill_in_the_middle(place: &Place, arguments: &[&str], out: &str, enough: usize) -> usize {
    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let journal = place.work().join(out).join("journal.jsonl");
    let lines = || fs::read(&journal).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count());
    let started = Instant::now();
    while lines() < enough {
        assert!(child.try_wait().expect("our own child").is_none(), "it ended before it was killed");
        assert!(started.elapsed() < Duration::from_secs(1200), "only {} submissions", lines());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("our own child");
    child.wait().expect("our own child");
    lines()
}

fn graded(done: &Done) {
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert!(done.stdout.is_empty(), "{}", done.stdout);
}

/// Two hundred submissions take longer than anything else that is waited for.
fn patiently(place: &Place, arguments: &[&str]) -> Done {
    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    let out = command.args(arguments).stdin(Stdio::null()).output().expect("it starts");
    Done {
        status: out.status,
        stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
    }
}

/// The homework graded as a class: right, each source built once, and the same after a kill -9.
fn a_class(count: usize, kinds: &[(&'static str, f64, &'static str)]) {
    let place = Place::new();
    let deserved = class_of(&place, kinds, count);
    let distinct = count.min(kinds.len());
    let suite = homework();
    let clock = Instant::now();
    let done =
        patiently(&place, &[&arguments(&suite, "whole", "2")[..], &["--cache-dir", "cache-1"]].concat());
    graded(&done);
    let whole = clock.elapsed();
    check(&place, "whole", &deserved);
    assert_eq!(made(&place, "whole", count), distinct, "each distinct source is compiled once");
    assert!(
        done.stderr.contains(&format!("Builds {distinct} made, {} taken", count - distinct)),
        "{}",
        done.stderr
    );

    let again = [&arguments(&suite, "killed", "2")[..], &["--cache-dir", "cache-2"]].concat();
    let finished = kill_in_the_middle(&place, &again, "killed", count / 3);
    assert!(finished < count, "it was killed in the middle");
    let done = patiently(&place, &again);
    graded(&done);
    assert!(done.stderr.contains("taken over from the run before"), "{}", done.stderr);
    assert_eq!(both(&place, "killed"), both(&place, "whole"), "byte for byte");
    // A build that failed is tried once in each of the two runs, since only builds that passed are kept.
    let failing = kinds.iter().take(distinct).filter(|(_, _, status)| *status == "build_failed").count();
    let made = made(&place, "killed", count);
    assert!(made <= distinct + failing, "builds of the killed run are not made again, and {made} were");
    if let Some(left) = place.left_in_tmp() {
        panic!("left behind: {left}");
    }
    eprintln!(
        "{count} submissions, {distinct} distinct: {:.1} s; killed after {finished}",
        whole.as_secs_f64()
    );
}

#[test]
fn a_class_is_graded_right_each_source_is_built_once_and_a_killed_run_goes_on() {
    let quick: Vec<_> = DESERVED
        .iter()
        .copied()
        .filter(|(name, ..)| !["sleeps", "endless-loop", "fork-bomb"].contains(name))
        .collect();
    a_class(18, &quick);
}

#[test]
#[ignore = "two hundred submissions, twice: about twenty minutes"]
fn a_class_of_two_hundred() {
    a_class(200, DESERVED);
}

/// A suite that takes a moment and needs no compiler.
const TINY: &str = "
version: 1
name: tiny
submission: {path: nothing, required: [answer]}
profiles: {p: {timeout: 20s, cpu_time: 5s, memory: 64M}}
defaults: {profile: p}
groups:
  - {name: look, points: 3, run: [cat, answer], cases: [{id: a, expect: {stdout: \"42\\n\"}}]}
  - {name: hidden, points: 1, visibility: hidden, run: [cat, answer], cases: [{id: b, expect: {stdout: \"secret\\n\"}}]}
";

fn tiny(place: &Place) -> PathBuf {
    fs::create_dir_all(place.work().join("suite/nothing")).expect("writable");
    fs::create_dir_all(place.work().join("class")).expect("writable");
    fs::write(place.work().join("suite/grade.yaml"), TINY).expect("writable");
    place.work().join("class")
}

fn hand_in(class: &Path, name: &str, answer: &str) {
    fs::create_dir_all(class.join(name)).expect("writable");
    fs::write(class.join(name).join("answer"), answer).expect("writable");
}

fn grade_tiny(place: &Place, more: &[&str]) -> Done {
    place.capsule(&[&arguments("suite", "out", "2")[..], more].concat())
}

#[test]
fn what_cannot_be_graded_has_its_row_with_the_reason_and_nobody_is_lost() {
    let place = Place::new();
    let class = tiny(&place);
    hand_in(&class, "good", "42\n");
    fs::create_dir(class.join("empty")).expect("writable");
    fs::create_dir(class.join("other")).expect("writable");
    fs::write(class.join("other/notes.txt"), "x").expect("writable");
    fs::write(class.join("broken.zip"), "no zip").expect("writable");
    symlink("good", class.join("thief")).expect("a link");
    nix::unistd::mkfifo(&class.join("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    hand_in(&class, "linker", "x");
    fs::remove_file(class.join("linker/answer")).expect("ours");
    symlink("../good/answer", class.join("linker/answer")).expect("a link");
    graded(&grade_tiny(&place, &[]));
    let book = book(&place, "out");
    assert_eq!(rows(&book).len(), 7);
    assert_eq!(
        (&row(&book, "good")["score"], &row(&book, "good")["status"]),
        (&3.0.into(), &"graded".into())
    );
    for (name, why) in [
        ("empty", "no file was handed in"),
        ("other", "lacks the required `answer`"),
        ("broken", "the archive is damaged"),
        ("thief", "is a link"),
        ("pipe", "neither a file nor a folder"),
        ("linker", "left out: the link `answer`"),
    ] {
        let row = row(&book, name);
        assert_eq!((&row["status"], &row["score"]), (&"unusable".into(), &0.0.into()), "{row}");
        assert!(row["reason"].as_str().is_some_and(|reason| reason.contains(why)), "{name}: {row}");
        let report = place.work().join("out/reports").join(format!("{name}.json"));
        assert!(fs::read_to_string(report).expect("a report").contains("E6005"), "{name}");
    }
}

#[test]
fn a_finished_submission_runs_again_only_when_it_or_the_suite_has_changed() {
    let place = Place::new();
    let class = tiny(&place);
    for name in ["a", "b", "c"] {
        hand_in(&class, name, "42\n");
    }
    graded(&grade_tiny(&place, &[]));
    let first = both(&place, "out");
    let done = grade_tiny(&place, &[]);
    graded(&done);
    assert!(done.stderr.contains("3 taken over"), "{}", done.stderr);
    assert_eq!(both(&place, "out"), first);
    hand_in(&class, "b", "wrong\n");
    let done = grade_tiny(&place, &[]);
    assert!(done.stderr.contains("2 taken over"), "{}", done.stderr);
    assert_eq!(row(&book(&place, "out"), "b")["score"], 0.0);
    fs::remove_file(place.work().join("out/reports/a.json")).expect("ours");
    let done = grade_tiny(&place, &[]);
    assert!(done.stderr.contains("2 taken over"), "a report that is gone is made again: {}", done.stderr);
    fs::write(place.work().join("suite/grade.yaml"), TINY.replace("points: 3", "points: 4"))
        .expect("writable");
    let done = grade_tiny(&place, &[]);
    assert!(!done.stderr.contains("taken over"), "{}", done.stderr);
    assert_eq!(row(&book(&place, "out"), "a")["score"], 4.0);
}

#[test]
fn a_student_reads_nothing_of_hidden_cases() {
    let place = Place::new();
    let class = tiny(&place);
    hand_in(&class, "a", "wrong\n");
    graded(&grade_tiny(&place, &[]));
    for name in ["reports/a.txt", "reports/a.student.json"] {
        let text = fs::read_to_string(place.work().join("out").join(name)).expect("a report");
        assert!(
            text.contains("hidden/b") && text.contains("look/a") && text.contains("42"),
            "{name}: {text}"
        );
        assert!(!text.contains("secret"), "{name}: {text}");
        assert!(!text.contains(&place.work().display().to_string()), "{name}: {text}");
    }
}

#[test]
fn names_of_students_forge_no_row_no_formula_and_no_file() {
    let place = Place::new();
    let class = tiny(&place);
    let names = [
        "=cmd|' C calc'!A0",
        "a\",\"graded\",\"100",
        "new\nline,graded,100",
        "tab\there",
        "esc\x1b[31m",
        "x..",
        "-rf",
        "@SUM(1)",
        " blank ",
        "ünïcode",
        "\u{202e}desrever",
    ];
    for name in names {
        hand_in(&class, name, "42\n");
    }
    let done = grade_tiny(&place, &[]);
    graded(&done);
    assert!(!done.stderr.contains('\x1b') && !done.stderr.contains('\u{202e}'), "{:?}", done.stderr);
    let csv = fs::read_to_string(place.work().join("out/gradebook.csv")).expect("a gradebook");
    assert_eq!(csv.split("\r\n").count(), names.len() + 2, "one line each: {csv}");
    assert!(csv.split("\r\n").all(|line| !line.starts_with(['=', '+', '-', '@', '\t'])), "{csv}");
    assert!(csv.lines().all(|line| !line.contains(",=") && !line.contains(",@")), "{csv}");
    let book = book(&place, "out");
    let reports: BTreeSet<_> = rows(&book).iter().map(|row| row["report"].to_string()).collect();
    assert_eq!(reports.len(), names.len());
    for name in names {
        assert_eq!(row(&book, name)["score"], 3.0);
    }
    let outside: Vec<_> =
        fs::read_dir(place.work()).expect("readable").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(outside.len(), 3, "class, suite and out: {outside:?}");
}

#[test]
fn variables_and_secrets_are_for_a_class_as_for_a_suite() {
    let place = Place::new();
    let class = tiny(&place);
    let suite =
        TINY.replace("name: tiny\n", "name: tiny\nvars: {want: null}\n").replace("42\\n", "${want}\\n");
    fs::write(place.work().join("suite/grade.yaml"), suite).expect("writable");
    hand_in(&class, "a", "42\n");
    hand_in(&class, "b", "hunter22\n");
    let done = grade_tiny(&place, &[]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    let done = grade_tiny(&place, &["-V", "want=1", "-V", "wnat=1"]);
    assert!(done.stderr.contains("did you mean `want`?"), "{}", done.stderr);
    let scores = |more: &[&str]| {
        graded(&grade_tiny(&place, more));
        let book = book(&place, "out");
        (row(&book, "a")["score"].as_f64(), row(&book, "b")["score"].as_f64())
    };
    assert_eq!(scores(&["-V", "want=42"]), (Some(3.0), Some(0.0)));
    // What was decided with another value is decided anew.
    assert_eq!(scores(&["--secret", "want=hunter22"]), (Some(0.0), Some(3.0)));
    for name in ["b.json", "b.txt", "b.student.json"] {
        let text = fs::read_to_string(place.work().join("out/reports").join(name)).expect("a report");
        let shown = name != "b.json" || text.contains("<secret:want>");
        assert!(shown && !text.contains("hunter22"), "{name}: {text}");
    }
}

#[test]
fn downloads_of_moodle_and_canvas_are_students_with_names_and_numbers() {
    let place = Place::new();
    let class = tiny(&place);
    fs::write(class.join("doejohn_11_501_answer"), "42\n").expect("writable");
    fs::write(class.join("doejohn_11_502_readme.txt"), "x").expect("writable");
    fs::write(class.join("roejane_LATE_12_503_answer"), "42\n").expect("writable");
    hand_in(&class, "Ada Lovelace_7_assignsubmission_file_", "42\n");
    graded(&grade_tiny(&place, &[]));
    let book = book(&place, "out");
    let of = |label: &str| {
        let row = row(&book, label);
        (
            row["student_name"].as_str().unwrap_or_default().to_owned(),
            row["late"] == true,
            row["score"].as_f64(),
        )
    };
    assert_eq!(of("11"), ("doejohn".to_owned(), false, Some(3.0)));
    assert_eq!(of("12"), ("roejane".to_owned(), true, Some(3.0)));
    assert_eq!(of("7"), ("Ada Lovelace".to_owned(), false, Some(3.0)));
    assert_eq!(rows(&book).len(), 3);
}

#[test]
fn an_archive_is_unpacked_into_its_own_place_and_nowhere_else() {
    let place = Place::new();
    let class = tiny(&place);
    let tar = |name: &str, arguments: &[&str]| {
        let mut command = place.command("tar");
        let file = class.join(name).display().to_string();
        let done = run::finish(
            {
                command.arg("caPf").arg(file).args(arguments);
                command
            },
            b"",
        );
        assert_eq!(done.code(), 0, "{}", done.stderr);
    };
    fs::write(place.work().join("answer"), "42\n").expect("writable");
    fs::create_dir(place.work().join("wrapped")).expect("writable");
    fs::write(place.work().join("wrapped/answer"), "42\n").expect("writable");
    tar("plain.tar.gz", &["answer"]);
    tar("wrapped.tgz", &["wrapped"]);
    tar("slip.tar", &["--transform", "s,answer,../../../slipped,", "answer"]);
    tar("rooted.tar", &["--transform", "s,answer,/tmp/test-of-c-r-slipped,", "answer"]);
    symlink("/etc", place.work().join("link")).expect("a link");
    tar("linked.tar.gz", &["answer", "link"]);
    graded(&grade_tiny(&place, &[]));
    let book = book(&place, "out");
    for (name, score, status) in [
        ("plain", 3.0, "graded"),
        ("wrapped", 3.0, "graded"),
        ("linked", 3.0, "graded"),
        ("slip", 0.0, "unusable"),
        ("rooted", 0.0, "unusable"),
    ] {
        let row = row(&book, name);
        assert_eq!((row["score"].as_f64(), &row["status"]), (Some(score), &status.into()), "{row}");
    }
    assert_eq!(row(&book, "linked")["reason"], "left out: the link `link`");
    assert!(!Path::new("/tmp/test-of-c-r-slipped").exists());
    assert!(!place.work().join("slipped").exists());
}

#[test]
fn the_files_of_one_student_make_no_case_for_another() {
    let place = Place::new();
    let class = tiny(&place);
    let suite = "
version: 1
submission: {path: nothing}
groups: [{name: g, run: [cat], cases_from: {stdin: '**/*.in', expect_stdout: '{dir}/{stem}.ans'}}]
";
    let root = place.work();
    fs::create_dir(root.join("nothing")).expect("writable");
    fs::write(root.join("grade.yaml"), suite).expect("writable");
    fs::write(root.join("one.in"), "x").expect("writable");
    fs::write(root.join("one.ans"), "x").expect("writable");
    hand_in(&class, "eve", "x");
    fs::write(class.join("eve/free.in"), "x").expect("writable");
    fs::write(class.join("eve/free.ans"), "x").expect("writable");
    graded(&place.capsule(&["grade", "grade.yaml", "--submissions", "class/*", "--out", "out"]));
    assert_eq!(row(&book(&place, "out"), "eve")["passed"], 1);
}

#[test]
fn what_changes_during_the_run_is_graded_as_it_was() {
    let place = Place::new();
    let class = tiny(&place);
    let suite =
        TINY.replace("[cat, answer], cases: [{id: a", "[sh, -c, 'sleep 1; cat answer'], cases: [{id: a");
    fs::write(place.work().join("suite/grade.yaml"), suite).expect("writable");
    hand_in(&class, "a", "42\n");
    std::thread::scope(|scope| {
        let run = scope.spawn(|| grade_tiny(&place, &[]));
        let book = place.work().join("out/gradebook.csv");
        while !book.exists() && !run.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        fs::write(class.join("a/answer"), "something else\n").expect("writable");
        graded(&run.join().expect("it ends"));
    });
    assert_eq!(row(&book(&place, "out"), "a")["score"], 3.0);
}

#[test]
fn a_cache_that_somebody_has_bent_is_found_out() {
    let place = Place::new();
    let deserved = class_of(&place, &DESERVED[..2], 4);
    let suite = homework();
    let arguments = |out| [&arguments(&suite, out, "2")[..], &["--cache-dir", "cache"]].concat();
    graded(&place.capsule(&arguments("one")));
    for entry in fs::read_dir(place.work().join("cache")).expect("readable").flatten() {
        if entry.path().is_file() {
            let mut bytes = fs::read(entry.path()).expect("readable");
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(entry.path(), bytes).expect("writable");
        }
    }
    graded(&place.capsule(&arguments("two")));
    check(&place, "two", &deserved);
    assert_eq!(made(&place, "two", 4), 2);
    let off = [&self::arguments(&suite, "four", "2")[..], &["--no-cache"]].concat();
    graded(&place.capsule(&off));
    assert_eq!(made(&place, "four", 4), 4, "without a cache every build is made");
    assert_eq!(both(&place, "four"), both(&place, "one"));
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
    let place = Place::new();
    let class = tiny(&place);
    hand_in(&class, "a", "42\n");
    let cases: BTreeMap<&str, Vec<&str>> = BTreeMap::from([
        ("matches nothing", vec!["grade", "suite", "--submissions", "nobody/*", "--out", "out"]),
        (
            "--max-submission",
            vec!["grade", "suite", "--submissions", "class/*", "--out", "out", "--max-submission", "x"],
        ),
        (
            "--cache-size",
            vec!["grade", "suite", "--submissions", "class/*", "--out", "out", "--cache-size", "x"],
        ),
        ("no suite file", vec!["grade", "class", "--submissions", "class/*", "--out", "out"]),
        ("--out", vec!["grade", "suite", "--submissions", "class/*", "--out", "suite/grade.yaml"]),
    ]);
    for (why, arguments) in cases {
        let done = place.capsule(&arguments);
        assert_eq!(done.code(), 2, "{why}: {}", done.stderr);
        assert!(done.stderr.contains(why), "{why}: {}", done.stderr);
    }
    assert!(!place.work().join("out/gradebook.csv").exists());
}
