//! Which kind of package a folder is.

use std::path::Path;

use crate::resolve::{FileKind, Files};

/// A kind of package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `problem.yaml`: Kattis, ICPC, DOMjudge.
    Kattis,
    /// `init.yml`: DMOJ.
    Dmoj,
    /// `autograding.json`: GitHub Classroom.
    Classroom,
    /// `NAME.in` beside `NAME.ans` or `NAME.out`.
    Pairs,
}

/// Where GitHub keeps its tests.
pub(super) const AUTOGRADING: [&str; 2] = [".github/classroom/autograding.json", "autograding.json"];

/// Which kind of package stands in the folder `path`, if any.
#[must_use]
pub fn detect(path: &Path, files: &dyn Files) -> Option<Kind> {
    let has = |name: &str| files.kind(&path.join(name)) == Some(FileKind::File);
    if has("problem.yaml") {
        Some(Kind::Kattis)
    } else if has("init.yml") {
        Some(Kind::Dmoj)
    } else if AUTOGRADING.into_iter().any(has) {
        Some(Kind::Classroom)
    } else {
        let listed = files.list(path).ok()?;
        let input = |path: &Path| path.extension().is_some_and(|extension| extension == "in");
        let answered = |input: &Path| {
            ["ans", "out"].iter().any(|answer| files.kind(&path.join(input.with_extension(answer))).is_some())
        };
        listed.iter().any(|path| input(path) && answered(path)).then_some(Kind::Pairs)
    }
}
