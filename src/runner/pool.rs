//! [`run`]: the pool of workers around one [`Schedule`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::judge::{Code, Details, Status, Verdict, as_judges_build, not_run};
use crate::report::CaseReport;
use crate::resolve::CaseKind;
use crate::sandbox::Engine;
use crate::sandbox::cancel::{Cancel, CancelLevel};
use crate::sandbox::outcome::{FileProblem, Outcome, Ran};

use super::again;
use super::attempt::With;
use super::event::Event;
use super::outputs::{Outputs, Place, Seen};
use super::plan::RunPlan;
use super::schedule::{Next, Schedule};
use super::teller::{Listeners, Teller, Told};
use super::timing::Gate;
use super::worker::{execute, harness_fault, without_running};

/// Everything that the workers of one run share.
struct Run<'a> {
    plan: &'a RunPlan,
    engine: &'a dyn Engine,
    cancel: &'a Cancel,
    teller: &'a Teller<'a, 'a>,
    state: Mutex<State>,
    finished_one: Condvar,
    gate: Gate,
}

struct State {
    schedule: Schedule,
    outputs: Outputs,
}

/// Runs a plan to its end. The result has one report for every case of the plan, in its order.
///
/// `events` is called on a thread of its own, one call at a time, so that `done` counts up without
/// gaps.
pub fn run(
    plan: &RunPlan,
    engine: &dyn Engine,
    cancel: &Cancel,
    events: &(dyn Fn(Event<'_>) + Sync),
) -> Vec<CaseReport> {
    let reports: Mutex<Vec<Option<CaseReport>>> = Mutex::new(vec![None; plan.cases.len()]);
    run_each(plan, engine, cancel, events, &|at, report| {
        reports.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(report);
    });
    // Every case has been taken; there is none without a report.
    reports.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

/// Like [`run`], but each report is given to `take` with its place in the plan, after its event, and
/// is not kept: of a hundred thousand cases no more are in memory than run at a time.
pub fn run_each(
    plan: &RunPlan,
    engine: &dyn Engine,
    cancel: &Cancel,
    events: &(dyn Fn(Event<'_>) + Sync),
    take: &(dyn Fn(usize, CaseReport) + Sync),
) {
    let jobs = plan.jobs.get().min(plan.cases.len().max(1));
    events(Event::RunStarted { total: plan.cases.len(), jobs });
    std::thread::scope(|scope| {
        let teller = Teller::start(scope, Listeners { events, take, total: plan.cases.len() });
        work_through(plan, jobs, engine, cancel, &teller);
        teller.finish();
    });
    events(Event::RunFinished);
}

fn work_through(plan: &RunPlan, jobs: usize, engine: &dyn Engine, cancel: &Cancel, teller: &Teller<'_, '_>) {
    let state = Mutex::new(State { schedule: Schedule::new(plan), outputs: Outputs::new(&plan.scratch) });
    let run = Run { plan, engine, cancel, teller, state, finished_one: Condvar::new(), gate: Gate::new() };
    if jobs == 1 {
        run.work();
    } else {
        // Not `par_iter`: it would start the cases in an order of its own.
        match rayon::ThreadPoolBuilder::new().num_threads(jobs).thread_name(|n| format!("case-{n}")).build() {
            Ok(pool) => drop(pool.broadcast(|_| run.work())),
            Err(error) => {
                log::warn!("no threads for {jobs} workers ({error}): running one case at a time");
                run.work();
            }
        }
    }
    run.settle_lost();
}

impl Run<'_> {
    fn work(&self) {
        let mut state = self.lock();
        loop {
            match state.schedule.next(self.plan) {
                Next::Finished => return,
                Next::Wait => {
                    state = self.finished_one.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Next::Settle(at, verdict) => {
                    let report = without_running(&self.plan.cases[at], *verdict);
                    self.finish(&mut state, at, report);
                }
                Next::Run(at) => {
                    let case = &self.plan.cases[at];
                    let outputs = state.outputs.of(case.suite, case.group.as_deref());
                    let for_judge = state.outputs.of_judge(case.suite);
                    drop(state);
                    let report = self.one(at, &outputs, &for_judge);
                    state = self.lock();
                    let report = hand_on(self.engine, &mut state.outputs, report);
                    self.finish(&mut state, at, report);
                }
            }
        }
    }

    fn one(&self, at: usize, outputs: &[PathBuf], for_judge: &[PathBuf]) -> CaseReport {
        let case = &self.plan.cases[at];
        // What was set up is cleaned up also after the first signal.
        let last =
            if case.kind == CaseKind::Teardown { CancelLevel::NoNewCases } else { CancelLevel::Running };
        if self.cancel.level() > last {
            return without_running(
                case,
                not_run(None, "the run was interrupted before this case started", None),
            );
        }
        let thread = std::thread::current().id();
        self.teller.tell(Told::Started { case: Arc::clone(case), thread, at: Instant::now() });
        let with = With {
            engine: self.engine,
            cancel: self.cancel,
            gate: &self.gate,
            outputs,
            for_judge,
            digest: self.plan.digest,
        };
        let make = || execute(case, with, self.plan.again);
        if case.kind == CaseKind::Build {
            let stop = || self.cancel.level() != CancelLevel::Running;
            let outputs = if case.for_judge { for_judge } else { outputs };
            return self.plan.builds.build(case, outputs, &stop, make);
        }
        make()
    }

    fn finish(&self, state: &mut State, at: usize, report: CaseReport) {
        let done = state.schedule.finish(at, &report);
        self.finished_one.notify_all();
        self.teller.tell(Told::Finished { at, report: Box::new(report), done });
    }

    /// A worker that panicked has not made the schedule wrong: it changes by
    /// whole steps only.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A case that a dying worker took with it could not be judged.
    fn settle_lost(&self) {
        let mut state = self.lock();
        for at in state.schedule.lost() {
            let lost = harness_fault("the worker of this case ended without a result", "");
            let report = without_running(&self.plan.cases[at], lost);
            self.finish(&mut state, at, report);
        }
    }
}

/// Puts the files of a build step that passed where later cases find them.
fn hand_on(engine: &dyn Engine, outputs: &mut Outputs, report: CaseReport) -> CaseReport {
    let mut report = kept(engine, outputs, report);
    if report.case.for_judge {
        report.verdict = as_judges_build(report.verdict);
    }
    report
}

fn kept(engine: &dyn Engine, outputs: &mut Outputs, mut report: CaseReport) -> CaseReport {
    if report.case.outputs.is_empty() || report.verdict.status != Status::Passed {
        return report;
    }
    let Some(Outcome::Ran(ran)) = report.attempts.last().map(|attempt| &attempt.outcome) else {
        return report;
    };
    let seen = match &report.case.group {
        _ if report.case.for_judge => Seen::Judge,
        Some(group) => Seen::Group(group.to_string()),
        None => Seen::Suite,
    };
    let place = (report.case.suite, seen);
    let begun = outputs.begin_step(place.clone());
    let no_room = begun.err().map(|error| cannot_keep(&format!("keeping build outputs: {error}")));
    let mut kept = report.case.outputs.iter();
    let verdict = no_room.or_else(|| kept.find_map(|path| keep((engine, &mut *outputs), &place, path, ran)));
    if let Some(verdict) = verdict {
        let verdict = again::taken(&report.case, verdict);
        report.verdict = Verdict { checks: report.verdict.checks, notes: report.verdict.notes, ..verdict };
    }
    report
}

fn cannot_keep(step: &str) -> Verdict {
    harness_fault(step, "make room in the temporary directory (TMPDIR)")
}

/// Keeps one output; the verdict on the build step when that fails.
fn keep(
    (engine, outputs): (&dyn Engine, &mut Outputs),
    place: &Place,
    path: &Path,
    ran: &Ran,
) -> Option<Verdict> {
    let why = match ran.files.iter().find(|file| file.path == path).map(|file| &file.content) {
        Some(Ok(content)) => {
            let mut content = content.clone();
            engine.tell(&mut content.bytes);
            let error = outputs.add(place, path, &content).err()?;
            return Some(cannot_keep(&format!("keeping the build output `{}`: {error}", path.display())));
        }
        Some(Err(problem)) => problem_in_words(problem),
        None => "was not collected".to_owned(),
    };
    let file = path.display().to_string();
    let message = format!("the output `{file}` {why}");
    let details = Details { file: Some(file), ..Details::default() };
    let code = Some(Code::BuildFailed);
    Some(Verdict { status: Status::Failed, code, details, ..not_run(None, message, None) })
}

fn problem_in_words(problem: &FileProblem) -> String {
    match problem {
        FileProblem::Missing => "is missing".to_owned(),
        FileProblem::Link => "is a symbolic link, which is never followed".to_owned(),
        FileProblem::NotRegular => "is not a regular file".to_owned(),
        FileProblem::TooLarge(size) => format!("is too large ({size})"),
        FileProblem::Unreadable(errno) => format!("cannot be read (errno {errno})"),
    }
}
