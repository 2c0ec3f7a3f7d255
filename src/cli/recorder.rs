//! [`Recorder`]: makes the records of a run as its cases end, and writes them into the event log. In
//! memory there is of each case only what totals need, and where its record is.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::event_log::{EventLog, Place};
use super::report_file::ReportError;
use crate::judge::Status;
use crate::report::event::{Plan, What};
use crate::report::record::{Audience, CaseRecord, PlannedCase, RunFooter, RunHeader};
use crate::report::{CaseReport, CaseSource, RunRecords, Tally, record_of_line};
use crate::resolve::{CaseId, ResolvedCase};
use crate::runner::Event;

/// Cases that did not pass and are shown at the end: more than that nobody reads there.
const MOST_KEPT: usize = 500;

/// Makes the records of a run as its cases end.
pub(super) struct Recorder {
    header: RunHeader,
    cases: Vec<Arc<ResolvedCase>>,
    audience: Audience,
    /// Whether bytes read and written are reported.
    io_is_told: bool,
    keeps_all: bool,
    index: HashMap<(usize, CaseId), usize>,
    state: Mutex<State>,
}

struct State {
    log: EventLog,
    tally: Tally,
    places: Vec<Option<Place>>,
    cancelling: bool,
    /// Reports that are shown when the run is over, by their place.
    kept: BTreeMap<usize, CaseReport>,
}

impl Recorder {
    /// Begins the log.
    pub(super) fn start(
        header: RunHeader,
        cases: &[Arc<ResolvedCase>],
        audience: Audience,
        io_is_told: bool,
        mut log: EventLog,
    ) -> Self {
        let planned = |at: usize| planned(&cases[at], &header, audience);
        log.append(What::RunStarted { run: &header.clone().for_audience(audience), audience });
        log.append(What::RunPlanned {
            selected: cases.len(),
            cases: Plan { count: cases.len(), case: &planned },
        });
        let tally = unfinished(cases, &header);
        let places = vec![None; cases.len()];
        let index = cases.iter().enumerate().map(|(at, case)| ((case.suite, case.id.clone()), at)).collect();
        let state = Mutex::new(State { log, tally, places, cancelling: false, kept: BTreeMap::new() });
        Self { header, cases: cases.to_vec(), audience, io_is_told, keeps_all: false, index, state }
    }

    /// Keeps the report of every case, not only of the first that did not pass.
    pub(super) fn keep_all(&mut self) {
        self.keeps_all = true;
    }

    /// Takes the report of a case that has ended, with its place in the run.
    pub(super) fn take(&self, at: usize, report: CaseReport) {
        let is_shown = matches!(report.verdict.status, Status::Failed | Status::Error | Status::Cancelled);
        if !self.keeps_all && !is_shown {
            return;
        }
        let mut state = self.lock();
        state.kept.insert(at, report);
        if !self.keeps_all && state.kept.len() > MOST_KEPT {
            state.kept.pop_last();
        }
    }

    /// Takes an event of the run; `interrupted` is what interrupted it so far.
    pub(super) fn event(&self, event: Event<'_>, interrupted: Option<&str>) {
        match event {
            Event::RunStarted { .. } => {}
            Event::CaseStarted { case, .. } => {
                if let Some(&at) = self.index.get(&(case.suite, case.id.clone())) {
                    let mut state = self.lock();
                    state.cancelling(interrupted);
                    state.log.append(What::CaseStarted {
                        case: at,
                        id: self.audience.id_of(case),
                        attempt: 1,
                    });
                }
            }
            Event::CaseFinished { report, done, total } => self.finished(report, (done, total), interrupted),
            Event::RunFinished => self.lock().cancelling(interrupted),
        }
    }

