//! [`Reader`]: a text being read, and everything that was wrong with it so far.

use std::ops::Range;

use super::tree::{Entry, Node, Value};
use crate::diagnostic::{Diagnostic, Place, Source, nearest};
use crate::judge::Code;
use crate::limits::{Key, Origin};
use crate::units::visible_line;

/// So many mistakes are shown; more help nobody.
const MOST_DIAGNOSTICS: usize = 50;
/// Nobody mistypes a longer name, and the edit distance needs memory by the product of both.
const LONGEST_NAME: usize = 64;

/// A text being read.
pub(crate) struct Reader<'s> {
    source: &'s Source,
    /// What the whole text is called in messages: `the configuration`, `the request`.
    whole: &'static str,
    /// Where each line starts.
    lines: Vec<usize>,
    diagnostics: Vec<Diagnostic>,
    more: usize,
}

/// What is wrong at one place.
pub(crate) struct Mistake {
    pub(crate) code: Code,
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: String,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(source: &'s Source, whole: &'static str) -> Self {
        let ends = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { source, whole, lines, diagnostics: Vec::new(), more: 0 }
    }

    pub(crate) fn source(&self) -> &'s Source {
        self.source
    }

    /// The result, unless anything was wrong; what was, in the order of the text.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        let start = |diagnostic: &Diagnostic| diagnostic.place.as_ref().map(|place| place.span.start);
        self.diagnostics.sort_by_key(start);
        if self.more > 0 {
            let message = format!("{} more mistakes are not shown", self.more);
            let help = "correct the first ones and try again".to_owned();
            let code = Code::InvalidInput;
            self.diagnostics.push(Diagnostic { code, message, place: None, other: None, help });
        }
        match value {
            Some(value) if self.diagnostics.is_empty() => Ok(value),
            _ => Err(self.diagnostics),
        }
    }

    /// How a table is called in messages.
    pub(crate) fn table_name(&self, path: &str) -> String {
        if path.is_empty() { self.whole.to_owned() } else { format!("[{}]", short(path)) }
    }

    /// The origin of a value of `key` in the table at `path`.
    pub(crate) fn origin(&self, span: &Range<usize>, path: &str, key: &str) -> Origin {
        let line = self.lines.partition_point(|start| *start <= span.start);
        let what = if path.is_empty() { short(key) } else { format!("[{}]", short(path)) };
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Origin::File { file: self.source.name.as_str().into(), line, what: what.into() }
    }

    pub(crate) fn mistake(&mut self, mistake: Mistake) {
        if self.is_full() {
            return;
        }
        let place = Place { source: self.source.clone(), span: mistake.span, label: mistake.label };
        self.diagnostics.push(Diagnostic {
            code: mistake.code,
            message: mistake.message,
            place: Some(place),
            other: None,
            help: mistake.help,
        });
    }

    /// Whether there are mistakes enough; then one more is only counted.
    fn is_full(&mut self) -> bool {
        let full = self.diagnostics.len() >= MOST_DIAGNOSTICS;
        self.more += usize::from(full);
        full
    }

    /// A syntax error, in the words of the troubleshooting guide.
    pub(crate) fn syntax(&mut self, format: &str, span: Range<usize>, reason: &str) {
        let place = Place { source: self.source.clone(), span: span.clone(), label: String::new() };
        let (line, column) = place.line_column();
        let reason = visible_line(reason.as_bytes());
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span,
            message: format!("{format} parse error at line {line}, column {column}: {reason}"),
            label: String::new(),
            help: String::new(),
        });
    }

    /// A key that is there twice.
    pub(crate) fn duplicate(&mut self, name: &str, span: Range<usize>, first: Range<usize>) {
        let shown = self.diagnostics.len();
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span,
            message: format!("the key `{}` is there twice", short(name)),
            label: String::new(),
            help: "keep one of them".to_owned(),
        });
        let place = Place { source: self.source.clone(), span: first, label: "first here".to_owned() };
        if let Some(diagnostic) = self.diagnostics.get_mut(shown) {
            diagnostic.other = Some(place);
        }
    }

    /// A key that the table at `path` does not have.
    pub(crate) fn unknown(&mut self, entry: &Entry, path: &str, keys: &[&'static str]) {
        if self.is_full() {
            return;
        }
        let near = Some(&entry.name).filter(|name| name.len() <= LONGEST_NAME);
        let near = near.and_then(|name| nearest(name, keys.iter().copied()));
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        let table = self.table_name(path);
        let headless = path.is_empty() && !sorted.contains(&"timeout") && Key::find(&entry.name).is_some();
        let header =
            if headless { "a limit stands under a header, such as [defaults.resources]; " } else { "" };
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span: entry.span.clone(),
            message: format!("unknown key `{}` in {table}", short(&entry.name)),
            label: near.map_or_else(String::new, |near| format!("did you mean `{near}`?")),
            help: format!("{header}{table} may have: {}", sorted.join(", ")),
        });
    }

    /// A value of the wrong type.
    pub(crate) fn wrong_type(&mut self, node: &Node, key: &str, wanted: &str) {
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span: node.span.clone(),
            message: format!("`{}` must be {wanted}, not {}", short(key), node.value.kind()),
            label: String::new(),
            help: String::new(),
        });
    }

    /// A value of the right type that makes no sense.
    pub(crate) fn bad_value(&mut self, node: &Node, code: Code, key: &str, reason: &str, help: &str) {
        self.mistake(Mistake {
            code,
            span: node.span.clone(),
            message: format!("`{}`: {reason}", short(key)),
            label: String::new(),
            help: help.to_owned(),
        });
    }

    /// A key that cannot be.
    pub(crate) fn bad_key(&mut self, entry: &Entry, code: Code, reason: &str) {
        self.mistake(Mistake {
            code,
            span: entry.span.clone(),
            message: format!("`{}`: {reason}", short(&entry.name)),
            label: String::new(),
            help: String::new(),
        });
    }

    /// The entries of a table.
    pub(crate) fn table<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n [Entry]> {
        if let Value::Table(entries) = &node.value {
            return Some(entries);
        }
        let name = self.table_name(path);
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span: node.span.clone(),
            message: format!("{name} must be a table, not {}", node.value.kind()),
            label: String::new(),
            help: String::new(),
        });
        None
    }
}

/// A name from the text, fit for a line of a message.
pub(crate) fn short(name: &str) -> String {
    let mut shown: String = name.chars().take(LONGEST_NAME).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    visible_line(shown.as_bytes())
}
