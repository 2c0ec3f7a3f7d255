//! Bytes to a [`Source`], and a source to its [`Node`]s.

use std::sync::Arc;

use super::reader::Reader;
use super::tree::Node;
use super::{json, toml};
use crate::diagnostic::{Diagnostic, Source};
use crate::judge::Code;
use crate::units::{Bytes, visible_line};

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

impl ConfigFormat {
    /// The format that the name of a file tells.
    #[must_use]
    pub fn of(file: &str) -> Self {
        let json = file.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"));
        if json { Self::Json } else { Self::Toml }
    }
}

/// The bytes of a file as text.
///
/// # Errors
/// [`Code::InvalidInput`] for a file of more than 16 MiB, and for one that is not UTF-8.
pub fn source(name: &str, bytes: Vec<u8>) -> Result<Source, Vec<Diagnostic>> {
    let shown = visible_line(name.as_bytes());
    if bytes.len() as u64 > LONGEST.0 {
        let size = Bytes(bytes.len() as u64);
        return Err(whole_file(
            format!("{shown} is too large: {size}, and at most {LONGEST} are read"),
            "make it smaller",
        ));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(whole_file(format!("{shown} is UTF-16 text"), "save it as UTF-8"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { name: name.to_owned(), text: Arc::from(text) }),
        Err(problem) => {
            let good = problem.utf8_error().valid_up_to();
            let before = problem.as_bytes().get(..good).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(whole_file(format!("{shown} is not UTF-8: see line {line}, byte {good}"), "save it as UTF-8"))
        }
    }
}

fn whole_file(message: String, help: &str) -> Vec<Diagnostic> {
    let (code, help) = (Code::InvalidInput, help.to_owned());
    vec![Diagnostic { code, message, place: None, other: None, help }]
}

/// The error for a `--config` file that is not there, in the words of the troubleshooting guide.
#[must_use]
pub fn config_not_found(name: &str) -> Diagnostic {
    Diagnostic {
        code: Code::InvalidInput,
        message: format!("Configuration file '{}' not found", visible_line(name.as_bytes())),
        place: None,
        other: None,
        help: "check the path, or write a default one with --create-config FILE".to_owned(),
    }
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
