//! What is said about a selection, and what it means for the exit status.

use super::choose::Chosen;
use super::options::NoCases;
use crate::cli::{exit, terminal};

impl Chosen {
    /// Says which shard this is, and what was asked for and is not there.
    pub(in crate::cli) fn tell(&self, quiet: bool) {
        for note in self.notes.iter().filter(|note| !quiet || note.starts_with("warning")) {
            let prefix = if note.starts_with("warning") { "" } else { "note: " };
            terminal::say(&format!("{prefix}{note}"));
        }
    }

    /// The exit status of a run without a case.
    pub(in crate::cli) fn nothing(&self, how: NoCases) -> u8 {
        if self.may_be_empty {
            return exit::OK;
        }
        match how {
            NoCases::Fail => {
                terminal::say("error: no case selected");
                exit::NOTHING_SELECTED
            }
            NoCases::Warn => {
                terminal::say("warning: no case selected");
                exit::OK
            }
            NoCases::Pass => exit::OK,
        }
    }

    /// The exit status of a run that left out what is outstanding.
    pub(in crate::cli) fn rest<'r>(&self, (status, reason): (u8, &'r str)) -> (u8, &'r str) {
        if status == exit::OK && self.outstanding > 0 {
            return (exit::OUTSTANDING, "all of this run passed, others are still outstanding");
        }
        (status, reason)
    }
}
