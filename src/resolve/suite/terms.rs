//! How each case is taken, decided; and the steps before and after the cases.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::planned::Planned;
use super::resolver::Resolver;
use super::settings::Layers;
use crate::judge::{Code, ExitExpectation, Expectation};
use crate::resolve::{Blame, CaseId, CaseKind, ResolvedCase, Terms, Xfail};
use crate::suite::{Hook, shown};

/// The hooks of a suite: their cases, and what the cases of each group need of them.
#[derive(Default)]
pub(super) struct HookCases {
    pub(super) setup: Vec<ResolvedCase>,
    pub(super) teardown: Vec<ResolvedCase>,
    /// Steps that every case needs.
    of_suite: Vec<CaseId>,
    /// Steps that the cases of a group need besides, by the group's number.
    of_groups: HashMap<usize, Vec<CaseId>>,
}

impl HookCases {
    /// Everything that a case of this group needs.
    pub(super) fn needed(&self, group: Option<usize>) -> impl Iterator<Item = &CaseId> {
        let of_group = group.and_then(|group| self.of_groups.get(&group));
        self.of_suite.iter().chain(of_group.into_iter().flatten())
    }
}

impl Resolver<'_> {
    pub(super) fn terms(&mut self, layers: &Layers<'_>, planned: &Planned<'_>) -> Arc<Terms> {
        let retries = layers.first(|common| common.retries.as_ref());
        let xfail = layers.first(|common| common.xfail.as_ref()).and_then(|xfail| xfail.known.as_ref());
        let group = planned.group.map(|group| &self.suite.groups[group]);
        let terms = Terms {
            retries: retries.map_or(0, |retries| retries.count),
            retry_delay: retries.map(|retries| retries.delay).unwrap_or_default(),
            xfail: xfail.map(|known| Xfail {
                reason: known.reason.clone(),
                code: known.code,
                strict: known.strict,
            }),
            skip: layers.first(|common| common.skip.as_ref()).and_then(|skip| skip.reason.clone()),
            source: planned
                .common
                .and_then(|common| common.source.as_ref())
                .map(|source| Arc::clone(&source.value)),
            extra_credit: planned.common.is_some_and(|common| common.extra_credit),
            penalty: planned.common.and_then(|common| common.penalty).unwrap_or(0.0),
            most_at_once: group.and_then(|group| group.max),
            blame: Blame::default(),
        };
        if let (Some(span), None) =
            (planned.common.and_then(|common| common.source.as_ref()), &self.submission)
        {
            let help = "give `submission: {path: …}` or --submission";
            if !self.lenient {
                self.mistake(
                    Code::MissingField,
                    &span.span.clone(),
                    "there is no submission to look at",
                    help,
                );
            }
        }
        // Most cases have the same.
        match self.last_terms.as_ref().filter(|last| ***last == terms) {
            Some(last) => Arc::clone(last),
            None => Arc::clone(self.last_terms.insert(Arc::new(terms))),
        }
    }

    /// The steps of all hooks.
    pub(super) fn hook_cases(&mut self, build: &[CaseId]) -> HookCases {
        let suite = self.suite;
        let mut all = HookCases::default();
        let place = Place { group: None, before: build.to_vec() };
        let (setup, ids) = self.hook_steps(&suite.hooks.setup, CaseKind::Setup, &place);
        all.setup = setup;
        all.of_suite = ids;
        for (number, group) in suite.groups.iter().enumerate() {
            let before = build.iter().chain(&all.of_suite).cloned().collect();
            let place = Place { group: Some(number), before };
            let (setup, ids) = self.hook_steps(&group.hooks.setup, CaseKind::Setup, &place);
            all.setup.extend(setup);
            if !ids.is_empty() {
                all.of_groups.insert(number, ids);
            }
            all.teardown.extend(self.hook_steps(&group.hooks.teardown, CaseKind::Teardown, &place).0);
        }
        let place = Place { group: None, before: Vec::new() };
        all.teardown.extend(self.hook_steps(&suite.hooks.teardown, CaseKind::Teardown, &place).0);
        all
    }

    fn hook_steps(
        &mut self,
        hooks: &[Hook],
        kind: CaseKind,
        place: &Place,
    ) -> (Vec<ResolvedCase>, Vec<CaseId>) {
        let word = if kind == CaseKind::Setup { "setup" } else { "teardown" };
        let group = place.group.map(|group| self.suite.groups[group].name.value.clone());
        let mut names: HashMap<String, Range<usize>> = HashMap::new();
        let mut ids: Vec<CaseId> = Vec::new();
        let mut cases = Vec::new();
        for (number, hook) in hooks.iter().enumerate() {
            let step = &hook.step;
            let name = step.name.as_ref().map_or_else(|| (number + 1).to_string(), |name| name.value.clone());
            if let Some(first) = names.insert(name.clone(), step.span.clone()) {
                self.twice(format!("two steps are called `{}`", shown(&name)), &first, &step.span);
            }
            let id = match &group {
                Some(group) => format!("{group}/{word}/{name}"),
                None => format!("{word}/{name}"),
            };
            let layers = Layers::of_build(&step.common);
            let mut case = self.case(&layers, CaseId(id.into()), step.span.start);
            case.kind = kind;
            case.name = name.into();
            case.group = group.as_deref().map(Arc::from);
            case.points = 0.0;
            case.outputs.clone_from(&step.outputs);
            case.expectation =
                Expectation { exit: ExitExpectation::OneOf(vec![0]), ..Expectation::default() };
            // A teardown waits for its cases by itself, and needs none of them to have passed.
            if kind == CaseKind::Setup {
                case.needs = place.before.iter().chain(&ids).cloned().collect();
            }
            let blame = if hook.blame_submission { Blame::Submission } else { Blame::Suite };
            case.terms = Arc::new(Terms { blame, ..Terms::default() });
            ids.push(case.id.clone());
            cases.push(case);
        }
        (cases, ids)
    }
}

/// Where a hook stands: its group, and what must have passed before it.
struct Place {
    group: Option<usize>,
    before: Vec<CaseId>,
}
