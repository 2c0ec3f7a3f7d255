//! [`FileGlob`]: many files by one pattern.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// A pattern of paths: `*` stays in one folder, `**` goes into all.
#[derive(Debug, Clone)]
pub struct FileGlob {
    text: String,
    matcher: GlobMatcher,
}

impl PartialEq for FileGlob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl FileGlob {
    /// A pattern.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let matcher = glob.map_err(|error| error.kind().to_string())?.compile_matcher();
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// Whether a path is one of those meant.
    #[must_use]
    pub fn is_match(&self, path: &Path) -> bool {
        self.matcher.is_match(path)
    }

    /// The folder that all of them are below; the empty path is the workspace.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        let parts: Vec<_> = self.text.split('/').collect();
        let plain = parts.iter().take_while(|part| !part.contains(['*', '?', '[', '{', '\\']));
        // The last part is a file, whatever is in it.
        plain.take(parts.len() - 1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_knows_the_folder_that_has_to_be_looked_at() {
        let folder = |text: &str| FileGlob::new(text).expect("a glob").folder();
        assert_eq!(folder("tmp/**"), Path::new("tmp"));
        assert_eq!(folder("a/b/*.log"), Path::new("a/b"));
        assert_eq!(folder("*.log"), Path::new(""));
        assert_eq!(folder("a/x?/b"), Path::new("a"));
        assert!(FileGlob::new("a[").is_err());
        assert!(!FileGlob::new("*.log").expect("a glob").is_match(Path::new("a/b.log")));
    }
}
