//! What was typed: clap's structs, and nothing else. Values stay texts here; the parsers of the
//! configuration read them, so that `--memory` and `memory =` take the same words and fail with
//! the same messages.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::cmd::review::ReviewArgs;
use super::reports::{ReportArgs, StreamArgs};
use super::select::{Order, SelectArgs};
use super::variables::{FlakyArg, LanguageArgs};
use crate::report::text::DiffLayout;
use crate::sandbox::Fresh;

/// Run code that you do not trust in a sandbox, and say truthfully what became of it
#[derive(Debug, Parser)]
#[command(
    name = "capsule-run",
    version,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "capsule-run [OPTIONS] -- CMD [ARG]...\n       capsule-run [OPTIONS] --json < request.json\n       capsule-run suite [SUITE]... [OPTIONS] [-- PATTERN...]\n       capsule-run grade SUITE --submissions GLOB --out DIR\n       capsule-run list|check|review [SUITE]... [OPTIONS]\n       capsule-run doctor [--json]\n       capsule-run help [TOPIC]",
    after_help = "Exit status of `capsule-run -- CMD`: the program's own; 124 at a limit, 128+N for a signal, 126 not executable, 127 not found, 125 when capsule-run itself failed.\nMore: capsule-run help exit-codes, capsule-run help codes, capsule-run help suite"
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) single: SingleArgs,
}

/// The same without subcommands and their hundreds of options, which take longer to set up than a command
/// line to read. It says nothing to people: what it refuses, [`Cli`] reads again.
#[derive(Debug, Parser)]
pub(super) struct SingleCli {
    #[command(flatten)]
    pub(super) single: SingleArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run suites: every case in a sandbox of its own, then reports and a summary
    Suite(Box<SuiteArgs>),
    /// Make any report of a run again from its event stream
    Report(Box<ReportCommandArgs>),
    /// Grade a class: every submission with one suite, a report each, and a gradebook
    Grade(Box<super::grade_args::GradeArgs>),
    /// List the selected cases in order, or every value of one and where it came from; run nothing
    List(Box<ListArgs>),
    /// Find everything that is wrong with suites, and what looks wrong; run nothing
    Check(Box<CheckArgs>),
    /// What was run here before
    Runs(RunsArgs),
    /// Accept or reject expectations that a run with --pending found changed
    Review(Box<ReviewArgs>),
    /// Try what this host can isolate and limit, and say what to do where it cannot
    Doctor(DoctorArgs),
    /// Write the suite that a problem package amounts to
    Import(ImportArgs),
    /// Explain a topic, a code or a subcommand: codes, exit-codes, E3001, suite, schema
    Help(HelpArgs),
    /// Print the JSON Schema of a file that this version reads or writes
    Schema(SchemaArgs),
    /// Print a script that completes commands and options in a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// One command in a sandbox.
#[derive(Debug, Args)]
pub(super) struct SingleArgs {
    /// The command and its arguments, after `--`
    #[arg(last = true, value_name = "CMD")]
    pub(super) argv: Vec<OsString>,
    /// Read the request as JSON from standard input
    #[arg(long, conflicts_with = "argv")]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) isolation: IsolationArgs,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
    /// Write a commented default configuration to FILE and exit; never overwrites
    #[arg(long, value_name = "FILE", conflicts_with_all = ["argv", "json", "dry_run"])]
    pub(super) create_config: Option<PathBuf>,
    /// Check everything and print the plan with the origin of every value; run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The id that the result carries [default: a random one]
    #[arg(long, value_name = "ID")]
    pub(super) execution_id: Option<String>,
    /// Indent the JSON result
    #[arg(long)]
    pub(super) pretty: bool,
    /// Say on standard error what is in force and what happened
    #[arg(long, short)]
    pub(super) verbose: bool,
}

/// The limits of one command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArgs {
    /// Wall-clock time: milliseconds, or with a unit: 2s, 1500ms
    #[arg(long, short, value_name = "MS", allow_hyphen_values = true)]
    pub(super) timeout: Option<String>,
    /// Memory of all its processes together: 256M, 1G, plain bytes
    #[arg(long, short, value_name = "SIZE", allow_hyphen_values = true)]
    pub(super) memory: Option<String>,
    /// Relative CPU weight; 1024 is normal
    #[arg(long, value_name = "SHARES", allow_hyphen_values = true)]
    pub(super) cpu: Option<String>,
    /// CPU time of all its processes together
    #[arg(long, value_name = "MS", allow_hyphen_values = true)]
    pub(super) cpu_time: Option<String>,
    /// Standard output and standard error together
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub(super) max_output: Option<String>,
    /// Processes and threads at one time
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(super) max_pids: Option<String>,
    /// Size of any one file
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub(super) max_file_size: Option<String>,
    /// All writable places together
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub(super) max_disk: Option<String>,
    /// Open descriptors of one process
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(super) open_files: Option<String>,
}

