//! Who starts before whom: build steps before the cases of their suite, hooks around those that they are for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::plan::RunPlan;
use crate::judge::Verdict;
use crate::resolve::{CaseId, CaseKind, ResolvedCase};

/// Cases that wait for the same others. A group of many that needs a group of many is one gate
/// with as many cases behind it as before it, and not the product of the two.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// How many cases it still waits for.
    pub(super) missing: usize,
    /// Who waits behind it.
    pub(super) behind: Vec<usize>,
    /// Of a teardown: what it comes after.
    pub(super) before: Vec<usize>,
    /// What becomes of those behind it, once that is known: `None` when they may run.
    pub(super) verdict: Option<Option<Verdict>>,
}

/// Who waits for whom.
#[derive(Debug)]
pub(super) struct Gates {
    pub(super) gates: Vec<Gate>,
    /// The gate of each case.
    pub(super) of_case: Vec<usize>,
    /// The gates that wait for a case.
    pub(super) waiting: Vec<Vec<usize>>,
}

/// The plan's order, with the build steps of each suite, in their own order, before the first of
/// what is its: of a class, one submission is finished after the other.
pub(super) fn builds_before_their_cases(plan: &RunPlan) -> Vec<usize> {
    let all = 0..plan.cases.len();
    let mut builds: HashMap<usize, Vec<usize>> = HashMap::new();
    for at in all.clone().filter(|&at| plan.cases[at].kind == CaseKind::Build) {
        builds.entry(plan.cases[at].suite).or_default().push(at);
    }
    let given: Vec<usize> =
        if plan.order.len() == plan.cases.len() { plan.order.clone() } else { all.collect() };
    let mut order = Vec::with_capacity(given.len());
    for at in given {
        order.extend(builds.remove(&plan.cases[at].suite).unwrap_or_default());
        if plan.cases[at].kind != CaseKind::Build {
            order.push(at);
        }
    }
    order
}

pub(super) fn gates(plan: &RunPlan, index: &HashMap<(usize, CaseId), usize>) -> Gates {
    let count = plan.cases.len();
    let mut gates = Gates { gates: Vec::new(), of_case: vec![0; count], waiting: vec![Vec::new(); count] };
    // Cases with the same needs have the same list: `resolve` sees to that.
    let mut known: HashMap<(usize, *const CaseId, usize), usize> = HashMap::new();
    for (at, case) in plan.cases.iter().enumerate() {
        if case.kind == CaseKind::Teardown {
            let before = before(plan, at, case);
            let gate = gates.add(before.iter().copied());
            gates.gates[gate].before = before;
            gates.put(at, gate);
            continue;
        }
        let key = (case.suite, Arc::as_ptr(&case.needs).cast::<CaseId>(), case.needs.len());
        let gate = match known.get(&key) {
            Some(&gate) => gate,
            None => {
                // What is not in the run at all is found when the case's turn comes.
                let needed = case.needs.iter().filter_map(|id| index.get(&(case.suite, id.clone())));
                let gate = gates.add(needed.copied().collect::<HashSet<_>>());
                *known.entry(key).or_insert(gate)
            }
        };
        gates.put(at, gate);
    }
    gates
}

/// What a teardown comes after: the cases and the set-up of its place.
fn before(plan: &RunPlan, at: usize, teardown: &ResolvedCase) -> Vec<usize> {
    let comes_before = |other: usize, case: &ResolvedCase| match case.kind {
        _ if case.suite != teardown.suite => false,
        CaseKind::Build => false,
        CaseKind::Case | CaseKind::Setup => teardown.group.is_none() || case.group == teardown.group,
        // Steps of one place run in their order; the suite's after those of its groups.
        CaseKind::Teardown if case.group == teardown.group => other < at,
        CaseKind::Teardown => teardown.group.is_none(),
    };
    let cases = plan.cases.iter().enumerate();
    cases.filter(|(other, case)| comes_before(*other, case)).map(|(other, _)| other).collect()
}

impl Gates {
    fn add(&mut self, needed: impl IntoIterator<Item = usize>) -> usize {
        let number = self.gates.len();
        let mut gate = Gate::default();
        for case in needed {
            gate.missing += 1;
            self.waiting[case].push(number);
        }
        self.gates.push(gate);
        number
    }

    fn put(&mut self, case: usize, gate: usize) {
        self.of_case[case] = gate;
        self.gates[gate].behind.push(case);
    }

    /// The gate of a case.
    pub(super) fn of(&self, case: usize) -> &Gate {
        &self.gates[self.of_case[case]]
    }

    /// A case has its verdict. Returns those that wait for nothing any more.
    pub(super) fn finished(&mut self, case: usize) -> Vec<usize> {
        let mut free = Vec::new();
        for gate in std::mem::take(&mut self.waiting[case]) {
            let gate = &mut self.gates[gate];
            gate.missing -= 1;
            if gate.missing == 0 {
                free.extend_from_slice(&gate.behind);
            }
        }
        free
    }
}
