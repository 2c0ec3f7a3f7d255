//! Comparing what came out with what was expected. Everything works on bytes: NUL, CR, invalid
//! UTF-8, a missing final newline and lines of any length are data like any other. Every
//! comparison takes linear time and constant memory, however hostile its input.

mod difference;
mod exact;
mod float;
mod mismatch;
mod near_miss;
mod tokens;
mod trim;

pub use difference::{accepted, compare, diff_of};
pub(super) use exact::common_lines;
pub(super) use float::same_token;
pub(super) use mismatch::Mismatch;
pub(super) use tokens::{is_blank, tokens, trim_end};
