//! Reading the files beside a suite: each once, never out of the submission.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::resolver::{Resolver, path_shown};
use crate::judge::Code;
use crate::resolve::FileContent;

impl Resolver<'_> {
    /// The file at `path`, relative to the suite. What is wrong with it is said at `span`.
    pub(super) fn read_file(&mut self, path: &Path, span: &Range<usize>) -> Option<FileContent> {
        if !self.read.contains_key(path) {
            let mut content = self.read_now(path);
            if let Ok(content) = &mut content {
                content.bytes = self.keep(Arc::clone(&content.bytes));
            }
            self.read.insert(path.to_owned(), content);
        }
        match self.read.get(path)? {
            Ok(content) => Some(content.clone()),
            Err(message) => {
                let message = message.clone();
                let missing = message.ends_with("does not exist");
                let help = if missing { "paths are relative to the suite file" } else { "" };
                self.mistake(Code::OutOfRange, span, message, help);
                None
            }
        }
    }

    /// An input that a glob found: read once by the one case that it makes, so not kept.
    pub(super) fn read_input(&mut self, path: &Path, span: &Range<usize>) -> Option<Arc<[u8]>> {
        match self.read_now(path) {
            Ok(content) => Some(self.keep(content.bytes)),
            Err(message) => {
                self.mistake(Code::OutOfRange, span, message, "");
                None
            }
        }
    }

    fn read_now(&self, path: &Path) -> Result<FileContent, String> {
        let whole = self.root.join(path);
        let name = path_shown(path);
        if self.is_submitted(&whole) {
            return Err(format!(
                "the file `{name}` is part of the submission, which must not say what is expected of it"
            ));
        }
        self.files.read(&whole).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("the file `{name}` does not exist"),
            io::ErrorKind::IsADirectory => format!("`{name}` is a folder, not a file"),
            _ => format!("the file `{name}` cannot be read: {error}"),
        })
    }

    /// Whether `path` (below the suite's folder) belongs to the submission: it is not the author's.
    pub(super) fn is_submitted(&self, path: &Path) -> bool {
        self.submission.as_ref().is_some_and(|submission| path.starts_with(submission))
    }
}
