//! What the author, the operator and the command line wrote, made one: every limit concrete,
//! every value with its origin, every file read.

mod case;

pub use case::{CaseId, CaseKind, ResolvedCase, ResolvedLimits, ResolvedSuite, Sources, Visibility};
