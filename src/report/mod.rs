//! Reports: a model of what happened in a run, and writers that turn it into bytes.

pub mod json;
pub mod junit;
pub mod result;
pub mod text;

mod clock;
mod encode;
mod gradebook;
mod hint;
mod model;
mod schema;

pub use gradebook::{Gradebook, Row, RowStatus};
pub use model::{Attempt, CaseReport, Host, RunMeta, RunReport, SuiteInfo, Summary};
pub use schema::{report_schema, result_schema};
