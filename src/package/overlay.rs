//! [`Overlay`]: the files of a package, and those that it has in an archive only.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::resolve::{FileContent, FileKind, Files};

/// Real files with some more in one folder.
pub struct Overlay<'a> {
    inner: &'a dyn Files,
    /// By their whole path.
    more: BTreeMap<PathBuf, Arc<[u8]>>,
}

impl<'a> Overlay<'a> {
    /// `files`, relative to `folder`, beside those of `inner`.
    #[must_use]
    pub fn new(inner: &'a dyn Files, folder: &Path, files: &[(PathBuf, Arc<[u8]>)]) -> Self {
        let folder = inner.canonical(folder).unwrap_or_else(|_| folder.to_owned());
        let more = files.iter().map(|(path, bytes)| (folder.join(path), Arc::clone(bytes))).collect();
        Self { inner, more }
    }
}

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        match self.more.get(path) {
            Some(bytes) => Ok(FileContent { bytes: Arc::clone(bytes), executable: false }),
            None => self.inner.read(path),
        }
    }

    fn list(&self, base: &Path) -> io::Result<Vec<PathBuf>> {
        let more = self.more.keys().filter_map(|path| Some(path.strip_prefix(base).ok()?.to_owned()));
        let more: Vec<_> = more.collect();
        match self.inner.list(base) {
            Ok(mut listed) => {
                listed.extend(more);
                Ok(listed)
            }
            Err(_) if !more.is_empty() => Ok(more),
            Err(error) => Err(error),
        }
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        if self.more.contains_key(path) { Some(FileKind::File) } else { self.inner.kind(path) }
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        if self.more.contains_key(path) { Ok(path.to_owned()) } else { self.inner.canonical(path) }
    }
}
