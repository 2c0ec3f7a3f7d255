//! [`State`]: how far a run is. A plain value that changes with its events.

use std::collections::HashMap;
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::cli::signals::Cause;
use crate::judge::Status;
use crate::report::CaseReport;
use crate::resolve::CaseId;
use crate::units::Bytes;

/// Failures that can be shown again while the run goes on.
const KEPT: usize = 200;

/// How far a run is.
pub(super) struct State {
    /// By suite and id.
    pub(super) running: HashMap<(usize, CaseId), Running>,
    pub(super) total: usize,
    pub(super) counts: Counts,
    pub(super) failures: Vec<String>,
    pub(super) last_failure: Option<Instant>,
    pub(super) last_line: Instant,
    pub(super) started: Instant,
    pub(super) stopping: Option<Cause>,
    pub(super) over: bool,
}

/// How the cases that are done came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) done: usize,
    pub(super) ok: usize,
    pub(super) failed: usize,
    pub(super) errors: usize,
    pub(super) flaky: usize,
    pub(super) other: usize,
}

/// A case that runs.
pub(super) struct Running {
    pub(super) id: String,
    pub(super) thread: ThreadId,
    pub(super) since: Instant,
    pub(super) memory_limit: Bytes,
    /// Whether it was named as slow.
    pub(super) named: bool,
}

impl State {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            running: HashMap::new(),
            total: 0,
            counts: Counts::default(),
            failures: Vec::new(),
            last_failure: None,
            last_line: now,
            started: now,
            stopping: None,
            over: false,
        }
    }

    /// A case has its verdict; `line` is how it is shown.
    pub(super) fn finished(&mut self, report: &CaseReport, done: usize, line: &str) {
        self.counts.done = done;
        match report.verdict.status {
            Status::Passed => self.counts.ok += 1,
            Status::Failed => self.counts.failed += 1,
            Status::Error => self.counts.errors += 1,
            Status::NotRun | Status::Cancelled | Status::Skipped | Status::Xfailed => self.counts.other += 1,
        }
        self.counts.flaky += usize::from(report.is_flaky());
        if matches!(report.verdict.status, Status::Failed | Status::Error) {
            self.last_failure = Some(Instant::now());
            if self.failures.len() < KEPT {
                self.failures.push(line.to_owned());
            }
        }
    }

    /// The cases that have run longest, the longest first.
    pub(super) fn longest(&self, most: usize) -> Vec<&Running> {
        let mut all: Vec<_> = self.running.values().collect();
        all.sort_by(|a, b| a.since.cmp(&b.since).then_with(|| a.id.cmp(&b.id)));
        all.truncate(most);
        all
    }

    /// What is left, by the pace so far; nothing while there is no pace yet.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let (elapsed, done) = (self.started.elapsed(), self.counts.done);
        let left = self.total.saturating_sub(done);
        if done < 3 || left == 0 || elapsed < Duration::from_secs(2) {
            return None;
        }
        let per_case = elapsed / u32::try_from(done).unwrap_or(u32::MAX);
        Some(per_case.saturating_mul(u32::try_from(left).unwrap_or(u32::MAX)))
    }
}
