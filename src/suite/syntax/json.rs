//! JSON: `serde_json` says whether the text is JSON at all; the walk over what is then known to be
//! valid finds the spans, which `serde_json` does not keep.

use std::ops::Range;

use super::node::{Entry, MAX_DEPTH, Node, Value};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::judge::Code;
use crate::units::char_boundary;

/// Parses JSON; the parser stops at the first mistake of syntax.
pub(crate) fn parse(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&source.text) {
        return Err(vec![invalid(&error, source)]);
    }
    let mut walk = Walk { text: &source.text, at: 0 };
    walk.value(0).map_err(|reason| {
        let span = walk.at..walk.at;
        vec![diagnostic(format!("this is not valid JSON: {reason}"), span, source)]
    })
}

fn invalid(error: &serde_json::Error, source: &Source) -> Diagnostic {
    let text: &str = &source.text;
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = char_boundary(text, before + error.column().saturating_sub(1));
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default();
    diagnostic(format!("this is not valid JSON: {reason}"), at..at, source)
}

fn diagnostic(message: String, span: Range<usize>, source: &Source) -> Diagnostic {
    Diagnostic {
        code: Code::InvalidInput,
        message,
        place: Some(Place { source: source.clone(), span, label: String::new() }),
        other: None,
        help: String::new(),
    }
}

/// A walk over text that is valid JSON. The reasons that it gives are for what is valid and yet
/// not taken: too deep, a number or a text that cannot be held.
struct Walk<'t> {
    text: &'t str,
    at: usize,
}

impl Walk<'_> {
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or(0)
    }

    fn value(&mut self, depth: usize) -> Result<Node, &'static str> {
        if depth > MAX_DEPTH {
            return Err("nested too deep");
        }
        let first = self.peek();
        let start = self.at;
        let value = match first {
            b'{' => self.map(depth)?,
            b'[' => self.list(depth)?,
            b'"' => Value::Text(self.string()?),
            _ => self.word()?,
        };
        Ok(Node { span: start..self.at, value })
    }

    fn map(&mut self, depth: usize) -> Result<Value, &'static str> {
        self.at += 1;
        let mut entries = Vec::new();
        while self.peek() != b'}' {
            let start = self.at;
            let key = self.string()?;
            let key_span = start..self.at;
            self.peek();
            self.at += 1; // the colon
            entries.push(Entry { key, key_span, value: self.value(depth + 1)? });
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        entries.shrink_to_fit();
        Ok(Value::Map(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Value, &'static str> {
        self.at += 1;
        let mut items = Vec::new();
        while self.peek() != b']' {
            items.push(self.value(depth + 1)?);
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        items.shrink_to_fit();
        Ok(Value::List(items))
    }

    fn string(&mut self) -> Result<String, &'static str> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(&byte) = bytes.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(raw).map_err(|_| "a text that cannot be read")
    }

    fn word(&mut self) -> Result<Value, &'static str> {
        let rest = &self.text[self.at..];
        let len = rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
        let word = &rest[..len];
        let value = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => match (word.parse(), word.parse::<f64>()) {
                (Ok(value), _) => Value::integer(value, word),
                (_, Ok(value)) if value.is_finite() => Value::float(value, word),
                _ => return Err("a number that cannot be held"),
            },
        };
        if len == 0 {
            return Err("a value is missing");
        }
        self.at += len;
        Ok(value)
    }
}
