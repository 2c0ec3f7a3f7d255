//! The command line: argv, files, terminal, exit status.

mod excerpt;
pub mod render;

use std::process::ExitCode;

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
