//! The options that say which cases are run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which cases.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub(in crate::cli) struct SelectArgs {
    /// Cases whose id contains this text, and what they need; after `--`
    #[arg(last = true, value_name = "PATTERN")]
    pub(in crate::cli) patterns: Vec<String>,
    /// The case with exactly this id, and what it needs; may be given again
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) only: Vec<String>,
    /// Cases for which this holds, and what they need: `tag(slow) & !id(/^io/)`; may be given again
    /// (see `help filters`)
    #[arg(long, short = 'E', value_name = "EXPR")]
    pub(in crate::cli) filter: Vec<String>,
    /// Only cases with these tags: `a,!b` is a and not b; given again: or these
    #[arg(long, short = 't', value_name = "TAGS")]
    pub(in crate::cli) tag: Vec<String>,
    /// No case with this tag; may be given again
    #[arg(long, value_name = "TAG")]
    pub(in crate::cli) skip_tag: Vec<String>,
    /// Only cases that have not passed, or are new, since the last run here, or in this JSON report
    #[arg(long, value_name = "REPORT|RUN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(in crate::cli) failed: Option<String>,
    /// A part of the cases, for several machines: `slice:1/4`, `hash:1/4`, `time:1/4`, or `auto`
    /// (from the CI's variables)
    #[arg(long, value_name = "SHARD", env = "CAPSULE_SHARD")]
    pub(in crate::cli) shard: Option<String>,
    /// The JSON report with the times that `--shard time:` divides by; the same for all shards
    #[arg(long, value_name = "REPORT")]
    pub(in crate::cli) timings: Option<PathBuf>,
    /// What it means when no case is selected
    #[arg(long, value_enum, default_value_t, value_name = "HOW", env = "CAPSULE_NO_CASES")]
    pub(in crate::cli) no_cases: NoCases,
}

/// `--no-cases`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum NoCases {
    /// Exit status 3
    #[default]
    Fail,
    /// Say so, and exit with 0
    Warn,
    /// Exit with 0
    Pass,
}
