//! What must have passed before a case: names become ids, circles are mistakes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::planned::Planned;
use super::resolver::Resolver;
use super::terms::HookCases;
use crate::diagnostic::nearest;
use crate::judge::Code;
use crate::resolve::CaseId;
use crate::suite::{Spanned, shown};

/// A group that needs a group makes the product of their sizes; more than this is refused.
const MAX_NEEDS: usize = 4_000_000;

/// How many names a wrong one is compared with.
const MAX_COMPARED: usize = 1000;

/// What a name in `needs` means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    /// All build steps, or one: every case needs them anyhow.
    Build,
    Case(usize),
    Group(usize),
}

/// What comes before every case: build steps, and the hooks of its suite and group.
struct Before<'p> {
    build: &'p [CaseId],
    hooks: &'p HookCases,
}

/// The cases by id and by group.
struct Index<'p> {
    ids: HashMap<&'p str, usize>,
    groups: HashMap<&'p str, usize>,
    members: Vec<Vec<usize>>,
}

impl Resolver<'_> {
    /// For each case the ids of all that it needs: build steps first, then in the suite's order.
    pub(super) fn needs(
        &mut self,
        planned: &[Planned<'_>],
        build: &[CaseId],
        hooks: &HookCases,
    ) -> Vec<Arc<[CaseId]>> {
        let suite = self.suite;
        let mut members = vec![Vec::new(); suite.groups.len()];
        for (at, case) in planned.iter().enumerate() {
            if let Some(group) = case.group {
                members[group].push(at);
            }
        }
        let groups = suite.groups.iter().enumerate().map(|(at, group)| (group.name.value.as_str(), at));
        let index = Index {
            ids: planned.iter().enumerate().map(|(at, case)| (&*case.id.0, at)).collect(),
            groups: groups.collect(),
            members,
        };
        let of_groups: Vec<Vec<Needed>> =
            suite.groups.iter().map(|group| self.meant(&group.common.needs, None, &index, build)).collect();
        let of_cases: Vec<Vec<Needed>> = planned
            .iter()
            .map(|case| {
                let group = case.group.map(|group| suite.groups[group].name.value.as_str());
                case.common.map_or(Vec::new(), |common| self.meant(&common.needs, group, &index, build))
            })
            .collect();
        if self.find_circle(planned, &index, &of_groups, &of_cases) {
            return vec![Arc::default(); planned.len()];
        }
        self.expand(planned, &Before { build, hooks }, &index, &of_groups, &of_cases)
    }

    fn meant(
        &mut self,
        names: &[Spanned<String>],
        group: Option<&str>,
        index: &Index<'_>,
        build: &[CaseId],
    ) -> Vec<Needed> {
        let mut meant = Vec::new();
        for name in names {
            let word = name.value.as_str();
            let in_group = group.and_then(|group| index.ids.get(format!("{group}/{word}").as_str()));
            let is_build = word == "build" && !build.is_empty() || build.iter().any(|id| &*id.0 == word);
            if is_build {
                meant.push(Needed::Build);
            } else if let Some(&case) = in_group.or_else(|| index.ids.get(word)) {
                meant.push(Needed::Case(case));
            } else if let Some(&group) = index.groups.get(word) {
                meant.push(Needed::Group(group));
            } else {
                self.unknown_need(name, index);
            }
        }
        meant
    }

    fn unknown_need(&mut self, name: &Spanned<String>, index: &Index<'_>) {
        // One that stands there and could not be made a case has its own mistake.
        let is_broken = self.suite.cases.iter().any(|case| case.id.value == name.value);
        let in_a_group = index.ids.keys().find(|id| id.rsplit('/').next() == Some(name.value.as_str()));
        if is_broken && in_a_group.is_none() && !self.errors.is_empty() {
            return;
        }
        let word = shown(&name.value);
        let names =
            index.groups.keys().copied().chain(self.suite.cases.iter().map(|case| case.id.value.as_str()));
        let near = nearest(&word, names.take(MAX_COMPARED));
        let near = in_a_group.copied().or(near).map(shown);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if name.value == "build" => "there is no `build:` in this suite".to_owned(),
            None => "name a group, a case, or `build`".to_owned(),
        };
        self.mistake(
            Code::InvalidInput,
            &name.span,
            format!("there is nothing called `{word}` to need"),
            help,
        );
    }

    /// Looks for a circle in the graph of cases and groups. A group is one node that stands for
    /// its members, so that the graph stays as small as what was written.
    fn find_circle(
        &mut self,
        planned: &[Planned<'_>],
        index: &Index<'_>,
        of_groups: &[Vec<Needed>],
        of_cases: &[Vec<Needed>],
    ) -> bool {
        let cases = planned.len();
        let node = |needed: &Needed| match needed {
            Needed::Build => None,
            Needed::Case(case) => Some(*case),
            Needed::Group(group) => Some(cases + group),
        };
        // Nodes: cases, then groups (all members), then what the members of each group need.
        let edges = |at: usize| -> Vec<usize> {
            if at < cases {
                let group = planned[at].group.map(|group| cases + of_groups.len() + group);
                of_cases[at].iter().filter_map(node).chain(group).collect()
            } else if at < cases + of_groups.len() {
                index.members[at - cases].clone()
            } else {
                of_groups[at - cases - of_groups.len()].iter().filter_map(node).collect()
            }
        };
        let Some(circle) = circle(cases + 2 * of_groups.len(), edges) else { return false };
        let name = |at: &usize| match at {
            at if *at < cases => Some(shown(&planned[*at].id.0)),
            at if *at < cases + of_groups.len() => None,
            at => {
                Some(format!("group {}", shown(&self.suite.groups[*at - cases - of_groups.len()].name.value)))
            }
        };
        let names: Vec<String> = circle.iter().filter_map(name).take(20).collect();
        let span = self.circle_span(planned, &circle, cases, of_groups.len());
        let message = format!("these need each other in a circle: {}", names.join(" → "));
        self.mistake(Code::InvalidInput, &span, message, "take one of them out of `needs`");
        true
    }

    /// Where a circle can be broken: the first `needs` on its way.
    fn circle_span(
        &self,
        planned: &[Planned<'_>],
        circle: &[usize],
        cases: usize,
        groups: usize,
    ) -> Range<usize> {
        let needs = circle.iter().find_map(|&at| {
            let needs = if at < cases {
                planned[at].common.map(|common| &common.needs)
            } else {
                at.checked_sub(cases + groups).map(|group| &self.suite.groups[group].common.needs)
            };
            needs.and_then(|needs| needs.first()).map(|name| name.span.clone())
        });
        needs.unwrap_or(0..0)
    }

    fn expand(
        &mut self,
        planned: &[Planned<'_>],
        before: &Before<'_>,
        index: &Index<'_>,
        of_groups: &[Vec<Needed>],
        of_cases: &[Vec<Needed>],
    ) -> Vec<Arc<[CaseId]>> {
        let flat = |needs: &[Needed]| -> Vec<usize> {
            let cases = needs.iter().flat_map(|needed| match needed {
                Needed::Build => &[],
                Needed::Case(case) => std::slice::from_ref(case),
                Needed::Group(group) => index.members[*group].as_slice(),
            });
            cases.copied().collect()
        };
        let groups: Vec<Vec<usize>> = of_groups.iter().map(|needs| flat(needs)).collect();
        // Most cases need what their group needs and nothing else: they have one list.
        let mut shared: HashMap<Option<usize>, Arc<[CaseId]>> = HashMap::new();
        let mut total = 0;
        let mut all = Vec::with_capacity(planned.len());
        for (case, own) in planned.iter().zip(of_cases) {
            if let Some(known) = shared.get(&case.group).filter(|_| own.is_empty()) {
                all.push(Arc::clone(known));
                continue;
            }
            let mut cases = flat(own);
            cases.extend(case.group.iter().flat_map(|group| &groups[*group]));
            cases.sort_unstable();
            cases.dedup();
            total += cases.len();
            if total > MAX_NEEDS {
                let message = format!("`needs` ties the cases together more than {MAX_NEEDS} times");
                let help = "let one case stand for a large group, and need that";
                self.mistake(Code::OutOfRange, &case.span, message, help);
                return vec![Arc::default(); planned.len()];
            }
            let own_steps = before.build.iter().chain(before.hooks.needed(case.group)).cloned();
            let ids = own_steps.chain(cases.iter().map(|&at| planned[at].id.clone()));
            let ids: Arc<[CaseId]> = ids.collect();
            if own.is_empty() {
                shared.insert(case.group, Arc::clone(&ids));
            }
            all.push(ids);
        }
        all
    }
}

/// A circle in a graph of `nodes` nodes, if there is one: its nodes, the first again at the end.
/// Walks with a stack of its own: chains may be as long as the suite.
fn circle(nodes: usize, edges: impl Fn(usize) -> Vec<usize>) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        OnTheWay,
        Done,
    }
    let mut seen = vec![Seen::No; nodes];
    for start in 0..nodes {
        if seen[start] != Seen::No {
            continue;
        }
        seen[start] = Seen::OnTheWay;
        let mut way = vec![(start, edges(start).into_iter())];
        while let Some((at, rest)) = way.last_mut() {
            let Some(next) = rest.next() else {
                seen[*at] = Seen::Done;
                way.pop();
                continue;
            };
            match seen[next] {
                Seen::Done => {}
                Seen::No => {
                    seen[next] = Seen::OnTheWay;
                    way.push((next, edges(next).into_iter()));
                }
                Seen::OnTheWay => {
                    let nodes = way.iter().map(|step| step.0).skip_while(|&at| at != next);
                    return Some(nodes.chain([next]).collect());
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::circle;

    #[test]
    fn a_circle_is_found_and_a_diamond_is_none() {
        let diamond = [vec![1, 2], vec![3], vec![3], vec![]];
        assert_eq!(circle(4, |at| diamond[at].clone()), None);
        let ring = [vec![1], vec![2], vec![1]];
        assert_eq!(circle(3, |at| ring[at].clone()), Some(vec![1, 2, 1]));
    }

    #[test]
    fn a_chain_as_long_as_a_suite_does_not_use_up_the_stack() {
        let found = circle(1_000_000, |at| if at + 1 < 1_000_000 { vec![at + 1] } else { vec![] });
        assert_eq!(found, None);
    }
}
