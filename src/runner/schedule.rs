//! [`Schedule`]: which case may start next. A plain state machine: no threads, no clock. Each step
//! costs the logarithm of the number of cases, and all of them together the number of their needs.

use std::collections::{BTreeSet, HashMap};

use super::builds::Builds;
use super::cap::Caps;
use super::order::{Gates, builds_before_their_cases, gates};
use crate::judge::{Code, Status, Verdict, not_run, skipped};
use crate::report::CaseReport;
use crate::resolve::{CaseId, CaseKind, ResolvedCase};

use super::plan::RunPlan;

/// Which cases wait, which run, which are done. Cases are numbers: their places in the plan.
#[derive(Debug)]
pub(super) struct Schedule {
    /// The order in which they start, and the place of each in it.
    order: Vec<usize>,
    place: Vec<usize>,
    /// Places in the order of cases that nothing holds back.
    ready: BTreeSet<usize>,
    gates: Gates,
    caps: Caps,
    /// Whether a case has been started or settled.
    begun: Vec<bool>,
    /// How many have not.
    left: usize,
    running: usize,
    builds: Builds,
    /// By number of the case, once it has its verdict.
    done: Vec<Option<Done>>,
    finished: usize,
    not_passed: usize,
    index: HashMap<(usize, CaseId), usize>,
    /// The first case of each suite.
    first: HashMap<usize, usize>,
    /// The first build step of a suite that did not pass, by suite.
    failed_builds: HashMap<usize, CaseId>,
}

