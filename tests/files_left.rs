//! Globs of files that must not be there when a program has ended.

use std::fs;

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

/// One case that runs this line of shell, with these files expected.
fn run(place: &Place, line: &str, files: &str) -> Done {
    let text = format!("version: 1\ncases:\n  - {{id: a, shell: {line:?}, expect: {{files: {files}}}}}\n");
    fs::write(place.work().join("s.yaml"), text).expect("writable");
    place.capsule(&["suite", "s.yaml"])
}

#[test]
fn a_glob_of_absent_files_finds_what_is_there_whatever_it_is() {
    let place = Place::new();
    let absent = r#"{"tmp/**": absent, "*.log": absent}"#;
    for good in ["true", "mkdir -p tmp/a/b", "mkdir x; touch x/a.log tmp.log.txt"] {
        let done = run(&place, good, absent);
        assert_eq!((done.code(), done.stdout.as_str()), (0, ""), "{good}: {}", done.stderr);
    }
    for (bad, why) in [
        ("touch a.log", "file a.log is there, and `*.log` must not be"),
        ("mkdir -p tmp/a/b; touch tmp/a/b/c", "file tmp/a/b/c is there, and `tmp/**` must not be"),
        ("mkdir tmp; touch tmp/b tmp/a tmp/c", "file tmp/a is there, and 2 more, and `tmp/**`"),
        ("mkfifo a.log", "file a.log is there"),
        ("ln -s /etc/passwd a.log", "file a.log is there"),
        ("touch a.log; chmod 0 a.log", "file a.log is there"),
        ("mkdir tmp; touch tmp/x; chmod 0 tmp", "file tmp/x is there"),
        ("ln -s / tmp", "file tmp is a symbolic link"),
        ("touch tmp", "file tmp is there, and `tmp/**` must not be"),
    ] {
        let done = run(&place, bad, absent);
        let is_file = bad == "touch tmp";
        // The file `tmp` is in no folder of that name.
        let wanted = if is_file { 0 } else { 1 };
        assert_eq!(done.code(), wanted, "{bad}: {}", done.stderr);
        assert!(is_file || done.stderr.contains(why), "{bad}: {}", done.stderr);
    }
}

#[test]
fn more_files_than_anybody_looks_at_do_not_hold_as_absent() {
    let place = Place::new();
    let done = run(&place, "seq 1 20100 | xargs touch", r#"{"*.log": absent}"#);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    assert!(done.stderr.contains("too many files to tell whether one is `*.log`"), "{}", done.stderr);
}

#[test]
fn what_a_file_holds_is_compared_beside_a_glob_that_finds_it_too() {
    let place = Place::new();
    let done = run(&place, "echo yes > out", r#"{out: "yes\n", "*.log": absent, "**/o*": absent}"#);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    assert!(done.stderr.contains("file out is there, and `**/o*` must not be"), "{}", done.stderr);
    let done = run(&place, "echo yes > out", r#"{out: "yes\n", "*.log": absent}"#);
    assert_eq!(done.code(), 0, "{}", done.stderr);
}

#[test]
fn a_glob_that_is_none_or_is_for_what_a_file_holds_is_refused() {
    let place = Place::new();
    let done = run(&place, "true", r#"{"a[": absent, "*.txt": "x"}"#);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    assert!(done.stderr.contains("this is no glob"), "{}", done.stderr);
    assert!(done.stderr.contains("a glob can only be `absent`"), "{}", done.stderr);
}
