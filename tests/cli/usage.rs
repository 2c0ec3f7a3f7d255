//! What was typed wrong.

use super::Capsule;

#[test]
fn nothing_to_run_is_a_usage_error_that_shows_what_to_write() {
    Capsule::new(&[]).run().exits(2).prints_nothing().says("nothing to run").says("-- CMD");
    Capsule::new(&["--timeout", "5000"]).run().exits(2).prints_nothing().says("nothing to run");
    Capsule::new(&["--"]).run().exits(2).prints_nothing().says("nothing to run");
}

#[test]
fn a_command_without_dashes_gets_a_hint_that_can_be_pasted() {
    Capsule::new(&["echo", "hi"])
        .run()
        .exits(2)
        .prints_nothing()
        .says("`echo` is not a subcommand")
        .says("capsule-run -- echo hi");
    Capsule::new(&["--timeout", "5000", "echo", "hi"])
        .run()
        .exits(2)
        .says("capsule-run --timeout 5000 -- echo hi");
}

#[test]
fn a_misspelt_subcommand_is_recognised() {
    Capsule::new(&["siute", "grade.yaml"]).run().exits(2).says("did you mean the subcommand `suite`?");
}

#[test]
fn a_control_character_in_a_word_does_not_reach_the_terminal() {
    let ended = Capsule::new(&["ec\u{1b}[2Jho"]).run().exits(2);
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
}

#[test]
fn unknown_options_and_choices_are_usage_errors() {
    Capsule::new(&["--memroy", "1G", "--", "true"]).run().exits(2).prints_nothing().says("--memroy");
    Capsule::new(&["--require", "maybe", "--", "true"]).run().exits(2).says("best-effort");
    Capsule::new(&["suite", "--progress", "loud"]).run().exits(2).says("counter");
    Capsule::new(&["--json", "--", "true"]).run().exits(2).says("cannot be used with");
}

#[test]
fn version_and_help_go_to_standard_output() {
    let version = Capsule::new(&["--version"]).run().exits(0);
    assert_eq!(version.stdout, format!("capsule-run {}\n", env!("CARGO_PKG_VERSION")));
    Capsule::new(&["--help"]).run().exits(0).prints("--timeout").prints("--create-config");
    Capsule::new(&["suite", "--help"]).run().exits(0).prints("--submission").prints("--junit-style");
}
