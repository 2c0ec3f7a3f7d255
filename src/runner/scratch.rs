//! [`PrivateFolder`]: a folder of a run, removed with it, also when the run panics. What a run that
//! was killed with SIGKILL has left is removed by the next one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use tempfile::TempDir;

/// Folders of this process that are there now.
static MADE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the folders of the runs of this process, for an end that lets nobody clean up after
/// himself. What cannot be removed is removed by the next run.
pub fn remove_scratch() {
    for folder in MADE.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// A folder that only this user can enter, removed with its owner.
#[derive(Debug)]
pub struct PrivateFolder {
    folder: TempDir,
    /// Held as long as the run lives, however it ends.
    _lock: Flock<File>,
}

const LOCK: &str = "lock";
/// One without a lock that is younger may be about to get it.
const SETTLED: Duration = Duration::from_secs(60);

impl PrivateFolder {
    /// Makes one in `scratch`; what killed runs have left there under the same `prefix` goes.
    ///
    /// # Errors
    /// The system's.
    pub fn new(scratch: &Path, prefix: &str) -> io::Result<Self> {
        sweep(scratch, prefix);
        let mut builder = tempfile::Builder::new();
        let private = PermissionsExt::from_mode(0o700);
        let folder = builder.prefix(prefix).permissions(private).tempdir_in(scratch)?;
        MADE.lock().unwrap_or_else(PoisonError::into_inner).push(folder.path().to_owned());
        let early = folder.path().join("lock.new");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&early)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno)?;
        // Under its own name only once it is held: a sweep must not find it free.
        fs::rename(early, folder.path().join(LOCK))?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        MADE.lock().unwrap_or_else(PoisonError::into_inner).retain(|made| made != self.folder.path());
    }
}

/// Removes the folders of runs that are dead. What cannot be removed is another user's, or stays.
fn sweep(scratch: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(scratch) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) && is_abandoned(&entry) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "capsule-run-outputs-";

    #[test]
    fn the_folder_of_a_dead_run_is_removed_and_that_of_a_live_one_is_not() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let dead_folder = scratch.path().join("capsule-run-outputs-dead");
        fs::create_dir(&dead_folder).expect("writable");
        fs::write(dead_folder.join("lock"), "").expect("writable");
        let live = PrivateFolder::new(scratch.path(), PREFIX).expect("writable");
        let _another = PrivateFolder::new(scratch.path(), PREFIX).expect("writable");
        assert!(!dead_folder.exists());
        assert!(live.path().exists());
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
        sweep(scratch.path(), PREFIX);
        let mut left: Vec<_> = fs::read_dir(scratch.path()).expect("readable").flatten().collect();
        left.sort_by_key(fs::DirEntry::file_name);
        let left: Vec<_> = left.iter().map(fs::DirEntry::file_name).collect();
        assert_eq!(left, ["capsule-run-outputs-new", "mine"]);
    }
}
