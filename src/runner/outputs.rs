//! The files that build steps hand on: one private folder per suite, made when the first build
//! step of the suite has passed and removed with the run, also when the run panics. What a run
//! that was killed with SIGKILL has left is removed by the next one.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use tempfile::TempDir;

use crate::sandbox::outcome::FileContent;

/// Folders of this process that are there now.
static MADE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the folders of the runs of this process, for an end that lets nobody clean up after
/// himself. What cannot be removed is removed by the next run.
pub fn remove_scratch() {
    for folder in MADE.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// The folders with the outputs of the build steps of a run.
#[derive(Debug)]
pub(super) struct Outputs {
    scratch: PathBuf,
    /// Mode 0700: other users of this machine must not read what a submission was built into. The
    /// folders in it are open, because the program in the sandbox may be another user.
    root: Option<Root>,
    folders: BTreeMap<Place, PathBuf>,
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
        Self { scratch: scratch.to_owned(), root: None, folders: BTreeMap::new() }
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

    /// Keeps a file for those who see `place`; it replaces what an earlier step has left there.
    ///
    /// # Errors
    /// The folder or file cannot be written, or its name is not one inside the workspace.
    pub(super) fn add(&mut self, place: Place, path: &Path, file: &FileContent) -> io::Result<()> {
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name leaves the workspace"));
        }
        let target = self.folder(place)?.join(path);
        if let Some(parent) = target.parent() {
            DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
        }
        write(&target, file)
    }

    fn folder(&mut self, place: Place) -> io::Result<PathBuf> {
        if let Some(folder) = self.folders.get(&place) {
            return Ok(folder.clone());
        }
        let root = match &self.root {
            Some(root) => root,
            None => self.root.insert(Root::new(&self.scratch)?),
        };
        // Not by the names of groups: these are the author's.
        let folder = root.folder.path().join(format!("outputs-{}", self.folders.len()));
        DirBuilder::new().mode(0o755).create(&folder)?;
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o755))?;
        self.folders.insert(place, folder.clone());
        Ok(folder)
    }
}

/// The folder of one run.
#[derive(Debug)]
struct Root {
    folder: TempDir,
    /// Held as long as the run lives, however it ends.
    _lock: Flock<File>,
}

impl Drop for Root {
    fn drop(&mut self) {
        MADE.lock().unwrap_or_else(PoisonError::into_inner).retain(|made| made != self.folder.path());
    }
}

/// How folders of runs are called, and the lock in each.
const PREFIX: &str = "capsule-run-outputs-";
const LOCK: &str = "lock";
/// One without a lock that is younger may be about to get it.
const SETTLED: Duration = Duration::from_secs(60);

impl Root {
    fn new(scratch: &Path) -> io::Result<Self> {
        sweep(scratch);
        let mut builder = tempfile::Builder::new();
        let private = PermissionsExt::from_mode(0o700);
        let folder = builder.prefix(PREFIX).permissions(private).tempdir_in(scratch)?;
        MADE.lock().unwrap_or_else(PoisonError::into_inner).push(folder.path().to_owned());
        let early = folder.path().join("lock.new");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&early)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno)?;
        // Under its own name only once it is held: a sweep must not find it free.
        fs::rename(early, folder.path().join(LOCK))?;
        Ok(Self { folder, _lock: lock })
    }
}

/// Removes the folders of runs that are dead. What cannot be removed is another user's, or stays.
fn sweep(scratch: &Path) {
    let Ok(entries) = fs::read_dir(scratch) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry) {
            log::debug!("removing what a killed run has left: {}", entry.path().display());
            // The next run tries again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether nobody holds the lock of a folder. One without a lock is being made, or its run (or the
/// sweep of another) was killed while it was made or removed: that shows with time.
fn is_abandoned(folder: &fs::DirEntry) -> bool {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    match options.open(folder.path().join(LOCK)) {
        Ok(file) => Flock::lock(file, FlockArg::LockExclusiveNonblock).is_ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => is_settled(folder),
        Err(_) => false,
    }
}

fn is_settled(folder: &fs::DirEntry) -> bool {
    let modified = folder.metadata().and_then(|meta| meta.modified());
    modified.ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age >= SETTLED)
}

fn write(target: &Path, file: &FileContent) -> io::Result<()> {
    match fs::remove_file(target) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
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
        let suite = || (0, Seen::Suite);
        outputs.add(suite(), Path::new("bin/prog"), &file(b"old", false)).expect("written");
        outputs.add(suite(), Path::new("bin/prog"), &file(b"new", true)).expect("replaced");
        outputs.add(suite(), Path::new("data"), &file(b"", false)).expect("written");
        outputs.add((0, Seen::Judge), Path::new("check"), &file(b"c", true)).expect("written");

        let folder = outputs.of(0, None).pop().expect("made by the first file");
        let of_g = (0, Seen::Group("g".to_owned()));
        outputs.add(of_g, Path::new("data"), &file(b"g", false)).expect("written");
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
    fn the_folder_of_a_dead_run_is_removed_and_that_of_a_live_one_is_not() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let dead_folder = scratch.path().join("capsule-run-outputs-dead");
        fs::create_dir(&dead_folder).expect("writable");
        fs::write(dead_folder.join("lock"), "").expect("writable");
        let live = Root::new(scratch.path()).expect("writable");
        let _another = Root::new(scratch.path()).expect("writable");
        assert!(!dead_folder.exists());
        assert!(live.folder.path().exists());
    }

    #[test]
    fn a_name_that_leaves_the_workspace_is_refused() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let mut outputs = Outputs::new(scratch.path());
        for name in ["../x", "/etc/x", "a/../../x"] {
            assert!(outputs.add((0, Seen::Suite), Path::new(name), &file(b"", false)).is_err(), "{name}");
        }
    }

    #[test]
    fn a_folder_without_a_lock_is_swept_when_it_is_old() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let make = |name: &str| {
            let folder = scratch.path().join(name);
            fs::create_dir_all(folder.join("suite-0")).expect("made");
            File::open(folder).expect("readable")
        };
        let old = std::time::SystemTime::now() - SETTLED;
        make("capsule-run-outputs-old").set_modified(old).expect("ours");
        make("mine").set_modified(old).expect("ours");
        make("capsule-run-outputs-new");
        sweep(scratch.path());
        let mut left: Vec<_> = fs::read_dir(scratch.path()).expect("readable").flatten().collect();
        left.sort_by_key(fs::DirEntry::file_name);
        let left: Vec<_> = left.iter().map(fs::DirEntry::file_name).collect();
        assert_eq!(left, ["capsule-run-outputs-new", "mine"]);
    }
}
