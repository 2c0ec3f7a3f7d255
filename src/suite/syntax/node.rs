//! [`Node`]: one value of a suite file and the place that it stands in.

use std::ops::Range;

/// Nesting allowed in a suite file; what a suite can say needs less than half of it.
pub(super) const MAX_DEPTH: usize = 32;

/// One value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Bytes of the text; of a list or map perhaps only its beginning.
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// A value. Scalars that are no text keep their spelling too: `run: [sleep, 1.50]` means `1.50`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i128, Box<str>),
    Float(f64, Box<str>),
    Text(String),
    /// A date or time of TOML.
    Date,
    List(Vec<Node>),
    /// In the order of the file; a key may be there twice.
    Map(Vec<Entry>),
}

/// One key of a map and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

impl Value {
    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(..) => "an integer",
            Self::Float(..) => "a number with a fraction",
            Self::Text(_) => "a text",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}
