//! HTML: one page, complete in itself. The data is the JSON report, embedded; the page draws itself
//! from it and loads nothing. A policy in its head names its one script and its one style by their
//! hashes, so that nothing that a program has printed can be either.

mod embed;
mod page;

pub use page::{WriteData, write_class, write_run};
