//! Expectations that a run found changed: kept beside the suite until somebody accepts or rejects
//! them, or accepted at once. Nothing outside of the suite's folder is read or written, and no link
//! and no FIFO is written through.

mod accept;
mod change;
mod folder;
mod pending;

pub(super) use accept::{Refused, accept};
pub(super) use change::{Change, of_run};
pub(super) use pending::{forget, keep, load};
