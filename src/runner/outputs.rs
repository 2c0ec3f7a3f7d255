//! The files that build steps hand on, in private folders that are removed with the run, also when
//! the run panics. What a run that was killed with SIGKILL has left is removed by the next one.
//!
//! A folder does not change once somebody has seen it: where owners cannot be mapped a worker has
//! copied it, and shows the copy for as long as it lives. So each step that hands something on makes
//! a new one, with what was there before.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use super::scratch::PrivateFolder;
use crate::sandbox::outcome::FileContent;

/// How the folder of a run is called.
const PREFIX: &str = "capsule-run-outputs-";

/// The folders with the outputs of the build steps of a run.
#[derive(Debug)]
pub(super) struct Outputs {
    scratch: PathBuf,
    /// Mode 0700: other users of this machine must not read what a submission was built into. The
    /// folders in it are open, because the program in the sandbox may be another user.
    root: Option<PrivateFolder>,
    folders: BTreeMap<Place, PathBuf>,
    /// How many folders were made.
    made: usize,
}

/// A suite of the run, and who of it sees a folder.
pub(super) type Place = (usize, Seen);

/// Who sees what a step has handed on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seen {
    /// Every case of the suite.
    Suite,
    /// The cases of this group: one of its hooks made it.
    Group(String),
    /// Checkers and interactors; no case does.
    Judge,
}

impl Outputs {
    pub(super) fn new(scratch: &Path) -> Self {
        Self { scratch: scratch.to_owned(), root: None, folders: BTreeMap::new(), made: 0 }
    }

    /// The folders that a case of `group` sees, the first on top: the group's, then the suite's.
    pub(super) fn of(&self, suite: usize, group: Option<&str>) -> Vec<PathBuf> {
        let of_group = group.and_then(|group| self.folders.get(&(suite, Seen::Group(group.to_owned()))));
        of_group.into_iter().chain(self.folders.get(&(suite, Seen::Suite))).cloned().collect()
    }

    /// The folders that checkers, interactors and other build steps of the judge's see.
    pub(super) fn of_judge(&self, suite: usize) -> Vec<PathBuf> {
        self.folders.get(&(suite, Seen::Judge)).into_iter().cloned().collect()
    }

    /// Begins with what one step hands on to those who see `place`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(super) fn begin_step(&mut self, place: Place) -> io::Result<()> {
        let root = match &self.root {
            Some(root) => root,
            None => self.root.insert(PrivateFolder::new(&self.scratch, PREFIX)?),
        };
        // Not by the names of groups: these are the author's.
        let folder = root.path().join(format!("outputs-{}", self.made));
        self.made += 1;
        make_folder(&folder)?;
        if let Some(before) = self.folders.get(&place) {
            link_all(before, &folder)?;
        }
        self.folders.insert(place, folder);
        Ok(())
    }

    /// Keeps a file of the step that was begun last for `place`; it replaces what an earlier step has
    /// left there.
    ///
    /// # Errors
    /// The file cannot be written, its name is not one inside the workspace, or no step was begun.
    pub(super) fn add(&mut self, place: &Place, path: &Path, file: &FileContent) -> io::Result<()> {
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name leaves the workspace"));
        }
        let folder = self.folders.get(place).ok_or(io::ErrorKind::NotFound)?;
        let target = folder.join(path);
        make_parents(folder, path)?;
        write(&target, file)
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(folder)?;
    // The mode of `create` is cut by the umask, and the program may be another user.
    fs::set_permissions(folder, PermissionsExt::from_mode(0o755))
}

/// The folders of a file; one of them may be a file that an earlier step has left.
fn make_parents(folder: &Path, path: &Path) -> io::Result<()> {
    let mut parents: Vec<_> = path.ancestors().skip(1).collect();
    parents.reverse();
    for parent in parents.into_iter().map(|parent| folder.join(parent)) {
        match fs::symlink_metadata(&parent) {
            Ok(there) if there.is_dir() => continue,
            Ok(_) => fs::remove_file(&parent)?,
            Err(_) => {}
        }
        make_folder(&parent)?;
    }
    Ok(())
}

