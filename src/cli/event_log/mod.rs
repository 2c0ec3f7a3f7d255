//! The event log of a run: every record is in it once and in memory not at all. It is the file of
//! `--events`, or a private file without a name; the reports are made from it.

mod log;
mod pump;
mod target;

pub(super) use log::{EventLog, Place, read_line};
pub(super) use target::EventTarget;
