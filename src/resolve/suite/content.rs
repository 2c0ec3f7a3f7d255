//! Reading the files beside a suite: each once, never out of the submission.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::planned::Planned;
use super::resolver::{Resolver, path_shown};
use crate::judge::Code;
use crate::resolve::FileContent;

/// How many threads read files at a time, and how many files are worth a thread.
const MOST_READERS: usize = 8;
const WORTH_A_THREAD: usize = 256;

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

    /// Reads the inputs and answers that globs found, several at a time: there may be two hundred
    /// thousand of them, and most of the time goes into waiting for the system.
    pub(super) fn read_ahead(&mut self, planned: &[Planned<'_>]) {
        let files = planned.iter().filter_map(|case| case.from_file.as_ref());
        let paths: Vec<&Path> = files
            .flat_map(|file| [Some(&file.input), file.answer.as_ref().map(|answer| &answer.0)])
            .flatten()
            .map(PathBuf::as_path)
            .collect();
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_READERS);
        let share = paths.len().div_ceil(threads);
        if share < WORTH_A_THREAD {
            return;
        }
        let this = &*self;
        let read = |paths: &[&Path]| paths.iter().map(|path| this.read_now(path)).collect::<Vec<_>>();
        let contents: Vec<_> = std::thread::scope(|scope| {
            let readers: Vec<_> = paths.chunks(share).map(|paths| scope.spawn(move || read(paths))).collect();
            readers.into_iter().flat_map(|reader| reader.join().unwrap_or_default()).collect()
        });
        // A reader that died has read nothing: its files are read one by one, when they are needed.
        if contents.len() == paths.len() {
            self.ahead = paths.into_iter().map(Path::to_owned).zip(contents).collect();
        }
    }

    /// An input that a glob found: read once by the one case that it makes, so not kept.
    pub(super) fn read_input(&mut self, path: &Path, span: &Range<usize>) -> Option<Arc<[u8]>> {
        match self.ahead.remove(path).unwrap_or_else(|| self.read_now(path)) {
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
