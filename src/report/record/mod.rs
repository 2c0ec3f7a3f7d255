//! Records: what a report and the event stream hold of a run. Types of their own, which can be
//! written and read again, so that a change within the program cannot change a format by accident.
//!
//! A [`CaseReport`](super::CaseReport) becomes a [`CaseRecord`] once, when its case ends. All writers
//! work from records, whether these come from the run that goes on or from the log of an old one, so
//! that the two cannot disagree.
//!
//! Bytes that are not UTF-8 are in base64, without loss; times are whole milliseconds, sizes bytes.

mod attempt;
mod audience;
mod capture;
mod case;
mod expectation;
mod limits;
mod moment;
mod number;
mod planned;
mod reason;
mod run;
mod usage;

pub use attempt::{AttemptRecord, ExecRecord, FaultRecord, Text};
pub use audience::Audience;
pub use capture::{Capture, Chunk, Encoding};
pub use case::CaseRecord;
pub use expectation::{Expectation, FirstDifference, Target};
pub use limits::{LimitRecord, LimitsRecord};
pub use moment::Moment;
pub use number::Points;
pub use planned::{GroupScoring, Kind, PlannedCase};
pub use reason::{Reason, ReasonKind};
pub use run::{HostRecord, RunFooter, RunHeader, SuiteRecord, Tool};
pub use usage::Resources;
