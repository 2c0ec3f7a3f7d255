//! Reading the files of a submission for a check that runs nothing. They are untrusted: no link is
//! followed, nothing is waited for, everything has a bound.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::judge::{self, SourceCheck, SourceFile, SourceProblem, Verdict};
use crate::resolve::{ResolvedCase, Sources};

/// Entries of the submission that are looked at.
const MAX_ENTRIES: usize = 100_000;
/// Files that are read.
const MAX_FILES: usize = 10_000;
/// Bytes of all of them together.
const MAX_BYTES: u64 = 32 << 20;
/// Folders in folders.
const MAX_DEPTH: usize = 64;

/// The verdict on the files of the case's submission.
pub(super) fn verdict(case: &ResolvedCase, check: &SourceCheck) -> Verdict {
    let folder = match &case.sources {
        Sources::Empty => None,
        // The submission itself is at the bottom.
        Sources::Folders(folders) => folders.last(),
    };
    let mut found = Found::default();
    if let (Some(folder), Some(globs)) = (folder, globs(check)) {
        found.walk(folder, &globs);
    }
    found.files.sort_by(|left, right| left.path.cmp(&right.path));
    judge::source(check, &found.files, found.too_many)
}

fn globs(check: &SourceCheck) -> Option<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for glob in &check.files {
        set.add(GlobBuilder::new(glob).literal_separator(true).build().ok()?);
    }
    set.build().ok()
}

#[derive(Default)]
struct Found {
    files: Vec<SourceFile>,
    bytes: u64,
    entries: usize,
    too_many: Option<&'static str>,
}

impl Found {
    fn walk(&mut self, root: &Path, globs: &GlobSet) {
        let mut folders = vec![(PathBuf::new(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
            for entry in entries.flatten() {
                self.entries += 1;
                if self.entries > MAX_ENTRIES {
                    self.too_many = Some("the submission has too many files to look at");
                    return;
                }
                let path = folder.join(entry.file_name());
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    if depth < MAX_DEPTH {
                        folders.push((path, depth + 1));
                    } else {
                        self.too_many = Some("the submission has folders too deep to look at");
                    }
                } else if globs.is_match(&path) {
                    self.add(root, &path, kind);
                }
            }
        }
    }

    fn add(&mut self, root: &Path, path: &Path, kind: fs::FileType) {
        if self.files.len() >= MAX_FILES {
            self.too_many = Some("the submission has too many files to look at");
            return;
        }
        let content = if kind.is_symlink() {
            Err(SourceProblem::Link)
        } else if kind.is_file() {
            self.read(&root.join(path))
        } else {
            Err(SourceProblem::NotRegular)
        };
        self.files.push(SourceFile { path: path.to_string_lossy().into_owned(), content });
    }

    fn read(&mut self, path: &Path) -> Result<Vec<u8>, SourceProblem> {
        let unreadable = |error: io::Error| SourceProblem::Unreadable(error.to_string());
        let mut options = OpenOptions::new();
        // It may have become something else since it was listed.
        options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let file = options.open(path).map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(SourceProblem::NotRegular);
        }
        let left = MAX_BYTES - self.bytes;
        let mut bytes = Vec::new();
        file.take(left + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > left {
            self.too_many = Some("the submission has too much text to look at");
            self.bytes = MAX_BYTES;
            bytes.truncate(usize::try_from(left).unwrap_or(0));
        } else {
            self.bytes += bytes.len() as u64;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_fifos_and_files_of_other_names_are_not_read() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| root.path().join(name);
        fs::create_dir(path("sub")).expect("made");
        fs::write(path("a.c"), "int x;\n").expect("writable");
        fs::write(path("sub/b.c"), "int y;\n").expect("writable");
        fs::write(path("c.h"), "").expect("writable");
        std::os::unix::fs::symlink("/etc/passwd", path("link.c")).expect("made");
        std::os::unix::fs::symlink(root.path(), path("loop")).expect("made");
        nix::unistd::mkfifo(&path("fifo.c"), nix::sys::stat::Mode::S_IRWXU).expect("made");
        let check = SourceCheck { files: vec!["**/*.c".to_owned()], ..SourceCheck::default() };
        let mut found = Found::default();
        found.walk(root.path(), &globs(&check).expect("globs"));
        found.files.sort_by(|left, right| left.path.cmp(&right.path));
        let kinds: Vec<_> =
            found.files.iter().map(|file| (file.path.as_str(), file.content.is_ok())).collect();
        assert_eq!(kinds, [("a.c", true), ("fifo.c", false), ("link.c", false), ("sub/b.c", true)]);
        assert_eq!(found.files[1].content, Err(SourceProblem::NotRegular));
        assert_eq!(found.files[2].content, Err(SourceProblem::Link));
    }

    #[test]
    fn more_text_than_anybody_reads_never_passes() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let file = fs::File::create(root.path().join("a.c")).expect("writable");
        file.set_len(MAX_BYTES + 10).expect("sparse");
        let mut found = Found::default();
        let check = SourceCheck { files: vec!["*.c".to_owned()], ..SourceCheck::default() };
        found.walk(root.path(), &globs(&check).expect("globs"));
        assert!(found.too_many.is_some());
        assert_eq!(found.bytes, MAX_BYTES);
    }
}
