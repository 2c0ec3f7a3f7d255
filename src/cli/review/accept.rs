//! Accepting changes: what is expected becomes what came. A file is replaced; a text in the suite
//! is changed where it stands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::change::Change;
use super::folder::Folder;
use crate::diagnostic::Source;
use crate::judge::CheckTarget;
use crate::suite::{ExpectedOf, SuiteFormat, find_text, replace_text};

/// A change that was not made, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Refused {
    /// The case's id.
    pub(in crate::cli) id: String,
    /// Why.
    pub(in crate::cli) why: String,
}

/// Makes these changes; returns how many were made, and those that were not. Cases that share what
/// they expect must agree on the new one.
pub(in crate::cli) fn accept(changes: &[&Change]) -> (usize, Vec<Refused>) {
    let mut by_suite: BTreeMap<&Path, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        by_suite.entry(change.suite()).or_default().push(change);
    }
    let mut done = 0;
    let mut refused = Vec::new();
    for (suite, changes) in by_suite {
        match Folder::of(suite) {
            Ok(folder) => {
                let (files, texts): (Vec<_>, Vec<_>) =
                    changes.into_iter().partition(|one| one.file.is_some());
                done += accept_files(&folder, &files, &mut refused);
                done += accept_texts(&folder, suite, &texts, &mut refused);
            }
            Err(error) => refuse(&mut refused, &changes, &error.to_string()),
        }
    }
    (done, refused)
}

fn refuse(refused: &mut Vec<Refused>, changes: &[&Change], why: &str) {
    refused.extend(changes.iter().map(|change| {
        let place = change.file.as_ref().map(|file| format!("{}: ", file.display()));
        let why = format!("{}: {}{why}", change.target.name(), place.unwrap_or_default());
        Refused { id: change.case.id.to_string(), why }
    }));
}

fn accept_files(folder: &Folder, changes: &[&Change], refused: &mut Vec<Refused>) -> usize {
    let mut by_file: BTreeMap<PathBuf, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        by_file.entry(change.file.clone().unwrap_or_default()).or_default().push(change);
    }
    let mut done = 0;
    for (path, changes) in by_file {
        match accept_file(folder, &path, &changes) {
            Ok(()) => done += changes.len(),
            Err(why) => refuse(refused, &changes, &why),
        }
    }
    done
}

fn accept_file(folder: &Folder, path: &Path, changes: &[&Change]) -> Result<(), String> {
    let Some(first) = agreed(changes) else { return Err(DISAGREE.to_owned()) };
    let words = |error: std::io::Error| error.to_string();
    match folder.read(path).map_err(words)? {
        Some(now) if *now == *first.old => folder.write(path, &first.new).map_err(words),
        Some(now) if now == first.new => Ok(()),
        _ => Err("it is not what it was when the case was run".to_owned()),
    }
}

const DISAGREE: &str = "other cases expect the same, and got something else";

fn agreed<'a>(changes: &[&'a Change]) -> Option<&'a Change> {
    let (first, others) = changes.split_first()?;
    others.iter().all(|other| other.new == first.new).then_some(*first)
}

fn accept_texts(folder: &Folder, suite: &Path, changes: &[&Change], refused: &mut Vec<Refused>) -> usize {
    if changes.is_empty() {
        return 0;
    }
    let name = suite.file_name().map(PathBuf::from).unwrap_or_default();
    let text = match read_text(folder, &name) {
        Ok(text) => text,
        Err(why) => {
            refuse(refused, changes, &why);
            return 0;
        }
    };
    let mut source = Source { name: suite.display().to_string(), text: text.as_str().into() };
    let format = SuiteFormat::of(&source.name);
    let mut by_place: BTreeMap<(usize, usize), Vec<&Change>> = BTreeMap::new();
    for change in changes {
        match place(&source, format, change) {
            Ok(span) => by_place.entry((span.start, span.end)).or_default().push(change),
            Err(why) => refuse(refused, &[*change], &why),
        }
    }
    let mut made: Vec<&Change> = Vec::new();
    // From the last to the first: the places before it stay where they are.
    for ((start, end), changes) in by_place.into_iter().rev() {
        match edited(&source, format, &(start..end), &changes) {
            Ok(text) => {
                source.text = text.as_str().into();
                made.extend(changes);
            }
            Err(why) => refuse(refused, &changes, &why),
        }
    }
    if made.is_empty() {
        return 0;
    }
    match folder.write(&name, source.text.as_bytes()) {
        Ok(()) => made.len(),
        Err(error) => {
            refuse(refused, &made, &error.to_string());
            0
        }
    }
}

fn read_text(folder: &Folder, name: &Path) -> Result<String, String> {
    match folder.read(name) {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| "the suite is not UTF-8".to_owned()),
        Ok(None) => Err("the suite file is gone".to_owned()),
        Err(error) => Err(format!("the suite file: {error}")),
    }
}

fn place(source: &Source, format: SuiteFormat, change: &Change) -> Result<Range<usize>, String> {
    let of = match &change.target {
        CheckTarget::Stderr => ExpectedOf::Stderr,
        CheckTarget::File(path) => ExpectedOf::File(path),
        _ => ExpectedOf::Stdout,
    };
    let old = std::str::from_utf8(&change.old).map_err(|error| error.to_string())?;
    find_text(source, format, change.case.line, of, old).map_err(|error| error.to_string())
}

fn edited(
    source: &Source,
    format: SuiteFormat,
    span: &Range<usize>,
    changes: &[&Change],
) -> Result<String, String> {
    let Some(first) = agreed(changes) else { return Err(DISAGREE.to_owned()) };
    let new = std::str::from_utf8(&first.new)
        .map_err(|_| "it is not UTF-8: put it into a file beside the suite".to_owned())?;
    replace_text(source, format, span, new).map_err(|error| error.to_string())
}
