//! Accepting changed expectations: at once, or one by one at a terminal and without one.

use std::os::unix::fs::symlink;

use super::place::Place;
use super::pty::Pty;

const SUITE: &str = "\
# A suite that somebody wrote with care.
version: 1
name: r
cases:
  # The first one.
  - id: inline     # by hand
    run: [printf, 'a\\nc\\n']
    expect:
      stdout: |    # two lines
        a
        b
      exit: 0
  - {id: file, run: [printf, '1.0 new\\n'], expect: {stdout: {file: expected/file.out, compare: exact}}}
  - {id: kept, run: [printf, '1.0001\\n7\\n'], expect: {stdout: {file: expected/kept.out, compare: {float: {abs: 0.01}}}}}
  - {id: slow, run: [sleep, '9'], expect: {stdout: never}, limits: {timeout: 300ms}}
  - {id: fine, run: [echo, fine], expect: {stdout: \"fine\"}}
";

fn place() -> Place {
    let place = Place::with(SUITE);
    place.file("expected/file.out", "old\n");
    place.file("expected/kept.out", "1\n8\n");
    place
}

#[track_caller]
fn run(place: &Place, args: &[&str], status: i32) -> (String, String) {
    let done = place.command(args).stdin(std::process::Stdio::null()).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (stdout, stderr) = (text(done.stdout), text(done.stderr));
    assert_eq!(done.status.code(), Some(status), "{args:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
}

/// The suite with the new text in the one place where it belongs.
fn accepted_suite() -> String {
    SUITE.replace("        b\n", "        c\n")
}

#[test]
fn accept_changes_what_differs_and_nothing_else() {
    let place = place();
    let (_, said) = run(&place, &["suite", "--accept"], 1);
    assert!(said.contains("Accepted 3 changes"), "{said}");
    assert_eq!(place.read("grade.yaml"), accepted_suite());
    assert_eq!(place.read("expected/file.out"), "1.0 new\n");
    assert_eq!(place.read("expected/kept.out"), "1\n7\n", "the line that still matches is as it was written");
    // The one that failed for another reason is as before; the others pass now.
    let (_, said) = run(&place, &["suite"], 1);
    assert!(said.contains("4 passed, 1 failed"), "{said}");
}

#[test]
fn pending_changes_stay_beside_the_suite_until_they_are_decided() {
    let place = place();
    let (_, said) = run(&place, &["suite", "--pending"], 1);
    assert!(said.contains("Pending 3: capsule-run review grade.yaml"), "{said}");
    assert_eq!(
        (place.read("grade.yaml"), place.read("expected/file.out")),
        (SUITE.to_owned(), "old\n".to_owned())
    );
    assert_eq!(place.read("expected/file.out.new"), "1.0 new\n");

    let (json, _) = run(&place, &["review", "--json"], 0);
    let json: serde_json::Value = serde_json::from_str(&json).expect("one object");
    let ids: Vec<_> =
        json["pending"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["inline", "file", "kept"]);
    let (_, said) = run(&place, &["review"], 0);
    assert!(said.contains("file  stdout (grade.yaml:13, expected/file.out)"), "{said}");
    let (_, said) = run(&place, &["review", "--show", "inline"], 0);
    assert!(said.contains("│-b") && said.contains("│+c"), "{said}");
    run(&place, &["review", "--show", "fine"], 2);
    run(&place, &["review", "--accept", "nobody"], 2);

    let (_, said) = run(&place, &["review", "--accept", "inline", "file", "--reject", "kept"], 0);
    assert!(said.contains("2 accepted, 1 rejected"), "{said}");
    assert_eq!(place.read("grade.yaml"), accepted_suite());
    assert_eq!(
        (place.read("expected/file.out"), place.read("expected/kept.out")),
        ("1.0 new\n".to_owned(), "1\n8\n".to_owned())
    );
    assert!(run(&place, &["review"], 0).1.contains("nothing is pending"));
    for gone in ["expected/file.out.new", "expected/kept.out.new", "grade.yaml.new"] {
        assert!(!place.path(gone).exists(), "{gone}");
    }
}

#[test]
fn a_later_pass_forgets_what_was_pending() {
    let place = place();
    run(&place, &["suite", "--pending"], 1);
    place.file("expected/file.out", "1.0 new\n");
    place.file("grade.yaml", &accepted_suite());
    run(&place, &["suite", "--pending"], 1);
    assert!(!place.path("expected/file.out.new").exists() && !place.path("grade.yaml.new").exists());
    assert!(place.path("expected/kept.out.new").exists(), "that one still differs");
}

#[test]
fn in_ci_nothing_is_written_unless_it_is_said() {
    let place = place();
    let done = place.command(&["suite", "--pending"]).env("CI", "1").output().expect("it runs");
    assert!(String::from_utf8_lossy(&done.stderr).contains("--pending writes nothing here"));
    assert!(!place.path("expected/file.out.new").exists() && !place.path("grade.yaml.new").exists());
    let done = place.command(&["suite", "--accept"]).env("CI", "1").output().expect("it runs");
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(place.read("expected/file.out"), "1.0 new\n");
}

#[test]
fn keys_decide_one_by_one_and_esc_leaves_the_rest() {
    let place = place();
    run(&place, &["suite", "--pending"], 1);
    let mut pty = Pty::start(place.command(&["review"]), 100, 40);
    pty.shows("1/3  a accept   r reject   s skip   q or Esc leave the rest pending");
    assert!(pty.screen().contains("│-b") && pty.screen().contains("│+c"), "{}", pty.screen());
    pty.press("\x1b[A"); // An arrow decides nothing.
    std::thread::sleep(std::time::Duration::from_millis(300));
    pty.press("a");
    pty.shows("2/3  a accept");
    pty.press("s");
    pty.shows("3/3  a accept");
    pty.press("\x1b");
    assert_eq!(pty.ends(), 0);
    assert!(pty.is_as_before());
    assert!(pty.screen().contains("1 accepted, 0 rejected"), "{}", pty.screen());
    assert_eq!(place.read("grade.yaml"), accepted_suite());
    assert_eq!(place.read("expected/file.out"), "old\n");
    assert!(place.path("expected/file.out.new").exists() && place.path("expected/kept.out.new").exists());
}

#[test]
fn nothing_outside_of_the_suites_folder_is_written() {
    let place = place();
    let outside = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(outside.path().join("victim"), "old\n").expect("writable");
    std::fs::remove_file(place.path("expected/file.out")).expect("ours");
    symlink(outside.path().join("victim"), place.path("expected/file.out")).expect("made");
    let (_, said) = run(&place, &["suite", "--accept"], 1);
    assert!(said.contains("file is not accepted") && said.contains("Accepted 2"), "{said}");
    assert_eq!(std::fs::read_to_string(outside.path().join("victim")).expect("there"), "old\n");

    symlink(outside.path().join("made"), place.path("expected/kept.out.new")).expect("made");
    run(&place, &["suite", "--pending"], 1);
    assert!(!outside.path().join("made").exists());
    std::fs::remove_file(place.path("expected/kept.out.new")).expect("ours");
    let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
    nix::unistd::mkfifo(&place.path("expected/kept.out.new"), mode).expect("made");
    // Nobody reads the FIFO; nobody waits for that.
    run(&place, &["review"], 2);
}

#[test]
fn cases_that_expect_the_same_file_must_agree() {
    let suite = "version: 1\nname: r\ncases:\n  - {id: a, run: [echo, '1'], expect: {stdout: {file: both}}}\n  - {id: b, run: [echo, '2'], expect: {stdout: {file: both}}}\n  - {id: c, run: [printf, '\\377'], expect: {stdout: old}}\n";
    let place = Place::with(suite);
    place.file("both", "0\n");
    let (_, said) = run(&place, &["suite", "--accept"], 1);
    assert!(said.contains("a is not accepted: stdout: both: other cases expect the same"), "{said}");
    assert!(said.contains("c is not accepted: stdout: it is not UTF-8"), "{said}");
    assert_eq!((place.read("both"), place.read("grade.yaml")), ("0\n".to_owned(), suite.to_owned()));
}
