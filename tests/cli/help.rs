//! `capsule-run help`.

use capsule_run::judge::Code;

use super::Capsule;

#[test]
fn help_codes_lists_every_code_once_in_order() {
    let ended = Capsule::new(&["help", "codes"]).run().exits(0);
    let shown: Vec<&str> = ended
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|word| word.starts_with('E') && word.len() == 5)
        .collect();
    let all: Vec<&str> = Code::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(shown, all);
}

#[test]
fn help_on_a_code_says_what_it_means_and_what_to_do() {
    Capsule::new(&["help", "e4002"]).run().exits(0).prints("E4002").prints(Code::OomKill.remedy());
    Capsule::new(&["help", "E5001"]).run().exits(0).prints("never counts against a submission");
}

#[test]
fn help_exit_codes_has_every_status() {
    let ended = Capsule::new(&["help", "exit-codes"]).run().exits(0);
    for status in ["0 ", "4 ", "5 ", "124", "125", "126", "127", "128+N"] {
        assert!(ended.stdout.lines().any(|line| line.trim_start().starts_with(status)), "{status}");
    }
}

#[test]
fn help_on_a_subcommand_is_its_help() {
    Capsule::new(&["help", "suite"]).run().exits(0).prints("capsule-run suite").prints("--submission");
    Capsule::new(&["help"]).run().exits(0).prints("--timeout");
}

#[test]
fn help_on_nothing_known_names_the_topics() {
    Capsule::new(&["help", "E9999"]).run().exits(2).prints_nothing().says("exit-codes");
}

#[test]
fn filters_verdicts_and_variables_have_a_topic_each() {
    Capsule::new(&["help", "filters"]).run().exits(0).prints("tag(M)").prints("#glob");
    Capsule::new(&["help", "verdicts"]).run().exits(0).prints("E3001");
    Capsule::new(&["help", "env"]).run().exits(0).prints("CAPSULE_JOBS").prints("TEST_SHARD_INDEX");
}

#[test]
fn completions_and_the_manual_page_know_every_subcommand() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        Capsule::new(&["completions", shell]).run().exits(0).prints("skip-tag").prints("check");
    }
    Capsule::new(&["man"]).run().exits(0).prints(".TH capsule-run 1").prints("CAPSULE-RUN LIST");
}

#[test]
fn a_variable_that_looks_like_ours_and_is_not_is_told_and_obeyed_by_nobody() {
    let ended = Capsule::new(&["help", "codes"]).env("CAPSULE_JOSB", "3").run().exits(0);
    ended.says("warning: the environment variable CAPSULE_JOSB is not read; did you mean CAPSULE_JOBS?");
}
