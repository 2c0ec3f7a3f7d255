//! The worker and what it becomes: the processes of ours on the far side of the wall.
//!
//! A worker is a small single-threaded process, started from our own binary, that owes nothing
//! to the threads and memory of capsule-run. It enters its namespaces and builds the read-only
//! root once ([`template`]); then, for every case, it forks an **init** ([`init`]: PID 1 of a
//! fresh PID namespace, with a fresh mount and IPC namespace), which builds what is fresh, forks
//! the **program** ([`program`]), and reaps. Being single-threaded and forking with copied
//! memory, all of it may be ordinary Rust.
//!
//! None of these ever reads a byte that the program wrote.

mod copy;
mod init;
pub(super) mod landlock;
mod program;
mod serve;
pub(super) mod template;
mod tree;

pub(super) use copy::Owner;
pub use serve::worker_main;
