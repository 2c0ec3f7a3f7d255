//! [`Previous`]: what became of cases before, from a JSON report or from the history of this user.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::cli::files;
use crate::units::visible_line;

/// No report is longer than this.
const LONGEST: u64 = 1 << 30;

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Before {
    /// `passed`, `failed` and so on, as reports spell it.
    pub(in crate::cli) status: Arc<str>,
    /// How long all its attempts took.
    pub(in crate::cli) duration_ms: Option<u64>,
}

impl Before {
    /// Whether nothing is left to be done about it.
    pub(in crate::cli) fn is_settled(&self) -> bool {
        matches!(&*self.status, "passed" | "skipped" | "xfailed")
    }
}

/// What became of the cases of each suite of this run.
#[derive(Debug, Default)]
pub(in crate::cli) struct Previous {
    /// By index of the suite in this run, then by id.
    suites: HashMap<usize, HashMap<Box<str>, Before>>,
}

/// A JSON report, as far as it is looked at. Reports of later versions may say more.
#[derive(Deserialize)]
struct Report {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: Box<str>,
    suite: Box<str>,
    status: Box<str>,
    #[serde(default)]
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Attempt {
    #[serde(default)]
    duration_ms: u64,
}

impl Previous {
    /// Reads a JSON report. Its suites are those of this run that have their names.
    ///
    /// # Errors
    /// It cannot be read, or is no report of ours.
    pub(in crate::cli) fn of_report(option: &str, path: &Path, names: &[&str]) -> Result<Self, String> {
        let shown = visible_line(path.as_os_str().as_encoded_bytes());
        let bytes = files::read_bounded(path, LONGEST)
            .map_err(|error| format!("{option}: the report `{shown}` cannot be read: {error}"))?
            .0;
        let report: Report = serde_json::from_slice(&bytes)
            .map_err(|error| format!("{option}: `{shown}` is no JSON report of capsule-run: {error}"))?;
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, name) in names.iter().enumerate() {
            by_name.entry(name).or_default().push(at);
        }
        let mut previous = Self::default();
        let mut words = Words::default();
        for case in report.cases {
            let ran = !case.attempts.is_empty();
            let duration: u64 = case.attempts.iter().map(|attempt| attempt.duration_ms).sum();
            let before = Before { status: words.once(&case.status), duration_ms: ran.then_some(duration) };
            for &suite in by_name.get(&*case.suite).into_iter().flatten() {
                previous.add(suite, case.id.clone(), before.clone());
            }
        }
        Ok(previous)
    }

    /// What became of the case `id` of the suite number `suite`.
    pub(in crate::cli) fn add(&mut self, suite: usize, id: Box<str>, before: Before) {
        self.suites.entry(suite).or_default().insert(id, before);
    }

    pub(in crate::cli) fn of(&self, suite: usize, id: &str) -> Option<&Before> {
        self.suites.get(&suite)?.get(id)
    }

    /// Whether anything is known.
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.suites.is_empty()
    }
}

/// Each status is there once.
#[derive(Default)]
pub(in crate::cli) struct Words(Vec<Arc<str>>);

impl Words {
    pub(in crate::cli) fn once(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.iter().find(|known| &***known == word) {
            return Arc::clone(known);
        }
        let word: Arc<str> = word.into();
        // A hostile report must not make the search long.
        if self.0.len() < 64 {
            self.0.push(Arc::clone(&word));
        }
        word
    }
}
