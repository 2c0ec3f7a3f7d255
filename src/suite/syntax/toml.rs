//! TOML through the toml crate's own tree, which keeps spans and goes on after mistakes.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{Entry, MAX_DEPTH, Node, Value};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::judge::Code;

/// Parses TOML; reports every mistake of syntax that the parser could get past.
pub(in crate::suite) fn parse(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| diagnostic(error, source)).collect());
    }
    let span = table.span();
    let value = map(table.into_inner(), 0).ok_or_else(|| vec![too_deep(source)])?;
    Ok(Node { span, value })
}

fn map(table: DeTable<'_>, depth: usize) -> Option<Value> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let key_span = key.span();
        entries.push(Entry { key: key.into_inner().into_owned(), key_span, value: node(value, depth)? });
    }
    // The table is ordered by name; people see the order of the file.
    entries.sort_by_key(|entry| entry.key_span.start);
    Some(Value::Map(entries))
}

/// `None` where it is nested too deep.
fn node(value: Spanned<DeValue<'_>>, depth: usize) -> Option<Node> {
    if depth > MAX_DEPTH {
        return None;
    }
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => {
            let spelling = number.to_string();
            match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(value) => Value::integer(value, spelling),
                Err(_) => Value::Text(spelling),
            }
        }
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(value) => Value::float(value, number.as_str()),
            Err(_) => Value::Text(number.as_str().to_owned()),
        },
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| node(item, depth + 1)).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => map(table, depth + 1)?,
    };
    Some(Node { span, value })
}

fn diagnostic(error: &toml::de::Error, source: &Source) -> Diagnostic {
    Diagnostic {
        code: Code::InvalidInput,
        message: format!("this is not valid TOML: {}", error.message().replace('\n', ", ")),
        place: Some(Place {
            source: source.clone(),
            span: error.span().unwrap_or(0..0),
            label: String::new(),
        }),
        other: None,
        help: String::new(),
    }
}

fn too_deep(source: &Source) -> Diagnostic {
    Diagnostic {
        code: Code::InvalidInput,
        message: format!("this file is nested more than {MAX_DEPTH} levels deep"),
        place: Some(Place { source: source.clone(), span: 0..0, label: String::new() }),
        other: None,
        help: String::new(),
    }
}
