//! What the author, the operator and the command line wrote, made one: every limit concrete,
//! every value with its origin, every file read.

mod case;
mod files;
mod limits;
mod operator;
mod settings;
mod suite;

pub use case::{
    CaseId, CaseKind, GroupScore, ResolvedCase, ResolvedLimits, ResolvedSuite, Sources, Visibility,
};
pub use files::{FileContent, FileKind, Files};
pub use limits::limits;
pub use operator::Operator;
pub use settings::{Settings, settings};
pub use suite::{SuiteInputs, load_suite, suite};
