//! Test data that stands in an archive.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The regular files of an archive, by their names.
///
/// # Errors
/// In words, why it cannot be used.
pub(super) fn members(name: &str, _bytes: &[u8]) -> Result<BTreeMap<String, Arc<[u8]>>, String> {
    Err(format!("{name} is no archive of a known kind"))
}
