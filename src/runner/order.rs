//! Who starts before whom: build steps before all cases, hooks around those that they are for.

use std::collections::HashMap;

use super::plan::RunPlan;
use crate::resolve::{CaseId, CaseKind};

/// Who waits for whom.
#[derive(Debug)]
pub(super) struct Edges {
    /// How many cases each still waits for.
    pub(super) missing: Vec<u32>,
    /// Who waits for it.
    pub(super) dependents: Vec<Vec<usize>>,
    /// For each teardown, what it comes after.
    pub(super) before: HashMap<usize, Vec<usize>>,
}

/// Build steps of all suites in suite order, then everything else in the plan's.
pub(super) fn build_first(plan: &RunPlan) -> Vec<usize> {
    let is_build = |at: &usize| plan.cases[*at].kind == CaseKind::Build;
    let all = 0..plan.cases.len();
    let builds = all.clone().filter(is_build);
    if plan.order.len() == plan.cases.len() {
        builds.chain(plan.order.iter().copied().filter(|at| !is_build(at))).collect()
    } else {
        builds.chain(all.clone().filter(|at| !is_build(at))).collect()
    }
}

pub(super) fn edges(plan: &RunPlan, index: &HashMap<(usize, CaseId), usize>) -> Edges {
    let mut edges = Edges {
        missing: vec![0; plan.cases.len()],
        dependents: vec![Vec::new(); plan.cases.len()],
        before: HashMap::new(),
    };
    for (at, case) in plan.cases.iter().enumerate() {
        // What is not in the run at all is found when the case's turn comes.
        for needed in case.needs.iter().filter_map(|id| index.get(&(case.suite, id.clone()))) {
            edges.add(at, *needed);
        }
    }
    for (at, case) in plan.cases.iter().enumerate().filter(|(_, case)| case.kind == CaseKind::Teardown) {
        let before: Vec<_> = plan
            .cases
            .iter()
            .enumerate()
            .filter(|(other, before)| match before.kind {
                _ if before.suite != case.suite => false,
                CaseKind::Build => false,
                CaseKind::Case | CaseKind::Setup => case.group.is_none() || before.group == case.group,
                // Steps of one place run in their order; the suite's after those of its groups.
                CaseKind::Teardown if before.group == case.group => *other < at,
                CaseKind::Teardown => case.group.is_none(),
            })
            .map(|(other, _)| other)
            .collect();
        before.iter().for_each(|&other| edges.add(at, other));
        edges.before.insert(at, before);
    }
    edges
}

impl Edges {
    fn add(&mut self, waits: usize, needed: usize) {
        self.missing[waits] += 1;
        self.dependents[needed].push(waits);
    }
}
