//! Test data that stands in an archive.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::archive::{Bounds, Format, unpack};
use crate::units::Bytes;

/// No package has more in its archive.
const BOUNDS: Bounds = Bounds { bytes: Bytes::mib(1024), files: 50_000 };

/// The regular files of an archive, by their names.
///
/// # Errors
/// In words, why it cannot be used: names that leave the folder, too much, damaged, unknown.
pub(super) fn members(name: &str, bytes: &[u8]) -> Result<BTreeMap<String, Arc<[u8]>>, String> {
    let format = Format::of_name(name).ok_or("it is of no kind that is known")?;
    let tree = unpack(bytes, format, BOUNDS).map_err(|refused| refused.to_string())?;
    let member = |(path, file): (&std::path::Path, &crate::archive::TreeFile)| {
        Some((path.to_str()?.to_owned(), Arc::from(file.bytes.as_slice())))
    };
    Ok(tree.files().filter_map(member).collect())
}
