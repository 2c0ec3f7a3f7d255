//! The real file system, as far as suites and configurations may look at it: bounded, never
//! waiting for a FIFO, never reading a device.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::resolve::{FileContent, FileKind, Files};

/// The longest file that is read for a case.
const LONGEST_DATA: u64 = 256 << 20;

/// The longest configuration, policy or request.
pub(super) const LONGEST_TEXT: u64 = 16 << 20;

/// Folders deeper than this are not listed.
const DEEPEST: usize = 64;

/// The real file system.
#[derive(Debug, Clone, Copy)]
pub(super) struct RealFiles;

impl Files for RealFiles {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        let (bytes, executable) = read_bounded(path, LONGEST_DATA)?;
        Ok(FileContent { bytes: Arc::from(bytes), executable })
    }

    fn list(&self, base: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        list_into(base, Path::new(""), 0, &mut found)?;
        Ok(found)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let meta = fs::symlink_metadata(path).ok()?;
        Some(if meta.is_file() {
            FileKind::File
        } else if meta.is_dir() {
            FileKind::Folder
        } else {
            FileKind::Other
        })
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }
}

/// The content of a regular file of at most `longest` bytes, and whether its owner may execute it.
pub(super) fn read_bounded(path: &Path, longest: u64) -> io::Result<(Vec<u8>, bool)> {
    // Opening a FIFO would wait for a writer, and opening some devices does things.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let executable = meta.permissions().mode() & 0o100 != 0;
    if meta.len() > longest {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let bytes = match usize::try_from(meta.len()) {
        Ok(len) if (1..=ONE_READ).contains(&len) => read_short(file, len, longest)?,
        _ => read_at_most(file, longest)?,
    };
    Ok((bytes, executable))
}

/// Files up to this size are read with one system call. There may be two hundred thousand.
const ONE_READ: usize = 64 << 10;

/// A regular file that says that it has `len` bytes. One that has more by now is read on.
fn read_short(mut file: File, len: usize, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len + 1];
    let got = loop {
        match file.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            got => break got?,
        }
    };
    bytes.truncate(got);
    // Of a regular file a read that gets less than it asked for has met the end.
    if got > len {
        let rest = read_at_most(file, longest.saturating_sub(got as u64))?;
        bytes.extend(rest);
    }
    Ok(bytes)
}

/// Everything that `file` holds, if that is at most `longest` bytes.
pub(super) fn read_at_most(file: impl Read, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(bytes)
}

fn list_into(base: &Path, below: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(base.join(below))? {
        let entry = entry?;
        let (path, kind) = (below.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() {
            if depth < DEEPEST {
                list_into(base, &path, depth + 1, found)?;
            }
        } else if kind.is_file() || (kind.is_symlink() && is_file(&base.join(&path))) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file())
}

/// A UTF-8 text; what is wrong with it in words.
pub(super) fn read_text(path: &Path, longest: u64) -> io::Result<String> {
    text(read_bounded(path, longest)?.0)
}

/// A UTF-8 text from any reader.
pub(super) fn read_text_from(file: impl Read) -> io::Result<String> {
    text(read_at_most(file, LONGEST_TEXT)?)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8 (byte {at})"))
    })
}

/// Whether anything can be read there at all.
pub(super) fn exists(path: &Path) -> bool {
    File::open(path).map_or_else(|error| error.kind() != io::ErrorKind::NotFound, |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifo_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO can be made");
        assert!(read_bounded(&fifo, 10).is_err());
        assert_eq!(RealFiles.kind(&fifo), Some(FileKind::Other));
    }

    #[test]
    fn a_file_that_is_too_long_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("file");
        fs::write(&path, b"12345").expect("writable");
        assert_eq!(read_bounded(&path, 5).expect("short enough").0, b"12345");
        let error = read_bounded(&path, 4).expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn listing_finds_files_at_any_depth_and_follows_no_link_to_a_folder() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(folder.path().join("a/b")).expect("writable");
        fs::write(folder.path().join("a/b/c"), b"").expect("writable");
        std::os::unix::fs::symlink("..", folder.path().join("a/loop")).expect("a link can be made");
        assert_eq!(RealFiles.list(folder.path()).expect("readable"), [PathBuf::from("a/b/c")]);
    }
}
