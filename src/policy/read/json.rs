//! JSON text to [`Node`]s.
//!
//! `serde_json` decides what is JSON; it does not tell where a value stands, and a value that it
//! skips may nest without end. So a text that it has accepted is walked once more, to find the
//! places, and no deeper than [`DEEPEST`].

use std::ops::Range;

use serde::de::IgnoredAny;

use super::reader::Reader;
use super::tree::{Entry, Node, Value};
use crate::units::char_boundary;

/// As deep as `serde_json` itself goes where it builds values.
const DEEPEST: u32 = 128;

/// Parses JSON; the syntax error, or every key that is there twice, goes to `reader`.
pub(super) fn parse(reader: &mut Reader) -> Option<Node> {
    let source = reader.source().clone();
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let start = source.text.len() - text.len();
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let at = start + offset(text, error.line(), error.column());
        // The place stands before the message already.
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
        reader.syntax("JSON", at..(at + 1).min(source.text.len()).max(at), message);
        return None;
    }
    let mut walk = Walk { text: source.text.as_bytes(), at: start, depth: 0, reader };
    walk.value()
}

/// The byte at `line` and `column` of `serde_json`, which counts both from 1, columns in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    char_boundary(text, before + column.saturating_sub(1))
}

/// A walk over text that is known to be JSON. `None` would mean that it is not, after all.
struct Walk<'t, 'r, 's> {
    text: &'t [u8],
    at: usize,
    depth: u32,
    reader: &'r mut Reader<'s>,
}

impl Walk<'_, '_, '_> {
    fn value(&mut self) -> Option<Node> {
        self.blanks();
        let start = self.at;
        let value = match self.text.get(self.at)? {
            b'{' => Value::Table(self.deeper(Self::table)?),
            b'[' => Value::List(self.deeper(Self::list)?),
            b'"' => Value::Text(self.string()?.0),
            _ => self.word()?,
        };
        Some(Node { span: start..self.at, value })
    }

    fn deeper<T>(&mut self, read: fn(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == DEEPEST {
            let reason = format!("nested more than {DEEPEST} deep");
            self.reader.syntax("JSON", self.at..self.at + 1, &reason);
            return None;
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn table(&mut self) -> Option<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut names = std::collections::HashMap::<String, Range<usize>>::new();
        self.at += 1;
        while !self.ends_with(b'}')? {
            let (name, span) = self.string()?;
            self.blanks();
            self.at += 1;
            let node = self.value()?;
            if let Some(first) = names.get(&name) {
                self.reader.duplicate(&name, span.clone(), first.clone());
            } else {
                names.insert(name.clone(), span.clone());
                entries.push(Entry { name, span, node });
            }
        }
        Some(entries)
    }

    fn list(&mut self) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        self.at += 1;
        while !self.ends_with(b']')? {
            nodes.push(self.value()?);
        }
        Some(nodes)
    }

    /// Skips blanks and a comma; whether `end` comes then, which is skipped too.
    fn ends_with(&mut self, end: u8) -> Option<bool> {
        self.blanks();
        if *self.text.get(self.at)? == b',' {
            self.at += 1;
            self.blanks();
        }
        let ends = *self.text.get(self.at)? == end;
        self.at += usize::from(ends);
        Some(ends)
    }

    fn string(&mut self) -> Option<(String, Range<usize>)> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let span = start..self.at;
        match serde_json::from_slice(self.text.get(span.clone())?) {
            Ok(text) => Some((text, span)),
            // Skipping a string does not look at its surrogates; reading it does.
            Err(_) => {
                self.reader.syntax("JSON", span, "this string is not Unicode: a surrogate stands alone");
                None
            }
        }
    }

    fn word(&mut self) -> Option<Value> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| !b" \t\r\n,]}".contains(byte)) {
            self.at += 1;
        }
        let word = std::str::from_utf8(self.text.get(start..self.at)?).ok()?;
        Some(match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            number if number.contains(['.', 'e', 'E']) => Value::Float,
            number => Value::Integer(number.parse().unwrap_or(i128::MAX)),
        })
    }

    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;
    use crate::diagnostic::Source;

    fn read(text: &str) -> Option<Node> {
        let source = Source { name: "x".to_owned(), text: text.into() };
        let mut reader = Reader::new(&source, "the text");
        let node = parse(&mut reader);
        reader.finish(node).ok()
    }

    fn json(node: &Node) -> Json {
        match &node.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Integer(value) => i64::try_from(*value).map_or(Json::Null, Json::from),
            Value::Float | Value::Date => Json::from(0.5),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(nodes) => nodes.iter().map(json).collect(),
            Value::Table(entries) => {
                entries.iter().map(|entry| (entry.name.clone(), json(&entry.node))).collect()
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            Just(Json::from(0.5)),
            ".{0,8}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::vec((".{0,5}", inner), 0..5)
                    .prop_map(|pairs| pairs.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_walk_finds_what_serde_json_finds(value in any_json(), pretty: bool) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            let node = read(&text).expect("valid");
            prop_assert_eq!(json(&node), value);
            prop_assert_eq!(node.span, 0..text.len());
        }
    }

    #[test]
    fn each_value_and_each_key_has_its_place() {
        let text = "{ \"a\" : [ 1 , \"x\\\"y\" ] }";
        let node = read(text).expect("valid");
        let Value::Table(entries) = &node.value else { panic!("no table") };
        let Value::List(items) = &entries[0].node.value else { panic!("no list") };
        assert_eq!(&text[entries[0].span.clone()], "\"a\"");
        assert_eq!(&text[items[0].span.clone()], "1");
        assert_eq!(&text[items[1].span.clone()], "\"x\\\"y\"");
    }

    #[test]
    fn depth_has_an_end() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(128)).is_some());
        assert!(read(&nested(129)).is_none());
    }
}
