//! [`Includes`]: how the parser gets at files that a suite includes. It reads no file itself.

use std::path::{Path, PathBuf};

use crate::diagnostic::Source;
use crate::suite::SuiteFormat;

/// A file that a suite includes.
#[derive(Debug, Clone)]
pub struct Included {
    /// What it is without links, so that nothing is read twice.
    pub identity: PathBuf,
    /// Its folder, relative to that of the suite's own file.
    pub folder: PathBuf,
    /// Its text, and its name as people know it.
    pub source: Source,
    /// Its notation.
    pub format: SuiteFormat,
}

/// Why a file cannot be included: what is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludeError {
    /// A lower-case fragment without a full stop.
    pub message: String,
    /// May be empty.
    pub help: String,
}

/// Finds files to include.
pub trait Includes {
    /// The files that `pattern` (a path or a glob) names, seen from `folder` (relative to the
    /// suite's), in natural order; never none.
    ///
    /// # Errors
    /// There is none, one is out of bounds, or one cannot be read.
    fn find(&self, pattern: &str, folder: &Path) -> Result<Vec<Included>, IncludeError>;

    /// The suite's own file without links.
    fn own(&self) -> PathBuf {
        PathBuf::new()
    }
}

/// For a text that comes from nowhere: it includes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoIncludes;

impl Includes for NoIncludes {
    fn find(&self, _pattern: &str, _folder: &Path) -> Result<Vec<Included>, IncludeError> {
        Err(IncludeError {
            message: "a suite that is no file includes nothing".to_owned(),
            help: String::new(),
        })
    }
}
