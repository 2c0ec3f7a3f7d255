//! What the author, the operator and the command line wrote, made one: every limit concrete,
//! every value with its origin, every file read.

mod case;
mod limits;
mod operator;
mod settings;

pub use case::{CaseId, CaseKind, ResolvedCase, ResolvedLimits, ResolvedSuite, Sources, Visibility};
pub use limits::limits;
pub use operator::Operator;
pub use settings::{Settings, settings};
