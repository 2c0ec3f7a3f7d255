//! The binary itself, in a test's own place.

use crate::place::Place;
use crate::run::{Done, finish};

impl Place {
    /// The binary with these arguments, run to its end.
    pub(crate) fn capsule<S: AsRef<str>>(&self, arguments: &[S]) -> Done {
        let mut command = self.command(env!("CARGO_BIN_EXE_capsule-run"));
        command.args(arguments.iter().map(AsRef::as_ref));
        finish(command, b"")
    }
}
