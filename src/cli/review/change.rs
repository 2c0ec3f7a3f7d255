//! [`Change`]: something that a case expects, and what came instead.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::judge::compare::accepted;
use crate::judge::{CheckTarget, Code, Compare, Expectation, Expected, StreamExpectation};
use crate::report::CaseReport;
use crate::resolve::ResolvedCase;
use crate::sandbox::outcome::{Outcome, Ran};

/// Something that a case expects, and what came instead.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Change {
    /// The case.
    pub(in crate::cli) case: Arc<ResolvedCase>,
    /// What of it.
    pub(in crate::cli) target: CheckTarget,
    /// How it is compared.
    pub(in crate::cli) compare: Compare,
    /// What is expected now.
    pub(in crate::cli) old: Arc<[u8]>,
    /// What would be expected: lines that still match are those of `old`.
    pub(in crate::cli) new: Vec<u8>,
    /// The file beside the suite that holds it; `None`: it stands in the suite itself.
    pub(in crate::cli) file: Option<PathBuf>,
}

impl Change {
    /// The suite file.
    pub(in crate::cli) fn suite(&self) -> &Path {
        Path::new(&*self.case.file)
    }

    fn new(case: &Arc<ResolvedCase>, target: CheckTarget, expected: &Expected, new: Vec<u8>) -> Self {
        Self {
            case: Arc::clone(case),
            target,
            compare: expected.compare,
            old: Arc::clone(&expected.bytes),
            new,
            file: (expected.source != "the suite").then(|| PathBuf::from(&expected.source)),
        }
    }
}

/// Everything that a run found changed: of cases that ended as they should, and whose output differs.
pub(in crate::cli) fn of_run(reports: &[CaseReport]) -> Vec<Change> {
    reports.iter().flat_map(of_case).collect()
}

fn of_case(report: &CaseReport) -> Vec<Change> {
    let differs = [Code::StdoutDiffers, Code::StderrDiffers, Code::FileDiffers];
    let Some(ran) = ran(report).filter(|_| report.verdict.code.is_some_and(|code| differs.contains(&code)))
    else {
        return Vec::new();
    };
    let failed = report.verdict.checks.iter().filter(|check| !check.ok && check.difference.is_some());
    let change = |target: &CheckTarget| {
        let expected = expected(&report.case.expectation, target)?;
        let actual = actual(ran, target)?;
        let new = accepted(expected.compare, &expected.bytes, actual)?;
        Some(Change::new(&report.case, target.clone(), expected, new))
    };
    failed.filter_map(|check| change(&check.target)).collect()
}

/// Everything that a case compares bytes with, as a change to what `new` says for it.
pub(in crate::cli) fn resolved(
    case: &Arc<ResolvedCase>,
    mut new: impl FnMut(&CheckTarget, &Expected) -> Option<Vec<u8>>,
) -> Vec<Change> {
    let files = case.expectation.files.iter().filter_map(|file| file.path.to_str());
    let targets = [CheckTarget::Stdout, CheckTarget::Stderr].into_iter();
    targets
        .chain(files.map(|path| CheckTarget::File(path.to_owned())))
        .filter_map(|target| {
            let expected = expected(&case.expectation, &target)?;
            let new = new(&target, expected)?;
            Some(Change::new(case, target, expected, new))
        })
        .collect()
}

fn ran(report: &CaseReport) -> Option<&Ran> {
    match &report.attempts.last()?.outcome {
        Outcome::Ran(ran) => Some(ran),
        Outcome::NotStarted(_) => None,
    }
}

fn expected<'a>(expectation: &'a Expectation, target: &CheckTarget) -> Option<&'a Expected> {
    let stream = |stream: &'a StreamExpectation| match stream {
        StreamExpectation::Like(expected) => Some(expected),
        _ => None,
    };
    match target {
        CheckTarget::Exit | CheckTarget::Resource(_) | CheckTarget::Source(_) => None,
        CheckTarget::Stdout => stream(&expectation.stdout),
        CheckTarget::Stderr => stream(&expectation.stderr),
        CheckTarget::File(path) => {
            let mut files = expectation.files.iter();
            files.find(|file| file.path.to_str() == Some(path))?.expected.as_ref()
        }
    }
}

/// What came out; `None` where not all of it was kept.
fn actual<'a>(ran: &'a Ran, target: &CheckTarget) -> Option<&'a [u8]> {
    match target {
        CheckTarget::Exit | CheckTarget::Resource(_) | CheckTarget::Source(_) => None,
        CheckTarget::Stdout => (!ran.stdout.truncated()).then_some(&*ran.stdout.bytes),
        CheckTarget::Stderr => (!ran.stderr.truncated()).then_some(&*ran.stderr.bytes),
        CheckTarget::File(path) => {
            let file = ran.files.iter().find(|file| file.path.to_str() == Some(path))?;
            Some(&file.content.as_ref().ok()?.bytes)
        }
    }
}
