//! What people read on a terminal or in a log: one line for each case, a block for each failure,
//! totals at the end. Nothing that came from outside gets there raw.

mod amount;
mod diff;
mod failure;
mod line;
mod style;
mod summary;
mod word;

pub use super::record::Audience;
pub use failure::failure;
pub use line::{case_line, counted_case_line};
pub use style::TextStyle;
pub use summary::summary;
pub use word::word;
