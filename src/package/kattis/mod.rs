//! Kattis and ICPC problem packages: the legacy format and 2025-09.

mod groups;
mod metadata;
mod validator;

pub(super) use metadata::read;
pub(super) use validator::commands;
