//! [`Folder`]: a suite's folder, and nothing but it. Names are looked up by the kernel below it:
//! `..` and links cannot lead out, and what is not a regular file is neither read nor replaced.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::cli::files::{self, LONGEST_TEXT};

/// A suite's folder.
pub(in crate::cli) struct Folder {
    fd: OwnedFd,
}

impl Folder {
    /// The folder that the suite file `suite` is in.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(in crate::cli) fn of(suite: &Path) -> io::Result<Self> {
        let parent = suite.parent().filter(|parent| !parent.as_os_str().is_empty());
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Self { fd: open(parent.unwrap_or(Path::new(".")), flags, Mode::empty())? })
    }

    /// The regular file at `path`; `None` when nothing is there.
    ///
    /// # Errors
    /// What is there is no regular file in this folder, or is too large.
    pub(super) fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_NOCTTY;
        let fd = match self.open(path, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let file = File::from(fd);
        if !file.metadata()?.is_file() {
            return Err(not_a_file());
        }
        files::read_at_most(file, 16 * LONGEST_TEXT).map(Some)
    }

    /// Makes or replaces the regular file at `path` in one step; one that is there keeps its mode.
    ///
    /// # Errors
    /// What is there is no regular file, or the place is not in this folder, or cannot be written.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (parent, name) = self.place(path)?;
        let mode = match self.open(path, OFlag::O_PATH | OFlag::O_NOFOLLOW, Mode::empty()) {
            Ok(there) => {
                let meta = fs::metadata(format!("/proc/self/fd/{}", there.as_raw_fd()))?;
                if !File::from(there).metadata()?.is_file() || !meta.is_file() {
                    return Err(not_a_file());
                }
                Some(meta.permissions())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let temporary = PathBuf::from(format!(".capsule-run-{}.tmp", std::process::id()));
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = nix::fcntl::openat(parent.as_fd(), &temporary, flags, Mode::from_bits_truncate(0o666))?;
        let written = fill(File::from(fd), bytes, mode)
            .and_then(|()| Ok(renameat(parent.as_fd(), &temporary, parent.as_fd(), &name)?));
        if written.is_err() {
            // What failed is the error to be told.
            let _ = unlinkat(parent.as_fd(), &temporary, UnlinkatFlags::NoRemoveDir);
        }
        written
    }

    /// Removes the regular file at `path`, if one is there.
    ///
    /// # Errors
    /// It cannot be removed.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        if self.read(path)?.is_none() {
            return Ok(());
        }
        let (parent, name) = self.place(path)?;
        Ok(unlinkat(parent.as_fd(), &name, UnlinkatFlags::NoRemoveDir)?)
    }

    /// The folder that a name is in, and the name.
    fn place(&self, path: &Path) -> io::Result<(OwnedFd, PathBuf)> {
        let name = path.file_name().map(PathBuf::from).ok_or(io::ErrorKind::InvalidInput)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        Ok((self.open(parent.unwrap_or(Path::new(".")), flags, Mode::empty())?, name))
    }

    fn open(&self, path: &Path, flags: OFlag, mode: Mode) -> io::Result<OwnedFd> {
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).mode(mode).resolve(resolve);
        match openat2(&self.fd, path, how) {
            Ok(fd) => Ok(fd),
            Err(Errno::EXDEV) => {
                Err(io::Error::new(io::ErrorKind::PermissionDenied, "it leads out of the suite's folder"))
            }
            Err(Errno::ELOOP) => Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is a link")),
            Err(errno) => Err(errno.into()),
        }
    }
}

fn fill(mut file: File, bytes: &[u8], mode: Option<fs::Permissions>) -> io::Result<()> {
    if let Some(mode) = mode {
        file.set_permissions(fs::Permissions::from_mode(mode.mode() & 0o777))?;
    }
    file.write_all(bytes)?;
    file.sync_data()
}

fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn suite() -> (tempfile::TempDir, Folder) {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let inner = outer.path().join("suite");
        fs::create_dir_all(inner.join("expected")).expect("writable");
        fs::write(outer.path().join("secret"), "secret").expect("writable");
        let folder = Folder::of(&inner.join("grade.yaml")).expect("it is there");
        (outer, folder)
    }

    #[test]
    fn a_file_is_replaced_in_one_step_and_keeps_its_mode() {
        let (outer, folder) = suite();
        let path = outer.path().join("suite/expected/a.out");
        folder.write(Path::new("expected/a.out"), b"new").expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("ours");
        folder.write(Path::new("expected/a.out"), b"newer").expect("replaced");
        assert_eq!(
            folder.read(Path::new("expected/a.out")).expect("readable").as_deref(),
            Some(&b"newer"[..])
        );
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("readable").count(), 1);
        folder.remove(Path::new("expected/a.out")).expect("removed");
        folder.remove(Path::new("expected/a.out")).expect("gone already");
        assert_eq!(folder.read(Path::new("expected/a.out")).expect("nothing"), None);
    }

    #[test]
    fn nothing_leads_out_of_the_suites_folder() {
        let (outer, folder) = suite();
        let inner = outer.path().join("suite");
        symlink(outer.path().join("secret"), inner.join("link")).expect("made");
        symlink(outer.path(), inner.join("out")).expect("made");
        symlink("../../secret", inner.join("expected/up")).expect("made");
        for name in ["../secret", "link", "out/secret", "expected/up", "expected/../../secret"] {
            assert!(folder.write(Path::new(name), b"spoilt").is_err(), "{name}");
            assert!(folder.remove(Path::new(name)).is_err(), "{name}");
            assert!(folder.read(Path::new(name)).is_err(), "{name}");
        }
        assert!(folder.write(&outer.path().join("secret"), b"spoilt").is_err());
        assert_eq!(fs::read(outer.path().join("secret")).expect("there"), b"secret");
    }

    #[test]
    fn what_is_not_a_regular_file_is_left_alone_and_nobody_waits_for_it() {
        let (outer, folder) = suite();
        let inner = outer.path().join("suite");
        nix::unistd::mkfifo(&inner.join("fifo"), Mode::from_bits_truncate(0o600)).expect("made");
        for name in ["fifo", "expected"] {
            assert!(folder.write(Path::new(name), b"x").is_err(), "{name}");
            assert!(folder.read(Path::new(name)).is_err(), "{name}");
        }
        assert!(inner.join("fifo").exists() && inner.join("expected").is_dir());
    }
}
