//! Reading what the kernel writes when it is asked.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Room for the usual text: the kernel makes it anew for every read that finds too little.
const USUAL: usize = 32 << 10;

/// A whole file of procfs or of a cgroup, in as few calls as it takes.
///
/// # Errors
/// It cannot be read, or is no text.
pub(super) fn text(path: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::with_capacity(USUAL);
    File::open(path)?.read_to_string(&mut text)?;
    Ok(text)
}