/// The same files in folders of their own. A file that is replaced there is another file then.
fn link_all(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            make_folder(&target)?;
            link_all(&entry.path(), &target)?;
        } else {
            // Some file systems have no links.
            fs::hard_link(entry.path(), &target).or_else(|_| fs::copy(entry.path(), &target).map(|_| ()))?;
        }
    }
    Ok(())
}

fn write(target: &Path, file: &FileContent) -> io::Result<()> {
    match fs::symlink_metadata(target) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(target)?,
        Ok(_) => fs::remove_file(target)?,
        Err(_) => {}
    }
    let mode = if file.executable { 0o755 } else { 0o644 };
    let mut out = OpenOptions::new().write(true).create_new(true).mode(mode).open(target)?;
    // The mode of `open` is cut by the umask, and the program may be another user.
    out.set_permissions(PermissionsExt::from_mode(mode))?;
    out.write_all(&file.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8], executable: bool) -> FileContent {
        FileContent { bytes: bytes.to_vec(), executable }
    }

    #[test]
    fn files_keep_their_executable_bit_in_a_private_folder_that_goes_with_the_run() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let mut outputs = Outputs::new(scratch.path());
        assert!(outputs.of(0, None).is_empty());
        let add = |outputs: &mut Outputs, place: Place, name: &str, file: FileContent| {
            outputs.begin_step(place.clone()).expect("there is room");
            outputs.add(&place, Path::new(name), &file).expect("written");
        };
        let suite = || (0, Seen::Suite);
        add(&mut outputs, suite(), "bin/prog", file(b"old", false));
        let first = outputs.of(0, None).pop().expect("made by the first step");
        add(&mut outputs, suite(), "bin/prog", file(b"new", true));
        add(&mut outputs, suite(), "data", file(b"", false));
        add(&mut outputs, (0, Seen::Judge), "check", file(b"c", true));
        add(&mut outputs, suite(), "grows", file(b"f", false));
        add(&mut outputs, suite(), "grows/deep/x", file(b"x", false));
        let grown = outputs.of(0, None).pop().expect("there is one").join("grows/deep/x");
        assert_eq!(fs::read(grown).expect("a file became a folder"), b"x");
        add(&mut outputs, suite(), "grows", file(b"again", false));
        // Whoever has seen it sees the same: it may have been copied.
        assert_eq!(fs::read(first.join("bin/prog")).expect("readable"), b"old");
        assert!(!first.join("data").exists() && outputs.of(0, None) != [first]);

        let folder = outputs.of(0, None).pop().expect("there is one");
        add(&mut outputs, (0, Seen::Group("g".to_owned())), "data", file(b"g", false));
        let of_group = outputs.of(0, Some("g"));
        assert_eq!(of_group.len(), 2);
        assert_eq!(fs::read(of_group[0].join("data")).expect("readable"), b"g", "the group's is on top");
        assert_eq!(of_group[1], folder);
        assert_eq!(outputs.of(0, Some("h")), std::slice::from_ref(&folder));
        let of_judge = outputs.of_judge(0);
        assert_eq!(of_judge.len(), 1);
        assert!(of_judge[0].join("check").exists() && !folder.join("check").exists());
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!(fs::read(folder.join("bin/prog")).expect("readable"), b"new");
        assert_eq!(mode(&folder.join("bin/prog")), 0o755);
        assert_eq!(mode(&folder.join("data")), 0o644);
        assert_eq!(mode(folder.parent().expect("it is in the run's folder")), 0o700);

        drop(outputs);
        assert_eq!(fs::read_dir(scratch.path()).expect("readable").count(), 0);
    }

    #[test]
    fn a_name_that_leaves_the_workspace_is_refused() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let mut outputs = Outputs::new(scratch.path());
        let place = (0, Seen::Suite);
        outputs.begin_step(place.clone()).expect("there is room");
        for name in ["../x", "/etc/x", "a/../../x"] {
            assert!(outputs.add(&place, Path::new(name), &file(b"", false)).is_err(), "{name}");
        }
    }
}
