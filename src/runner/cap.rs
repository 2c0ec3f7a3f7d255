//! [`Caps`]: groups of which only so many cases run at a time.

use std::collections::{BTreeSet, HashMap};

use super::plan::RunPlan;
use crate::resolve::CaseKind;

/// Groups of which only so many cases run at a time.
#[derive(Debug)]
pub(super) struct Caps {
    /// The capped group of each case, if it is in one.
    of_case: HashMap<usize, usize>,
    groups: Vec<Cap>,
    /// Cases that have a place in their group.
    inside: BTreeSet<usize>,
}

#[derive(Debug)]
struct Cap {
    free: usize,
    /// Cases that were ready and found the group full, by their place in the order.
    held: BTreeSet<usize>,
}

impl Caps {
    pub(super) fn new(plan: &RunPlan) -> Self {
        let mut caps = Self { of_case: HashMap::new(), groups: Vec::new(), inside: BTreeSet::new() };
        let mut numbers: HashMap<(usize, &str), usize> = HashMap::new();
        for (at, case) in plan.cases.iter().enumerate().filter(|(_, case)| case.kind == CaseKind::Case) {
            let (Some(most), Some(group)) = (case.terms.most_at_once, case.group.as_deref()) else {
                continue;
            };
            let number = *numbers.entry((case.suite, group)).or_insert_with(|| {
                caps.groups.push(Cap { free: most.get(), held: BTreeSet::new() });
                caps.groups.len() - 1
            });
            caps.of_case.insert(at, number);
        }
        caps
    }

    /// Takes a place in the case's group; where there is none, keeps `place` of the case in the
    /// order until there is.
    pub(super) fn take(&mut self, case: usize, place: usize) -> bool {
        let Some(&group) = self.of_case.get(&case) else { return true };
        let cap = &mut self.groups[group];
        if cap.free == 0 {
            cap.held.insert(place);
            return false;
        }
        cap.free -= 1;
        self.inside.insert(case);
        true
    }

    /// Gives the place of a case back. Returns the place in the order of who may try next.
    pub(super) fn give_back(&mut self, case: usize) -> Option<usize> {
        if !self.inside.remove(&case) {
            return None;
        }
        let cap = &mut self.groups[*self.of_case.get(&case)?];
        cap.free += 1;
        cap.held.pop_first()
    }
}
