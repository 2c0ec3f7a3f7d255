//! What bytes must be: texts, files, patterns, parts, JSON, hashes; and how they are compared.

use super::keys;
use super::reader::{Mistake, Reader, shown};
use super::syntax::{Entry, Node, Value};
use crate::judge::{Code, Compare, FloatTolerance, KattisFlags, Pattern};
use crate::suite::{Content, ExpectBytes, Spanned};

/// What `compare: float` means without numbers.
const DEFAULT_TOLERANCE: f64 = 1e-6;
/// Lines of patterns.
pub(crate) const MAX_PATTERNS: usize = 10_000;
/// Things that one stream must be like.
const MAX_PARTS: usize = 1_000;

/// Keys that say bytes and comparison in one.
const SHORT: [&str; 6] = ["contains", "lacks", "regex", "glob", "json", "sha256"];

impl Reader<'_> {
    /// What bytes must be: a text, `any`, a map, or a list of maps that must all hold.
    pub(super) fn bytes(&mut self, node: &Node, what: &str) -> Option<ExpectBytes> {
        match &node.value {
            Value::Text(text) if text == "any" => Some(ExpectBytes::Any),
            Value::Text(_) | Value::Integer(..) | Value::Float(..) | Value::Bool(_) => {
                let value = Content::Text(self.text(node, what)?);
                let content = Spanned { value, span: node.span.clone() };
                Some(ExpectBytes::Like { content, compare: None })
            }
            Value::List(items) if items.is_empty() => {
                self.mistake(Mistake {
                    code: Code::OutOfRange,
                    span: &node.span,
                    message: "this expectation can never fail".to_owned(),
                    label: "an empty list asserts nothing".to_owned(),
                    help: "write \"\" for \"must be empty\", any to ignore it".to_owned(),
                });
                None
            }
            Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Map(_))) => {
                let all: Vec<_> = items.iter().filter_map(|item| self.bytes_map(item, what)).collect();
                (all.len() == items.len()).then(|| every(all))
            }
            Value::Map(_) => self.bytes_map(node, what),
            Value::Null | Value::Date | Value::List(_) => {
                let help = "write the text itself, `{file: path}`, \"\" for \"must be empty\", or any";
                self.wrong(node, format!("{what} says nothing that it could be compared with"), help);
                None
            }
        }
    }

    fn bytes_map(&mut self, node: &Node, what: &str) -> Option<ExpectBytes> {
        let before = self.mistakes();
        let entries = self.entries(node, keys::bytes());
        let short: Vec<_> = entries.iter().filter(|entry| SHORT.contains(&entry.key.as_str())).collect();
        if let Some(first) = short.first() {
            let other = entries.iter().find(|entry| entry.key != first.key);
            if let Some(other) = other {
                let message = format!("`{}` says already how it is compared with what", first.key);
                let help = format!("leave `{}` out, or write a list of maps that must all hold", other.key);
                self.senseless(&other.key_span.clone(), message, help);
                return None;
            }
            return self.short(first);
        }
        let compare = entries.iter().find(|entry| entry.key == "compare");
        let compare = compare.and_then(|entry| self.compare(&entry.value));
        let content = self.one_content(node, &entries, what, before)?;
        Some(ExpectBytes::Like { content, compare })
    }

    /// `contains: …` and its like.
    fn short(&mut self, entry: &Entry) -> Option<ExpectBytes> {
        let node = &entry.value;
        let like = |text: String, compare: Compare, node: &Node| ExpectBytes::Like {
            content: Spanned { value: Content::Text(text), span: node.span.clone() },
            compare: Some(compare),
        };
        let compare = match entry.key.as_str() {
            "json" => return Some(like(json_text(node)?, Compare::Json(None), node)),
            "regex" => Compare::Regex,
            "glob" => Compare::Glob,
            "sha256" => Compare::Sha256,
            "contains" => Compare::Contains,
            _ => Compare::Lacks,
        };
        let what = format!("`{}`", entry.key);
        let many = matches!(compare, Compare::Contains | Compare::Lacks);
        let items = match &node.value {
            Value::List(items) if many => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if items.is_empty() || items.len() > MAX_PARTS {
            self.asserts_nothing(&node.span, &format!("1 to {MAX_PARTS} texts"));
            return None;
        }
        let mut all = Vec::new();
        for item in items {
            let text = self.text(item, &what)?;
            all.push(like(text, compare, item));
        }
        Some(every(all))
    }

    /// `compare`: a word, or a map with its numbers.
    pub(super) fn compare(&mut self, node: &Node) -> Option<Compare> {
        const WORDS: [&str; 12] = [
            "exact",
            "trim",
            "tokens",
            "lines",
            "unordered",
            "float",
            "json",
            "regex",
            "glob",
            "contains",
            "lacks",
            "kattis",
        ];
        if matches!(node.value, Value::Map(_)) {
            let entries = self.entries(node, keys::compare());
            let [entry] = entries.as_slice() else {
                if entries.is_empty() {
                    self.missing(&node.span, "`compare` names no comparison", "write `{float: {abs: 1e-6}}`");
                } else {
                    self.senseless(
                        &node.span,
                        "`compare` names more than one comparison",
                        "leave one of them",
                    );
                }
                return None;
            };
            return match entry.key.as_str() {
                "float" => self.tolerance(&entry.value, "float").map(Compare::Float),
                "json" => self.tolerance(&entry.value, "json").map(|by| Compare::Json(Some(by))),
                _ => self.kattis(&entry.value).map(Compare::Kattis),
            };
        }
        let word = self.text(node, "`compare`")?;
        Some(match word.as_str() {
            "exact" => Compare::Exact,
            "trim" => Compare::Trim,
            "tokens" => Compare::Tokens,
            "lines" => Compare::Lines,
            "unordered" => Compare::Unordered,
            "float" => {
                Compare::Float(FloatTolerance { absolute: DEFAULT_TOLERANCE, relative: DEFAULT_TOLERANCE })
            }
            "json" => Compare::Json(None),
            "regex" => Compare::Regex,
            "glob" => Compare::Glob,
            "contains" => Compare::Contains,
            "lacks" => Compare::Lacks,
            "kattis" => Compare::Kattis(KattisFlags::default()),
            later if keys::LATER_COMPARISONS.contains(&later) => {
                self.unsupported(&node.span, &format!("`compare: {later}`"));
                return None;
            }
            other => {
                self.not_a_word(&node.span, "comparison", other, &WORDS);
                return None;
            }
        })
    }

    fn tolerance(&mut self, node: &Node, what: &str) -> Option<FloatTolerance> {
        let before = self.mistakes();
        let (mut absolute, mut relative) = (None, None);
        for entry in self.entries(node, keys::float()) {
            let number = self.number(&entry.value, "a tolerance");
            if entry.key == "abs" { absolute = number } else { relative = number }
        }
        if absolute.is_none() && relative.is_none() {
            if self.mistakes() == before {
                let help = format!("write `{{{what}: {{abs: 1e-6, rel: 1e-6}}}}`");
                self.missing(&node.span, format!("`{what}` says no tolerance"), help);
            }
            return None;
        }
        Some(FloatTolerance { absolute: absolute.unwrap_or(0.0), relative: relative.unwrap_or(0.0) })
    }

    fn kattis(&mut self, node: &Node) -> Option<KattisFlags> {
        let mut flags = KattisFlags::default();
        let (mut absolute, mut relative) = (None, None);
        for entry in self.entries(node, keys::kattis()) {
            let flag = |reader: &mut Self| reader.flag(&entry.value, &format!("`{}`", entry.key));
            match entry.key.as_str() {
                "case_sensitive" => flags.case_sensitive = flag(self)?.value,
                "space_change_sensitive" => flags.space_change_sensitive = flag(self)?.value,
                "float_tolerance" => {
                    absolute = self.number(&entry.value, "a tolerance");
                    relative = absolute;
                }
                "float_absolute_tolerance" => absolute = self.number(&entry.value, "a tolerance"),
                _ => relative = self.number(&entry.value, "a tolerance"),
            }
        }
        if absolute.is_some() || relative.is_some() {
            let (absolute, relative) = (absolute.unwrap_or(0.0), relative.unwrap_or(0.0));
            flags.tolerance = Some(FloatTolerance { absolute, relative });
        }
        Some(flags)
    }
}

