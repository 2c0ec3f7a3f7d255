//! [`main`]: from argv to an exit status.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use super::args::{Cli, Command, SingleCli};
use super::load::Places;
use super::{cmd, environment, exit, last_words, logging, terminal};
use crate::diagnostic::nearest;
use crate::sandbox::Expected;
use crate::units::visible_line;

/// Whether this command line looks as if it will run programs. A guess, made before anything is
/// parsed: the engine can then begin while we parse.
#[must_use]
pub fn runs_programs() -> Option<Expected> {
    const NOTHING_RUNS: [&str; 6] = ["--help", "-h", "--version", "--dry-run", "--list", "--create-config"];
    let ours: Vec<OsString> = std::env::args_os().skip(1).take_while(|word| word != "--").collect();
    let is_single = std::env::args_os().any(|word| word == "--") || ours.iter().any(|word| word == "--json");
    let is_suite = ours.first().is_some_and(|word| word == "suite");
    if ours.iter().any(|word| NOTHING_RUNS.iter().any(|nothing| word == nothing)) {
        return None;
    }
    if is_suite { Some(Expected::Cases) } else { is_single.then_some(Expected::OneCase) }
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    last_words::watch();
    logging::start();
    let names: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    environment::warnings(names.iter().map(String::as_str)).iter().for_each(|line| terminal::say(line));
    exit::code(match parse(&argv) {
        Ok(cli) => dispatch(cli),
        Err(error) => refuse(&error, &argv),
    })
}

fn parse(argv: &[OsString]) -> Result<Cli, clap::Error> {
    let has_options_first = argv.get(1).is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"));
    let single = has_options_first.then(|| SingleCli::try_parse_from(argv).ok()).flatten();
    single.map_or_else(|| Cli::try_parse_from(argv), |SingleCli { single }| Ok(Cli { command: None, single }))
}

fn dispatch(cli: Cli) -> u8 {
    let places = Places::of_this_process();
    match cli.command {
        None => cmd::single::run(cli.single, &places),
        Some(Command::Suite(args)) => cmd::suite::run(*args, &places),
        Some(Command::Report(args)) => cmd::report::run(&args, &places),
        Some(Command::Grade(args)) => cmd::grade::run(&args, &places),
        Some(Command::List(args)) => cmd::list::run(&args, &places),
        Some(Command::Check(args)) => cmd::check::run(&args, &places),
        Some(Command::Runs(args)) => cmd::runs::run(&args, &places),
        Some(Command::Completions(args)) => cmd::completions::run(&args),
        Some(Command::Man) => cmd::man::run(),
        Some(Command::Review(args)) => cmd::review::run(&args, &places),
        Some(Command::Doctor(args)) => cmd::doctor::run(&args, &places),
        Some(Command::Import(args)) => cmd::import::run(&args),
        Some(Command::Help(args)) => cmd::help::run(&args),
        Some(Command::Schema(args)) => cmd::schema::run(&args),
    }
}

/// What clap refuses. Help and version are "refused" too, and are no errors.
fn refuse(error: &clap::Error, argv: &[OsString]) -> u8 {
    if let Some(hint) = forgotten_dashes(error, argv) {
        terminal::say(&hint);
        return exit::USAGE;
    }
    // The stream may be closed; there is nobody to tell.
    let _ = error.print();
    if error.use_stderr() { exit::USAGE } else { exit::OK }
}

/// `capsule-run echo hi`: a command without `--` before it.
fn forgotten_dashes(error: &clap::Error, argv: &[OsString]) -> Option<String> {
    let kind = match error.kind() {
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else { return None };
    let at = argv.iter().skip(1).position(|arg| arg == OsStr::new(word))? + 1;
    let is_subcommand =
        |arg: &OsString| arg.to_str().is_some_and(|arg| subcommand_names().contains(&arg.to_owned()));
    if word.starts_with('-') || argv[1..at].iter().any(is_subcommand) {
        return None;
    }
    let shown = |args: &[OsString]| -> String {
        args.iter().map(|arg| format!(" {}", visible_line(arg.as_encoded_bytes()))).collect()
    };
    let (before, command) = (shown(&argv[1..at]), shown(&argv[at..]));
    let names = subcommand_names();
    let meant = nearest(word, names.iter().map(String::as_str));
    let meant =
        meant.map(|name| format!("\n  help: did you mean the subcommand `{name}`?")).unwrap_or_default();
    Some(format!(
        "error: `{}` is not a subcommand, and a command to run needs `--` before it{meant}\n  help: capsule-run{before} --{command}",
        visible_line(word.as_bytes())
    ))
}

fn subcommand_names() -> Vec<String> {
    Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}
