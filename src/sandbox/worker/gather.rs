//! All files that a program left in a folder: their names, and what is in them. No link is
//! followed, nothing is waited for, and there is an end to how many are told of.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::dir::{Dir, Type};
use nix::fcntl::openat2;

use super::init::{open_left, what_is_left};
use crate::sandbox::wire::{self, FaultRecord, FileFault, Record, Step, Wanted};
use crate::units::NoNul;

/// Folders in folders, below the one that was asked for.
const DEEPEST: usize = 64;

/// Tells of every file of the folder, then that this was all, or why it was not.
pub(super) fn send_folder(
    case: BorrowedFd<'_>,
    (index, wanted): (u32, &Wanted),
    (most, names_only): (u32, bool),
    workspace: &OwnedFd,
) -> Result<(), FaultRecord> {
    let mut walk = Walk { case, index, workspace, left: most, names_only, room: wanted.max };
    let result = walk.folder(Path::new(wanted.path.as_os_str()), 0)?;
    wire::send(case, &Record::Folder { index, result }, &[]).step(|| "reporting a folder".to_owned())
}

struct Walk<'a> {
    case: BorrowedFd<'a>,
    index: u32,
    workspace: &'a OwnedFd,
    /// How many entries may still be told of.
    left: u32,
    names_only: bool,
    /// How many bytes may still be read back.
    room: u64,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, depth: usize) -> Result<Result<(), FileFault>, FaultRecord> {
        if depth > DEEPEST {
            return Ok(Err(FileFault::TooLarge(0)));
        }
        let entries = match self.entries(path) {
            Ok(entries) => entries,
            Err(fault) => return Ok(Err(fault)),
        };
        for (name, is_folder) in entries {
            let path = path.join(name);
            let result = if is_folder { self.folder(&path, depth + 1)? } else { self.file(&path)? };
            if result.is_err() {
                return Ok(result);
            }
        }
        Ok(Ok(()))
    }

    /// The entries of a folder, sorted, and whether each is a folder itself. Too many are a fault.
    fn entries(&mut self, path: &Path) -> Result<Vec<(PathBuf, bool)>, FileFault> {
        let place = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let unreadable = |errno| match errno {
            nix::errno::Errno::ENOENT | nix::errno::Errno::ENOTDIR => FileFault::Missing,
            nix::errno::Errno::ELOOP | nix::errno::Errno::EXDEV => FileFault::Link,
            errno => FileFault::Unreadable(errno as i32),
        };
        // Without O_DIRECTORY: with it a link would be ENOTDIR, and look like nothing at all.
        let folder = openat2(self.workspace, place, what_is_left()).map_err(unreadable)?;
        let mut dir = Dir::from_fd(folder).map_err(unreadable)?;
        let mut entries = Vec::new();
        for entry in dir.iter() {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            self.left = self.left.checked_sub(1).ok_or(FileFault::TooLarge(0))?;
            let name = PathBuf::from(OsStr::from_bytes(name));
            entries.push((name, entry.file_type() == Some(Type::Directory)));
        }
        entries.sort();
        Ok(entries)
    }

    fn file(&mut self, path: &Path) -> Result<Result<(), FileFault>, FaultRecord> {
        let Ok(name) = NoNul::new(path.as_os_str().as_encoded_bytes()) else { return Ok(Ok(())) };
        let (result, file) = if self.names_only {
            (Ok(None), None)
        } else {
            match open_left(self.workspace, &name, self.room) {
                Ok((file, record)) => {
                    self.room -= record.size;
                    (Ok(Some(record)), Some(file))
                }
                Err(fault) => (Err(fault), None),
            }
        };
        let fds: Vec<BorrowedFd<'_>> = file.iter().map(AsFd::as_fd).collect();
        wire::send(self.case, &Record::Found { index: self.index, path: name, result }, &fds)
            .step(|| "reporting a file of a folder".to_owned())?;
        Ok(Ok(()))
    }
}
