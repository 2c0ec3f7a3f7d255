//! Every expectation against what came out: a [`Check`] for each, also after the first that
//! failed.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::judge::compare::compare;
use crate::judge::{
    Check, CheckTarget, Compare, Difference, ExitExpectation, Expectation, Expected, FileExpectation,
    StreamExpectation, signal_name,
};
use crate::sandbox::outcome::{Captured, End, FileProblem, Ran};
use crate::units::{Bytes, visible_line};

/// All checks, in the order exit status, stdout, stderr, files.
pub(super) fn checks(expectation: &Expectation, ran: &Ran) -> Vec<Check> {
    let mut checks = vec![exit(&expectation.exit, ran.end)];
    checks.extend(stream(CheckTarget::Stdout, &expectation.stdout, &ran.stdout));
    checks.extend(stream(CheckTarget::Stderr, &expectation.stderr, &ran.stderr));
    checks.extend(expectation.files.iter().map(|wanted| file(wanted, ran)));
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
        (ExitExpectation::Any, End::Exited(_)) => true,
        (ExitExpectation::Signal(wanted), End::Signaled { signal, .. }) => *wanted == signal,
        (ExitExpectation::Signal(_), End::Exited(_)) => false,
        (
            ExitExpectation::OneOf(_) | ExitExpectation::Nonzero | ExitExpectation::Any,
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
        ExitExpectation::Signal(signal) => signal_name(*signal),
        ExitExpectation::Any => "an exit status".to_owned(),
    }
}

fn stream(target: CheckTarget, expectation: &StreamExpectation, found: &Captured) -> Option<Check> {
    match expectation {
        StreamExpectation::Any => None,
        StreamExpectation::Like(expected) => Some(bytes(target, expected, &found.bytes)),
    }
}

fn bytes(target: CheckTarget, expected: &Expected, found: &[u8]) -> Check {
    let difference = compare(expected.compare, &expected.bytes, found);
    let name = match &target {
        CheckTarget::File(path) => format!("file {path}"),
        CheckTarget::Exit | CheckTarget::Stdout | CheckTarget::Stderr => target.name().to_owned(),
    };
    let message = match &difference {
        None => format!("{name} matches"),
        Some(_) if found.is_empty() => format!("{name} is empty"),
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

fn file(wanted: &FileExpectation, ran: &Ran) -> Check {
    let collected = ran.files.iter().find(|file| file.path == wanted.path);
    let path = path_in_words(&wanted.path);
    let content = match collected {
        Some(file) => file.content.as_ref().map_err(|problem| problem_in_words(&path, problem)),
        None => Err(format!("file {path} was not collected")),
    };
    match (content, &wanted.expected) {
        (Ok(content), Some(expected)) => bytes(CheckTarget::File(path), expected, &content.bytes),
        (Ok(_), None) => file_check(wanted, true, format!("file {path} is there")),
        (Err(message), _) => file_check(wanted, false, message),
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
    /// `exact`, `trim`, `tokens`, `float`: as a suite writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Trim => "trim",
            Self::Tokens => "tokens",
            Self::Float(_) => "float",
        }
    }
}
