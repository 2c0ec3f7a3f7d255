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
    Integer(Box<Spelled<i128>>),
    Float(Box<Spelled<f64>>),
    Text(String),
    /// A date or time of TOML.
    Date,
    List(Vec<Node>),
    /// In the order of the file; a key may be there twice.
    Map(Vec<Entry>),
}

/// A number as it was written. Boxed, for numbers are few and every value is as big as the biggest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spelled<T> {
    pub(crate) value: T,
    pub(crate) spelling: Box<str>,
}

/// One key of a map and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

impl Value {
    pub(crate) fn integer(value: i128, spelling: impl Into<Box<str>>) -> Self {
        Self::Integer(Box::new(Spelled { value, spelling: spelling.into() }))
    }

    pub(crate) fn float(value: f64, spelling: impl Into<Box<str>>) -> Self {
        Self::Float(Box::new(Spelled { value, spelling: spelling.into() }))
    }

    /// The whole number that it is.
    pub(crate) fn as_integer(&self) -> Option<i128> {
        match self {
            Self::Integer(number) => Some(number.value),
            _ => None,
        }
    }

    /// A text, or a number as it was written.
    pub(crate) fn written(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(number) => Some(&number.spelling),
            Self::Float(number) => Some(&number.spelling),
            Self::Null | Self::Bool(_) | Self::Date | Self::List(_) | Self::Map(_) => None,
        }
    }

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
