//! What is kept of a stream, and the room that it is read into.

mod bytes;
pub(super) mod rooms;

pub use bytes::Kept;