fn every(mut all: Vec<ExpectBytes>) -> ExpectBytes {
    if all.len() == 1 { all.remove(0) } else { ExpectBytes::Every(all) }
}

/// A value as JSON text; a text is JSON already.
fn json_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => Some(json_value(node).to_string()),
    }
}

fn json_value(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(number) => match (i64::try_from(number.value), u64::try_from(number.value)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => number.spelling.parse::<f64>().map_or(serde_json::Value::Null, Into::into),
        },
        Value::Float(number) => number.value.into(),
        Value::Text(text) => text.clone().into(),
        Value::Date => serde_json::Value::Null,
        Value::List(items) => items.iter().map(json_value).collect::<Vec<_>>().into(),
        Value::Map(entries) => {
            let pairs = entries.iter().map(|entry| (entry.key.clone(), json_value(&entry.value)));
            pairs.collect::<serde_json::Map<_, _>>().into()
        }
    }
}

/// Why expected bytes cannot be compared in this way, or can never fail to: what, and a remedy.
pub(crate) fn wrong_bytes(compare: Compare, bytes: &[u8]) -> Option<(String, &'static str)> {
    match compare {
        Compare::Regex | Compare::Glob => wrong_patterns(compare, bytes),
        Compare::Contains if without_newlines(bytes).is_empty() => {
            Some(("the empty text is in everything".to_owned(), "say what must occur"))
        }
        Compare::Lacks if without_newlines(bytes).is_empty() => {
            Some(("the empty text is in everything: this always fails".to_owned(), "say what must not occur"))
        }
        Compare::Json(_) => {
            let error = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).err()?;
            Some((
                format!("what is expected is no JSON: {error}"),
                "a text is taken as JSON: `\"\\\"text\\\"\"`",
            ))
        }
        Compare::Sha256 => {
            let digits = bytes.trim_ascii();
            let good = digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit);
            (!good).then(|| ("this is no SHA-256: 64 hex digits".to_owned(), "`sha256sum FILE` prints it"))
        }
        Compare::Exact
        | Compare::Trim
        | Compare::Tokens
        | Compare::Float(_)
        | Compare::Lines
        | Compare::Unordered
        | Compare::Contains
        | Compare::Lacks
        | Compare::Kattis(_) => None,
    }
}

fn without_newlines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |last| last + 1);
    &bytes[..end]
}

fn wrong_patterns(compare: Compare, bytes: &[u8]) -> Option<(String, &'static str)> {
    let lines = bytes.split(|&b| b == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    for (number, line) in (1..).zip(lines) {
        if number > MAX_PATTERNS {
            return Some((format!("these are more than {MAX_PATTERNS} lines of patterns"), ""));
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        let compiled = if compare == Compare::Glob { Pattern::glob(line) } else { Pattern::whole(line) };
        if let Err(error) = compiled {
            let message = format!("line {number}, `{}`, is no pattern: {error}", shown(line));
            return Some((message, "write `\\` before a character that means itself"));
        }
    }
    None
}
