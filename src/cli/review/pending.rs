//! Changes that nobody has decided on: `expected/3.out.new` beside `expected/3.out`, and
//! `grade.yaml.new` with the texts that stand in `grade.yaml` itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::accept::Refused;
use super::change::{Change, resolved};
use super::folder::Folder;
use crate::judge::CheckTarget;
use crate::resolve::ResolvedCase;

/// The texts of a suite that are pending: `grade.yaml.new`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    schema: String,
    changes: Vec<Text>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    /// The case.
    id: String,
    /// `stdout`, `stderr`, or the path of a file.
    target: String,
    /// What is expected when this is accepted.
    text: String,
}

const SCHEMA: &str = "capsule-run/pending/1";

fn new_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn texts_name(suite: &Path) -> PathBuf {
    new_name(Path::new(suite.file_name().unwrap_or_default()))
}

/// Keeps what a run found changed, and forgets what was pending of cases that have passed since.
/// Returns how many are pending now because of this run, and those that could not be kept.
pub(in crate::cli) fn keep(changes: &[Change], passed: &[Arc<ResolvedCase>]) -> (usize, Vec<Refused>) {
    let mut refused = Vec::new();
    let suites: BTreeSet<&str> = passed
        .iter()
        .map(|case| &*case.file)
        .chain(changes.iter().map(|change| &*change.case.file))
        .collect();
    let mut kept = 0;
    for suite in suites {
        let of_suite: Vec<_> = changes.iter().filter(|change| *change.case.file == *suite).collect();
        let passed: Vec<_> = passed.iter().filter(|case| *case.file == *suite).collect();
        match keep_in(Path::new(suite), &of_suite, &passed, &mut refused) {
            Ok(count) => kept += count,
            Err(error) => refused.push(Refused { id: suite.to_owned(), why: error.to_string() }),
        }
    }
    (kept, refused)
}

fn keep_in(
    suite: &Path,
    changes: &[&Change],
    passed: &[&Arc<ResolvedCase>],
    refused: &mut Vec<Refused>,
) -> io::Result<usize> {
    let folder = Folder::of(suite)?;
    let mut texts = read_texts(&folder, suite)?;
    let before = texts.changes.clone();
    let mut kept = 0;
    let mut written: BTreeMap<&Path, &[u8]> = BTreeMap::new();
    for case in passed {
        texts.changes.retain(|text| *text.id != *case.id.0);
        for change in resolved(case, |_, _| Some(Vec::new())) {
            if let Some(file) = &change.file {
                folder.remove(&new_name(file))?;
            }
        }
    }
    for change in changes {
        let mut no = |why: &str| {
            refused.push(Refused {
                id: change.case.id.to_string(),
                why: format!("{}: {why}", change.target.name()),
            });
        };
        match (&change.file, std::str::from_utf8(&change.new)) {
            (Some(file), _) => match written.insert(file, &change.new) {
                Some(other) if other != change.new => {
                    no("another case expects the same file, and got something else")
                }
                Some(_) => kept += 1,
                None => match folder.write(&new_name(file), &change.new) {
                    Ok(()) => kept += 1,
                    Err(error) => no(&format!("{}: {error}", file.display())),
                },
            },
            (None, Ok(text)) => {
                let id = change.case.id.to_string();
                let target = change.target.name().to_owned();
                texts.changes.retain(|other| other.id != id || other.target != target);
                texts.changes.push(Text { id, target, text: text.to_owned() });
                kept += 1;
            }
            (None, Err(_)) => no("it is not UTF-8: put it into a file beside the suite"),
        }
    }
    if texts.changes != before {
        write_texts(&folder, suite, &texts)?;
    }
    Ok(kept)
}

/// Everything that is pending for these cases, in their order.
///
/// # Errors
/// A file of what is pending cannot be read, or is none of ours.
pub(in crate::cli) fn load(cases: &[Arc<ResolvedCase>]) -> io::Result<Vec<Change>> {
    let mut folders: BTreeMap<String, (Folder, Texts)> = BTreeMap::new();
    let mut found = Vec::new();
    for case in cases {
        if !folders.contains_key(&*case.file) {
            let suite = Path::new(&*case.file);
            let folder = Folder::of(suite)?;
            let texts = read_texts(&folder, suite)?;
            folders.insert(case.file.to_string(), (folder, texts));
        }
        let Some((folder, texts)) = folders.get(&*case.file) else { continue };
        let mut wrong = None;
        found.extend(resolved(case, |target, expected| {
            if expected.source == "the suite" {
                return texts.of(&case.id.0, target);
            }
            let name = new_name(Path::new(&expected.source));
            folder.read(&name).unwrap_or_else(|error| {
                wrong = Some(io::Error::new(error.kind(), format!("{}: {error}", name.display())));
                None
            })
        }));
        if let Some(error) = wrong {
            return Err(error);
        }
    }
    Ok(found)
}

/// These are decided: they are pending no more.
///
/// # Errors
/// A file cannot be written or removed.
pub(in crate::cli) fn forget(changes: &[&Change]) -> io::Result<()> {
    for change in changes {
        let suite = change.suite();
        let folder = Folder::of(suite)?;
        match &change.file {
            Some(file) => folder.remove(&new_name(file))?,
            None => {
                let mut texts = read_texts(&folder, suite)?;
                let gone = |text: &Text| *text.id == *change.case.id.0 && text.target == change.target.name();
                texts.changes.retain(|text| !gone(text));
                write_texts(&folder, suite, &texts)?;
            }
        }
    }
    Ok(())
}

impl Texts {
    fn of(&self, id: &str, target: &CheckTarget) -> Option<Vec<u8>> {
        let found = self.changes.iter().find(|text| text.id == id && text.target == target.name())?;
        Some(found.text.clone().into_bytes())
    }
}

fn read_texts(folder: &Folder, suite: &Path) -> io::Result<Texts> {
    let name = texts_name(suite);
    let Some(bytes) = folder.read(&name)? else { return Ok(Texts::default()) };
    let texts: Option<Texts> = serde_json::from_slice(&bytes).ok();
    texts.filter(|texts| texts.schema == SCHEMA).ok_or_else(|| {
        let reason = format!("{} is no list of pending changes: move it out of the way", name.display());
        io::Error::new(io::ErrorKind::InvalidData, reason)
    })
}

fn write_texts(folder: &Folder, suite: &Path, texts: &Texts) -> io::Result<()> {
    let name = texts_name(suite);
    if texts.changes.is_empty() {
        return folder.remove(&name);
    }
    let texts = Texts { schema: SCHEMA.to_owned(), changes: texts.changes.clone() };
    let json = serde_json::to_string_pretty(&texts).map_err(io::Error::other)?;
    folder.write(&name, format!("{json}\n").as_bytes())
}
