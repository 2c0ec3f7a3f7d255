//! `capsule-run help [TOPIC]`.

use std::fmt::Write as _;

use clap::CommandFactory;

use crate::cli::args::{Cli, HelpArgs};
use crate::cli::select::FILTERS_HELP;
use crate::cli::{environment, exit, terminal};
use crate::judge::{self, Code};
use crate::units::visible_line;

/// Prints a topic, a code, or the help of a subcommand.
pub(in crate::cli) fn run(args: &HelpArgs) -> u8 {
    let topic = args.topic.as_deref().unwrap_or_default();
    let text = match topic {
        "" => Some(usage(&mut Cli::command())),
        "codes" => Some(judge::help_codes()),
        "exit-codes" => Some(exit_codes()),
        "filters" => Some(FILTERS_HELP.to_owned()),
        "env" => Some(environment::help()),
        "verdicts" => Some(include_str!("../../../docs/verdicts.md").to_owned()),
        topic => code(topic).map(judge::help_code).or_else(|| subcommand(topic)),
    };
    let Some(text) = text else {
        let topic = visible_line(topic.as_bytes());
        terminal::say(&format!(
            "error: no help on `{topic}`\n  help: topics are codes, exit-codes, filters, verdicts, env, a code such as E3001, and the subcommands"
        ));
        return exit::USAGE;
    };
    match terminal::print(text.as_bytes()) {
        Ok(()) => exit::OK,
        Err(_) => exit::REPORT_LOST,
    }
}

fn usage(command: &mut clap::Command) -> String {
    format!("{}", command.render_long_help())
}

fn code(topic: &str) -> Option<Code> {
    Code::from_number(&topic.to_ascii_uppercase())
}

fn subcommand(name: &str) -> Option<String> {
    let mut cli = Cli::command();
    // Without this the subcommand would be shown without the program's name.
    cli.build();
    cli.find_subcommand_mut(name).map(usage)
}

/// The exit statuses.
fn exit_codes() -> String {
    let mut out = String::from("Status         of `suite`, and of `-- CMD`\n");
    for (number, suite, single) in exit::TABLE {
        let _ = writeln!(out, "  {number:<13} suite: {suite}\n{:15} CMD:   {single}", "");
    }
    out
}
