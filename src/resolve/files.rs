//! [`Files`]: how the resolver sees the file system. `cli::load` implements it on the real one;
//! tests implement it on a map.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file system, as far as a suite may look at it. Paths are as the resolver makes them: the
/// suite's folder or the submission joined with what the suite says.
///
/// Files are read from several threads at a time.
pub trait Files: Sync {
    /// The whole of a regular file. Links are followed: the files beside a suite are its author's.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::FileTooLarge`] where the implementation draws the line.
    fn read(&self, path: &Path) -> io::Result<FileContent>;

    /// Every regular file (or link to one) below the folder `base`, at any depth, relative to
    /// `base`, in any order. Links to folders are not followed.
    ///
    /// # Errors
    /// The system's, when `base` itself cannot be listed.
    fn list(&self, base: &Path) -> io::Result<Vec<PathBuf>>;

    /// What is at `path`, links not followed; `None` when there is nothing.
    fn kind(&self, path: &Path) -> Option<FileKind>;

    /// `path` without links, `.` and `..`.
    ///
    /// # Errors
    /// The system's.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;
}

/// The content of a file.
#[derive(Debug, Clone)]
pub struct FileContent {
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, a device, a FIFO, a socket.
    Other,
}
