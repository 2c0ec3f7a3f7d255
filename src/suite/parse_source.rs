//! `source`: what the files of a submission must and must not hold.

use std::sync::Arc;

use globset::GlobBuilder;

use super::keys;
use super::reader::{Reader, check_relative, shown};
use super::syntax::{Node, Value};
use crate::judge::{Pattern, SourceCheck, SourceRule};
use crate::units::Bytes;

/// No count of a submission's files is larger.
const MAX_COUNT: u64 = 1_000_000_000;
/// Rules of one check.
const MAX_RULES: usize = 1_000;

impl Reader<'_> {
    pub(super) fn source(&mut self, node: &Node) -> Option<Arc<SourceCheck>> {
        let before = self.mistakes();
        let mut check = SourceCheck::default();
        for entry in self.entries(node, keys::source()) {
            let node = &entry.value;
            match entry.key.as_str() {
                "files" => check.files = self.globs(node),
                "forbidden" => check.forbidden = self.rules(node, "`forbidden`"),
                "required" => check.required = self.rules(node, "`required`"),
                "max_size" => check.max_size = self.size(node, "`max_size`").map(|size| size.0),
                "max_lines" => check.max_lines = self.count(node, "`max_lines`", 0, MAX_COUNT),
                "max_columns" => check.max_columns = self.count(node, "`max_columns`", 1, MAX_COUNT),
                _ => check.max_files = self.count(node, "`max_files`", 1, MAX_COUNT),
            }
        }
        if check.files.is_empty() && self.mistakes() == before {
            self.missing(&node.span, "`source` does not say which files", "add `files: [\"*.c\"]`");
        }
        (self.mistakes() == before).then(|| Arc::new(check))
    }

    pub(super) fn size(&mut self, node: &Node, what: &str) -> Option<Bytes> {
        let text = self.text(node, what)?;
        match text.parse() {
            Ok(size) => Some(size),
            Err(error) => {
                self.senseless(&node.span, format!("{what}: {error}"), "write `64K`, `1M`, or bytes");
                None
            }
        }
    }

    /// A glob, or a list of them.
    fn globs(&mut self, node: &Node) -> Vec<String> {
        let items = match &node.value {
            Value::Text(_) => std::slice::from_ref(node),
            _ => self.list(node, "`files`"),
        };
        let mut globs = Vec::new();
        for item in items {
            let Some(text) = self.text(item, "a glob") else { continue };
            if let Some(reason) = check_relative(&text) {
                self.senseless(
                    &item.span,
                    format!("the glob `{}` {reason}", shown(&text)),
                    "write `src/**/*.c`",
                );
            } else if let Err(error) = GlobBuilder::new(&text).literal_separator(true).build() {
                self.senseless(
                    &item.span,
                    format!("this is no glob: {}", error.kind()),
                    "write `src/**/*.c`",
                );
            } else {
                globs.push(text.strip_prefix("./").unwrap_or(&text).to_owned());
            }
        }
        globs
    }

    /// Regular expressions, each by itself or with what is said when it does not hold.
    fn rules(&mut self, node: &Node, what: &str) -> Vec<SourceRule> {
        let items = match &node.value {
            Value::Text(_) | Value::Map(_) => std::slice::from_ref(node),
            _ => self.list(node, what),
        };
        if items.len() > MAX_RULES {
            self.senseless(&node.span, format!("{what} has more than {MAX_RULES} rules"), "");
            return Vec::new();
        }
        let mut rules = Vec::new();
        for item in items {
            let (mut pattern, mut why) = (None, None);
            if matches!(item.value, Value::Map(_)) {
                for entry in self.entries(item, keys::rule()) {
                    if entry.key == "pattern" {
                        pattern = self.regex(&entry.value, "`pattern`");
                    } else {
                        why = self.name(&entry.value, "`why`").map(|why| why.value);
                    }
                }
            } else {
                pattern = self.regex(item, "a regular expression");
            }
            rules.extend(pattern.map(|pattern| SourceRule { pattern, why }));
        }
        rules
    }

    /// The text of a regular expression that does not match everything.
    pub(super) fn regex(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        match Pattern::new(&text) {
            Ok(pattern) if pattern.is_match(b"") => {
                let help = "it matches the empty text, which is everywhere: use `+` instead of `*`";
                self.senseless(&node.span, format!("{what} `{}` matches everything", shown(&text)), help);
                None
            }
            Ok(_) => Some(text),
            Err(error) => {
                let message = format!("`{}` is no regular expression: {error}", shown(&text));
                self.senseless(&node.span, message, "the syntax is that of the Rust crate `regex`");
                None
            }
        }
    }
}
