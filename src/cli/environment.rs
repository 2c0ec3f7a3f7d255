//! The environment variables that are read, and those that look as if they were meant to be.

use std::fmt::Write as _;

use crate::diagnostic::nearest;
use crate::units::visible_line;

/// Every variable that begins with `CAPSULE_`, and what it does. An option goes before its variable.
const TABLE: &[(&str, &str)] = &[
    ("CAPSULE_COLOR", "as --color"),
    ("CAPSULE_CONFIG", "the configuration file, as --config"),
    ("CAPSULE_JOBS", "as --jobs"),
    ("CAPSULE_NO_CASES", "as --no-cases"),
    ("CAPSULE_NO_HISTORY", "as --no-history, when it is true"),
    ("CAPSULE_ORDER", "as --order"),
    ("CAPSULE_OUTPUT", "as --output"),
    ("CAPSULE_PROFILE", "the profile, as --profile"),
    ("CAPSULE_PROGRESS", "as --progress"),
    ("CAPSULE_SHARD", "as --shard"),
    ("CAPSULE_SHOW", "as --show"),
];

/// Others that are looked at.
const OTHERS: &[(&str, &str)] = &[
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE", "whether to use colour, where --color does not say"),
    ("COLUMNS", "how wide lines are, where no terminal says"),
    ("RUST_LOG", "what is logged on standard error"),
    ("TMPDIR", "where the outputs of build steps are kept for the time of a run"),
    ("XDG_CONFIG_HOME", "where the user's configuration is: capsule-run/config.toml below it"),
    ("XDG_STATE_HOME", "where runs are remembered: capsule-run/runs below it"),
    ("TEST_SHARD_INDEX, TEST_TOTAL_SHARDS", "what --shard auto reads first (Bazel), from 0"),
    ("TEST_SHARD_STATUS_FILE", "touched by --shard auto for Bazel"),
    ("CI_NODE_INDEX, CI_NODE_TOTAL", "what it reads then (GitLab), from 1"),
    ("CIRCLE_NODE_INDEX, CIRCLE_NODE_TOTAL", "then (CircleCI), from 0"),
    ("BUILDKITE_PARALLEL_JOB, BUILDKITE_PARALLEL_JOB_COUNT", "then (Buildkite), from 0"),
];

/// `capsule-run help env`.
pub(super) fn help() -> String {
    let mut text = String::from("Environment variables. An option goes before its variable.\n\n");
    for (name, meaning) in TABLE.iter().chain(OTHERS) {
        let _ = writeln!(text, "  {name}\n      {meaning}");
    }
    text.push_str("\nA program in the sandbox sees none of them.\n");
    text
}

/// A warning for each of `names` that begins with `CAPSULE_` and that nobody reads.
pub(super) fn warnings<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let known = |name: &str| TABLE.iter().any(|(known, _)| *known == name);
    let unknown = names.filter(|name| {
        // Ours for tests.
        name.starts_with("CAPSULE_") && !name.starts_with("CAPSULE_TEST_") && !known(name)
    });
    unknown
        .map(|name| {
            // The search is by small letters; the names are all capitals.
            let lower: Vec<String> = TABLE.iter().map(|(known, _)| known.to_ascii_lowercase()).collect();
            let candidates = lower.iter().map(String::as_str);
            let near = if name.len() > 64 { None } else { nearest(name, candidates) };
            let near = near.map(str::to_ascii_uppercase);
            let near = near.map_or_else(
                || "; capsule-run help env lists those that are".to_owned(),
                |near| format!("; did you mean {near}?"),
            );
            format!("warning: the environment variable {} is not read{near}", visible_line(name.as_bytes()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn every_variable_that_an_option_reads_is_in_the_table_and_no_other() {
        let cli = Cli::command();
        let commands = std::iter::once(&cli).chain(cli.get_subcommands());
        let read: BTreeSet<String> = commands
            .flat_map(|command| command.get_arguments())
            .filter_map(|arg| arg.get_env().map(|env| env.to_string_lossy().into_owned()))
            .collect();
        let by_hand = ["CAPSULE_CONFIG", "CAPSULE_PROFILE"].map(str::to_owned);
        let table: BTreeSet<String> = TABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(read.into_iter().chain(by_hand).collect::<BTreeSet<_>>(), table);
    }

    #[test]
    fn a_variable_that_nobody_reads_is_told_with_the_nearest_that_somebody_does() {
        let told = warnings(["CAPSULE_JBOS", "CAPSULE_JOBS", "HOME", "CAPSULE_WHATEVER_THIS_IS"].into_iter());
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].ends_with("did you mean CAPSULE_JOBS?"), "{told:?}");
    }
}
