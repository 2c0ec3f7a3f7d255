//! `include`: further files of a suite.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::suite::keys;
use crate::suite::reader::{Reader, shown};
use crate::suite::syntax::{Entry, Node, Value, parse_json, parse_toml, parse_yaml};
use crate::suite::{Included, Includes, MAX_SUITE_BYTES, Spanned, SuiteFormat};

/// Files that one suite includes.
const MAX_FILES: usize = 500;
/// Files that include files that include files.
const MAX_DEPTH: usize = 16;

/// The map of one file.
#[derive(Debug)]
pub(in crate::suite) struct Part<'n> {
    entries: Vec<&'n Entry>,
}

impl<'n> Part<'n> {
    pub(in crate::suite) fn new(entries: Vec<&'n Entry>) -> Self {
        Self { entries }
    }

    pub(in crate::suite) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(in crate::suite) fn entries(&self) -> &[&'n Entry] {
        &self.entries
    }
}

/// What is known while files are read.
struct Reading<'a> {
    includes: &'a dyn Includes,
    /// Where each file was first included.
    seen: HashMap<PathBuf, Range<usize>>,
    /// The files that led to this one.
    way: Vec<PathBuf>,
    bytes: usize,
    found: Vec<Node>,
}

impl Reader<'_> {
    /// The trees of all files that `root` includes, and of those that these include.
    pub(in crate::suite) fn included_trees(&mut self, root: &Node) -> Vec<Node> {
        let includes = self.includes;
        let own = includes.own();
        let bytes = self.sources.main().text.len();
        let seen = HashMap::from([(own.clone(), 0..0)]);
        let mut reading = Reading { includes, seen, way: vec![own], bytes, found: Vec::new() };
        self.include_from(root, &mut reading);
        reading.found
    }

    fn include_from(&mut self, root: &Node, reading: &mut Reading<'_>) {
        let Value::Map(entries) = &root.value else { return };
        let Some(entry) = entries.iter().find(|entry| entry.key == "include") else { return };
        let items = match &entry.value.value {
            Value::Text(_) => std::slice::from_ref(&entry.value),
            _ => self.list(&entry.value, "`include`"),
        };
        for item in items {
            let Some(pattern) = self.include_path(item) else { continue };
            let folder = self.sources.folder(item.span.start).to_owned();
            match reading.includes.find(&pattern.value, &folder) {
                Ok(files) => {
                    for file in files {
                        self.include_file(file, &pattern.span, reading);
                    }
                }
                Err(error) => self.senseless(&pattern.span, error.message, error.help),
            }
        }
    }

    fn include_path(&mut self, node: &Node) -> Option<Spanned<String>> {
        let text = self.text(node, "a path in `include`")?;
        let wrong = if text.is_empty() {
            "is empty"
        } else if text.contains('\0') {
            "contains a NUL byte"
        } else if text.len() > 4000 {
            "is too long"
        } else {
            return Some(Spanned { value: text, span: node.span.clone() });
        };
        self.senseless(
            &node.span,
            format!("a path in `include` {wrong}"),
            "write `include: [common/*.yaml]`",
        );
        None
    }

    fn include_file(&mut self, file: Included, span: &Range<usize>, reading: &mut Reading<'_>) {
        let name = shown(&file.source.name);
        if reading.way.contains(&file.identity) {
            let message = format!("`{name}` is included by a file that it includes itself");
            self.senseless(span, message, "take one of the two out of `include`");
            return;
        }
        if let Some(first) = reading.seen.get(&file.identity) {
            let first = first.clone();
            self.twice_at(format!("`{name}` is included twice"), &first, span);
            return;
        }
        reading.bytes += file.source.text.len();
        if reading.seen.len() > MAX_FILES || reading.way.len() > MAX_DEPTH || reading.bytes > MAX_SUITE_BYTES
        {
            let message = format!(
                "too much is included: at most {MAX_FILES} files, {MAX_DEPTH} levels and {} MiB",
                MAX_SUITE_BYTES >> 20
            );
            self.senseless(span, message, "");
            return;
        }
        reading.seen.insert(file.identity.clone(), span.clone());
        self.included.push(Spanned { value: file.identity.clone(), span: span.clone() });
        let parsed = match file.format {
            SuiteFormat::Yaml => parse_yaml(&file.source),
            SuiteFormat::Toml => parse_toml(&file.source),
            SuiteFormat::Json => parse_json(&file.source),
        };
        let mut root = match parsed {
            Ok(root) => root,
            Err(errors) => return errors.into_iter().for_each(|error: Diagnostic| self.push(error)),
        };
        let base = self.sources.add(file.source, file.folder);
        shift(&mut root, base);
        if root.value == Value::Null {
            self.missing(&root.span, "an included file is empty", "write `cases:` into it, or take it out");
            return;
        }
        reading.way.push(file.identity);
        self.include_from(&root, reading);
        reading.way.pop();
        reading.found.push(root);
    }

    /// The keys of an included file; what belongs into the suite's own file is refused.
    pub(in crate::suite) fn part<'n>(&mut self, root: &'n Node) -> Part<'n> {
        let Value::Map(_) = &root.value else {
            self.wrong(
                root,
                "an included file must be a map",
                "write `cases:`, `templates:` or `vars:` into it",
            );
            return Part::new(Vec::new());
        };
        let mut taken = Vec::new();
        for entry in self.map(root, "an included file").unwrap_or_default() {
            let own = keys::suite().takes(&entry.key) && !keys::included().takes(&entry.key);
            if own {
                let message = format!("`{}` cannot stand in an included file", entry.key);
                self.refused(
                    Code::InvalidInput,
                    &entry.key_span,
                    message,
                    "write it into the suite's own file",
                );
            } else if keys::included().takes(&entry.key) {
                taken.push(entry);
            } else {
                self.unknown_key(entry, keys::included());
            }
        }
        Part::new(taken)
    }
}

/// Moves every span of a tree to where its file stands among all.
fn shift(node: &mut Node, by: usize) {
    node.span = node.span.start + by..node.span.end + by;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_span = entry.key_span.start + by..entry.key_span.end + by;
                shift(&mut entry.value, by);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Integer(..)
        | Value::Float(..)
        | Value::Text(_)
        | Value::Date => {}
    }
}
