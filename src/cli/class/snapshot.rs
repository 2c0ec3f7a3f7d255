//! [`Snapshots`]: the submissions of a class as they were when they were read, in a private folder
//! that goes with the run. Equal ones are there once.

use std::collections::HashSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::archive::Tree;
use crate::runner::PrivateFolder;

/// The submissions of a class, as they were when they were read.
#[derive(Debug)]
pub(in crate::cli) struct Snapshots {
    folder: PrivateFolder,
    written: HashSet<String>,
}

impl Snapshots {
    /// An empty folder below `scratch`.
    ///
    /// # Errors
    /// It cannot be made.
    pub(in crate::cli) fn new(scratch: &Path) -> io::Result<Self> {
        let folder = PrivateFolder::new(scratch, "capsule-run-class-")?;
        Ok(Self { folder, written: HashSet::new() })
    }

    /// The folder with the files of `tree`, whose hash is `sha256`.
    ///
    /// # Errors
    /// It cannot be written.
    pub(in crate::cli) fn add(&mut self, sha256: &str, tree: &Tree) -> io::Result<PathBuf> {
        let root = self.folder.path().join(sha256);
        if !self.written.insert(sha256.to_owned()) {
            return Ok(root);
        }
        open_folder(&root)?;
        for (path, file) in tree.files() {
            for folder in path
                .ancestors()
                .skip(1)
                .filter(|folder| !folder.as_os_str().is_empty())
                .collect::<Vec<_>>()
                .iter()
                .rev()
            {
                open_folder(&root.join(folder))?;
            }
            let mode = if file.executable { 0o755 } else { 0o644 };
            let mut out = OpenOptions::new().write(true).create_new(true).mode(mode).open(root.join(path))?;
            out.set_permissions(PermissionsExt::from_mode(mode))?;
            out.write_all(&file.bytes)?;
        }
        Ok(root)
    }
}

/// Open to all, because the program in the sandbox may be another user; nobody else gets through
/// the private folder above it. The umask does not decide.
fn open_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o755).create(path) {
        Ok(()) => std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Bounds, TreeFile};

    #[test]
    fn a_snapshot_has_every_file_once_in_a_private_folder_that_goes() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let mut tree = Tree::new(Bounds::default());
        tree.add(b"a/b/c", false, TreeFile { bytes: b"x".to_vec(), executable: true }).expect("added");
        let mut snapshots = Snapshots::new(scratch.path()).expect("writable");
        let root = snapshots.add(&tree.sha256(), &tree).expect("written");
        assert_eq!(snapshots.add(&tree.sha256(), &tree).expect("there"), root);
        assert_eq!(std::fs::read(root.join("a/b/c")).expect("readable"), b"x");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(root.parent().expect("private")), 0o700);
        assert_eq!((mode(&root.join("a")), mode(&root.join("a/b/c"))), (0o755, 0o755));
        drop(snapshots);
        assert_eq!(std::fs::read_dir(scratch.path()).expect("readable").count(), 0);
    }
}
