//! [`Schedule`]: which case may start next. A plain state machine: no threads, no clock.

use std::collections::{HashMap, VecDeque};

use crate::judge::{Code, Status, Verdict, not_run};
use crate::report::CaseReport;
use crate::resolve::{CaseId, CaseKind};

use super::plan::RunPlan;

/// Which cases wait, which run, which are done.
#[derive(Debug)]
pub(super) struct Schedule {
    waiting: VecDeque<usize>,
    running: usize,
    builds: usize,
    /// By index of the case, once it has its verdict.
    done: Vec<Option<CaseReport>>,
    finished: usize,
    not_passed: usize,
    index: HashMap<(usize, CaseId), usize>,
    /// The first build step of a suite that did not pass, by suite.
    failed_builds: HashMap<usize, CaseId>,
}

/// What a worker should do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Run this case.
    Run(usize),
    /// This case gets its verdict without running.
    Settle(usize, Box<Verdict>),
    /// Ask again when another case has finished.
    Wait,
    /// Nothing is left.
    Finished,
}

impl Schedule {
    pub(super) fn new(plan: &RunPlan) -> Self {
        let key = |(n, case): (usize, &std::sync::Arc<_>)| -> ((usize, CaseId), usize) {
            let case: &crate::resolve::ResolvedCase = case;
            ((case.suite, case.id.clone()), n)
        };
        Self {
            waiting: build_first(plan),
            running: 0,
            builds: plan.cases.iter().filter(|case| case.kind == CaseKind::Build).count(),
            done: vec![None; plan.cases.len()],
            finished: 0,
            not_passed: 0,
            index: plan.cases.iter().enumerate().map(key).collect(),
            failed_builds: HashMap::new(),
        }
    }

    /// The next case in order whose prerequisites are settled. Build steps run alone.
    pub(super) fn next(&mut self, plan: &RunPlan) -> Next {
        let Some(&first) = self.waiting.front() else { return Next::Finished };
        if let Some(verdict) = self.stopped(plan) {
            return self.settle(0, verdict);
        }
        if plan.cases[first].kind == CaseKind::Build {
            return if self.running > 0 { Next::Wait } else { self.start(plan, 0) };
        }
        if self.build_running() {
            return Next::Wait;
        }
        match (0..self.waiting.len()).find(|&at| self.settled(plan, self.waiting[at])) {
            Some(at) => self.start(plan, at),
            None if self.running > 0 => Next::Wait,
            // `resolve` refuses cycles; should one get through, nobody must wait for ever.
            None => self.settle(0, circular()),
        }
    }

    /// Takes the report of a case that was started or settled. Returns it, and how many are done.
    pub(super) fn finish(&mut self, at: usize, report: CaseReport) -> (&CaseReport, usize) {
        self.running -= 1;
        self.finished += 1;
        if report.verdict.status != Status::Passed {
            self.not_passed += usize::from(report.verdict.status != Status::NotRun);
            if report.case.kind == CaseKind::Build {
                self.failed_builds.entry(report.case.suite).or_insert_with(|| report.case.id.clone());
            }
        }
        (self.done[at].insert(report), self.finished)
    }

    /// The reports in suite order; `None` for a case that a dying worker took with it.
    pub(super) fn into_reports(self) -> Vec<Option<CaseReport>> {
        self.done
    }

    fn start(&mut self, plan: &RunPlan, at: usize) -> Next {
        if let Some(verdict) = self.blocked(plan, self.waiting[at]) {
            return self.settle(at, verdict);
        }
        let case = self.waiting.remove(at).expect("`at` is an index of `waiting`");
        self.running += 1;
        Next::Run(case)
    }

    fn settle(&mut self, at: usize, verdict: Verdict) -> Next {
        let case = self.waiting.remove(at).expect("`at` is an index of `waiting`");
        self.running += 1;
        Next::Settle(case, Box::new(verdict))
    }

    fn stopped(&self, plan: &RunPlan) -> Option<Verdict> {
        let most = plan.max_fail?.get();
        (self.not_passed >= most)
            .then(|| not_run(None, format!("the run stopped after {most} {}", cases(most)), None))
    }

    /// Whether a build step is being run: they run alone, so one running case is enough to look at.
    fn build_running(&self) -> bool {
        self.running > 0 && self.finished < self.builds
    }

    /// Whether everything that the case needs has its verdict. What is not in the run at all is
    /// found by [`Self::blocked`].
    fn settled(&self, plan: &RunPlan, case: usize) -> bool {
        self.needs(plan, case).all(|(_, at)| at.is_none_or(|at| self.done[at].is_some()))
    }

    fn blocked(&self, plan: &RunPlan, case: usize) -> Option<Verdict> {
        if let Some(verdict) = missing_files(plan, case) {
            return Some(verdict);
        }
        if let Some(build) = self.failed_builds.get(&plan.cases[case].suite) {
            return Some(needs_failed(build, "which failed"));
        }
        self.needs(plan, case).find_map(|(id, at)| {
            let report = at.and_then(|at| self.done[at].as_ref());
            match report.map(|report| report.verdict.status) {
                Some(Status::Passed) => None,
                Some(Status::Failed | Status::Error) => Some(needs_failed(id, "which failed")),
                Some(Status::NotRun | Status::Skipped) => Some(needs_failed(id, "which did not run")),
                Some(Status::Cancelled) => Some(needs_failed(id, "which was cancelled")),
                None => Some(needs_failed(id, "which is not part of this run")),
            }
        })
    }

    fn needs<'a>(
        &'a self,
        plan: &'a RunPlan,
        case: usize,
    ) -> impl Iterator<Item = (&'a CaseId, Option<usize>)> {
        let case = &plan.cases[case];
        case.needs.iter().map(|id| (id, self.index.get(&(case.suite, id.clone())).copied()))
    }
}

/// Build steps of all suites, then everything else, each in suite order.
fn build_first(plan: &RunPlan) -> VecDeque<usize> {
    let of_kind = |kind| (0..plan.cases.len()).filter(move |&at| plan.cases[at].kind == kind);
    of_kind(CaseKind::Build).chain(of_kind(CaseKind::Case)).collect()
}

/// Required files are missing: the first of the suite's cases says so, as a failed build.
fn missing_files(plan: &RunPlan, case: usize) -> Option<Verdict> {
    let suite = plan.cases[case].suite;
    let missing = &plan.broken.iter().find(|broken| broken.suite == suite)?.missing;
    let first = plan.cases.iter().position(|case| case.suite == suite)?;
    if first != case {
        return None;
    }
    let names: Vec<_> = missing.iter().map(|name| format!("`{}`", name.display())).collect();
    let message = format!("the submission lacks the required {}", names.join(", "));
    Some(Verdict { status: Status::Failed, code: Some(Code::BuildFailed), ..not_run(None, message, None) })
}

fn needs_failed(id: &CaseId, how: &str) -> Verdict {
    not_run(Some(Code::PrerequisiteFailed), format!("needs {id}, {how}"), Some(&id.0))
}

fn circular() -> Verdict {
    not_run(Some(Code::PrerequisiteFailed), "its prerequisites need each other", None)
}

fn cases(n: usize) -> &'static str {
    if n == 1 { "failure" } else { "failures" }
}
