//! Values that are more than a boolean or a string: times, counts, paths, names, choices.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::field::{Read, W};
use super::reader::Reader;
use super::tree::{Node, Value};
use crate::diagnostic::nearest;
use crate::judge::Code;
use crate::limits::{Origin, Scalar, SetError, WrittenLimits};
use crate::policy::{CgroupsVersion, Mount, SeccompChoice, parse_bind};
use crate::units::NoNul;

/// A length of time: milliseconds, or a string with a unit. Never 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Duration);

impl Read for Time {
    fn read(node: &Node, _path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        // A limit of time has the same rules as any other time.
        let mut limits = WrittenLimits::default();
        if let Err(error) = limits.set("timeout", &node.value.scalar(), Origin::Builtin) {
            let (code, reason) = set_error(error);
            reader.bad_value(node, code, key, &reason, "");
        }
        limits.wall.map(|wall| Self(wall.value))
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 1,
            "maximum": super::limits::LONGEST_MS,
            "pattern": super::limits::TIME_PATTERN,
        })
    }
}

/// The code and the words of an error of a limit.
pub(crate) fn set_error(error: SetError) -> (Code, String) {
    match error {
        SetError::UnknownKey { .. } | SetError::Twice { .. } => (Code::InvalidInput, error.to_string()),
        SetError::Malformed(reason) => (Code::InvalidInput, reason),
        SetError::OutOfRange(reason) => (Code::OutOfRange, reason),
    }
}

/// A count from 1.
impl Read for u32 {
    fn read(node: &Node, _path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let Scalar::Integer(count) = node.value.scalar() else {
            reader.wrong_type(node, key, "an integer");
            return None;
        };
        match Self::try_from(count) {
            Ok(count) if count > 0 => Some(count),
            _ => {
                let reason = format!("{count} is out of range: 1 to {}", Self::MAX);
                reader.bad_value(node, Code::OutOfRange, key, &reason, "");
                None
            }
        }
    }
}

/// An absolute path.
#[derive(Debug, Clone)]
pub(crate) struct AbsolutePath(pub(crate) PathBuf);

impl Read for AbsolutePath {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let text = PathBuf::from(String::read(node, path, key, reader)?);
        if !text.is_absolute() {
            let help = "write a path that begins with `/`: a configuration has no folder of its own";
            reader.bad_value(node, Code::OutOfRange, key, "the path is not absolute", help);
            return None;
        }
        Some(Self(text))
    }
}

impl JsonSchema for AbsolutePath {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AbsolutePath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^/[^\\u0000]*$" })
    }
}

/// Environment variables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(pub(crate) BTreeMap<NoNul, W<NoNul>>);

impl Read for Names {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.value, Value::Table(_)) {
            reader.wrong_type(node, key, "a table of names and values");
            return None;
        }
        let mut names = BTreeMap::new();
        for entry in reader.table(node, path)? {
            let problem = match NoNul::new(entry.name.as_str()) {
                _ if entry.name.is_empty() => "the name of a variable is empty",
                _ if entry.name.contains('=') => "the name of a variable contains `=`",
                Err(_) => "the name of a variable contains a NUL byte",
                Ok(name) => {
                    if let Some(W { value, origin, key, node }) = W::<String>::of(entry, path, reader) {
                        let value = NoNul::new(value).expect("a string that was read has no NUL");
                        names.insert(name, W { value, origin, key, node });
                    }
                    continue;
                }
            };
            reader.bad_key(entry, Code::InvalidCommand, problem);
        }
        Some(Self(names))
    }
}

impl JsonSchema for Names {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Environment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": "^[^=\\u0000]+$" },
            "additionalProperties": { "type": ["string", "null"], "pattern": "^[^\\u0000]*$" },
        })
    }
}

/// One word of a few.
fn choice<T: Copy>(
    node: &Node,
    path: &str,
    key: &str,
    reader: &mut Reader<'_>,
    words: &[(&'static str, T)],
) -> Option<T> {
    let text = String::read(node, path, key, reader)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let names = words.iter().map(|(word, _)| *word);
    let near = Some(&text).filter(|text| text.len() <= 64).and_then(|text| nearest(text, names.clone()));
    let list = names.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
    let reason = format!("`{}` is none of {list}", super::short(&text));
    reader.bad_value(node, Code::OutOfRange, key, &reason, &help);
    None
}

impl Read for CgroupsVersion {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let words = [("auto", Self::Auto), ("v1", Self::V1), ("v2", Self::V2), ("none", Self::None)];
        choice(node, path, key, reader, &words)
    }
}

impl Read for SeccompChoice {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        choice(node, path, key, reader, &[("default", Self::Default), ("strict", Self::Strict)])
    }
}

/// `--require` in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(crate) enum RequireChoice {
    /// Refuse to run where a limit cannot be held.
    Strict,
    /// Watch instead, and say so.
    BestEffort,
}

impl Read for RequireChoice {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        choice(node, path, key, reader, &[("strict", Self::Strict), ("best-effort", Self::BestEffort)])
    }
}

/// `SRC:DEST[:ro|rw]`; with `ABSOLUTE`, the source must be an absolute path.
#[derive(Debug, Clone)]
pub(crate) struct BindText<const ABSOLUTE: bool>(pub(crate) Mount);

impl<const ABSOLUTE: bool> Read for BindText<ABSOLUTE> {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let text = String::read(node, path, key, reader)?;
        let help = "write SRC:DEST[:ro|rw] with an absolute DEST without `..`, such as /data:/input:ro";
        match parse_bind(OsStr::new(&text)) {
            Ok(mount) if ABSOLUTE && !mount.source.is_absolute() => {
                let reason = "the source is not absolute: a configuration has no folder of its own";
                reader.bad_value(node, Code::InvalidCommand, key, reason, help);
                None
            }
            Ok(mount) => Some(Self(mount)),
            Err(error) => {
                reader.bad_value(node, Code::InvalidCommand, key, &error.to_string(), help);
                None
            }
        }
    }
}

impl<const ABSOLUTE: bool> JsonSchema for BindText<ABSOLUTE> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        if ABSOLUTE { "AbsoluteBind".into() } else { "Bind".into() }
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let first = if ABSOLUTE { "/" } else { "[^:\\u0000]" };
        json_schema!({ "type": "string", "pattern": format!("^{first}[^:\\u0000]*:/[^:\\u0000]+(:ro|:rw)?$") })
    }
}
