//! Reports: what happened in a run as records, and writers that turn them into bytes.

pub mod ci;
pub mod event;
pub mod html;
pub mod json;
pub mod junit;
pub mod record;
mod result;
pub mod sarif;
mod score;
pub mod text;

mod classroom;
mod clock;
mod csv;
mod ctrf;
mod cut;
mod encode;
mod format;
mod gradebook;
mod gradescope;
mod hint;
mod markdown;
mod model;
mod replay;
mod run_records;
mod schema;
mod stand_in;
mod stream;
mod tally;
mod tap;
mod told;
mod trace;
mod words;

pub use encode::{write_json, write_json_line};
pub use format::Format;
pub use gradebook::{Gradebook, Row, RowStatus};
pub use model::{Attempt, CaseReport, Host, RunMeta, RunReport, SuiteInfo, Summary};
pub use replay::{Replay, ReplayError, record_of_line};
pub use result::ResultObject;
pub use run_records::{CaseSource, RecordedRun, RunOutcome, RunRecords};
pub use schema::{event_schema, report_schema, result_schema};
pub use tally::{Brief, LostGroup, Tally};
