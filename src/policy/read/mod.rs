//! Reading: text to nodes with places, nodes to tables of known keys, every mistake collected.

mod field;
mod json;
mod limits;
mod reader;
mod section;
mod source;
mod toml;
mod tree;
mod types;

pub(super) use field::{Read, W};
pub(super) use limits::{CeilingKeys, Extra, LimitKeys};
pub(super) use reader::{Mistake, Reader, short};
pub(super) use section::section;
pub(super) use source::document;
pub use source::{ConfigFormat, config_not_found, source};
pub(super) use tree::{Entry, Node, Value};
pub(super) use types::{AbsolutePath, BindText, Names, RequireChoice, Time};
