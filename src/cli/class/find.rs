//! [`find`]: which submissions a glob means, and what of them belongs to one student.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::lms;
use crate::archive::Format;
use crate::units::visible_line;

/// One submission, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Candidate {
    /// What it is called: the student's number where a system gave one, else the folder's or file's
    /// name. Unique in the class.
    pub(in crate::cli) label: String,
    /// The number that the system gave; the label elsewhere.
    pub(in crate::cli) student_id: String,
    /// The student's name, where the system says it.
    pub(in crate::cli) student_name: String,
    /// Whether the system says that it came late.
    pub(in crate::cli) late: bool,
    /// What it is made of: one folder, or files with the names under which they were handed in.
    pub(in crate::cli) parts: Vec<Part>,
}

/// A folder or file of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Part {
    /// Where it is.
    pub(in crate::cli) path: PathBuf,
    /// The name under which it was handed in.
    pub(in crate::cli) name: String,
    /// Whether a system put its own words before the name.
    pub(in crate::cli) downloaded: bool,
}

/// Deeper than any download.
const DEEPEST: usize = 16;
/// More entries than any class has.
const MOST: usize = 200_000;

/// Every submission that `glob` means, relative to `cwd`, in natural order.
///
/// # Errors
/// The glob makes no sense, nothing matches, or a folder cannot be listed; in words.
pub(in crate::cli) fn find(glob: &str, cwd: &Path) -> Result<Vec<Candidate>, String> {
    let shown = visible_line(glob.as_bytes());
    let glob = glob.trim_start_matches("./").trim_end_matches('/');
    let matcher = GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build();
    let matcher = matcher.map_err(|error| format!("--submissions: {error}"))?.compile_matcher();
    let (fixed, levels) = split(glob);
    let mut paths = Vec::new();
    walk(cwd, &fixed, levels, &mut |path| matcher.is_match(path), &mut paths)
        .map_err(|error| format!("--submissions `{shown}`: {error}"))?;
    paths.retain(|path| !is_hidden(path));
    if paths.is_empty() {
        return Err(format!("--submissions `{shown}` matches nothing"));
    }
    // A folder that matches is one submission; what matches inside of it is a part of that.
    paths.sort();
    let folders: Vec<PathBuf> = paths.iter().filter(|path| cwd.join(path).is_dir()).cloned().collect();
    paths.retain(|path| {
        !path
            .ancestors()
            .skip(1)
            .any(|above| folders.binary_search_by(|known| known.as_path().cmp(above)).is_ok())
    });
    Ok(group(paths, cwd))
}

/// The part of a glob without wildcards, and how deep the rest may go.
fn split(glob: &str) -> (PathBuf, usize) {
    let parts: Vec<&str> = glob.split('/').collect();
    let wild = |part: &&str| part.contains(['*', '?', '[', '{', '\\']);
    let at = parts.iter().position(wild).unwrap_or(parts.len().saturating_sub(1));
    let fixed = parts[..at].join("/");
    let fixed = if glob.starts_with('/') && fixed.is_empty() { "/".to_owned() } else { fixed };
    let levels = if glob.contains("**") || glob.contains('{') { DEEPEST } else { parts.len() - at };
    (PathBuf::from(fixed), levels)
}

fn walk(
    cwd: &Path,
    folder: &Path,
    levels: usize,
    matches: &mut dyn FnMut(&Path) -> bool,
    found: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let place = cwd.join(folder);
    let place = if place.as_os_str().is_empty() { PathBuf::from(".") } else { place };
    let entries = match std::fs::read_dir(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if matches(&path) {
            found.push(path.clone());
            if found.len() > MOST {
                return Err(io::Error::other(format!("more than {MOST} matches")));
            }
        } else if levels > 1 && entry.file_type()?.is_dir() {
            walk(cwd, &path, levels - 1, matches, found)?;
        }
    }
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.starts_with('.') || name == "__MACOSX"
}

