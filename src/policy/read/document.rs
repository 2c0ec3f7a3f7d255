//! A text to its [`Node`]s.

use super::reader::Reader;
use super::tree::Node;
use super::{json, toml};
use crate::judge::Code;
use crate::units::Bytes;

/// The longest text that is read.
const LONGEST: Bytes = Bytes::mib(16);

/// How a configuration is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigFormat {
    /// TOML.
    Toml,
    /// JSON, by the extension `.json`.
    Json,
}

/// The whole text as one node.
pub(crate) fn document(reader: &mut Reader, format: ConfigFormat) -> Option<Node> {
    let len = reader.source().text.len();
    if len as u64 > LONGEST.0 {
        let size = Bytes(len as u64);
        reader.mistake(super::Mistake {
            code: Code::InvalidInput,
            span: 0..0,
            message: format!("too large: {size}, and at most {LONGEST} are read"),
            label: String::new(),
            help: "make it smaller".to_owned(),
        });
        return None;
    }
    match format {
        ConfigFormat::Toml => toml::parse(reader),
        ConfigFormat::Json => json::parse(reader),
    }
}
