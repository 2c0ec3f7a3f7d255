//! Every expectation against what came out: a [`Check`] for each, also after the first that
//! failed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::judge::compare::compare;
use crate::judge::redact::redact;
use crate::judge::resource;
use crate::judge::{
    Check, CheckTarget, Compare, Difference, ExitExpectation, Expectation, Expected, FileExpectation,
    FileGlob, Redaction, StreamExpectation, signal_name,
};
use crate::sandbox::outcome::{Captured, CollectedFile, End, FileProblem, Ran};
use crate::units::{Bytes, visible_line};

/// All checks, in the order exit status, stdout, stderr, files, resources.
pub(super) fn checks(expectation: &Expectation, ran: &Ran) -> Vec<Check> {
    let found = Found { redact: &expectation.redact, ran };
    let mut checks = vec![exit(&expectation.exit, ran.end)];
    checks.extend(found.stream(&CheckTarget::Stdout, &expectation.stdout, &ran.stdout));
    checks.extend(found.stream(&CheckTarget::Stderr, &expectation.stderr, &ran.stderr));
    checks.extend(expectation.files.iter().map(|wanted| found.file(wanted)));
    checks.extend(expectation.resources.iter().map(|wanted| resource::check(wanted, ran)));
    checks
}

fn exit(expected: &ExitExpectation, end: End) -> Check {
    let ok = exit_matches(expected, end);
    let found = end_in_words(end);
    let message = if ok { found } else { format!("{found}, expected {}", exit_in_words(expected)) };
    Check {
        target: CheckTarget::Exit,
        ok,
        message,
        compare: "",
        expected_from: String::new(),
        difference: None,
    }
}

fn exit_matches(expected: &ExitExpectation, end: End) -> bool {
    match (expected, end) {
        (_, End::Killed) => false,
        (ExitExpectation::OneOf(statuses), End::Exited(status)) => statuses.contains(&status),
        (ExitExpectation::Nonzero, End::Exited(status)) => status != 0,
        (ExitExpectation::Not(unwanted), End::Exited(status)) => status != *unwanted,
        (ExitExpectation::Any, End::Exited(_)) => true,
        (ExitExpectation::Signal(wanted), End::Signaled { signal, .. }) => *wanted == signal,
        (ExitExpectation::Signal(_), End::Exited(_)) => false,
        (
            ExitExpectation::OneOf(_)
            | ExitExpectation::Nonzero
            | ExitExpectation::Not(_)
            | ExitExpectation::Any,
            End::Signaled { .. },
        ) => false,
    }
}

/// `exit 3`, `killed by SIGSEGV`.
pub(super) fn end_in_words(end: End) -> String {
    match end {
        End::Exited(status) => format!("exit {status}"),
        End::Signaled { signal, .. } => format!("killed by {}", signal_name(signal)),
        End::Killed => "killed with the whole sandbox".to_owned(),
    }
}

/// `0`, `one of 0, 3`, `a nonzero exit status`, `SIGSEGV`.
pub(super) fn exit_in_words(expected: &ExitExpectation) -> String {
    match expected {
        ExitExpectation::OneOf(statuses) => match statuses.as_slice() {
            [status] => status.to_string(),
            many => {
                let list: Vec<_> = many.iter().map(ToString::to_string).collect();
                format!("one of {}", list.join(", "))
            }
        },
        ExitExpectation::Nonzero => "a nonzero exit status".to_owned(),
        ExitExpectation::Not(status) => format!("any exit status but {status}"),
        ExitExpectation::Signal(signal) => signal_name(*signal),
        ExitExpectation::Any => "an exit status".to_owned(),
    }
}

/// What came out, and what is replaced in it before it is compared.
struct Found<'a> {
    redact: &'a [Redaction],
    ran: &'a Ran,
}

