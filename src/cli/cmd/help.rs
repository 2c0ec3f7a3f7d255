//! `capsule-run help [TOPIC]`.

use std::fmt::Write as _;

use clap::CommandFactory;

use crate::cli::args::{Cli, HelpArgs};
use crate::cli::{exit, terminal};
use crate::judge::{Code, Family};
use crate::units::visible_line;

/// Prints a topic, a code, or the help of a subcommand.
pub(in crate::cli) fn run(args: &HelpArgs) -> u8 {
    let topic = args.topic.as_deref().unwrap_or_default();
    let text = match topic {
        "" => Some(usage(&mut Cli::command())),
        "codes" => Some(codes()),
        "exit-codes" => Some(exit_codes()),
        topic => code(topic).or_else(|| subcommand(topic)),
    };
    let Some(text) = text else {
        let topic = visible_line(topic.as_bytes());
        terminal::say(&format!(
            "error: no help on `{topic}`\n  help: topics are codes, exit-codes, a code such as E3001, and the subcommands"
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

fn subcommand(name: &str) -> Option<String> {
    let mut cli = Cli::command();
    // Without this the subcommand would be shown without the program's name.
    cli.build();
    cli.find_subcommand_mut(name).map(usage)
}

/// Every code with its meaning, by family.
pub(in crate::cli) fn codes() -> String {
    let mut out = String::new();
    let mut family = None;
    for code in Code::ALL {
        if family.replace(code.family()) != Some(code.family()) {
            let _ = writeln!(out, "{}{}", if out.is_empty() { "" } else { "\n" }, heading(code.family()));
        }
        let _ = writeln!(out, "  {}  {}", code.number(), code.title());
    }
    out.push_str("\nMore on one of them: capsule-run help E3001\n");
    out
}

fn heading(family: Family) -> &'static str {
    match family {
        Family::Configuration => "E1xxx  what the operator wrote",
        Family::Execution => "E2xxx  the command could not be, or may not be, executed",
        Family::Time => "E3xxx  time and signals",
        Family::Resource => "E4xxx  resources",
        Family::System => "E5xxx  capsule-run or this machine; never counts against a submission",
        Family::Expectation => "E6xxx  what a suite expected",
    }
}

fn code(topic: &str) -> Option<String> {
    let code = Code::from_number(&topic.to_ascii_uppercase())?;
    let blame = if code.is_harness_fault() {
        "Could not judge: this never counts against a submission."
    } else {
        heading(code.family())[7..].trim()
    };
    Some(format!("{}: {}\n\n  {blame}\n  What to do: {}\n", code.number(), code.title(), code.remedy()))
}

/// The exit statuses.
fn exit_codes() -> String {
    let mut out = String::from("Status         of `suite`, and of `-- CMD`\n");
    for (number, suite, single) in exit::TABLE {
        let _ = writeln!(out, "  {number:<13} suite: {suite}\n{:15} CMD:   {single}", "");
    }
    out
}
