//! The sandbox: the only module with effects on the OS's process and isolation state, and the
//! only one with `unsafe` code (in `sys`, nowhere else).
//!
//! [`Spec`](spec::Spec) goes in, [`Outcome`](outcome::Outcome) comes out.

pub mod cancel;
mod capture;
mod cgroup;
mod clock;
mod early;
mod engine;
mod fault;
mod fresh;
mod host;
pub mod kept;
mod launch;
pub mod live;
mod memory_file;
pub mod outcome;
mod plan;
pub mod probe;
mod procfs;
mod pump;
mod seccomp;
pub mod spec;
mod streams;
mod supervise;
mod sys;
mod watch;
mod wire;
mod worker;

use cancel::Cancel;
use clock::{cpu_nanos, monotonic_nanos};
pub use early::{Expected, end_early, start_early};
pub use engine::{EngineOptions, LinuxEngine};
pub use fresh::Fresh;
pub use launch::is_worker;
use memory_file::memory_file;
use outcome::Outcome;
use spec::Spec;
pub(crate) use sys::{give_back_memory, is_ignored};
pub use worker::worker_main;

/// Runs programs. The one trait that exists for testing: the fake lives in `tests/`.
pub trait Engine: Sync {
    /// Runs one program to its end and leaves nothing behind. Never fails in Rust's sense: a
    /// fault of the sandbox is an [`Outcome::NotStarted`].
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome;

    /// Runs two programs that talk to each other, at the same time, each to its end. The pipes of
    /// one that could not be started are closed at once, so that the other does not wait for it.
    fn run_joined(&self, pair: [&Spec; 2], cancel: &Cancel) -> [Outcome; 2] {
        let one = |spec: &Spec| {
            let outcome = self.run(spec, cancel);
            spec.let_go();
            outcome
        };
        std::thread::scope(|scope| {
            let second = scope.spawn(|| one(pair[1]));
            let first = one(pair[0]);
            let second = second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            [first, second]
        })
    }

    /// Puts something else in the place of what nobody may be told, as in every [`Outcome`] of this
    /// engine. There is nothing of that kind unless an engine says so.
    fn hide(&self, _: &mut outcome::Captured) {}

    /// Puts back what has been hidden in a file that the next program is to find.
    fn tell(&self, _: &mut Vec<u8>) {}
}
