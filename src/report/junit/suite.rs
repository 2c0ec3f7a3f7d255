//! The test suites of the document: which cases are in which, and their counts.

use std::collections::HashSet;

use super::kind::Kind;
use crate::report::record::{self, CaseRecord, Moment};
use crate::report::run_records::RunRecords;
use crate::report::tally::Brief;

/// One `testsuite`.
#[derive(Debug)]
pub(super) struct Suite<'a> {
    pub(super) name: String,
    pub(super) file: &'a str,
    /// Indices of its cases in the run.
    pub(super) cases: Vec<usize>,
    pub(super) counts: Counts,
    /// From the start of its first case to the end of its last: cases run side by side.
    pub(super) span: Option<(Moment, Moment)>,
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
    fn add(&mut self, at: usize, brief: &Brief) {
        self.cases.push(at);
        self.counts.add(Kind::of(brief.status));
        self.span = match (self.span, brief.span) {
            (Some((start, end)), Some((first, last))) => Some((start.min(first), end.max(last))),
            (old, new) => old.or(new),
        };
    }

    /// Wall time in milliseconds.
    pub(super) fn wall_time(&self) -> u64 {
        self.span.map_or(0, |(start, end)| end.millis().saturating_sub(start.millis()))
    }
}

/// The suites of a run, each after the suite of its build steps, if it has any.
pub(super) fn suites<'a>(run: &'a RunRecords<'_>) -> Vec<Suite<'a>> {
    let empty = |name, file| Suite { name, file, cases: vec![], counts: Counts::default(), span: None };
    let mut pairs: Vec<(Suite<'_>, Suite<'_>)> = run
        .header()
        .suites
        .iter()
        .map(|suite| {
            let of = |name| empty(name, suite.file.as_str());
            (of(format!("{}@setup", suite.name)), of(suite.name.clone()))
        })
        .collect();
    for (at, brief) in run.tally().briefs().iter().enumerate() {
        if let Some((setup, cases)) = pairs.get_mut(brief.suite) {
            match brief.kind {
                record::Kind::Build | record::Kind::Setup | record::Kind::Teardown => setup.add(at, brief),
                record::Kind::Case => cases.add(at, brief),
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
    pub(super) fn of(&mut self, suite: &Suite<'_>, case: &CaseRecord) -> (String, String) {
        let mut class = suite.name.replace('.', "_");
        let mut name: &str = &case.id;
        if let Some(group) = &case.group {
            class = format!("{class}.{}", group.replace('.', "_"));
            name = name.strip_prefix(&**group).and_then(|name| name.strip_prefix('/')).unwrap_or(name);
        }
        let mut unique = (class, name.to_owned());
        if self.taken.contains(&unique) {
            // Ids are unique, so that this is about two suites of one name: their number tells.
            unique.1 = format!("{name} (suite {})", case.suite_index + 1);
            while self.taken.contains(&unique) {
                unique.1.push('\'');
            }
        }
        self.taken.insert(unique.clone());
        unique
    }
}
