//! What may be typed after `capsule-run grade`, and what every command that builds may be told of
//! its cache.

use std::path::PathBuf;

use clap::Args;

use super::args::{ColorWhen, MessageFormat, OperatorArgs};
use super::variables::LanguageArgs;

/// `capsule-run grade`.
#[derive(Debug, Args)]
pub(super) struct GradeArgs {
    /// The suite file, or a folder that holds one
    #[arg(value_name = "SUITE")]
    pub(super) suite: PathBuf,
    /// The submissions: a glob of folders, archives (zip, tar, tar.gz, tar.bz2, tar.xz, tar.zst) or
    /// files; names of Moodle's and Canvas's downloads are understood
    #[arg(long, value_name = "GLOB")]
    pub(super) submissions: String,
    /// Where gradebook, reports and the journal go; a run that was killed goes on from there
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// How many cases run at a time: a number, or `auto` for one per CPU
    #[arg(long, short, value_name = "N|auto", default_value = "1")]
    pub(super) jobs: String,
    /// The most that one submission may hold, unpacked
    #[arg(long, value_name = "SIZE", default_value = "64M")]
    pub(super) max_submission: String,
    /// Set a limit of every case: --set memory=512M
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
    /// Whether to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: ColorWhen,
    /// No line for each submission
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// How errors in suites and configuration are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) message_format: MessageFormat,
}

/// The cache of builds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Build cache")]
pub(super) struct CacheArgs {
    /// Make every build, whether it was made before or not
    #[arg(long, conflicts_with_all = ["cache_dir", "cache_size"])]
    pub(super) no_cache: bool,
    /// Where builds are kept [default: $XDG_CACHE_HOME/capsule-run/builds,
    /// ~/.cache/capsule-run/builds]
    #[arg(long, value_name = "DIR")]
    pub(super) cache_dir: Option<PathBuf>,
    /// The most that is kept; what was used longest ago goes first
    #[arg(long, value_name = "SIZE", default_value = "1G")]
    pub(super) cache_size: String,
}

/// A factor from 0.01 to 1000, in thousandths.
pub(super) fn factor(text: &str) -> Result<u32, String> {
    let factor: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if !(0.01..=1000.0).contains(&factor) {
        return Err("not from 0.01 to 1000".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "10 to 1,000,000")]
    let thousandths = (factor * 1000.0).round() as u32;
    Ok(thousandths)
}
