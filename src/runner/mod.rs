//! Many cases: order, parallelism, events. Knows the engine by its trait only.
//!
//! [`run`] is the whole interface: build steps first and one at a time, then the cases on a pool
//! of workers, and one [`CaseReport`](crate::report::CaseReport) for each in suite order,
//! whatever the order in which they ended.

mod cache;
#[cfg(test)]
mod cache_tests;
mod event;
mod fingerprint;
mod outputs;
mod plan;
mod pool;
mod schedule;
mod scratch;
mod store;
mod worker;

pub use cache::{BuildCache, BuildCount};
pub use event::Event;
pub use plan::{BrokenSuite, RunPlan, submission_case};
pub use pool::run;
pub use scratch::PrivateFolder;
pub use worker::unfinished;
