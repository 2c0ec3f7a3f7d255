//! What the author of a suite wrote.
