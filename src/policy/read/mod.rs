//! Reading: text to nodes with places, nodes to tables of known keys, every mistake collected.

mod document;
mod field;
mod json;
mod limits;
mod reader;
mod section;
mod toml;
mod tree;
mod types;

pub use document::ConfigFormat;
pub(super) use document::document;
pub(super) use field::{Read, W};
pub(super) use limits::{CeilingKeys, Extra, LimitKeys};
pub(super) use reader::{Mistake, Reader, short};
pub(super) use section::section;
pub(super) use tree::{Entry, Node, Value};
pub(super) use types::{AbsolutePath, BindText, Names, RequireChoice, Time};
