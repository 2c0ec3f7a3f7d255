//! What operators write: broken files, and the schemas that their editors use.

mod bad_input;
mod schema;
