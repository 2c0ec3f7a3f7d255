//! What the log of a CI service shows apart: sections that fold, and annotations at a line of a file.
//! Services act on words in a log, so that what a program printed must not be able to say them.

mod escape;
mod service;

pub(super) use escape::begins_command;
pub use escape::without_commands;
pub use service::{MOST_ANNOTATIONS, Service, annotation, more, section};
