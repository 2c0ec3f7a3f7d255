//! Reports: a model of what happened in a run, and writers that turn it into bytes.

mod model;

pub use model::{Attempt, CaseReport, Host, RunMeta, RunReport, SuiteInfo, Summary};
