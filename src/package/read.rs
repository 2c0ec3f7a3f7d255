//! [`import`]: from a folder to the suite it amounts to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::Folder;
use super::{Kind, Program, Timing, classroom, detect, dmoj, document, kattis, pairs};
use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::resolve::Files;
use crate::suite::{Node, Value};

/// The suite that a package amounts to.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What the package is.
    pub kind: Kind,
    /// The suite, as YAML; its paths are relative to the package.
    pub document: String,
    /// Files beside the suite that the package has in an archive only, relative to the package.
    pub files: Vec<(PathBuf, Arc<[u8]>)>,
    /// What people should know: what was assumed where the package says nothing.
    pub notes: Vec<String>,
    /// How its limit of time and its reference solutions belong together.
    pub timing: Option<Timing>,
    /// Whether the suite reads files of the package, so that it must stand in its folder.
    pub needs_folder: bool,
}

/// Reads a package. `program` is what the suite is to build and run.
///
/// # Errors
/// Everything that is wrong with the package, or that a suite cannot say.
pub fn import(
    path: &Path,
    program: Option<&Program>,
    files: &dyn Files,
) -> Result<Imported, Vec<Diagnostic>> {
    let Some(kind) = detect(path, files) else {
        let message = format!("`{}` is no package", path.display());
        let help =
            "a package has problem.yaml, init.yml, autograding.json, or NAME.in beside NAME.ans".to_owned();
        return Err(vec![Diagnostic { code: Code::InvalidInput, message, place: None, other: None, help }]);
    };
    let mut folder = Folder::open(files, path)?;
    let problem = match kind {
        Kind::Kattis => kattis::read(&mut folder),
        Kind::Dmoj => dmoj::read(&mut folder),
        Kind::Classroom => classroom::read(&mut folder),
        Kind::Pairs => pairs::read(&mut folder),
    };
    let problem = match problem {
        Some(problem) if folder.errors.is_empty() => problem,
        _ => {
            if folder.errors.is_empty() {
                folder.error("the package cannot be read", "");
            }
            return Err(folder.errors);
        }
    };
    let guessed = Program::default();
    let document = document::write(&problem, program.unwrap_or(&guessed));
    Ok(Imported {
        kind,
        document,
        files: problem.files.iter().map(|(path, bytes)| (PathBuf::from(path), Arc::clone(bytes))).collect(),
        notes: problem.notes.clone(),
        timing: problem.timing,
        needs_folder: kind != Kind::Classroom,
    })
}

/// The value of a key of a map.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

/// A scalar as it was written.
pub(super) fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::Bool(flag) => Some(flag.to_string()),
        other => other.written().map(str::to_owned),
    }
}

/// A number.
pub(super) fn number(node: &Node) -> Option<f64> {
    scalar(node)?.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A list of scalars, or one.
pub(super) fn words(node: &Node) -> Option<Vec<String>> {
    match &node.value {
        Value::List(items) => items.iter().map(scalar).collect(),
        _ => Some(vec![scalar(node)?]),
    }
}

/// A flag.
pub(super) fn flag(node: &Node) -> Option<bool> {
    match node.value {
        Value::Bool(flag) => Some(flag),
        _ => None,
    }
}