/// What later cases need to know of one that has its verdict.
#[derive(Debug, Clone, Copy)]
struct Done {
    status: Status,
    was_tried: bool,
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
        let key = |(n, case): (usize, &std::sync::Arc<ResolvedCase>)| ((case.suite, case.id.clone()), n);
        let index = plan.cases.iter().enumerate().map(key).collect();
        let order = builds_before_their_cases(plan);
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &case)| place[case] = at);
        let gates = gates(plan, &index);
        let mut builds = Builds::new(plan, &place);
        let open = (0..order.len()).filter(|&at| gates.of(order[at]).missing == 0);
        let ready = open.filter(|&at| builds.admit(plan.cases[order[at]].suite, at)).collect();
        let mut first = HashMap::new();
        for (at, case) in plan.cases.iter().enumerate() {
            first.entry(case.suite).or_insert(at);
        }
        Self {
            place,
            ready,
            gates,
            caps: Caps::new(plan),
            begun: vec![false; order.len()],
            left: order.len(),
            order,
            running: 0,
            builds,
            done: vec![None; plan.cases.len()],
            finished: 0,
            not_passed: 0,
            index,
            first,
            failed_builds: HashMap::new(),
        }
    }

    /// The next case in order whose prerequisites are settled.
    pub(super) fn next(&mut self, plan: &RunPlan) -> Next {
        if self.left == 0 {
            return Next::Finished;
        }
        while let Some(&at) = self.ready.first() {
            let case = self.order[at];
            let kind = plan.cases[case].kind;
            if kind != CaseKind::Teardown
                && let Some(verdict) = self.stopped(plan)
            {
                return self.settle(case, verdict);
            }
            if let Some(verdict) = self.without_running(plan, case) {
                return self.settle(case, verdict);
            }
            self.ready.remove(&at);
            if self.caps.take(case, at) {
                return self.start(case);
            }
        }
        if self.running > 0 {
            return Next::Wait;
        }
        // `resolve` refuses cycles; should one get through, nobody must wait for ever.
        let left = self.order.iter().copied().find(|&case| !self.begun[case]);
        left.map_or(Next::Finished, |case| self.settle(case, circular()))
    }

    /// Takes note of a case that was started or settled. Returns how many are done.
    pub(super) fn finish(&mut self, at: usize, report: &CaseReport) -> usize {
        self.running -= 1;
        self.finished += 1;
        self.ready.extend(self.caps.give_back(at));
        if !matches!(report.verdict.status, Status::Passed | Status::Skipped | Status::Xfailed) {
            self.not_passed += usize::from(report.verdict.status != Status::NotRun);
            if report.case.kind == CaseKind::Build {
                self.failed_builds.entry(report.case.suite).or_insert_with(|| report.case.id.clone());
            }
        }
        self.done[at] = Some(Done { status: report.verdict.status, was_tried: !report.attempts.is_empty() });
        let suite = report.case.suite;
        for free in self.gates.finished(at) {
            let place = self.place[free];
            if !self.begun[free] && self.builds.admit(suite, place) {
                self.ready.insert(place);
            }
        }
        if report.case.kind == CaseKind::Build {
            let free = self.builds.finished(suite, self.place[at]);
            self.ready.extend(free.into_iter().filter(|&place| !self.begun[self.order[place]]));
        }
        self.finished
    }

    /// Cases without a verdict: a dying worker took them with it.
    pub(super) fn lost(&self) -> Vec<usize> {
        (0..self.done.len()).filter(|&at| self.done[at].is_none()).collect()
    }

    fn start(&mut self, case: usize) -> Next {
        self.begin(case);
        Next::Run(case)
    }

    fn settle(&mut self, case: usize, verdict: Verdict) -> Next {
        self.ready.remove(&self.place[case]);
        self.begin(case);
        Next::Settle(case, Box::new(verdict))
    }

    fn begin(&mut self, case: usize) {
        self.begun[case] = true;
        self.left -= 1;
        self.running += 1;
    }

    fn stopped(&self, plan: &RunPlan) -> Option<Verdict> {
        let most = plan.max_fail?.get();
        (self.not_passed >= most)
            .then(|| not_run(None, format!("the run stopped after {most} {}", cases(most)), None))
    }

    /// The verdict on a case that is not to be run.
    fn without_running(&mut self, plan: &RunPlan, at: usize) -> Option<Verdict> {
        let case = &plan.cases[at];
        if let Some(verdict) = self.missing_files(plan, at) {
            return Some(verdict);
        }
        if case.kind == CaseKind::Teardown {
            let nothing = || skipped("nothing ran that it would clean up after");
            return (!self.something_ran(at)).then(nothing);
        }
        if let Some(reason) = &case.terms.skip {
            return Some(skipped(reason.clone()));
        }
        if let Some(build) = self.failed_builds.get(&case.suite) {
            return Some(needs_failed(build, "which failed"));
        }
        let gate = self.gates.of_case[at];
        if self.gates.gates[gate].verdict.is_none() {
            let verdict = self.by_needs(case);
            self.gates.gates[gate].verdict = Some(verdict);
        }
        self.gates.gates[gate].verdict.clone().flatten()
    }

    /// The verdict on a case that something it needs keeps from running.
    fn by_needs(&self, case: &ResolvedCase) -> Option<Verdict> {
        case.needs.iter().find_map(|id| {
            let at = self.index.get(&(case.suite, id.clone()));
            let done = at.and_then(|&at| self.done[at]);
            match done.map(|done| done.status) {
                Some(Status::Passed) => None,
                Some(Status::Failed | Status::Error) => Some(needs_failed(id, "which failed")),
                Some(Status::NotRun) => Some(needs_failed(id, "which did not run")),
                Some(Status::Cancelled) => Some(needs_failed(id, "which was cancelled")),
                // Nobody failed: what cannot run for that reason is no failure either.
                Some(Status::Skipped) => Some(skipped(format!("needs {id}, which was left out"))),
                Some(Status::Xfailed) => Some(skipped(format!("needs {id}, which failed as expected"))),
                None => Some(needs_failed(id, "which is not part of this run")),
            }
        })
    }

    /// Whether anything that a teardown comes after was started.
    fn something_ran(&self, teardown: usize) -> bool {
        let before = &self.gates.of(teardown).before;
        before.iter().any(|&case| self.done[case].is_some_and(|done| done.was_tried))
    }

    /// Required files are missing: the first of the suite's cases says so, as a failed build.
    fn missing_files(&self, plan: &RunPlan, at: usize) -> Option<Verdict> {
        let suite = plan.cases[at].suite;
        if self.first.get(&suite) != Some(&at) {
            return None;
        }
        let broken = plan.broken.iter().find(|broken| broken.suite == suite)?;
        let names: Vec<_> = broken.missing.iter().map(|name| format!("`{}`", name.display())).collect();
        let message = match &broken.reason {
            Some(reason) if names.is_empty() => format!("the submission cannot be run: {reason}"),
            _ => format!("the submission lacks the required {}", names.join(", ")),
        };
        Some(Verdict {
            status: Status::Failed,
            code: Some(Code::BuildFailed),
            ..not_run(None, message, None)
        })
    }
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
