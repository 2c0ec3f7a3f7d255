//! The `capsule-run` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    capsule_run::cli::main()
}
