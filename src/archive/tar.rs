//! Tar archives.

use std::io::Read;

use tar::EntryType;

use super::unpack::{content, refusal};
use super::{Bounds, Refused, Tree, TreeFile};

/// Entries of any kind; without this, an archive of folders alone would never end.
const MOST_ENTRIES_A_FILE: usize = 4;

pub(super) fn unpack(reader: impl Read, bounds: Bounds) -> Result<Tree, Refused> {
    let mut tree = Tree::new(bounds);
    let mut archive = tar::Archive::new(reader);
    let entries = archive.entries().map_err(|error| refusal(&error))?;
    for (count, entry) in entries.enumerate() {
        if count >= bounds.files.saturating_mul(MOST_ENTRIES_A_FILE) {
            return Err(Refused::TooMany(bounds.files));
        }
        let entry = entry.map_err(|error| refusal(&error))?;
        let name = entry.path_bytes().into_owned();
        let what = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                if entry.size() > tree.room() {
                    return Err(Refused::TooLarge(bounds.bytes));
                }
                let executable = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
                let bytes = content(entry, &tree)?;
                tree.add(&name, false, TreeFile { bytes, executable })?;
                continue;
            }
            EntryType::Directory => {
                Tree::check(&name, false)?;
                continue;
            }
            EntryType::XGlobalHeader => continue,
            EntryType::Symlink => "the link",
            EntryType::Link => "the hard link",
            EntryType::Fifo => "the FIFO",
            EntryType::Char | EntryType::Block => "the device",
            _ => "the special file",
        };
        Tree::check(&name, false)?;
        tree.leave_out(what, &name);
    }
    Ok(tree)
}
