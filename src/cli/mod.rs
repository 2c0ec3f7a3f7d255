//! The command line: argv, files, terminal, exit status. The only layer that reads the
//! environment, writes reports or talks to people.

mod account;
mod args;
mod binds;
mod build_cache;
mod calibrate;
mod class;
mod closing;
mod cmd;
mod dry_run;
mod engine;
mod entry;
mod environment;
mod event_log;
mod excerpt;
mod exit;
mod failure;
mod files;
mod grade_args;
mod hidden;
mod history;
mod ids;
mod journal;
mod keys;
mod last_words;
mod load;
mod logging;
mod look;
mod overrides;
mod packages;
mod progress;
mod recorder;
pub mod render;
mod report_file;
mod reports;
mod review;
mod run_meta;
mod screen;
mod select;
mod signals;
mod solutions;
mod terminal;
mod turns;
mod variables;

pub use entry::{main, runs_programs};
