//! [`Collector`]: case reports come in from all workers; a submission whose last case has its
//! verdict goes out whole.

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

use super::unit::Unit;
use crate::report::CaseReport;
use crate::resolve::CaseId;

/// The number of a unit in the run, and the reports of all its cases.
pub(in crate::cli) type Finished = (usize, Vec<CaseReport>);

/// Gathers the case reports of every unit.
pub(in crate::cli) struct Collector {
    units: Vec<Mutex<Gathered>>,
    finished: Mutex<Option<Sender<Finished>>>,
}

struct Gathered {
    places: HashMap<CaseId, usize>,
    reports: Vec<Option<CaseReport>>,
    missing: usize,
}

impl Collector {
    /// For these units, in the order of their numbers in the run. A unit that is whole goes into
    /// `finished`, with its number.
    pub(in crate::cli) fn new(units: &[Unit], finished: Sender<Finished>) -> Self {
        let gathered = |unit: &Unit| {
            let places = unit.cases.iter().enumerate().map(|(at, case)| (case.id.clone(), at)).collect();
            let count = unit.cases.len();
            Mutex::new(Gathered { places, reports: vec![None; count], missing: count })
        };
        Self { units: units.iter().map(gathered).collect(), finished: Mutex::new(Some(finished)) }
    }

    /// Says that nothing more will come.
    pub(in crate::cli) fn close(&self) {
        drop(self.finished.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Takes the report of one case.
    pub(in crate::cli) fn add(&self, report: &CaseReport) {
        let at = report.case.suite;
        let Some(unit) = self.units.get(at) else { return };
        let mut unit = unit.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(&place) = unit.places.get(&report.case.id) else { return };
        if unit.reports[place].replace(report.clone()).is_none() {
            unit.missing -= 1;
        }
        if unit.missing == 0 {
            let reports = std::mem::take(&mut unit.reports).into_iter().flatten().collect();
            unit.places = HashMap::new();
            let finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody listens any more when the writer has died.
            let _ = finished.as_ref().map(|finished| finished.send((at, reports)));
        }
    }
}
