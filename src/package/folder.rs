//! [`Folder`]: a package as its reader sees it. Nothing outside of it is ever looked at: a file
//! that is a link to somewhere else is a mistake of the package, and said so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place, Source};
use crate::judge::Code;
use crate::resolve::{FileKind, Files};
use crate::suite::{Node, bad_name, parse_json, parse_yaml, shown};

/// A text of a package is never longer.
const LONGEST_TEXT: usize = 4 << 20;
/// A package never has more files.
const MOST_FILES: usize = 200_000;

/// The folder of a package.
pub(super) struct Folder<'a> {
    files: &'a dyn Files,
    root: PathBuf,
    /// As the user named it.
    name: String,
    paths: BTreeSet<String>,
    pub(super) errors: Vec<Diagnostic>,
}

/// A file of the package with a tree in it.
pub(super) struct Document {
    pub(super) source: Source,
    pub(super) root: Node,
}

impl<'a> Folder<'a> {
    /// Lists the package. What cannot be used is left out, and said where it is asked for.
    pub(super) fn open(files: &'a dyn Files, path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let name = shown(&path.to_string_lossy());
        let failed = |message: String| {
            vec![Diagnostic {
                code: Code::InvalidInput,
                message,
                place: None,
                other: None,
                help: String::new(),
            }]
        };
        let root =
            files.canonical(path).map_err(|error| failed(format!("`{name}` cannot be read: {error}")))?;
        let listed =
            files.list(&root).map_err(|error| failed(format!("`{name}` cannot be listed: {error}")))?;
        if listed.len() > MOST_FILES {
            return Err(failed(format!(
                "`{name}` has more than {MOST_FILES} files: it is no problem package"
            )));
        }
        let mut folder = Self { files, root, name, paths: BTreeSet::new(), errors: Vec::new() };
        for path in listed {
            folder.take_in(&path);
        }
        Ok(folder)
    }

    fn take_in(&mut self, path: &Path) {
        // Hidden files and names that nobody can type are no part of a package.
        let Some(text) = path.to_str().filter(|text| bad_name(text).is_none()) else { return };
        let hidden = |part: &str| part.starts_with('.') && part != ".timelimit" && part != ".github";
        if text.split('/').any(hidden) {
            return;
        }
        let whole = self.root.join(path);
        if self.files.kind(&whole) != Some(FileKind::File) {
            let inside = self.files.canonical(&whole).is_ok_and(|target| target.starts_with(&self.root));
            if !inside {
                self.error(
                    format!("`{}` is a link that leaves the package", shown(text)),
                    "put the file itself there",
                );
                return;
            }
        }
        self.paths.insert(text.to_owned());
    }

    /// Whether there is a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Every file below a folder, relative to the package, sorted.
    pub(super) fn below(&self, folder: &str) -> Vec<&str> {
        let prefix = format!("{folder}/");
        let from = self.paths.range(prefix.clone()..);
        from.take_while(|path| path.starts_with(&prefix)).map(String::as_str).collect()
    }

    /// Every file.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// What stands directly in a folder, files and folders, sorted.
    pub(super) fn entries(&self, folder: &str) -> BTreeSet<String> {
        let prefix = format!("{folder}/");
        let below = self.below(folder).into_iter();
        below.filter_map(|path| Some(path.strip_prefix(&prefix)?.split('/').next()?.to_owned())).collect()
    }

    /// Whether its owner may execute a file.
    pub(super) fn is_executable(&self, path: &str) -> bool {
        self.files.read(&self.root.join(path)).is_ok_and(|content| content.executable)
    }

    /// The bytes of a file that is there.
    pub(super) fn bytes(&mut self, path: &str) -> Option<Arc<[u8]>> {
        match self.files.read(&self.root.join(path)) {
            Ok(content) => Some(content.bytes),
            Err(error) => {
                self.error(format!("`{}` cannot be read: {error}", shown(path)), "");
                None
            }
        }
    }

    /// A text of the package.
    pub(super) fn text(&mut self, path: &str) -> Option<Source> {
        let bytes = self.bytes(path)?;
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= LONGEST_TEXT);
        let Some(text) = text else {
            self.error(format!("`{}` is no text of at most 4 MiB in UTF-8", shown(path)), "");
            return None;
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Some(Source { name: format!("{}/{path}", self.name), text: Arc::from(text) })
    }

    /// A YAML file, if it is there.
    pub(super) fn yaml(&mut self, path: &str) -> Option<Document> {
        if !self.has(path) {
            return None;
        }
        let source = self.text(path)?;
        match parse_yaml(&source) {
            Ok(root) => Some(Document { source, root }),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    /// A JSON file, if it is there.
    pub(super) fn json(&mut self, path: &str) -> Option<Document> {
        if !self.has(path) {
            return None;
        }
        let source = self.text(path)?;
        match parse_json(&source) {
            Ok(root) => Some(Document { source, root }),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    /// Something wrong with the package that has no place in a text.
    pub(super) fn error(&mut self, message: impl Into<String>, help: impl Into<String>) {
        let (message, help) = (message.into(), help.into());
        self.errors.push(Diagnostic { code: Code::InvalidInput, message, place: None, other: None, help });
    }

    /// Something wrong at a place.
    pub(super) fn error_at(
        &mut self,
        document: &Document,
        node: &Node,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = Place { source: document.source.clone(), span: node.span.clone(), label: String::new() };
        let (message, help) = (message.into(), help.into());
        self.errors.push(Diagnostic {
            code: Code::InvalidInput,
            message,
            place: Some(place),
            other: None,
            help,
        });
    }
}
