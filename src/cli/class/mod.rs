//! A class: the submissions of many students, found, read, graded in one run and written down.

mod collect;
mod files;
mod find;
mod journal;
mod lms;
mod out;
mod read;
mod row;
mod snapshot;
mod unit;

pub(super) use collect::Collector;
pub(super) use files::ClassFiles;
pub(super) use find::{Candidate, find};
pub(super) use journal::Journal;
pub(super) use out::{OutFolder, Written};
pub(super) use read::{Unreadable, read};
pub(super) use row::{empty_row, groups_of, row, unusable_row};
pub(super) use snapshot::Snapshots;
pub(super) use unit::{Unit, unit_key};
