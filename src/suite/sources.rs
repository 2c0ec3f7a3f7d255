//! [`Sources`]: the files that a suite is written in, as one stretch of text. A span of any of them
//! says by its offset alone in which file it stands.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place, Source};
use crate::suite::Lines;

/// The files of a suite, the suite's own first.
#[derive(Debug, Clone)]
pub struct Sources {
    files: Vec<File>,
}

#[derive(Debug, Clone)]
struct File {
    base: usize,
    source: Source,
    /// Its name, for everything that says where it stands.
    name: Arc<str>,
    lines: Lines,
    /// Its folder, relative to that of the suite's own file.
    folder: PathBuf,
}

impl PartialEq for Sources {
    fn eq(&self, other: &Self) -> bool {
        self.all().eq(other.all())
    }
}

impl Sources {
    pub(crate) fn new(main: Source) -> Self {
        let lines = Lines::new(&main.text);
        let name = main.name.as_str().into();
        Self { files: vec![File { base: 0, source: main, name, lines, folder: PathBuf::new() }] }
    }

    /// Adds an included file. Returns what is added to each of its offsets.
    pub(super) fn add(&mut self, source: Source, folder: PathBuf) -> usize {
        let last = self.files.last().expect("the suite's own file is always there");
        // One between them, so that the end of one is not the start of the next.
        let base = last.base + last.source.text.len() + 1;
        let lines = Lines::new(&source.text);
        let name = source.name.as_str().into();
        self.files.push(File { base, source, name, lines, folder });
        base
    }

    /// The suite's own file.
    #[must_use]
    pub fn main(&self) -> &Source {
        &self.files[0].source
    }

    /// Every file, the suite's own first, in the order of inclusion.
    pub fn all(&self) -> impl Iterator<Item = &Source> {
        self.files.iter().map(|file| &file.source)
    }

    fn of(&self, offset: usize) -> &File {
        let at = self.files.partition_point(|file| file.base <= offset);
        &self.files[at.saturating_sub(1)]
    }

    /// The file that `offset` stands in.
    #[must_use]
    pub fn source(&self, offset: usize) -> &Source {
        &self.of(offset).source
    }

    /// The name of the file that `offset` stands in.
    #[must_use]
    pub fn name(&self, offset: usize) -> Arc<str> {
        Arc::clone(&self.of(offset).name)
    }

    /// The line of `offset` in its file, from 1.
    #[must_use]
    pub fn line(&self, offset: usize) -> u32 {
        let file = self.of(offset);
        file.lines.line(offset - file.base)
    }

    /// The folder of the file that `offset` stands in, relative to the suite's.
    #[must_use]
    pub fn folder(&self, offset: usize) -> &Path {
        &self.of(offset).folder
    }

    /// The place of `span` in its file.
    #[must_use]
    pub fn place(&self, span: &Range<usize>, label: impl Into<String>) -> Place {
        let file = self.of(span.start);
        let end = span.end.max(span.start);
        let local = span.start - file.base..end - file.base;
        Place { source: file.source.clone(), span: local, label: label.into() }
    }

    /// Sorts what is wrong as it stands in the files.
    pub(crate) fn sort(&self, diagnostics: &mut [Diagnostic]) {
        diagnostics.sort_by_key(|it| it.place.as_ref().map_or(usize::MAX, |place| self.offset(place)));
    }

    /// Where a place stands among those of all files: for sorting.
    fn offset(&self, place: &Place) -> usize {
        let file = self.files.iter().find(|file| file.source.name == place.source.name);
        file.map_or(usize::MAX, |file| file.base + place.span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_finds_its_file_and_the_place_in_it() {
        let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.into() };
        let mut sources = Sources::new(source("a", "x\ny"));
        let base = sources.add(source("d/b", "1\n2\n3"), PathBuf::from("d"));
        assert_eq!((sources.line(2), sources.source(2).name.as_str()), (2, "a"));
        assert_eq!((sources.line(3), sources.source(3).name.as_str()), (2, "a"), "the end belongs to it");
        assert_eq!((sources.line(base), sources.source(base).name.as_str()), (1, "d/b"));
        assert_eq!((sources.line(base + 4), sources.folder(base + 4)), (3, Path::new("d")));
        let place = sources.place(&(base + 2..base + 3), "here");
        assert_eq!((place.span.clone(), sources.offset(&place)), (2..3, base + 2));
    }
}
