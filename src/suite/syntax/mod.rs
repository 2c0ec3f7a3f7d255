//! Text to tree: YAML, TOML and JSON become the same [`Node`]s, each with its span, so that one
//! reader can say everything that is wrong with a suite in any of them.

mod json;
mod node;
mod toml;
mod yaml;

pub(crate) use node::{Entry, Node, Value};
pub(super) use toml::parse as parse_toml;
pub(crate) use {json::parse as parse_json, yaml::parse as parse_yaml};
