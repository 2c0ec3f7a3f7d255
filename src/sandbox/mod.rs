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
mod launch;
mod memory_file;
pub mod outcome;
mod plan;
pub mod probe;
mod pump;
mod seccomp;
pub mod spec;
mod supervise;
mod sys;
mod watch;
mod wire;
mod worker;

use cancel::Cancel;
use clock::{cpu_nanos, monotonic_nanos};
pub use early::{end_early, start_early};
pub use engine::{EngineOptions, LinuxEngine};
pub use fresh::Fresh;
pub use launch::is_worker;
use memory_file::memory_file;
use outcome::Outcome;
use spec::Spec;
pub use worker::worker_main;

/// Runs programs. The one trait that exists for testing: the fake lives in `tests/`.
pub trait Engine: Sync {
    /// Runs one program to its end and leaves nothing behind. Never fails in Rust's sense: a
    /// fault of the sandbox is an [`Outcome::NotStarted`].
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome;
}
