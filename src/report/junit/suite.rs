//! The test suites of the document: which cases are in which, and their counts.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use super::kind::Kind;
use crate::report::{CaseReport, RunReport};
use crate::resolve::CaseKind;

/// One `testsuite`.
#[derive(Debug)]
pub(super) struct Suite<'a> {
    pub(super) name: String,
    pub(super) file: &'a str,
    pub(super) cases: Vec<&'a CaseReport>,
}

/// Numbers of results. Made from the cases that are written, never kept apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) tests: usize,
    pub(super) failures: usize,
    pub(super) errors: usize,
    pub(super) skipped: usize,
}

impl Counts {
    pub(super) fn add(&mut self, kind: Kind) {
        self.tests += 1;
        match kind {
            Kind::Passed => {}
            Kind::Failure => self.failures += 1,
            Kind::Error => self.errors += 1,
            Kind::Skipped => self.skipped += 1,
        }
    }
}

impl Suite<'_> {
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for report in &self.cases {
            counts.add(Kind::of(report.verdict.status));
        }
        counts
    }

    /// When its first case was started, if one was.
    pub(super) fn started(&self) -> Option<SystemTime> {
        self.attempts().map(|attempt| attempt.started).min()
    }

    /// From the start of its first case to the end of its last: cases run side by side.
    pub(super) fn wall_time(&self) -> Duration {
        let end = self.attempts().map(|attempt| attempt.started + attempt.duration).max();
        match (self.started(), end) {
            (Some(start), Some(end)) => end.duration_since(start).unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    fn attempts(&self) -> impl Iterator<Item = &crate::report::Attempt> {
        self.cases.iter().flat_map(|report| &report.attempts)
    }
}

/// The suites of a run, each after the suite of its build steps, if it has any.
pub(super) fn suites(run: &RunReport) -> Vec<Suite<'_>> {
    let mut pairs: Vec<(Suite<'_>, Suite<'_>)> = run
        .suites
        .iter()
        .map(|suite| {
            let of = |name| Suite { name, file: suite.file.as_str(), cases: vec![] };
            (of(format!("{}@setup", suite.name)), of(suite.name.clone()))
        })
        .collect();
    for report in &run.cases {
        if let Some((setup, cases)) = pairs.get_mut(report.case.suite) {
            match report.case.kind {
                CaseKind::Build | CaseKind::Setup | CaseKind::Teardown => setup.cases.push(report),
                CaseKind::Case => cases.cases.push(report),
            }
        }
    }
    pairs
        .into_iter()
        .flat_map(|(setup, cases)| {
            let setup = Some(setup).filter(|setup| !setup.cases.is_empty());
            setup.into_iter().chain([cases])
        })
        .collect()
}

/// Gives every case a pair of class and name that no other has: GitLab drops all but the first.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<(String, String)>,
}

impl Names {
    /// The class and the name of a case. Jenkins splits a class at its dots, so that only the one
    /// between suite and group is left.
    pub(super) fn of(&mut self, suite: &Suite<'_>, report: &CaseReport) -> (String, String) {
        let case = &report.case;
        let mut class = suite.name.replace('.', "_");
        let mut name: &str = &case.id.0;
        if let Some(group) = &case.group {
            class = format!("{class}.{}", group.replace('.', "_"));
            name = name.strip_prefix(group.as_str()).and_then(|name| name.strip_prefix('/')).unwrap_or(name);
        }
        let mut unique = (class, name.to_owned());
        if self.taken.contains(&unique) {
            // Ids are unique, so that this is about two suites of one name: their number tells.
            unique.1 = format!("{name} (suite {})", case.suite + 1);
            while self.taken.contains(&unique) {
                unique.1.push('\'');
            }
        }
        self.taken.insert(unique.clone());
        unique
    }
}
