//! The sandbox: the only module with effects on the OS's process and isolation state, and the
//! only one with `unsafe` code (in `sys`, nowhere else).
//!
//! [`Spec`](spec::Spec) goes in, [`Outcome`](outcome::Outcome) comes out.

pub mod cancel;
mod cgroup;
mod seccomp;
mod sys;
pub mod outcome;
pub mod spec;

use cancel::Cancel;
use outcome::Outcome;
use spec::Spec;

/// Runs programs. The one trait that exists for testing: the fake lives in `tests/`.
pub trait Engine: Sync {
    /// Runs one program to its end and leaves nothing behind. Never fails in Rust's sense: a
    /// fault of the sandbox is an [`Outcome::NotStarted`].
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome;
}