/// What one command sees.
#[derive(Debug, Args)]
#[command(next_help_heading = "Isolation")]
pub(super) struct IsolationArgs {
    /// Let the command use the host's network
    #[arg(long)]
    pub(super) network: bool,
    /// Show a host path, read-only, at the same place inside
    #[arg(long, value_name = "PATH")]
    pub(super) readonly: Vec<PathBuf>,
    /// Show a host path at the same place inside; writes reach the host
    #[arg(long, value_name = "PATH")]
    pub(super) writable: Vec<PathBuf>,
    /// Show the host path SRC as DEST inside, read-only unless `:rw` is said
    #[arg(long, value_name = "SRC:DEST[:ro|rw]")]
    pub(super) bind: Vec<OsString>,
    /// Where the command starts, inside [default: /workspace]
    #[arg(long, short, value_name = "DIR")]
    pub(super) workdir: Option<PathBuf>,
    /// Set an environment variable of the command
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub(super) env: Vec<OsString>,
    /// What /workspace shows, copy-on-write [default: the current directory, unless it is / or a
    /// home directory]
    #[arg(long, value_name = "DIR|none")]
    pub(super) workspace: Option<PathBuf>,
}

/// What the operator chooses for any run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub(super) struct OperatorArgs {
    /// The configuration file [default: $CAPSULE_CONFIG, ~/.config/capsule-run/config.toml,
    /// /etc/capsule-run/config.toml]
    #[arg(long, short, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The profile to start from [default: $CAPSULE_PROFILE, or the defaults]
    #[arg(long, short, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// What to do where the kernel cannot hold a limit: refuse, or watch and say so
    #[arg(long, value_enum, value_name = "HOW")]
    pub(super) require: Option<RequireArg>,
    /// Multiply every limit of time: 1.5 for a slower machine; ceilings of the policy still hold
    #[arg(long, alias = "timeout-scale", value_name = "FACTOR", value_parser = super::grade_args::factor)]
    pub(super) time_factor: Option<u32>,
}

/// `--require`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RequireArg {
    /// Refuse to run (E5001)
    Strict,
    /// Watch and kill instead, and say so in the result
    BestEffort,
}

