//! Reports: a model of what happened in a run, and writers that turn it into bytes.

pub mod html;
pub mod json;
pub mod junit;
pub mod record;
pub mod result;
mod score;
pub mod text;

mod clock;
mod encode;
mod gradebook;
mod hint;
mod model;
mod run_records;
mod schema;
mod tally;

pub use gradebook::{Gradebook, Row, RowStatus};
pub use model::{Attempt, CaseReport, Host, RunMeta, RunReport, SuiteInfo, Summary};
pub use run_records::{CaseSource, RecordedRun, RunOutcome, RunRecords};
pub use schema::{report_schema, result_schema};
pub use tally::{Brief, LostGroup, Tally};
