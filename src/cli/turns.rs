//! [`Turns`]: `max_concurrent_executions`, an engine that waits for its turn.
//!
//! One lock file per slot in a private folder of the user. A lock (`flock`) belongs to an open
//! file, so it counts across threads and processes alike, and the kernel drops it with its
//! holder, however that dies.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::unistd::Uid;

use crate::sandbox::Engine;
use crate::sandbox::cancel::{Cancel, CancelLevel};
use crate::sandbox::outcome::{Captured, Fault, FaultKind, Outcome};
use crate::sandbox::spec::Spec;

/// How often a taken slot is tried again. The kernel has no "wait for any of these locks".
const RETRY: Duration = Duration::from_millis(20);

/// An engine that lets only so many executions of this user run at a time on this host.
pub(super) struct Turns<E> {
    inner: E,
    /// Where the lock files are, and how many.
    slots: Option<(PathBuf, u32)>,
}

impl<E> Turns<E> {
    /// `most` executions at a time; `None`: as many as there are.
    pub(super) fn new(inner: E, most: Option<u32>) -> Self {
        Self { inner, slots: most.map(|most| (folder(), most)) }
    }

    /// The engine itself.
    pub(super) fn inner(&self) -> &E {
        &self.inner
    }
}

impl<E: Engine> Engine for Turns<E> {
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome {
        match self.slots.as_ref().map(|(folder, most)| take(folder, *most, cancel)) {
            None => self.inner.run(spec, cancel),
            Some(Ok(Some(_turn))) => self.inner.run(spec, cancel),
            Some(Ok(None)) => Outcome::NotStarted(cancelled()),
            Some(Err(error)) => Outcome::NotStarted(unusable(&error)),
        }
    }

    fn hide(&self, captured: &mut Captured) {
        self.inner.hide(captured);
    }

    fn tell(&self, bytes: &mut Vec<u8>) {
        self.inner.tell(bytes);
    }

    /// One turn for both: two that wait for each other must not wait for turns too.
    fn run_joined(&self, pair: [&Spec; 2], cancel: &Cancel) -> [Outcome; 2] {
        let neither = |fault: Fault| [Outcome::NotStarted(fault.clone()), Outcome::NotStarted(fault)];
        match self.slots.as_ref().map(|(folder, most)| take(folder, *most, cancel)) {
            None => self.inner.run_joined(pair, cancel),
            Some(Ok(Some(_turn))) => self.inner.run_joined(pair, cancel),
            Some(Ok(None)) => neither(cancelled()),
            Some(Err(error)) => neither(unusable(&error)),
        }
    }
}

/// Waits for a free slot; `None` when the run was cancelled meanwhile.
fn take(folder: &Path, most: u32, cancel: &Cancel) -> io::Result<Option<Flock<File>>> {
    private(folder)?;
    let mut told = false;
    while cancel.level() == CancelLevel::Running {
        for slot in 0..most {
            if let Some(turn) = try_slot(&folder.join(format!("slot-{slot}")))? {
                return Ok(Some(turn));
            }
        }
        if !std::mem::replace(&mut told, true) {
            log::info!("{most} executions of this user are running already: waiting for one to end");
        }
        std::thread::sleep(RETRY);
    }
    Ok(None)
}

fn try_slot(path: &Path) -> io::Result<Option<Flock<File>>> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    match Flock::lock(options.open(path)?, FlockArg::LockExclusiveNonblock) {
        Ok(turn) => Ok(Some(turn)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(errno.into()),
    }
}

fn folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute()) {
        Some(runtime) if runtime.is_dir() => runtime.join("capsule-run"),
        _ => PathBuf::from(format!("/tmp/capsule-run-{}", Uid::effective())),
    }
}

/// Makes the folder, and proves that it is ours alone: in /tmp anybody could have made it first.
fn private(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let meta = fs::symlink_metadata(folder)?;
    if !meta.is_dir() || meta.uid() != Uid::effective().as_raw() || meta.mode() & 0o077 != 0 {
        let reason = format!("{} is not a private folder of this user", folder.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    Ok(())
}

fn cancelled() -> Fault {
    Fault {
        kind: FaultKind::Cancelled,
        step: "waiting for its turn".to_owned(),
        errno: None,
        help: String::new(),
    }
}

fn unusable(error: &io::Error) -> Fault {
    Fault {
        kind: FaultKind::Setup,
        step: format!("waiting for its turn (max_concurrent_executions): {error}"),
        errno: error.raw_os_error(),
        help: "set XDG_RUNTIME_DIR to a private folder, or remove the one in the way".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_held_by_one_and_free_again_when_dropped() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let folder = parent.path().join("slots");
        let cancel = Cancel::new().expect("a descriptor is free");
        let turn = take(&folder, 1, &cancel).expect("usable").expect("free");
        assert!(try_slot(&folder.join("slot-0")).expect("usable").is_none());
        drop(turn);
        assert!(try_slot(&folder.join("slot-0")).expect("usable").is_some());
    }

    #[test]
    fn a_cancelled_run_does_not_wait_for_ever() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let folder = parent.path().join("slots");
        let cancel = Cancel::new().expect("a descriptor is free");
        let _turn = take(&folder, 1, &cancel).expect("usable").expect("free");
        cancel.raise(CancelLevel::NoNewCases);
        assert!(take(&folder, 1, &cancel).expect("usable").is_none());
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let folder = parent.path().join("open");
        DirBuilder::new().mode(0o777).create(&folder).expect("made");
        fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("ours");
        assert_eq!(private(&folder).expect_err("refused").kind(), io::ErrorKind::PermissionDenied);
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path(), &link).expect("made");
        assert!(private(&link).is_err(), "a link is no folder");
    }
}