/// `capsule-run suite`.
#[derive(Debug, Args)]
pub(super) struct SuiteArgs {
    /// Suite files, or folders that hold one or a problem package [default: ./capsule.yaml, ./grade.yaml,
    /// ./*.capsule.yaml]
    #[arg(value_name = "SUITE")]
    pub(super) suites: Vec<PathBuf>,
    /// The folder with the submission; replaces the suite's own
    #[arg(long, value_name = "DIR")]
    pub(super) submission: Option<PathBuf>,
    /// Run every reference solution that GLOB finds beside the suite, and compare each with what is
    /// expected of it: by its folder (accepted, wrong_answer, …), submissions.yaml, or
    /// @EXPECTED_RESULTS@ in it
    #[arg(long, value_name = "GLOB", conflicts_with = "submission")]
    pub(super) submissions: Option<String>,
    /// Write what became of the solutions to FILE as JSON (- is standard output)
    #[arg(long, value_name = "FILE", requires = "submissions")]
    pub(super) verdicts: Option<PathBuf>,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// How many cases run at a time: a number, or `auto` for one per CPU
    #[arg(long, short, value_name = "N|auto", default_value = "1", env = "CAPSULE_JOBS")]
    pub(super) jobs: String,
    /// Start nothing new once N cases have not passed
    #[arg(long, value_name = "N")]
    pub(super) max_fail: Option<std::num::NonZeroUsize>,
    /// Stop the run after this time, as Ctrl-C does: 90s, 10m
    #[arg(long, value_name = "TIME")]
    pub(super) run_timeout: Option<String>,
    /// The same as --max-fail 1
    #[arg(short = 'x', conflicts_with = "max_fail")]
    pub(super) exit_first: bool,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
    /// Try every case that did not pass N times more, whatever the suite says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(super) retries: Option<u32>,
    /// What a case is that passed, but not at the first try
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(super) flaky: FlakyArg,
    /// What every case gets anew, even where it is proven that no case has touched it: a list of pid,
    /// ipc, mnt, net; or all
    #[arg(long, value_name = "WHAT")]
    pub(super) fresh: Option<Fresh>,
    /// Set a limit of every case: --set memory=512M
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
    #[command(flatten)]
    pub(super) cache: super::grade_args::CacheArgs,
    #[command(flatten)]
    pub(super) reports: ReportArgs,
    #[command(flatten)]
    pub(super) stream: StreamArgs,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    pub(super) update: UpdateArgs,
    /// List the selected cases in order; run nothing
    #[arg(long)]
    pub(super) list: bool,
    /// Check everything and print the plan as JSON; run nothing
    #[arg(long, conflicts_with = "list")]
    pub(super) dry_run: bool,
    /// In which order cases are started: `file`, `smart` (what did not pass last time, then the
    /// longest), `random`, `random:SEED`; reports are in the order of the suite
    #[arg(long, value_name = "ORDER", default_value = "file", env = "CAPSULE_ORDER")]
    pub(super) order: Order,
    /// Do not remember this run for `--failed`, `--order smart` and `runs`
    #[arg(long, env = "CAPSULE_NO_HISTORY")]
    pub(super) no_history: bool,
    /// How errors in suites and configuration are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) message_format: MessageFormat,
}

/// `capsule-run report`.
#[derive(Debug, Args)]
pub(super) struct ReportCommandArgs {
    /// The event stream of a run, as `--events` wrote it; also of one that was killed
    #[arg(value_name = "EVENTS")]
    pub(super) events: PathBuf,
    #[command(flatten)]
    pub(super) reports: ReportArgs,
    /// Whether to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: ColorWhen,
}

/// Suites that are looked at and not run.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    /// Suite files, or folders that hold one [default: ./capsule.yaml, ./grade.yaml,
    /// ./*.capsule.yaml]
    #[arg(value_name = "SUITE")]
    pub(super) suites: Vec<PathBuf>,
    /// The folder with the submission; replaces the suite's own
    #[arg(long, value_name = "DIR")]
    pub(super) submission: Option<PathBuf>,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
    /// Set a limit of every case: --set memory=512M
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
    /// How errors in suites and configuration are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) message_format: MessageFormat,
    /// Whether to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", env = "CAPSULE_COLOR")]
    pub(super) color: ColorWhen,
}

/// `capsule-run list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Print every value of this case, and the line, the option or the profile that it came from
    #[arg(long, value_name = "ID")]
    pub(super) explain: Option<String>,
    /// Print JSON: one object a line
    #[arg(long)]
    pub(super) json: bool,
}

/// `capsule-run check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Do not try whether this host can run the suites
    #[arg(long)]
    pub(super) no_probe: bool,
    /// Exit with 1 when there are warnings
    #[arg(long)]
    pub(super) deny_warnings: bool,
}

/// `capsule-run runs`.
#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    #[command(subcommand)]
    pub(super) what: Option<RunsCommand>,
}

/// What of the runs.
#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// The runs, the newest first
    List,
    /// What became of the cases of a run
    Show {
        /// The id of the run
        run: String,
    },
    /// Forget old runs
    Prune {
        /// How many of the newest stay
        #[arg(long, value_name = "N", default_value_t = 0)]
        keep: usize,
    },
}

/// `capsule-run completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

