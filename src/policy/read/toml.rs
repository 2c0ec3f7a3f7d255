//! TOML text to [`Node`]s.

use toml::de::{DeTable, DeValue};

use super::reader::Reader;
use super::tree::{Entry, Node, Value};

/// Above this size only the first syntax error is looked for: each costs memory.
const MANY_ERRORS_UP_TO: usize = 1 << 20;

/// Parses TOML; every syntax error goes to `reader`.
pub(super) fn parse(reader: &mut Reader) -> Option<Node> {
    let source = reader.source().clone();
    let text = &*source.text;
    let (table, errors) = if text.len() <= MANY_ERRORS_UP_TO {
        DeTable::parse_recoverable(text)
    } else {
        match DeTable::parse(text) {
            Ok(table) => (table, Vec::new()),
            Err(error) => {
                syntax(reader, &error);
                return None;
            }
        }
    };
    for error in &errors {
        syntax(reader, error);
    }
    errors.is_empty().then(|| Node { span: table.span(), value: Value::Table(entries(table.get_ref())) })
}

fn syntax(reader: &mut Reader, error: &toml::de::Error) {
    let len = reader.source().text.len();
    reader.syntax("TOML", error.span().unwrap_or(len..len), error.message());
}

fn entries(table: &DeTable<'_>) -> Vec<Entry> {
    let entry = |(name, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
        let node = Node { span: value.span(), value: convert(value.get_ref()) };
        Entry { name: name.get_ref().to_string(), span: name.span(), node }
    };
    let mut entries: Vec<_> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.span.start);
    entries
}

fn convert(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        // No limit goes up to 2^127, so one that does not fit is as wrong as the greatest.
        DeValue::Integer(integer) => {
            Value::Integer(i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX))
        }
        DeValue::Float(_) => Value::Float,
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(list) => {
            let nodes = list.iter().map(|item| Node { span: item.span(), value: convert(item.get_ref()) });
            Value::List(nodes.collect())
        }
        DeValue::Table(table) => Value::Table(entries(table)),
    }
}
