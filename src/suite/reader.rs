//! [`Reader`]: from nodes to values. It never stops at a mistake: it writes it down and goes on,
//! so that a file is corrected in one go.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use super::keys::MapKind;
use super::place_words::PlaceWords;
use super::syntax::{Entry, Node, Value};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::judge::Code;
use crate::limits::{Key as LimitKey, Origin, Scalar, SetError};
use crate::suite::{Includes, LimitBlock, Sources, Spanned};
use crate::units::NoNul;

/// More mistakes than this are counted, not shown.
pub(crate) const MAX_SHOWN: usize = 200;

/// Maps of so many keys are looked through key by key.
const FEW: usize = 16;

pub(super) struct Reader<'s> {
    pub(super) sources: Sources,
    pub(super) includes: &'s dyn Includes,
    /// Files that are included, and where that is said.
    pub(super) included: Vec<Spanned<PathBuf>>,
    errors: Vec<Diagnostic>,
    not_shown: usize,
    /// What has been written down, so that a mistake in a matrix is not said for every case of it.
    said: HashSet<(String, String, Range<usize>)>,
}

/// A mistake about to be written down.
pub(super) struct Mistake<'a> {
    pub(super) code: Code,
    pub(super) span: &'a Range<usize>,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: String,
}

impl<'s> Reader<'s> {
    pub(super) fn new(sources: Sources, includes: &'s dyn Includes) -> Self {
        Self {
            sources,
            includes,
            included: Vec::new(),
            errors: Vec::new(),
            not_shown: 0,
            said: HashSet::new(),
        }
    }