/// What becomes of expectations that differ.
#[derive(Debug, Args)]
#[command(next_help_heading = "Expectations")]
pub(super) struct UpdateArgs {
    /// Where a case failed only because its output differs, expect that output from now on
    #[arg(long, conflicts_with = "pending")]
    pub(super) accept: bool,
    /// Keep such outputs beside the suite (*.new) for `capsule-run review`; not in CI
    #[arg(long)]
    pub(super) pending: bool,
}

/// What is shown, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Display")]
pub(super) struct ShowArgs {
    /// Which cases get a line [default: all; with --quiet: fail]
    #[arg(long, value_enum, value_name = "WHICH", env = "CAPSULE_SHOW")]
    pub(super) show: Option<Show>,
    /// Which cases are shown with their output and differences
    #[arg(long, value_enum, default_value_t, value_name = "WHICH", env = "CAPSULE_OUTPUT")]
    pub(super) output: OutputWhen,
    /// How many of the slowest cases are named at the end
    #[arg(long, value_name = "N", default_value = "3")]
    pub(super) durations: usize,
    /// How a difference is laid out
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(super) diff: DiffArg,
    /// Lines of the differences of one case that are shown: a number from 8, or all
    #[arg(long, value_name = "N|all", default_value = "80")]
    pub(super) diff_lines: DiffLines,
    /// How progress is shown
    #[arg(long, value_enum, default_value_t, value_name = "HOW", env = "CAPSULE_PROGRESS")]
    pub(super) progress: ProgressArg,
    /// Whether to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", env = "CAPSULE_COLOR")]
    pub(super) color: ColorWhen,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub(super) ascii: bool,
    /// Show failures and the summary only
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say what is in force, and show limits and usage of every case
    #[arg(long, short)]
    pub(super) verbose: bool,
}

/// `--show`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Show {
    /// Cases that did not pass
    Fail,
    /// Every case
    All,
    /// No case
    None,
}

/// `--diff`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffArg {
    /// What was expected above what was found
    #[default]
    Unified,
    /// Both in one line, where they have something in common
    Inline,
    /// Side by side
    Side,
}

impl From<DiffArg> for DiffLayout {
    fn from(arg: DiffArg) -> Self {
        match arg {
            DiffArg::Unified => Self::Unified,
            DiffArg::Inline => Self::Inline,
            DiffArg::Side => Self::Side,
        }
    }
}

/// `--diff-lines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DiffLines(pub(super) usize);

impl std::str::FromStr for DiffLines {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self(usize::MAX)),
            number => match number.parse() {
                Ok(0..8) | Err(_) => Err("a number from 8, or `all`"),
                Ok(lines) => Ok(Self(lines)),
            },
        }
    }
}

/// `--output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputWhen {
    /// Cases that did not pass
    #[default]
    Fail,
    /// Every case that ran
    All,
    /// None
    Never,
}

/// `--progress`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressArg {
    /// A bar on a terminal, plain lines elsewhere
    #[default]
    Auto,
    /// A bar
    Bar,
    /// Lines with a counter
    Counter,
    /// Lines without a counter
    Plain,
    /// No lines while the run goes on
    None,
}

/// `--color`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `--message-format`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum MessageFormat {
    /// For people
    #[default]
    Human,
    /// One JSON object a line
    Json,
}

/// `capsule-run import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The folder of the package: problem.yaml, init.yml, autograding.json, or NAME.in beside NAME.ans
    #[arg(value_name = "PACKAGE")]
    pub(super) package: PathBuf,
    /// The suite to write, in the folder of the package; never overwrites [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The language of submissions [default: that of an accepted solution]
    #[arg(long, value_name = "NAME")]
    pub(super) language: Option<String>,
}

/// `capsule-run doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// `capsule-run help`.
#[derive(Debug, Args)]
pub(super) struct HelpArgs {
    /// codes, exit-codes, a code such as E3001, or a subcommand
    pub(super) topic: Option<String>,
}

/// `capsule-run schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Which file
    #[arg(value_enum)]
    pub(super) of: SchemaOf,
}

/// Files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// A suite file
    Suite,
    /// The configuration
    Config,
    /// A request, as `capsule-run --json` reads it
    Request,
    /// The result of a single command
    Result,
    /// The JSON report of a run
    Report,
    /// One line of the event stream of a run
    Event,
    /// What `capsule-run doctor --json` prints
    Doctor,
}
