//! [`Node`]: a document of either format, each value and each key with its place in the text.

use std::ops::Range;

use crate::limits::Scalar;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// A value of TOML or JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// JSON's null: as if the key were not there.
    Null,
    Bool(bool),
    Integer(i128),
    /// A number with a fraction or an exponent: nothing here takes one.
    Float,
    /// A date or a time of TOML: nothing here takes one.
    Date,
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
    pub(crate) node: Node,
}

impl Value {
    /// What it is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float => "a number with a fraction",
            Self::Date => "a date or time",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// As a limit takes it.
    pub(crate) fn scalar(&self) -> Scalar {
        match self {
            Self::Integer(integer) => Scalar::Integer(*integer),
            Self::Text(text) => Scalar::Text(text.clone()),
            Self::Null | Self::Bool(_) | Self::Float | Self::Date | Self::List(_) | Self::Table(_) => {
                Scalar::Other(self.kind())
            }
        }
    }
}
