//! Copying a folder, for hosts where it cannot be overlaid or its owners cannot be mapped.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::Path;

/// What one copy may hold at most: a workspace is a submission, not a disk.
const MOST_BYTES: u64 = 512 << 20;
const MOST_ENTRIES: u64 = 100_000;
const DEEPEST: u32 = 64;

/// Who owns the copy.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Owner {
    pub(in crate::sandbox) uid: u32,
    pub(in crate::sandbox) gid: u32,
}

/// Copies folders, regular files and symbolic links (as links); leaves out everything else.
/// What is there already in `to` stays: copy the top layer first.
///
/// # Errors
/// The first thing that cannot be read or written, or a tree that is too large.
pub(super) fn copy_tree(from: &Path, to: &Path, owner: Option<Owner>) -> io::Result<()> {
    let mut budget = Budget { bytes: MOST_BYTES, entries: MOST_ENTRIES };
    copy_folder(from, to, owner, &mut budget, DEEPEST)
}

struct Budget {
    bytes: u64,
    entries: u64,
}

impl Budget {
    fn spend(&mut self, bytes: u64) -> io::Result<()> {
        let too_large = || io::Error::from_raw_os_error(libc::EFBIG);
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(too_large)?;
        self.entries = self.entries.checked_sub(1).ok_or_else(too_large)?;
        Ok(())
    }
}

fn copy_folder(
    from: &Path,
    to: &Path,
    owner: Option<Owner>,
    budget: &mut Budget,
    depth: u32,
) -> io::Result<()> {
    let deeper = depth.checked_sub(1).ok_or_else(|| io::Error::from_raw_os_error(libc::EFBIG))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let meta = entry.metadata()?; // of the entry itself, links are not followed
        budget.spend(if meta.is_file() { meta.len() } else { 0 })?;
        let there = fs::symlink_metadata(&target).ok();
        if meta.is_dir() {
            if there.is_some_and(|there| !there.is_dir()) {
                continue;
            }
            match fs::create_dir(&target) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            copy_folder(&entry.path(), &target, owner, budget, deeper)?;
            finish(&target, owner, Some(meta.mode() | 0o700))?;
        } else if there.is_some() {
            continue;
        } else if meta.is_symlink() {
            symlink(fs::read_link(entry.path())?, &target)?;
            finish(&target, owner, None)?;
        } else if meta.is_file() {
            fs::copy(entry.path(), &target)?;
            finish(&target, owner, Some(meta.mode()))?;
        }
    }
    Ok(())
}

fn finish(path: &Path, owner: Option<Owner>, mode: Option<u32>) -> io::Result<()> {
    if let Some(owner) = owner {
        lchown(path, Some(owner.uid), Some(owner.gid))?;
    }
    if let Some(mode) = mode {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o777))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_files_folders_and_links_and_keeps_what_is_there() {
        let from = tempfile::tempdir().expect("a folder");
        let to = tempfile::tempdir().expect("a folder");
        fs::create_dir(from.path().join("sub")).expect("made");
        fs::write(from.path().join("sub/a"), "lower").expect("written");
        fs::write(from.path().join("b"), "lower").expect("written");
        symlink("/etc/passwd", from.path().join("link")).expect("made");
        fs::write(to.path().join("b"), "upper").expect("written");
        copy_tree(from.path(), to.path(), None).expect("copied");
        assert_eq!(fs::read_to_string(to.path().join("sub/a")).expect("there"), "lower");
        assert_eq!(fs::read_to_string(to.path().join("b")).expect("there"), "upper");
        assert_eq!(fs::read_link(to.path().join("link")).expect("there"), Path::new("/etc/passwd"));
    }

    #[test]
    fn a_tree_that_is_too_deep_is_refused() {
        let from = tempfile::tempdir().expect("a folder");
        let to = tempfile::tempdir().expect("a folder");
        let mut deep = from.path().to_owned();
        for _ in 0..70 {
            deep.push("d");
        }
        fs::create_dir_all(&deep).expect("made");
        assert!(copy_tree(from.path(), to.path(), None).is_err());
    }
}