    /// Every mistake found.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        if self.not_shown > 0 {
            self.errors.push(Diagnostic {
                code: Code::InvalidInput,
                message: format!(
                    "{} further errors in {} are not shown",
                    self.not_shown,
                    self.sources.main().name
                ),
                place: None,
                other: None,
                help: String::new(),
            });
        }
        self.errors
    }

    /// How many mistakes there are so far.
    pub(super) fn mistakes(&self) -> usize {
        self.errors.len() + self.not_shown
    }

    pub(super) fn place(&self, span: &Range<usize>, label: impl Into<String>) -> Place {
        self.sources.place(span, label)
    }

    pub(super) fn mistake(&mut self, mistake: Mistake<'_>) {
        let place = self.place(mistake.span, mistake.label);
        self.push(Diagnostic {
            code: mistake.code,
            message: mistake.message,
            place: Some(place),
            other: None,
            help: mistake.help,
        });
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if let Some(place) = &diagnostic.place {
            let key = (diagnostic.message.clone(), place.source.name.clone(), place.span.clone());
            if !self.said.insert(key) {
                return;
            }
        }
        if self.errors.len() < MAX_SHOWN {
            self.errors.push(diagnostic);
        } else {
            self.not_shown += 1;
        }
    }

    /// A value of the wrong kind.
    pub(super) fn wrong(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        let label = format!("this is {}", node.value.kind());
        let (message, help) = (message.into(), help.into());
        self.mistake(Mistake { code: Code::InvalidInput, span: &node.span, message, label, help });
    }

    /// A value of the right kind that makes no sense.
    pub(super) fn senseless(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        self.mistake(Mistake { code: Code::OutOfRange, span, message, label: String::new(), help });
    }

    pub(super) fn missing(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        self.mistake(Mistake { code: Code::MissingField, span, message, label: String::new(), help });
    }

    /// The entries of a map that may be there; everything else is written down.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, kind: &MapKind) -> Vec<&'n Entry> {
        let Some(entries) = self.map(node, kind.what) else { return Vec::new() };
        let mut taken: Vec<&Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            if kind.takes(&entry.key) {
                taken.push(entry);
            } else {
                self.unknown_key(entry, kind);
            }
        }
        taken
    }

    /// The entries of a map with any keys. A key that is there twice is written down.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<Vec<&'n Entry>> {
        let Value::Map(entries) = &node.value else {
            self.wrong(node, format!("{what} must be a map"), "write `key: value` pairs");
            return None;
        };
        let mut unique: Vec<&Entry> = Vec::with_capacity(entries.len());
        // Nearly every map has a handful of keys: looking through them is the quickest.
        let mut first: HashMap<&str, &Entry> = HashMap::new();
        for entry in entries {
            let earlier = if entries.len() <= FEW {
                unique.iter().find(|earlier| earlier.key == entry.key).copied()
            } else {
                first.insert(entry.key.as_str(), entry)
            };
            match earlier {
                Some(earlier) => self.twice(earlier, entry),
                None => unique.push(entry),
            }
        }
        Some(unique)
    }

    fn twice(&mut self, first: &Entry, second: &Entry) {
        let message = format!("the key `{}` is there twice", shown(&second.key));
        self.twice_at(message, &first.key_span, &second.key_span);
    }

    /// The same thing at two places.
    pub(super) fn twice_at(&mut self, message: String, first: &Range<usize>, second: &Range<usize>) {
        let (place, other) = (self.place(second, "here again"), self.place(first, "first here"));
        let (place, other, help) = (Some(place), Some(other), String::new());
        self.push(Diagnostic { code: Code::InvalidInput, message, place, other, help });
    }

    /// Something that is right elsewhere.
    pub(super) fn refused(&mut self, code: Code, span: &Range<usize>, message: String, help: &str) {
        let help = help.to_owned();
        self.mistake(Mistake { code, span, message, label: String::new(), help });
    }

    pub(super) fn unknown_key(&mut self, entry: &Entry, kind: &MapKind) {
        let key = shown(&entry.key);
        let code = Code::InvalidInput;
        let span = &entry.key_span;
        if kind.later.contains(&entry.key.as_str()) {
            self.mistake(Mistake {
                code,
                span,
                message: format!("`{key}` in {} is not supported by this version of capsule-run", kind.what),
                label: "not supported yet".to_owned(),
                help: "leave it out; it would not be obeyed".to_owned(),
            });
            return;
        }
        let names = kind.names();
        // The distance costs the product of the lengths; nobody means `run` by a thousand characters.
        let near = if entry.key.len() > 64 { None } else { nearest(&entry.key, names.iter().copied()) };
        let mut label = near.map_or(String::new(), |name| format!("did you mean `{name}`?"));
        let help = format!("{} may have: {}", kind.what, names.join(", "));
        let limit = if near.is_none() && names.contains(&"limits") { near_limit(&entry.key) } else { None };
        if let Some(limit) = limit {
            label = format!("did you mean `limits: {{{limit}: …}}`?");
        }
        self.mistake(Mistake {
            code,
            span,
            message: format!("unknown key `{key}` in {}", kind.what),
            label,
            help,
        });
    }

    /// A list of anything.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if let Value::List(items) = &node.value {
            return items;
        }
        self.wrong(node, format!("{what} must be a list"), "write `[a, b]`, or one `- item` a line");
        &[]
    }

    /// A scalar as text: numbers and booleans as they are spelled.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.value {
            Value::Text(_) | Value::Integer(_) | Value::Float(_) => node.value.written().map(str::to_owned),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null => {
                self.wrong(node, format!("{what} is empty"), "write \"\" for an empty text");
                None
            }
            Value::Date | Value::List(_) | Value::Map(_) => {
                self.wrong(node, format!("{what} must be a text"), "");
                None
            }
        }
    }

    /// A text that can be given to the kernel.
    pub(super) fn no_nul(&mut self, node: &Node, what: &str) -> Option<NoNul> {
        let text = self.text(node, what)?;
        match NoNul::new(text) {
            Ok(text) => Some(text),
            Err(error) => {
                self.mistake(Mistake {
                    code: Code::InvalidCommand,
                    span: &node.span,
                    message: format!("{what} {error}"),
                    label: String::new(),
                    help: "no system call takes a NUL byte; put binary data into a file".to_owned(),
                });
                None
            }
        }
    }

    pub(super) fn flag(&mut self, node: &Node, what: &str) -> Option<Spanned<bool>> {
        if let Value::Bool(value) = node.value {
            return Some(Spanned { value, span: node.span.clone() });
        }
        self.wrong(node, format!("{what} must be true or false"), "");
        None
    }

    /// A number that is finite and not negative.
    pub(super) fn number(&mut self, node: &Node, what: &str) -> Option<f64> {
        let number = match &node.value {
            // A number of points is far below the 53 bits that f64 holds exactly; larger ones are refused next.
            Value::Integer(number) => number.spelling.replace('_', "").parse().unwrap_or(f64::INFINITY),
            Value::Float(number) => number.value,
            _ => {
                self.wrong(node, format!("{what} must be a number"), "");
                return None;
            }
        };
        if (0.0..=1e9).contains(&number) {
            return Some(number);
        }
        self.senseless(&node.span, format!("{what} is out of range: 0 to 1000000000"), "");
        None
    }

    /// A path that stays where it belongs: relative, without `..`, without NUL.
    pub(super) fn path(&mut self, node: &Node, what: &str) -> Option<PathBuf> {
        let text = self.text(node, what)?;
        self.check_path(&text, &node.span, what)
    }

    pub(super) fn check_path(&mut self, text: &str, span: &Range<usize>, what: &str) -> Option<PathBuf> {
        if let Some(reason) = check_relative(text) {
            let help = "write a path below the folder: `data/in.txt`";
            let text = if text.is_empty() { String::new() } else { format!(" `{}`", shown(text)) };
            self.senseless(span, format!("{what}{text} {reason}"), help);
            return None;
        }
        Some(Path::new(text).components().filter(|part| *part != Component::CurDir).collect())
    }

    /// A path beside the suite, as seen from its own folder: in an included file, paths are
    /// relative to that file.
    pub(super) fn path_beside(&mut self, node: &Node, what: &str) -> Option<PathBuf> {
        let path = self.path(node, what)?;
        Some(self.sources.folder(node.span.start).join(path))
    }

    /// A name that appears in ids and reports.
    pub(super) fn name(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        let text = self.text(node, what)?;
        if let Some(reason) = bad_name(&text) {
            let text = if text.is_empty() { String::new() } else { format!(" `{}`", shown(&text)) };
            self.senseless(&node.span, format!("{what}{text} {reason}"), "");
            return None;
        }
        Some(Spanned { value: text, span: node.span.clone() })
    }

    /// One limit; `what` says for its origin where it stands.
    pub(super) fn limit(&mut self, entry: &Entry, block: &mut LimitBlock, what: &PlaceWords<'_>) {
        let scalar = match &entry.value.value {
            Value::Integer(number) => Scalar::Integer(number.value),
            Value::Text(text) => Scalar::Text(text.clone()),
            other => Scalar::Other(other.kind()),
        };
        let at = entry.key_span.start;
        let (file, line) = (self.sources.name(at), self.sources.line(at));
        let origin = Origin::File { file, line, what: what.get() };
        let span = &entry.value.span;
        match block.written.set(&entry.key, &scalar, origin) {
            Ok(()) => {
                let key = LimitKey::find(&entry.key).expect("a limit that was set has a key");
                block.spans.push((key.field, span.clone()));
            }
            Err(error @ SetError::OutOfRange(_)) => {
                self.senseless(span, format!("`{}`: {error}", entry.key), "");
            }
            Err(error) => self.mistake(Mistake {
                code: Code::InvalidInput,
                span,
                message: format!("`{}`: {error}", entry.key),
                label: String::new(),
                help: String::new(),
            }),
        }
    }
}

