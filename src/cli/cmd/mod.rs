//! One file for each command: load, call the stages, write.

pub(super) mod check;
pub(super) mod completions;
pub(super) mod create_config;
pub(super) mod doctor;
pub(super) mod grade;
pub(super) mod help;
pub(super) mod import;
pub(super) mod list;
pub(super) mod man;
pub(super) mod report;
pub(super) mod review;
pub(super) mod runs;
pub(super) mod schema;
pub(super) mod single;
pub(super) mod suite;
