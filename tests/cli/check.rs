//! `capsule-run check`.

use crate::Capsule;

fn check(args: &[&str]) -> Capsule {
    let mut all = vec!["check", "--no-probe"];
    all.extend(args);
    Capsule::new(&all)
}

#[test]
fn the_mistakes_of_all_files_come_at_once_and_nothing_is_run() {
    let ended = check(&["a.yaml", "b.yaml"])
        .file("a.yaml", "version: 1\ncases: [{id: x, rnu: [touch, ran]}]\n")
        .file("b.yaml", "version: 1\ncases: [{id: x, run: [touch, ran], expect: {stdout: {file: no.out}}}]\n")
        .run()
        .exits(2);
    assert!(!ended.path("ran").exists());
    ended.says("unknown key `rnu`").says("the file `no.out` does not exist").says("nothing was run");
}

#[test]
fn a_suite_without_a_mistake_is_told_so() {
    let ended = check(&[]).file("capsule.yaml", "version: 1\ncases: [{id: x, run: [touch, ran]}]\n").run();
    let ended = ended.exits(0).says("1 suite, 1 cases and build steps: no errors, no warnings");
    assert!(!ended.path("ran").exists());
}

#[test]
fn what_looks_wrong_is_a_warning_and_an_error_where_that_is_asked_for() {
    let suite = "version: 1\ngroups: [{name: g, run: [cat], cases_from: {stdin: 'data/*.in', expect_stdout: '{dir}/{stem}.ans'}}]\n";
    let with = |args: &[&str]| {
        check(args)
            .file("capsule.yaml", suite)
            .file("data/1.in", "1")
            .file("data/1.ans", "1")
            .file("data/2.in", "2")
            .file("data/2.ans", "\n")
            .file("data/3.ans", "3")
            .file("data/4.in", "1")
            .file("data/4.ans", "4")
            .file("elsewhere/file", "")
    };
    let ended = with(&[]).run().exits(0);
    let ended = ended.says("nothing uses the file `data/3.ans`").says("--> capsule.yaml:");
    let ended = ended.says("the answer `data/2.ans` of `g/2` is empty");
    let ended =
        ended.says("the cases `g/1` and `g/4` run the same on the same input, and do not expect the same");
    assert!(!ended.stderr.contains("elsewhere"), "{}", ended.stderr);
    with(&["--deny-warnings"]).run().exits(1).says("3 warnings");
    with(&["-t", "slwo"]).run().exits(3).says("no case has the tag `slwo`");
    let ended = with(&["--message-format", "json"]).run().exits(0);
    let lines: Vec<serde_json::Value> =
        ended.stderr.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.len() == 3 && lines.iter().all(|line| line["level"] == "warning"), "{lines:?}");
}

#[test]
fn names_of_files_cannot_write_on_the_terminal() {
    let suite = "version: 1\ncases: [{id: x, run: [cat], stdin: {file: data/in}}]\n";
    let ended = check(&[]).file("capsule.yaml", suite).file("data/in", "").file("data/\u{1b}[2J", "").run();
    assert!(!ended.exits(0).stderr.contains('\u{1b}'));
}
