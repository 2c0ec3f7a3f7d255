//! [`Budget`]: how much a suite may become by being expanded.

use crate::suite::syntax::{Node, Value};

/// Cases that all matrices of a suite make.
const MAX_CASES: usize = 200_000;
/// Bytes of text, and of what holds it, that templates, matrices and variables make.
const MAX_BYTES: usize = 512 << 20;
/// What a value costs beside its text.
const NODE: usize = 64;

/// What is left of what a suite may become.
#[derive(Debug)]
pub(in crate::suite) struct Budget {
    cases: usize,
    bytes: usize,
}

impl Budget {
    pub(in crate::suite) fn new() -> Self {
        Self { cases: MAX_CASES, bytes: MAX_BYTES }
    }

    /// Takes so many cases; says why not.
    pub(super) fn cases(&mut self, count: usize) -> Result<(), String> {
        match self.cases.checked_sub(count) {
            Some(left) => {
                self.cases = left;
                Ok(())
            }
            None => {
                self.cases = 0;
                Err(format!("the matrices of this suite make more than {MAX_CASES} cases"))
            }
        }
    }

    /// Takes so many bytes; says why not.
    pub(super) fn bytes(&mut self, count: usize) -> Result<(), String> {
        match self.bytes.checked_sub(count) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => {
                self.bytes = 0;
                let most = MAX_BYTES >> 20;
                Err(format!("templates, matrices and variables make more than {most} MiB of this suite"))
            }
        }
    }

    /// Whether nothing more may be made.
    pub(in crate::suite) fn is_spent(&self) -> bool {
        self.bytes == 0 || self.cases == 0
    }
}

/// What a copy of a tree costs.
pub(super) fn cost(node: &Node) -> usize {
    let inside = match &node.value {
        Value::Null | Value::Bool(_) | Value::Integer(..) | Value::Float(..) | Value::Date => 0,
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(cost).sum(),
        Value::Map(entries) => entries.iter().map(|entry| entry.key.len() + cost(&entry.value)).sum(),
    };
    NODE + inside
}
