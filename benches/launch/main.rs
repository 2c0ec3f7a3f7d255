//! What a sandbox costs: `make bench`.
//!
//! Every figure comes from one run, turn and turn about, so that all contestants meet the same
//! machine: medians, and their ratios to a bare spawn of the same program. There is no threshold:
//! figures of one machine mean nothing on another. The plot of the growth curves is written to
//! `target/bench/growth.svg`.
//!
//! `CAPSULE_BENCH=short` leaves out what takes minutes, `CAPSULE_BENCH=full` adds 100,000 cases.

#![expect(clippy::print_stdout, reason = "a benchmark is read by people")]

mod contestants;
mod growth;
mod inside;
mod plot;
mod timing;

use contestants::{Program, programs};
use timing::Turns;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    Short,
    Usual,
    Full,
}

fn main() {
    let extent = match std::env::var("CAPSULE_BENCH").as_deref() {
        Ok("short") => Extent::Short,
        Ok("full") => Extent::Full,
        _ => Extent::Usual,
    };
    let folder = tempfile::tempdir().expect("a folder for the benchmark");
    // First: of all that have been waited for, the kernel tells the largest.
    inside::memory(folder.path());
    for program in programs(folder.path(), extent) {
        table(&program);
    }
    inside::calls();
    inside::limits();
    let curves = growth::curves(folder.path(), extent);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench/growth.svg");
    plot::write(path, &curves);
    println!("the curves: {path}");
}

fn table(program: &Program) {
    let mut turns = Turns::new(program);
    turns.take(program.turns);
    turns.print(program.title);
}
