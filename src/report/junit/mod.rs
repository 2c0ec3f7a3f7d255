//! JUnit XML. There is no standard: the rules followed here are those that the readers of Jenkins,
//! GitLab, Azure, the GitHub actions and the schemas have in common.

mod style;
mod write;

pub use style::JunitStyle;
pub use write::write;
