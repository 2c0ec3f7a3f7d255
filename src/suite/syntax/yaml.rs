//! YAML through serde-saphyr, with every budget set: the file may be hostile.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::node::{Entry, MAX_DEPTH, Node, Value};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::judge::Code;

/// The parser's frames are big in debug builds; this holds `MAX_DEPTH` of them many times over.
const STACK: usize = 16 << 20;

/// Enough for a hundred thousand cases of thirty values each; they take half a gigabyte.
const MAX_NODES: usize = 3_000_000;

/// Parses YAML. The parser stops at the first mistake of syntax; the list has then one element.
pub(crate) fn parse(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || parse_here(source));
        match worker {
            Ok(worker) => worker.join().unwrap_or_else(|_| Err(vec![broken(source)])),
            Err(_) => Err(vec![broken(source)]),
        }
    })
}

/// The parser itself failed: nothing is known about the place.
fn broken(source: &Source) -> Diagnostic {
    Diagnostic {
        code: Code::InvalidInput,
        message: "this file could not be parsed: the YAML parser failed".to_owned(),
        place: Some(Place { source: source.clone(), span: 0..0, label: String::new() }),
        other: None,
        help: "write the file more plainly, or write it as JSON".to_owned(),
    }
}

thread_local! {
    /// What the thread that is parsing parses: a `Deserialize` can be given nothing, and trees of
    /// another kind than ours, made whole and then turned into ours, take several times the memory.
    static TEXT: RefCell<Arc<str>> = RefCell::new(Arc::from(""));
}

fn parse_here(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    let text: &str = &source.text;
    TEXT.set(Arc::clone(&source.text));
    serde_saphyr::from_str_with_options::<Node>(text, options(text.len()))
        .map_err(|error| vec![diagnostic(&error, source)])
}

/// Without aliases a file of `len` bytes has at most `len` nodes. With aliases it may have twice
/// as many and a fixed number more: enough for every honest anchor, too little for a bomb.
fn options(len: usize) -> serde_saphyr::Options {
    let nodes = len.saturating_mul(2).saturating_add(250_000).min(MAX_NODES);
    let scalars = len.saturating_mul(4).saturating_add(4 << 20);
    serde_saphyr::options! {
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        budget: serde_saphyr::budget! {
            max_nodes: nodes,
            max_events: nodes.saturating_mul(2),
            max_total_scalar_bytes: scalars,
            max_depth: MAX_DEPTH,
        },
    }
}

/// A value as the parser sees it, before its spelling is looked up.
enum Raw {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Spanned::<Raw>::deserialize(deserializer)?;
        Ok(TEXT.with_borrow(|text| node(raw, text)))
    }
}

/// A key of a map.
struct Key {
    text: String,
    span: Range<usize>,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = Spanned::<String>::deserialize(deserializer)?;
        let span = TEXT.with_borrow(|text| span(&key.referenced, text));
        Ok(Self { text: key.value, span })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        // There may be a hundred thousand lists of two.
        items.shrink_to_fit();
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Key, Node>()? {
            entries.push(Entry { key: key.text, key_span: key.span, value });
        }
        entries.shrink_to_fit();
        Ok(Raw::Map(entries))
    }
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let spelling = || text.get(span(&raw.defined, text)).unwrap_or_default().trim();
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Integer(value) => Value::integer(value, spelling()),
        Raw::Float(value) => Value::float(value, spelling()),
        Raw::Text(value) => Value::Text(value),
        Raw::List(items) => Value::List(items),
        Raw::Map(entries) => Value::Map(entries),
    };
    Node { span: span(&raw.referenced, text), value }
}

fn span(location: &Location, text: &str) -> Range<usize> {
    let span = location.span();
    let at = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok());
    let start = at(span.byte_offset()).unwrap_or(0).min(text.len());
    let end = start.saturating_add(at(span.byte_len()).unwrap_or(0)).min(text.len());
    // A block value's span runs up to the next token; what people mean ends at the last character.
    let written = text.get(start..end).unwrap_or_default().trim_end();
    start..start + written.len()
}

fn diagnostic(error: &serde_saphyr::Error, source: &Source) -> Diagnostic {
    let span = error.location().map_or(0..0, |location| error_span(&location, &source.text));
    let message = error.without_snippet().to_string();
    let (message, help) = in_our_words(&message);
    Diagnostic {
        code: Code::InvalidInput,
        message,
        place: Some(Place { source: source.clone(), span, label: String::new() }),
        other: None,
        help: help.to_owned(),
    }
}

/// Errors of the scanner know a line and a column only.
fn error_span(location: &Location, text: &str) -> Range<usize> {
    if location.span().byte_offset().is_some_and(|offset| offset > 0) {
        return span(location, text);
    }
    let of = |n: u64| usize::try_from(n).unwrap_or(1).saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(of(location.line())).map(str::len).sum();
    let line = text[before..].split('\n').next().unwrap_or_default();
    let column = line.char_indices().nth(of(location.column())).map_or(line.len(), |(at, _)| at);
    before + column..before + column
}

/// The parser speaks of its own types and budgets in places; people want to know about their file.
fn in_our_words(message: &str) -> (String, &'static str) {
    if message.contains("budget breached: Depth") || message.contains("recursion limit exceeded") {
        return (format!("this file is nested more than {MAX_DEPTH} levels deep"), "no suite needs that");
    }
    if message.contains("budget breached") || message.contains("alias") && message.contains("limit") {
        let help = "write out what aliases (`*name`) stand for, or make cases from files with `cases_from`";
        return ("this file has too many values, or has them once its aliases are put in".to_owned(), help);
    }
    if message.contains("multiple YAML documents") {
        return ("there is more than one document in this file".to_owned(), "leave out the `---`");
    }
    if message.contains("recursive references") {
        return ("an alias stands inside of what it stands for".to_owned(), "");
    }
    let first = message.lines().next().unwrap_or_default();
    let first = first.split(" at line ").next().unwrap_or_default().trim_end_matches(['.', ':', ' ']);
    let first = first.strip_prefix("error: ").unwrap_or(first);
    (format!("this is not valid YAML: {first}"), "")
}
