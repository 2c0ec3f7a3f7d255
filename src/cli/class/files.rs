//! [`ClassFiles`]: the file system as a suite may see it while a class is graded: no submission is
//! in it, and what many resolutions read is read once.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::find::Candidate;
use crate::cli::files::RealFiles;
use crate::resolve::{FileContent, FileKind, Files};

/// The file system without the submissions of a class.
#[derive(Debug)]
pub(in crate::cli) struct ClassFiles {
    /// Without links.
    hidden: BTreeSet<PathBuf>,
    read: Mutex<HashMap<PathBuf, FileContent>>,
}

impl ClassFiles {
    pub(in crate::cli) fn new(candidates: &[Candidate]) -> Self {
        let parts = candidates.iter().flat_map(|candidate| &candidate.parts);
        let hidden = parts.filter_map(|part| {
            let parent = part.path.parent()?.canonicalize().ok()?;
            Some(parent.join(part.path.file_name()?))
        });
        Self { hidden: hidden.collect(), read: Mutex::new(HashMap::new()) }
    }

    /// Whether somebody handed it in.
    fn is_handed_in(&self, path: &Path) -> bool {
        path.ancestors().any(|above| self.hidden.contains(above))
    }
}

impl Files for ClassFiles {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        let real = path.canonicalize()?;
        if self.is_handed_in(&real) || self.is_handed_in(path) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is part of a submission"));
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(&real) {
            return Ok(known.clone());
        }
        let content = RealFiles.read(path)?;
        read.insert(real, content.clone());
        Ok(content)
    }

    fn list(&self, base: &Path) -> io::Result<Vec<PathBuf>> {
        let real = base.canonicalize()?;
        let mut found = RealFiles.list(base)?;
        found.retain(|path| !self.is_handed_in(&real.join(path)));
        Ok(found)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        RealFiles.kind(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        RealFiles.canonical(path)
    }
}
