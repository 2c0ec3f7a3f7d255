//! `capsule-run completions SHELL`.

use clap::CommandFactory;

use crate::cli::args::{Cli, CompletionsArgs};
use crate::cli::{exit, terminal};

/// Prints the script.
pub(in crate::cli) fn run(args: &CompletionsArgs) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "capsule-run", &mut script);
    match terminal::print(&script) {
        Ok(()) => exit::OK,
        Err(_) => exit::REPORT_LOST,
    }
}
