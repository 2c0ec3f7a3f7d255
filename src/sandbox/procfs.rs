//! Reading what the kernel writes when it is asked.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Room for the usual text: the kernel makes it anew for every read that finds too little.
const USUAL: usize = 16 << 10;
/// Nothing that we ask for is longer.
const LONGEST: u64 = 64 << 20;

/// A whole file of procfs or of a cgroup, in as few calls as it takes.
///
/// # Errors
/// It cannot be read, or is no text.
pub(super) fn text(path: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::with_capacity(USUAL);
    // Through `take`, since a file itself is first asked for its size, which the kernel does not know.
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}
