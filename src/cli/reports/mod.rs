//! The reports that were asked for: which, where, and what became of them.

mod args;
mod ci;
mod ending;
mod files;

pub(super) use args::{ReportArgs, StreamArgs};
pub(super) use ci::Ci;
pub(super) use ending::{end, in_sarif};
pub(super) use files::{Reports, Written};
