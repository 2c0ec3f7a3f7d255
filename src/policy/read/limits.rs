//! Keys that a table has from the table of limits: the limits themselves, and their ceilings.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, json};

use super::reader::Reader;
use super::tree::{Entry, Value};
use super::types::set_error;
use crate::judge::Code;
use crate::limits::{KEYS, Key, LimitField, SetError, WrittenLimits};

/// What `units::parse_duration` takes.
pub(super) const TIME_PATTERN: &str =
    r"^\s*[0-9]+(\s*(us|µs|ms|s|m|min|h)|\.[0-9]{1,6}\s*(us|µs|ms|s|m|min|h))?\s*$";
/// The longest time that `units::parse_duration` takes.
pub(super) const LONGEST_MS: u64 = 8760 * 3600 * 1000;
/// What `units::Bytes` takes.
const SIZE_PATTERN: &str =
    r"^\s*[0-9]+(\s*([bB]|[kKmMgGtT]([iI]?[bB])?)|\.[0-9]{1,9}\s*[kKmMgGtT]([iI]?[bB])?)?\s*$";

/// Keys of a table that come from elsewhere.
pub(crate) trait Extra {
    /// Their names.
    fn keys() -> Vec<&'static str>;

    /// Takes the entry if its key is one of them; what is wrong with its value goes to `reader`.
    fn take(&mut self, entry: &Entry, path: &str, reader: &mut Reader<'_>) -> bool;
}

/// Limits, by either of their names.
#[derive(Debug, Clone, Default)]
pub(crate) struct LimitKeys(pub(crate) WrittenLimits);

impl Extra for LimitKeys {
    fn keys() -> Vec<&'static str> {
        let mut names: Vec<_> = Key::names().collect();
        names.dedup();
        names
    }

    fn take(&mut self, entry: &Entry, path: &str, reader: &mut Reader<'_>) -> bool {
        // `Key::find` takes `-` for `_`, as options have it; a file has one spelling.
        let known = Self::keys().contains(&entry.name.as_str());
        if known && entry.node.value != Value::Null {
            set(&mut self.0, &entry.name, entry, path, reader);
        }
        known
    }
}

fn set(limits: &mut WrittenLimits, key: &str, entry: &Entry, path: &str, reader: &mut Reader<'_>) {
    let origin = reader.origin(&entry.span, path, &entry.name);
    let Err(error) = limits.set(key, &entry.node.value.scalar(), origin) else { return };
    if let SetError::Twice { .. } = error {
        reader.bad_key(entry, Code::InvalidInput, &error.to_string());
    } else {
        let (code, reason) = set_error(error);
        reader.bad_value(&entry.node, code, &entry.name, &reason, "");
    }
}

/// The keys of ceilings, and the limits that they are ceilings of.
pub(crate) const CEILINGS: &[(&str, LimitField)] = &[
    ("max_timeout_ms", LimitField::Wall),
    ("max_cpu_time_ms", LimitField::Cpu),
    ("max_memory_bytes", LimitField::Memory),
    ("max_pids", LimitField::Pids),
    ("max_output_bytes", LimitField::Output),
    ("max_file_bytes", LimitField::FileSize),
    ("max_disk_bytes", LimitField::Disk),
    ("max_open_files", LimitField::OpenFiles),
    ("max_cpu_shares", LimitField::CpuShares),
];

/// Ceilings of limits.
#[derive(Debug, Clone, Default)]
pub(crate) struct CeilingKeys(pub(crate) WrittenLimits);

impl Extra for CeilingKeys {
    fn keys() -> Vec<&'static str> {
        CEILINGS.iter().map(|(name, _)| *name).collect()
    }

    fn take(&mut self, entry: &Entry, path: &str, reader: &mut Reader<'_>) -> bool {
        let Some((_, field)) = CEILINGS.iter().find(|(name, _)| *name == entry.name) else { return false };
        let key = KEYS.iter().find(|key| key.field == *field);
        if let (Some(key), false) = (key, entry.node.value == Value::Null) {
            set(&mut self.0, key.short, entry, path, reader);
        }
        true
    }
}

impl JsonSchema for LimitKeys {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Limits".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = KEYS.iter().flat_map(|key| [(key.short, key.field), (key.long, key.field)]);
        object(names.map(|(name, field)| (name, field, meaning(field))))
    }
}

impl JsonSchema for CeilingKeys {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Ceilings".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let ceilings = CEILINGS.iter().copied();
        object(ceilings.map(|(name, field)| (name, field, format!("the most of: {}", meaning(field)))))
    }
}

fn meaning(field: LimitField) -> String {
    KEYS.iter().find(|key| key.field == field).map_or_else(String::new, |key| key.meaning.to_owned())
}

fn object(names: impl Iterator<Item = (&'static str, LimitField, String)>) -> Schema {
    let mut properties = Map::new();
    for (name, field, meaning) in names {
        properties.insert(name.to_owned(), value_schema(field, &meaning));
    }
    let mut schema = Schema::default();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), properties.into());
    schema
}

/// The JSON Schema of the value of a limit.
fn value_schema(field: LimitField, meaning: &str) -> serde_json::Value {
    let types = json!(["integer", "string", "null"]);
    let value = |minimum: u64, maximum: u64, pattern: &str| {
        json!({
            "description": meaning,
            "type": types,
            "minimum": minimum,
            "maximum": maximum,
            "pattern": pattern,
        })
    };
    let count = |minimum: u64, maximum: u64| value(minimum, maximum, r"^\s*\+?[0-9]+\s*$");
    match field {
        LimitField::Wall => value(1, LONGEST_MS, TIME_PATTERN),
        LimitField::Cpu => value(1, LONGEST_MS, &format!("^unlimited$|{TIME_PATTERN}")),
        LimitField::Memory => value(1 << 20, u64::MAX, SIZE_PATTERN),
        LimitField::Output | LimitField::FileSize => value(0, u64::MAX, SIZE_PATTERN),
        LimitField::Disk => value(64 << 10, u64::MAX, SIZE_PATTERN),
        LimitField::Pids => count(1, 4_194_304),
        LimitField::OpenFiles => count(8, 1_048_576),
        LimitField::CpuShares => count(2, 262_144),
    }
}
