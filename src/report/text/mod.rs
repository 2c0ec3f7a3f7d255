//! What people read on a terminal or in a log: one line for each case, a block for each failure,
//! totals at the end. Nothing that came from outside gets there raw.

mod amount;
mod change;
mod diff;
mod failure;
mod judged;
mod line;
mod style;
mod summary;
mod word;

pub use super::record::Audience;
pub(crate) use amount::size_of as memory_of;
pub use change::change;
pub use failure::failure;
pub use line::{case_line, counted_case_line};
pub(crate) use style::padded;
pub use style::{DiffLayout, TextStyle};
pub use summary::summary;
pub use word::word;
