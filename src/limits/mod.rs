//! Limits as somebody wrote them: in a profile, a suite, the configuration, a request or on the
//! command line. One struct and one table of keys for all of them, so that a limit has one
//! spelling and one meaning everywhere.

mod key;
mod origin;
mod written;

pub use key::{KEYS, Key, LimitField};
pub use origin::{Origin, Resolved};
pub use written::{Scalar, SetError, WrittenLimits};