/// The limit that `key` is meant to be, where limits do not stand.
fn near_limit(key: &str) -> Option<&'static str> {
    let exactly = LimitKey::find(key).map(|limit| limit.short);
    exactly.or_else(|| if key.len() > 64 { None } else { nearest(key, LimitKey::names()) })
}

/// Untrusted text inside a message: one line, nothing invisible, not endless.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{}{more}", crate::units::visible_line(short.as_bytes()))
}

/// Why a path would leave its folder or cannot be one.
pub(crate) fn check_relative(text: &str) -> Option<&'static str> {
    let path = Path::new(text);
    if text.is_empty() {
        Some("is empty")
    } else if text.contains('\0') {
        Some("contains a NUL byte")
    } else if path.is_absolute() {
        Some("is absolute")
    } else if path.components().any(|part| part == Component::ParentDir) {
        Some("climbs out with `..`")
    } else if path.components().all(|part| part == Component::CurDir) {
        Some("names the folder itself")
    } else if text.len() > 4000 {
        Some("is too long")
    } else {
        None
    }
}

/// Why a text cannot be part of an id.
pub(crate) fn bad_name(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty")
    } else if text.len() > 255 {
        Some("is longer than 255 bytes")
    } else if crate::units::visible_line(text.as_bytes()) != text {
        Some("has characters that cannot be seen")
    } else if text.trim() != text {
        Some("begins or ends with a blank")
    } else if text.starts_with('/') || text.ends_with('/') || text.contains("//") {
        Some("has an empty part between slashes")
    } else {
        None
    }
}
