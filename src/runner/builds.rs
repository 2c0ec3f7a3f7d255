//! [`Builds`]: the build steps of a suite run one after the other, since a step sees what those
//! before it have made, and before everything else of that suite. Nothing of another suite waits
//! for them: of a class, one submission is built while another is built or its cases run.

use std::collections::{BTreeSet, HashMap};

use super::plan::RunPlan;
use crate::resolve::CaseKind;

/// The suites that have build steps without a verdict. Cases are known by their places in the order.
#[derive(Debug)]
pub(super) struct Builds {
    of_suite: HashMap<usize, Chain>,
}

#[derive(Debug, Default)]
struct Chain {
    /// Steps without a verdict; the first of them is the one that may run.
    steps: BTreeSet<usize>,
    /// What would be ready but for `steps`.
    held: BTreeSet<usize>,
}

impl Builds {
    pub(super) fn new(plan: &RunPlan, place: &[usize]) -> Self {
        let mut of_suite: HashMap<usize, Chain> = HashMap::new();
        for (at, case) in plan.cases.iter().enumerate().filter(|(_, case)| case.kind == CaseKind::Build) {
            of_suite.entry(case.suite).or_default().steps.insert(place[at]);
        }
        Self { of_suite }
    }

    /// Whether no build step of its suite holds this one back; if one does, it is kept until none does.
    pub(super) fn admit(&mut self, suite: usize, place: usize) -> bool {
        let Some(chain) = self.of_suite.get_mut(&suite) else { return true };
        let free = chain.steps.first() == Some(&place);
        if !free {
            chain.held.insert(place);
        }
        free
    }

    /// A step has its verdict. Returns who was kept and may start now.
    pub(super) fn finished(&mut self, suite: usize, place: usize) -> Vec<usize> {
        let Some(chain) = self.of_suite.get_mut(&suite) else { return Vec::new() };
        chain.steps.remove(&place);
        if let Some(next) = chain.steps.first().copied() {
            return chain.held.take(&next).into_iter().collect();
        }
        self.of_suite.remove(&suite).map(|chain| chain.held.into_iter().collect()).unwrap_or_default()
    }
}
