//! Files that a suite includes: found beside it, inside of its folder or of one that the operator
//! names.

use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;

use super::natural;
use super::resolver::path_shown;
use crate::diagnostic::Source;
use crate::resolve::{FileKind, Files};
use crate::suite::{IncludeError, Included, Includes, SuiteFormat};

/// Where a suite's included files are.
pub(super) struct Beside<'a> {
    /// The suite's folder without links.
    pub(super) root: &'a Path,
    /// The suite's own file, as the user named it.
    pub(super) name: &'a str,
    /// Folders, without links, that files may be in besides the suite's own.
    pub(super) allowed: Vec<PathBuf>,
    pub(super) files: &'a dyn Files,
}

fn error(message: impl Into<String>, help: &str) -> IncludeError {
    IncludeError { message: message.into(), help: help.to_owned() }
}

impl Includes for Beside<'_> {
    fn find(&self, pattern: &str, folder: &Path) -> Result<Vec<Included>, IncludeError> {
        let relative = clean(&folder.join(pattern));
        if Path::new(pattern).is_absolute() {
            return Err(error(
                format!("`{}` is absolute", path_shown(Path::new(pattern))),
                "write a path relative to this file",
            ));
        }
        if !pattern.contains(['*', '?', '[', '{']) {
            return self.file(&relative).map(|file| vec![file]);
        }
        let mut found = self.matches(&relative)?;
        found.sort_by(|left, right| natural::compare(&left.to_string_lossy(), &right.to_string_lossy()));
        found.iter().map(|path| self.file(path)).collect()
    }

    fn own(&self) -> PathBuf {
        let file = Path::new(self.name).file_name().unwrap_or_default();
        self.files.canonical(&self.root.join(file)).unwrap_or_else(|_| self.root.join(file))
    }
}

impl Beside<'_> {
    /// Every file that a glob matches, relative to the suite's folder.
    fn matches(&self, pattern: &Path) -> Result<Vec<PathBuf>, IncludeError> {
        let text = pattern.to_string_lossy();
        let special =
            |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
        let base: PathBuf = pattern.components().take_while(|part| !special(part)).collect();
        let matcher = GlobBuilder::new(&text)
            .literal_separator(true)
            .build()
            .map_err(|wrong| error(format!("this is no glob: {}", wrong.kind()), "write `common/*.yaml`"))?
            .compile_matcher();
        let nothing = || error("this glob matches no file", "globs are relative to the file that includes");
        let folder = self.root.join(&base);
        // Not even the names in a folder that is out of bounds are anybody's business.
        self.check_inside(&self.files.canonical(&folder).map_err(|_| nothing())?, &base)?;
        let listed = self.files.list(&folder).map_err(|_| nothing())?;
        let own = self.own();
        let found: Vec<_> = listed
            .into_iter()
            .map(|path| base.join(path))
            .filter(|path| matcher.is_match(path))
            // `*.yaml` beside the suite does not mean the suite itself.
            .filter(|path| self.files.canonical(&self.root.join(path)).is_ok_and(|path| path != own))
            .collect();
        if found.is_empty() { Err(nothing()) } else { Ok(found) }
    }

    fn file(&self, relative: &Path) -> Result<Included, IncludeError> {
        let shown = path_shown(relative);
        let whole = self.root.join(relative);
        let missing = || {
            error(
                format!("the file `{shown}` does not exist"),
                "paths are relative to the file that includes",
            )
        };
        let identity = self.files.canonical(&whole).map_err(|_| missing())?;
        self.check_inside(&identity, relative)?;
        if self.files.kind(&identity) == Some(FileKind::Folder) {
            return Err(error(
                format!("`{shown}` is a folder, not a file"),
                &format!("write `{shown}/*.yaml`"),
            ));
        }
        let content = self
            .files
            .read(&identity)
            .map_err(|wrong| error(format!("the file `{shown}` cannot be read: {wrong}"), ""))?;
        let text = std::str::from_utf8(&content.bytes)
            .map_err(|_| error(format!("the file `{shown}` is not UTF-8"), ""))?;
        let parent = Path::new(self.name).parent().unwrap_or(Path::new(""));
        let name = clean(&parent.join(relative));
        Ok(Included {
            identity,
            folder: relative.parent().unwrap_or(Path::new("")).to_owned(),
            source: Source { name: name.to_string_lossy().into_owned(), text: text.into() },
            format: SuiteFormat::of(&relative.to_string_lossy()),
        })
    }

    fn check_inside(&self, path: &Path, relative: &Path) -> Result<(), IncludeError> {
        let allowed = self.allowed.iter().any(|folder| path.starts_with(folder));
        if allowed || path.starts_with(self.root) {
            return Ok(());
        }
        let shown = path_shown(relative);
        Err(error(
            format!("`{shown}` is outside of the suite's folder"),
            "allow its folder with --include-root DIR, or move the file",
        ))
    }
}

/// Without `.`, and with `..` only at its start.
fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_path_climbs_at_its_start_only() {
        for (path, cleaned) in
            [("a/./b", "a/b"), ("a/../b", "b"), ("../a/../b", "../b"), ("a/../../b", "../b")]
        {
            assert_eq!(clean(Path::new(path)), Path::new(cleaned), "{path}");
        }
    }
}
