//! [`Read`]: what a value of a table can be; [`W`]: such a value with its origin.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::reader::Reader;
use super::tree::{Entry, Node, Value};
use crate::judge::Code;
use crate::limits::{Origin, Resolved};

/// A type that a value can have.
pub(crate) trait Read: Sized {
    /// Reads the value of `key`. `path` is the path of the table that the value stands in, or, if
    /// the value is itself a table, its own. What is wrong goes to `reader`.
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self>;
}

/// A value as written, with its origin.
#[derive(Debug, Clone)]
pub(crate) struct W<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
    /// Where its key stands; the value itself where it has none.
    pub(crate) key: Range<usize>,
    /// Where the value stands.
    pub(crate) node: Range<usize>,
}

impl<T: Read> W<T> {
    /// The value of an entry of the table at `path`.
    pub(crate) fn of(entry: &Entry, path: &str, reader: &mut Reader<'_>) -> Option<Self> {
        if entry.node.value == Value::Null {
            return None;
        }
        let own = join(path, &entry.name);
        let inner = if matches!(entry.node.value, Value::Table(_)) { &own } else { path };
        let value = T::read(&entry.node, inner, &entry.name, reader)?;
        let origin = reader.origin(&entry.span, path, &entry.name);
        Some(Self { value, origin, key: entry.span.clone(), node: entry.node.span.clone() })
    }
}

impl<T> W<T> {
    /// The value and its origin.
    pub(crate) fn resolved(self) -> Resolved<T> {
        Resolved { value: self.value, origin: self.origin }
    }
}

impl<T: JsonSchema> JsonSchema for W<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Read for bool {
    fn read(node: &Node, _path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Bool(value) = node.value else {
            reader.wrong_type(node, key, "true or false");
            return None;
        };
        Some(value)
    }
}

impl Read for String {
    fn read(node: &Node, _path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Text(text) = &node.value else {
            reader.wrong_type(node, key, "a string");
            return None;
        };
        if text.contains('\0') {
            reader.bad_value(node, Code::InvalidCommand, key, "contains a NUL byte", "take it out");
            return None;
        }
        Some(text.clone())
    }
}

/// All of a list; an error in one does not hide those in the others.
impl<T: Read> Read for Vec<W<T>> {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::List(nodes) = &node.value else {
            reader.wrong_type(node, key, "a list");
            return None;
        };
        let items = nodes.iter().map(|item| {
            let value = T::read(item, path, key, reader)?;
            let origin = reader.origin(&item.span, path, key);
            Some(W { value, origin, key: item.span.clone(), node: item.span.clone() })
        });
        items.collect::<Vec<_>>().into_iter().collect()
    }
}

/// A table with names of its own.
impl<T: Read> Read for BTreeMap<String, W<T>> {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.value, Value::Table(_)) {
            reader.wrong_type(node, key, "a table");
            return None;
        }
        let mut map = Self::new();
        for entry in reader.table(node, path)? {
            if entry.node.value == Value::Null {
                reader.bad_value(&entry.node, Code::InvalidInput, &entry.name, "null is no value here", "");
            } else if let Some(value) = W::of(entry, path, reader) {
                map.insert(entry.name.clone(), value);
            }
        }
        Some(map)
    }
}