impl Found<'_> {
    fn stream(&self, target: &CheckTarget, expectation: &StreamExpectation, found: &Captured) -> Vec<Check> {
        let expected = match expectation {
            StreamExpectation::Any => return Vec::new(),
            StreamExpectation::Like(expected) => std::slice::from_ref(expected),
            StreamExpectation::Every(all) => all.as_slice(),
        };
        let found = redact(self.redact, &found.bytes);
        expected.iter().map(|expected| bytes(target.clone(), expected, &found)).collect()
    }

    /// That no file matches: of everything that was found below the folder of the glob.
    fn no_file(&self, wanted: &FileExpectation, glob: &FileGlob) -> Check {
        let pattern = path_in_words(&wanted.path);
        let folder = glob.folder();
        let is_folder = |file: &&CollectedFile| file.path == folder && file.content.is_err();
        match self.ran.files.iter().find(is_folder).map(|file| &file.content) {
            None | Some(Ok(_) | Err(FileProblem::Missing)) => {}
            Some(Err(FileProblem::TooLarge(_))) => {
                let message = format!("there are too many files to tell whether one is `{pattern}`");
                return file_check(wanted, false, message);
            }
            Some(Err(problem)) => {
                let message = problem_in_words(&path_in_words(&folder), problem);
                return file_check(wanted, false, format!("{message}: `{pattern}` cannot be looked for"));
            }
        }
        // One that is also expected by itself is there twice.
        let found: BTreeSet<&Path> = self
            .ran
            .files
            .iter()
            .filter(|file| glob.is_match(&file.path) && file.content != Err(FileProblem::Missing))
            .map(|file| file.path.as_path())
            .collect();
        let Some(first) = found.first() else {
            return file_check(wanted, true, format!("no file is `{pattern}`"));
        };
        let more = match found.len() - 1 {
            0 => String::new(),
            n => format!(", and {n} more"),
        };
        let first = path_in_words(first);
        file_check(wanted, false, format!("file {first} is there{more}, and `{pattern}` must not be"))
    }

    fn file(&self, wanted: &FileExpectation) -> Check {
        if let Some(glob) = &wanted.glob {
            return self.no_file(wanted, glob);
        }
        let collected = self.ran.files.iter().find(|file| file.path == wanted.path);
        let path = path_in_words(&wanted.path);
        let content = match collected {
            Some(file) => file.content.as_ref().map_err(|problem| problem_in_words(&path, problem)),
            None => Err(format!("file {path} was not collected")),
        };
        if wanted.absent {
            let missing = collected.is_some_and(|file| file.content == Err(FileProblem::Missing));
            let message = if missing { "is not there" } else { "is there, and must not be" };
            return file_check(wanted, missing, format!("file {path} {message}"));
        }
        match (content, &wanted.expected) {
            (Ok(content), Some(expected)) => {
                // The hash is that of the file as it is.
                let found = match expected.compare {
                    Compare::Sha256 => Cow::Borrowed(content.bytes.as_slice()),
                    _ => redact(self.redact, &content.bytes),
                };
                bytes(CheckTarget::File(path), expected, &found)
            }
            (Ok(_), None) => file_check(wanted, true, format!("file {path} is there")),
            (Err(message), _) => file_check(wanted, false, message),
        }
    }
}

fn bytes(target: CheckTarget, expected: &Expected, found: &[u8]) -> Check {
    let difference = compare(expected.compare, &expected.bytes, found);
    let name = match &target {
        CheckTarget::File(path) => format!("file {path}"),
        CheckTarget::Exit
        | CheckTarget::Stdout
        | CheckTarget::Stderr
        | CheckTarget::Resource(_)
        | CheckTarget::Source(_) => target.name().to_owned(),
    };
    let message = match &difference {
        None => format!("{name} matches"),
        Some(_) if found.is_empty() && expected.compare != Compare::Sha256 => format!("{name} is empty"),
        Some(Difference { note: Some(note), line, .. }) => match expected.compare {
            Compare::Lacks => format!("{name} differs at line {line}: {note}"),
            _ => format!("{name} differs: {note}"),
        },
        Some(difference) => format!("{name} differs {}", place(difference, &expected.bytes, found)),
    };
    Check {
        target,
        ok: difference.is_none(),
        message,
        compare: expected.compare.name(),
        expected_from: expected.source.clone(),
        difference,
    }
}

/// `at line 2`; for bytes that are no text, `at byte 512`.
fn place(difference: &Difference, expected: &[u8], found: &[u8]) -> String {
    if crate::judge::diff::is_binary(expected, found, difference.offset) {
        format!("at byte {}", difference.offset)
    } else {
        format!("at line {}", difference.line)
    }
}

fn file_check(wanted: &FileExpectation, ok: bool, message: String) -> Check {
    Check {
        target: CheckTarget::File(path_in_words(&wanted.path)),
        ok,
        message,
        compare: wanted.expected.as_ref().map_or("", |expected| expected.compare.name()),
        expected_from: wanted.expected.as_ref().map_or_else(String::new, |e| e.source.clone()),
        difference: None,
    }
}

fn problem_in_words(path: &str, problem: &FileProblem) -> String {
    match problem {
        FileProblem::Missing => format!("file {path} is missing"),
        FileProblem::Link => format!("file {path} is a symbolic link, which is never followed"),
        FileProblem::NotRegular => format!("file {path} is not a regular file"),
        FileProblem::TooLarge(length) => {
            format!("file {path} is too large to be looked at ({})", Bytes(length.0))
        }
        FileProblem::Unreadable(errno) => {
            let name = nix::errno::Errno::from_raw(*errno);
            format!("file {path} cannot be read ({name:?})")
        }
    }
}

fn path_in_words(path: &Path) -> String {
    visible_line(path.as_os_str().as_bytes())
}

impl Compare {
    /// As a suite writes it: `exact`, `trim`, `tokens`, …
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Trim => "trim",
            Self::Tokens => "tokens",
            Self::Float(_) => "float",
            Self::Lines => "lines",
            Self::Unordered => "unordered",
            Self::Regex => "regex",
            Self::Glob => "glob",
            Self::Contains => "contains",
            Self::Lacks => "lacks",
            Self::Json(_) => "json",
            Self::Sha256 => "sha256",
            Self::Kattis(_) => "kattis",
        }
    }
}
