//! Values that belong to no subject: with a unit (sizes, durations), byte strings, what is seldom there.

mod bytes;
mod seldom;
mod text;
mod time;

pub use bytes::{Bytes, ParseBytesError};
pub use seldom::{Nothing, Seldom};
pub use text::{NoNul, NulError, char_boundary, visible, visible_line};
pub use time::{ParseTimeError, format_duration, parse_duration};
