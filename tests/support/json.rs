//! What the binary printed, as JSON.

use serde_json::Value;

use crate::run::Done;

/// Standard output as one JSON value.
pub(crate) fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout)
        .unwrap_or_else(|error| panic!("standard output is not one JSON value: {error}\n{done:#?}"))
}
