//! Comparing what came out with what was expected. Everything works on bytes: NUL, CR, invalid
//! UTF-8, a missing final newline and lines of any length are data like any other. Every
//! comparison takes nearly linear time, however hostile its input: nothing searches back.

mod accept;
mod contains;
mod difference;
mod drawn;
mod exact;
mod float;
mod json;
mod kattis;
mod lines;
mod mismatch;
mod near_miss;
mod patterns;
mod sha256;
mod tokens;
mod trim;
mod unordered;
mod words;

pub use accept::accepted;
pub use difference::{compare, diff_of};
pub(super) use exact::common_lines;
pub(super) use float::same_token;
pub(super) use kattis::same_token as same_kattis_token;
pub(super) use lines::without_end;
pub(super) use mismatch::Mismatch;
pub(super) use tokens::{is_blank, tokens, trim_end};
