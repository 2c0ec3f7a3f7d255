//! Live tests of the engine, without the command line: one file per property.

mod basics;
mod harness;
mod isolation;
mod landlock;
mod limits;
