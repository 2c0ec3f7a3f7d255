//! The files of a submission against what must and must not stand in them. Nothing is run.

use crate::judge::{Check, CheckTarget, Code, Details, Pattern, Status, Verdict, not_run};
use crate::units::{Bytes, visible_line};

/// How many places of one rule are named.
const MAX_PLACES: usize = 5;

/// What the files of a submission must and must not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceCheck {
    /// Globs of the files that are looked at, relative to the submission.
    pub files: Vec<String>,
    /// Regular expressions that no line of them may match.
    pub forbidden: Vec<SourceRule>,
    /// Regular expressions each of which a line of one of them must match.
    pub required: Vec<SourceRule>,
    /// The most bytes of all of them together.
    pub max_size: Option<u64>,
    /// The most lines of all of them together.
    pub max_lines: Option<u64>,
    /// The most bytes of one line.
    pub max_columns: Option<u64>,
    /// The most files.
    pub max_files: Option<u64>,
}

/// One regular expression, and what is said when it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRule {
    /// The regular expression; checked when the suite was read.
    pub pattern: String,
    /// Why, in the author's words.
    pub why: Option<String>,
}

/// A file of the submission that a glob matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the submission; untrusted.
    pub path: String,
    /// Its bytes, or why there are none.
    pub content: Result<Vec<u8>, SourceProblem>,
}

/// Why a file is not looked at. It then fails what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceProblem {
    /// A link, which is never followed.
    Link,
    /// A FIFO, a device, a socket.
    NotRegular,
    /// It cannot be read.
    Unreadable(String),
}

/// The verdict on the files. `too_many`: there is more than anybody looks at.
pub fn source(check: &SourceCheck, files: &[SourceFile], too_many: Option<&str>) -> Verdict {
    let mut checks = Vec::new();
    checks.extend(too_many.map(|what| failed("files", what.to_owned())));
    checks.push(found(check, files));
    checks.extend(files.iter().filter_map(problem));
    checks.extend(check.forbidden.iter().map(|rule| forbidden(rule, files)));
    checks.extend(check.required.iter().map(|rule| required(rule, files)));
    checks.extend(sizes(check, files));
    let failed = checks.iter().find(|check| !check.ok);
    let (status, code) = match failed {
        Some(_) => (Status::Failed, Some(Code::SourceRefused)),
        None => (Status::Passed, None),
    };
    let file = failed.and_then(|check| match &check.target {
        CheckTarget::Source(path) if files.iter().any(|file| visible(&file.path) == *path) => {
            Some(path.clone())
        }
        _ => None,
    });
    let message = failed.map_or_else(|| passed(files), |check| check.message.clone());
    let details = Details { file, ..Details::default() };
    Verdict { status, code, details, checks, ..not_run(None, message, None) }
}

fn passed(files: &[SourceFile]) -> String {
    let s = if files.len() == 1 { "" } else { "s" };
    format!("{} file{s} looked at", files.len())
}

fn visible(path: &str) -> String {
    visible_line(path.as_bytes())
}

fn row(target: &str, ok: bool, message: String) -> Check {
    Check {
        target: CheckTarget::Source(target.to_owned()),
        ok,
        message,
        compare: "",
        expected_from: String::new(),
        difference: None,
    }
}

fn failed(target: &str, message: String) -> Check {
    row(target, false, message)
}

fn found(check: &SourceCheck, files: &[SourceFile]) -> Check {
    let globs = check.files.join(", ");
    let none = || format!("no file of the submission matches {globs}");
    row("files", !files.is_empty(), if files.is_empty() { none() } else { passed(files) })
}

fn problem(file: &SourceFile) -> Option<Check> {
    let path = visible(&file.path);
    let what = match file.content.as_ref().err()? {
        SourceProblem::Link => "is a symbolic link, which is never followed".to_owned(),
        SourceProblem::NotRegular => "is not a regular file".to_owned(),
        SourceProblem::Unreadable(why) => format!("cannot be read: {}", visible(why)),
    };
    Some(failed(&path, format!("{path} {what}")))
}

/// The lines of the files that can be read: path, number from 1, bytes.
fn lines(files: &[SourceFile]) -> impl Iterator<Item = (&str, usize, &[u8])> {
    files.iter().filter_map(|file| Some((file, file.content.as_ref().ok()?))).flat_map(|(file, bytes)| {
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let lines = body.split(|&b| b == b'\n').filter(|_| !bytes.is_empty());
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        (1..).zip(lines).map(|(number, line)| (file.path.as_str(), number, line))
    })
}

fn said(rule: &SourceRule) -> String {
    match &rule.why {
        Some(why) => visible(why),
        None => format!("`{}`", visible(&rule.pattern)),
    }
}

fn forbidden(rule: &SourceRule, files: &[SourceFile]) -> Check {
    let Ok(pattern) = Pattern::new(&rule.pattern) else { return no_pattern(rule) };
    let mut places = lines(files).filter(|(_, _, line)| pattern.is_match(line));
    let first: Vec<_> = places.by_ref().take(MAX_PLACES).collect();
    let Some((path, _, _)) = first.first() else {
        return row("forbidden", true, format!("forbidden: {} is nowhere", said(rule)));
    };
    let more = if places.next().is_some() { " and more" } else { "" };
    let named: Vec<_> = first.iter().map(|(path, line, _)| format!("{}:{line}", visible(path))).collect();
    failed(&visible(path), format!("forbidden: {} (at {}{more})", said(rule), named.join(", ")))
}

