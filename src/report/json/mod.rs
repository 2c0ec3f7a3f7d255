//! The JSON report of a run, schema `capsule-run/report/1`. It has types of its own, so that a
//! change within the program cannot change the format by accident.
//!
//! Promises: strict UTF-8, and bytes that are not UTF-8 are in base64; whole milliseconds and
//! bytes; `null` where something is known to be empty; keys, cases and attempts in a fixed order.
//! Consumers must take keys that they do not know.

mod document;
mod layout;
mod write;

pub(super) use document::ReportDocument;
pub use document::RunSummary;
pub use write::write;
