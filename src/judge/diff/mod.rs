//! A difference as text that a person can read: bounded in size and in time, nothing in it that
//! moves a terminal, blanks drawn where they are what differs.

mod hex;
mod line;
mod region;
mod unified;
mod window;

pub(super) use hex::is_binary;
pub(super) use region::newlines;
pub(super) use unified::{USUAL_LINES, kept, unified};