    fn finished(&self, report: &CaseReport, (done, total): (usize, usize), interrupted: Option<&str>) {
        let case = &report.case;
        let Some(&at) = self.index.get(&(case.suite, case.id.clone())) else { return };
        let mut record = CaseRecord::new(report, &self.header.suites);
        if !self.io_is_told {
            record.forget_io();
        }
        let told = record.clone().for_audience(self.audience);
        let mut state = self.lock();
        state.cancelling(interrupted);
        let count = report.attempts.len();
        for (number, attempt) in (1..).zip(&report.attempts) {
            if number > 1 {
                state.log.append(What::CaseStarted {
                    case: at,
                    id: self.audience.id_of(case),
                    attempt: number,
                });
            }
            let shown = self.audience.sees(case.visibility);
            state.log.append(What::AttemptFinished {
                case: at,
                id: self.audience.id_of(case),
                attempt: number,
                status: attempt.verdict.status,
                code: attempt.verdict.code,
                duration_ms: if shown { record.attempts[number - 1].duration_ms } else { 0 },
                will_retry: number < count,
            });
        }
        state.places[at] = state.log.append(What::CaseFinished { case: at, done, total, record: &told });
        state.tally.set(at, &record);
    }

    /// The run has ended; the log is not closed yet. With it, the reports that were kept, in suite
    /// order.
    pub(super) fn end(self) -> (Recorded, Vec<CaseReport>) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let recorded = Recorded {
            header: self.header,
            cases: self.cases,
            audience: self.audience,
            log: state.log,
            tally: state.tally,
            places: state.places,
        };
        (recorded, state.kept.into_values().collect())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn cancelling(&mut self, interrupted: Option<&str>) {
        if let Some(cause) = interrupted.filter(|_| !self.cancelling) {
            self.cancelling = true;
            self.log.append(What::RunCancelling { cause });
        }
    }
}

/// The tally of a run before its first case.
pub(super) fn unfinished(cases: &[Arc<ResolvedCase>], header: &RunHeader) -> Tally {
    let mut tally = Tally::default();
    for case in cases {
        tally.push(&PlannedCase::new(case, &header.suites).without_result());
    }
    tally
}

fn planned(case: &ResolvedCase, header: &RunHeader, audience: Audience) -> PlannedCase {
    PlannedCase::new(case, &header.suites).for_audience(audience)
}

/// A run that has not begun: every case without a result.
pub(super) struct Unbegun<'a> {
    pub(super) header: &'a RunHeader,
    pub(super) cases: &'a [Arc<ResolvedCase>],
}

impl CaseSource for Unbegun<'_> {
    fn case(&self, at: usize) -> io::Result<CaseRecord> {
        without_result(self.cases, self.header, at)
    }
}

/// A run that has ended, with its log.
pub(super) struct Recorded {
    header: RunHeader,
    cases: Vec<Arc<ResolvedCase>>,
    audience: Audience,
    log: EventLog,
    tally: Tally,
    places: Vec<Option<Place>>,
}

impl CaseSource for Recorded {
    fn case(&self, at: usize) -> io::Result<CaseRecord> {
        match self.places.get(at).copied().flatten() {
            Some(place) => record_of_line(&self.log.line(place)?),
            None => without_result(&self.cases, &self.header, at),
        }
    }
}

fn without_result(cases: &[Arc<ResolvedCase>], header: &RunHeader, at: usize) -> io::Result<CaseRecord> {
    let case = cases.get(at).ok_or_else(|| io::Error::other(format!("there is no case {at}")))?;
    Ok(PlannedCase::new(case, &header.suites).without_result())
}

impl Recorded {
    /// What the writers read.
    pub(super) fn view(&self, footer: &RunFooter) -> RunRecords<'_> {
        RunRecords::new(&self.header, footer, &self.tally, self, self.audience)
    }

    /// Facts and totals of all cases, for whom they concern.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Why the log could not be written, if so: then there is nothing to make reports from.
    pub(super) fn failure(&self) -> Option<String> {
        self.log.failure()
    }

    /// Writes the last event and closes the log. The name of the log, if it has one.
    ///
    /// # Errors
    /// Events were lost.
    pub(super) fn finish(mut self, footer: &RunFooter) -> Result<Option<PathBuf>, ReportError> {
        let last = self.view(footer);
        match What::finished(footer, &last) {
            Ok(last) => drop(self.log.append(last)),
            Err(error) => log::warn!("the event log cannot be read again: {error}"),
        }
        self.log.finish()
    }
}
