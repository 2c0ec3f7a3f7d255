//! What people see of a run while it goes on: a bar with what runs on a terminal, plain lines
//! elsewhere; always on standard error.

mod bar;
mod run;
mod state;

pub(super) use run::Progress;
