//! JUnit XML. There is no standard: the rules followed here are those that the readers of Jenkins,
//! GitLab, Azure, the GitHub actions and the schemas have in common.
//!
//! Exactly `testsuites > testsuite > testcase`, one result child for each case, counts made from
//! the cases that are written, no CDATA, no character that XML 1.0 does not know.

mod kind;
mod strip;
mod style;
mod suite;
mod write;
mod xml;

pub use style::JunitStyle;
pub use write::write;
