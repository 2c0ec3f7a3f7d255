//! The `capsule-run` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The engine starts this very binary again as its worker. Before anything else: a worker owes
    // nothing to the command line.
    if capsule_run::sandbox::is_worker() {
        return capsule_run::sandbox::worker_main();
    }
    if let Some(expected) = capsule_run::cli::runs_programs() {
        capsule_run::sandbox::start_early(expected);
    }
    let status = capsule_run::cli::main();
    capsule_run::sandbox::end_early();
    status
}
