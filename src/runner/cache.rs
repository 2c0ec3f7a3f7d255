//! [`BuildCache`]: a build that was made once is not made again. What a build is known by stands in
//! [`super::fingerprint`]; this is what happens with it: one at a time builds, whoever comes later
//! takes what the first has made.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::fingerprint::{self, Key, Tools};
use super::store::Store;
use crate::judge::{self, Code, Status};
use crate::report::{Attempt, CaseReport};
use crate::resolve::{self, ResolvedCase};
use crate::sandbox::outcome::{
    Captured, CollectedFile, End, Enforced, Events, FileContent, Outcome, Ran, Usage,
};

/// The results of builds, by what went into them. Safe between threads, and between processes that
/// share a folder.
#[derive(Debug)]
pub struct BuildCache {
    /// `None`: every build is made.
    store: Option<Store>,
    /// Builds that failed: within this run they are not tried again.
    failed: Mutex<HashMap<Key, CaseReport>>,
    tools: Tools,
    made: AtomicUsize,
    reused: AtomicUsize,
}

/// A build that passed, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    started: SystemTime,
    completed: SystemTime,
    duration: Duration,
    usage: Usage,
    events: Events,
    stdout: Captured,
    stderr: Captured,
    files: Vec<(PathBuf, FileContent)>,
    leaked: u32,
    enforced: Enforced,
}

/// How builds were come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildCount {
    /// Made in this run.
    pub made: usize,
    /// Taken from the cache.
    pub reused: usize,
}

impl BuildCache {
    /// No cache: every build is made.
    #[must_use]
    pub fn off() -> Self {
        Self::with(None)
    }

    /// A cache in `folder`, which is made if it is not there, of at most `most` bytes.
    ///
    /// # Errors
    /// The folder is not this user's alone, or cannot be made.
    pub fn open(folder: &Path, most: u64) -> std::io::Result<Self> {
        Store::open(folder, most).map(|store| Self::with(Some(store)))
    }

    fn with(store: Option<Store>) -> Self {
        Self {
            store,
            failed: Mutex::new(HashMap::new()),
            tools: Tools::default(),
            made: AtomicUsize::new(0),
            reused: AtomicUsize::new(0),
        }
    }

    /// How builds were come by so far.
    #[must_use]
    pub fn count(&self) -> BuildCount {
        BuildCount { made: self.made.load(Ordering::Relaxed), reused: self.reused.load(Ordering::Relaxed) }
    }

    /// The report of a build step: of an earlier, equal build, or of `make`.
    ///
    /// `stop` says when it makes no sense to wait any longer for somebody else's build.
    pub(super) fn build(
        &self,
        case: &Arc<ResolvedCase>,
        outputs: &[PathBuf],
        stop: &dyn Fn() -> bool,
        make: impl Fn() -> CaseReport,
    ) -> CaseReport {
        let fresh = || {
            self.made.fetch_add(1, Ordering::Relaxed);
            make()
        };
        let Some(store) = &self.store else { return fresh() };
        let Some(key) = self.key(case, outputs) else { return fresh() };
        // Held while the build is made: whoever wants the same waits, here or in another process.
        let Some(_turn) = store.turn(&key, stop) else { return fresh() };
        if let Some(report) = self.known_failure(&key, case) {
            return report;
        }
        if let Some(stored) = store.read(&key) {
            self.reused.fetch_add(1, Ordering::Relaxed);
            return stored.report(case, outputs);
        }
        let report = fresh();
        // What changed while it was read belongs to no key.
        if self.key(case, outputs).as_ref() == Some(&key) {
            self.keep(store, key, &report);
        }
        report
    }

    fn key(&self, case: &ResolvedCase, outputs: &[PathBuf]) -> Option<Key> {
        fingerprint::key(case, outputs, &self.tools)
    }

    fn known_failure(&self, key: &Key, case: &Arc<ResolvedCase>) -> Option<CaseReport> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut report = failed.get(key)?.clone();
        self.reused.fetch_add(1, Ordering::Relaxed);
        report.case = Arc::clone(case);
        report.verdict.notes.push(REUSED.to_owned());
        Some(report)
    }

    /// A build that passed is kept for good; one that said no itself, for this run. What hit a
    /// limit or was stopped says nothing about the next time.
    fn keep(&self, store: &Store, key: Key, report: &CaseReport) {
        match report.verdict.status {
            Status::Passed => {
                if let Some(stored) = Stored::of(report) {
                    store.write(&key, &stored);
                }
            }
            Status::Failed if report.verdict.code == Some(Code::BuildFailed) => {
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.insert(key, report.clone());
            }
            _ => {}
        }
    }
}

/// Said of every build that was not made again.
const REUSED: &str = "not built again: this is the result of an earlier build of exactly the same";

impl Stored {
    fn of(report: &CaseReport) -> Option<Self> {
        let attempt = report.attempts.last()?;
        let Outcome::Ran(ran) = &attempt.outcome else { return None };
        let Ran {
            started,
            completed,
            end,
            killed_by,
            usage,
            events,
            stdout,
            stderr,
            files,
            leaked,
            enforced,
        } = &**ran;
        if *end != End::Exited(0) || killed_by.is_some() {
            return None;
        }
        let content = |file: &CollectedFile| Some((file.path.clone(), file.content.as_ref().ok()?.clone()));
        Some(Self {
            started: *started,
            completed: *completed,
            duration: attempt.duration,
            usage: *usage,
            events: *events,
            stdout: stdout.clone(),
            stderr: stderr.clone(),
            // All of them, or the build has not passed.
            files: files.iter().map(content).collect::<Option<_>>()?,
            leaked: *leaked,
            enforced: enforced.clone(),
        })
    }

    fn report(self, case: &Arc<ResolvedCase>, outputs: &[PathBuf]) -> CaseReport {
        let started = self.started;
        let duration = self.duration;
        let outcome = Outcome::Ran(Box::new(Ran {
            started,
            completed: self.completed,
            end: End::Exited(0),
            killed_by: None,
            usage: self.usage,
            events: self.events,
            stdout: self.stdout,
            stderr: self.stderr,
            files: self
                .files
                .into_iter()
                .map(|(path, content)| CollectedFile { path, content: Ok(content) })
                .collect(),
            leaked: self.leaked,
            enforced: self.enforced,
        }));
        let limits = resolve::lower(case, outputs).limits;
        let mut verdict = judge::judge(&case.expectation, &limits, &outcome);
        verdict.notes.push(REUSED.to_owned());
        let attempt = Attempt { started, duration, outcome, verdict: verdict.clone(), alone: false };
        CaseReport { case: Arc::clone(case), attempts: vec![attempt], verdict }
    }
}
