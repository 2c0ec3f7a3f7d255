//! The worker and what it becomes: the processes of ours on the far side of the wall.
//!
//! A worker is a small single-threaded process, started from our own binary, that owes nothing
//! to the threads and memory of capsule-run. It enters its namespaces and builds the read-only
//! root once ([`template`]); then it forks an **init** ([`init`]: PID 1 of a fresh PID namespace,
//! with a fresh mount and IPC namespace) whenever one is asked for. That builds what is fresh, starts
//! the **program** ([`program`]), reaps, and serves the next case only if this one has provably left
//! nothing ([`keep`]). Being single-threaded and forking with copied memory, worker and init may be
//! ordinary Rust; the program's process borrows init's memory and must leave nothing in it.
//! The first worker is forked from capsule-run itself ([`early`]), and where there is one case it
//! becomes that case's init instead of forking one.
//!
//! None of these ever reads a byte that the program wrote.

mod copy;
mod early;
mod gather;
mod init;
mod keep;
pub(super) mod landlock;
mod places;
mod program;
mod serve;
pub(super) mod sources;
mod system;
pub(super) mod template;
mod tree;

pub(super) use copy::Owner;
pub(super) use early::early_worker;
pub use serve::worker_main;
