//! `capsule-run --create-config FILE`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::cli::{exit, terminal};
use crate::policy;

/// Writes the commented default configuration. Never overwrites a file.
pub(in crate::cli) fn run(path: &Path) -> u8 {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(policy::default_config_text().as_bytes()));
    let shown = path.display();
    match written {
        Ok(()) => {
            terminal::say(&format!("wrote the default configuration to {shown}"));
            exit::OK
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            terminal::say(&format!(
                "error: {shown} exists already and is not overwritten\n  help: name another file, or move this one away"
            ));
            exit::USAGE
        }
        Err(error) => {
            terminal::say(&format!("error: cannot write {shown}: {error}"));
            exit::REPORT_LOST
        }
    }
}
