//! Zip archives.

use std::io::Cursor;

use zip::ZipArchive;
use zip::result::ZipError;

use super::unpack::content;
use super::{Bounds, Refused, Tree, TreeFile};
use crate::units::visible_line;

/// What every entry of the directory begins with.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// Entries of any kind, for each file that is taken.
const MOST_ENTRIES_A_FILE: usize = 4;
const KIND: u32 = 0o170_000;

pub(super) fn unpack(bytes: &[u8], bounds: Bounds) -> Result<Tree, Refused> {
    // Before anything is made of them: a directory of a million entries costs a gigabyte.
    let entries = bytes.windows(DIRECTORY_ENTRY.len()).filter(|window| *window == DIRECTORY_ENTRY).count();
    if entries > bounds.files.saturating_mul(MOST_ENTRIES_A_FILE) {
        return Err(Refused::TooMany(bounds.files));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut tree = Tree::new(bounds);
    for at in 0..archive.len() {
        // Without looking into it first: the name says whether it is encrypted.
        let raw = archive.by_index_raw(at).map_err(|error| damaged(&error))?;
        let (name, mode) = (raw.name_raw().to_vec(), raw.unix_mode().unwrap_or(0));
        let (encrypted, is_folder) = (raw.encrypted(), raw.is_dir() || name.ends_with(b"\\"));
        drop(raw);
        Tree::check(&name, true)?;
        if is_folder {
            continue;
        }
        match mode & KIND {
            0 | 0o100_000 => {}
            0o120_000 => {
                tree.leave_out("the link", &name);
                continue;
            }
            _ => {
                tree.leave_out("the special file", &name);
                continue;
            }
        }
        if encrypted {
            return Err(Refused::Encrypted(visible_line(&name)));
        }
        let entry = archive.by_index(at).map_err(|error| damaged(&error))?;
        let bytes = content(entry, &tree)?;
        tree.add(&name, true, TreeFile { bytes, executable: mode & 0o100 != 0 })?;
    }
    Ok(tree)
}

fn damaged(error: &ZipError) -> Refused {
    Refused::Damaged(visible_line(error.to_string().as_bytes()))
}