fn required(rule: &SourceRule, files: &[SourceFile]) -> Check {
    let Ok(pattern) = Pattern::new(&rule.pattern) else { return no_pattern(rule) };
    match lines(files).find(|(_, _, line)| pattern.is_match(line)) {
        Some((path, line, _)) => {
            row(&visible(path), true, format!("required: {} (at {}:{line})", said(rule), visible(path)))
        }
        None => failed("required", format!("required and missing: {}", said(rule))),
    }
}

/// Patterns were checked when the suite was read; one that gets here all the same passes nobody.
fn no_pattern(rule: &SourceRule) -> Check {
    failed("pattern", format!("`{}` is no pattern", visible(&rule.pattern)))
}

fn sizes(check: &SourceCheck, files: &[SourceFile]) -> Vec<Check> {
    let bytes: u64 =
        files.iter().filter_map(|file| file.content.as_ref().ok()).map(|bytes| bytes.len() as u64).sum();
    let mut checks = Vec::new();
    let mut most = |name: &str, limit: Option<u64>, found: u64, shown: &dyn Fn(u64) -> String| {
        let Some(limit) = limit else { return };
        let message = if found <= limit {
            format!("{}, at most {}", shown(found), shown(limit))
        } else {
            format!("the files have {}, at most {} are allowed", shown(found), shown(limit))
        };
        checks.push(row(name, found <= limit, message));
    };
    let count = |what: &'static str| move |n: u64| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    most("max_files", check.max_files, files.len() as u64, &count("file"));
    most("max_size", check.max_size, bytes, &|n| Bytes(n).to_string());
    most("max_lines", check.max_lines, lines(files).count() as u64, &count("line"));
    let widest = lines(files).map(|(_, _, line)| line.len() as u64).max().unwrap_or(0);
    most("max_columns", check.max_columns, widest, &|n| format!("lines of {n} bytes"));
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), content: Ok(text.as_bytes().to_vec()) }
    }

    fn rule(pattern: &str) -> SourceRule {
        SourceRule { pattern: pattern.to_owned(), why: None }
    }

    fn check() -> SourceCheck {
        SourceCheck { files: vec!["*.c".to_owned()], ..SourceCheck::default() }
    }

    #[test]
    fn a_forbidden_line_is_named_with_its_places() {
        let check = SourceCheck { forbidden: vec![rule(r"\bgoto\b")], ..check() };
        let verdict = source(&check, &[file("a.c", "x\ngoto y;\n"), file("b.c", "gotox\n goto\r\n")], None);
        assert_eq!((verdict.status, verdict.code), (Status::Failed, Some(Code::SourceRefused)));
        assert_eq!(verdict.message, "forbidden: `\\bgoto\\b` (at a.c:2, b.c:2)");
        assert_eq!(verdict.details.file.as_deref(), Some("a.c"));
        assert_eq!(source(&check, &[file("a.c", "gotox\n")], None).status, Status::Passed);
    }

    #[test]
    fn what_is_required_must_stand_in_one_of_the_files() {
        let why = SourceRule { pattern: "qsort".to_owned(), why: Some("use qsort".to_owned()) };
        let check = SourceCheck { required: vec![why], ..check() };
        assert_eq!(source(&check, &[file("a.c", ""), file("b.c", "qsort(")], None).status, Status::Passed);
        let verdict = source(&check, &[file("a.c", "")], None);
        assert_eq!(verdict.message, "required and missing: use qsort");
    }

    #[test]
    fn links_and_missing_files_and_too_many_of_them_never_pass() {
        let link = SourceFile { path: "a\u{1b}.c".to_owned(), content: Err(SourceProblem::Link) };
        let verdict = source(&check(), &[link], None);
        assert_eq!(verdict.message, "a\\x1B.c is a symbolic link, which is never followed");
        assert_eq!(source(&check(), &[], None).message, "no file of the submission matches *.c");
        assert_eq!(source(&check(), &[file("a.c", "")], Some("too many")).status, Status::Failed);
    }

    #[test]
    fn sizes_are_counted_over_all_files() {
        let files = [file("a.c", "12345\n"), file("b.c", "1\n2")];
        let with = |check: SourceCheck| source(&check, &files, None);
        assert_eq!(with(SourceCheck { max_lines: Some(3), ..check() }).status, Status::Passed);
        assert_eq!(
            with(SourceCheck { max_lines: Some(2), ..check() }).message,
            "the files have 3 lines, at most 2 lines are allowed"
        );
        assert_eq!(with(SourceCheck { max_size: Some(9), ..check() }).status, Status::Passed);
        assert_eq!(with(SourceCheck { max_size: Some(8), ..check() }).status, Status::Failed);
        assert_eq!(with(SourceCheck { max_columns: Some(4), ..check() }).status, Status::Failed);
        assert_eq!(with(SourceCheck { max_files: Some(1), ..check() }).status, Status::Failed);
    }
}