/// Files of one student belong together; everything else stands for itself.
fn group(paths: Vec<PathBuf>, cwd: &Path) -> Vec<Candidate> {
    let mut of_systems: BTreeMap<(String, String), Candidate> = BTreeMap::new();
    let mut candidates = Vec::new();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = cwd.join(path);
        match lms::downloaded(&name) {
            Some(found) => {
                let key = (found.id.clone(), found.name.clone());
                let candidate = of_systems.entry(key).or_insert_with(|| Candidate {
                    label: found.id.clone(),
                    student_id: found.id.clone(),
                    student_name: found.name.clone(),
                    late: false,
                    parts: Vec::new(),
                });
                candidate.late |= found.late;
                candidate.parts.push(Part { path, name: found.file, downloaded: true });
            }
            None => {
                let label = Format::stem(&name);
                let label = match label.rsplit_once('.') {
                    Some((stem, _)) if label == name && !stem.is_empty() && path.is_file() => stem,
                    _ => label,
                };
                candidates.push(Candidate {
                    label: label.to_owned(),
                    student_id: label.to_owned(),
                    student_name: String::new(),
                    late: false,
                    parts: vec![Part { path, name, downloaded: false }],
                });
            }
        }
    }
    candidates.extend(of_systems.into_values().map(|mut candidate| {
        // By what they are called, not by when they were handed in.
        candidate.parts.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        candidate
    }));
    candidates.sort_by(|a, b| {
        natural(&a.label).cmp(&natural(&b.label)).then_with(|| a.parts[0].path.cmp(&b.parts[0].path))
    });
    unique(candidates)
}

/// 2 before 10.
fn natural(text: &str) -> Vec<(String, u128, String)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (words, after) = rest.split_at(digits);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()).min(38);
        let (number, after) = after.split_at(end);
        parts.push((words.to_owned(), number.parse().unwrap_or(0), number.to_owned()));
        rest = after;
    }
    parts
}

/// Two that are called the same (in different folders) are told apart by the folder they are in.
fn unique(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for candidate in &candidates {
        *seen.entry(candidate.label.clone()).or_default() += 1;
    }
    for candidate in &mut candidates {
        if seen.get(&candidate.label).is_some_and(|count| *count > 1) {
            let folder = candidate.parts[0].path.parent().and_then(Path::file_name);
            let before = folder.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let told =
                if candidate.student_name.is_empty() { before } else { candidate.student_name.clone() };
            candidate.label = format!("{told}/{}", candidate.label);
        }
    }
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for candidate in &mut candidates {
        let count = taken.entry(candidate.label.clone()).or_default();
        *count += 1;
        if *count > 1 {
            candidate.label = format!("{} ({count})", candidate.label);
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(names: &[&str]) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a temporary directory");
        for name in names {
            let path = place.path().join(name);
            if let Some(folder) = name.strip_suffix('/') {
                std::fs::create_dir_all(place.path().join(folder)).expect("writable");
            } else {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
                std::fs::write(path, "x").expect("writable");
            }
        }
        place
    }

    fn labels(glob: &str, place: &tempfile::TempDir) -> Vec<String> {
        let found = find(glob, place.path()).expect("a class");
        found.into_iter().map(|candidate| candidate.label).collect()
    }

    #[test]
    fn folders_archives_and_files_are_submissions_in_natural_order() {
        let place =
            class(&["in/s10/a.py", "in/s9/a.py", "in/bob.tar.gz", "in/eve.py", "in/.git/x", "other/x"]);
        assert_eq!(labels("in/*", &place), ["bob", "eve", "s9", "s10"]);
        assert_eq!(labels("./in/s*/", &place), ["s9", "s10"]);
        assert_eq!(labels("in/**", &place), ["bob", "eve", "s9", "s10"]);
        let absolute = format!("{}/in/s?", place.path().display());
        assert_eq!(labels(&absolute, &place), ["s9"]);
        assert!(find("in/nobody*", place.path()).is_err());
        assert!(find("in/[", place.path()).is_err());
    }

    #[test]
    fn files_of_one_student_belong_together_and_know_who_handed_them_in() {
        let place = class(&[
            "in/doejohn_12_501_sort.py",
            "in/doejohn_LATE_12_502_README",
            "in/roe_13_503_sort.py",
            "in/Ada L_7_assignsubmission_file_/sort.py",
        ]);
        let found = find("in/*", place.path()).expect("a class");
        let rows: Vec<_> = found
            .iter()
            .map(|it| (it.student_id.as_str(), it.student_name.as_str(), it.late, it.parts.len()))
            .collect();
        assert_eq!(rows, [("7", "Ada L", false, 1), ("12", "doejohn", true, 2), ("13", "roe", false, 1)]);
        assert_eq!(
            found[1].parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(),
            ["README", "sort.py"]
        );
    }

    #[test]
    fn two_of_the_same_name_are_told_apart() {
        let place = class(&["a/sort.py", "b/sort.py", "b/sort.c"]);
        assert_eq!(labels("*/sort.*", &place), ["a/sort", "b/sort", "b/sort (2)"]);
    }
}
