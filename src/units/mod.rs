//! Values with a unit, and nothing else: sizes, durations, byte strings.

mod bytes;
mod text;
mod time;

pub use bytes::{Bytes, ParseBytesError};
pub use text::{NoNul, NulError, char_boundary, visible, visible_line};
pub use time::{ParseTimeError, format_duration, parse_duration};
