//! Many cases: order, parallelism, events. Knows the engine by its trait only.
//!
//! [`run`] is the whole interface: build steps and cases on a pool of workers, each suite's steps
//! one after the other and before its cases, and one [`CaseReport`](crate::report::CaseReport) for
//! each in suite order, whatever the order in which they ended.

mod again;
mod attempt;
mod builds;
mod cache;
#[cfg(test)]
mod cache_tests;
mod cap;
mod checker;
mod event;
mod fingerprint;
mod interact;
mod order;
mod outputs;
mod passes;
mod plan;
mod pool;
mod relay;
mod schedule;
mod scratch;
mod source;
mod store;
mod teller;
mod timing;
mod worker;

pub use again::{Again, Flaky};
pub use cache::{BuildCache, BuildCount};
pub use event::Event;
pub use plan::{BrokenSuite, RunPlan, submission_case};
pub use pool::{run, run_each};
pub use scratch::{PrivateFolder, remove_scratch};
pub use worker::interruption;
