//! `capsule-run man`.

use clap::CommandFactory;

use crate::cli::args::Cli;
use crate::cli::{exit, terminal};

/// Prints the manual page, with a section for each subcommand.
pub(in crate::cli) fn run() -> u8 {
    let mut cli = Cli::command();
    cli.build();
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(cli.clone()).render(&mut page).and_then(|()| {
        cli.get_subcommands().try_for_each(|command| {
            let man = clap_mangen::Man::new(command.clone());
            page.extend(format!(".SH \"CAPSULE-RUN {}\"\n", command.get_name().to_uppercase()).bytes());
            man.render_synopsis_section(&mut page)?;
            man.render_description_section(&mut page)?;
            man.render_options_section(&mut page)
        })
    });
    match rendered.and_then(|()| terminal::print(&page)) {
        Ok(()) => exit::OK,
        Err(_) => exit::REPORT_LOST,
    }
}
