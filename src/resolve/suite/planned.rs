//! [`Planned`]: which cases there will be, in which order, under which ids.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::globbing::FromFile;
use super::resolver::Resolver;
use crate::diagnostic::nearest;
use crate::judge::Code;
use crate::resolve::CaseId;
use crate::suite::{Common, bad_name, shown};

/// One case to be.
pub(super) struct Planned<'a> {
    pub(super) id: CaseId,
    /// The id within the group.
    pub(super) name: String,
    /// The group, by its number.
    pub(super) group: Option<usize>,
    /// Where it stands: the case, or the `cases_from` that makes it.
    pub(super) span: Range<usize>,
    /// Where its id stands.
    id_span: Range<usize>,
    /// The parameters of a matrix.
    pub(super) params: &'a [(String, String)],
    /// What it says itself; nothing when it is made from a file.
    pub(super) common: Option<&'a Common>,
    pub(super) from_file: Option<FromFile>,
}

impl<'a> Resolver<'a> {
    /// All cases in the order of the file, their ids unique.
    pub(super) fn plan(&mut self) -> Vec<Planned<'a>> {
        let groups = self.group_numbers();
        let mut planned = self.listed(&groups);
        planned.extend(self.found());
        planned.sort_by_key(|case| case.span.start);
        self.check_unique(&planned);
        // After a mistake the cases of a group may be what was not understood.
        if !self.lenient && self.errors.is_empty() {
            self.check_groups_have_cases(&planned);
        }
        planned
    }

    /// Groups by name; two of one name are a mistake.
    fn group_numbers(&mut self) -> HashMap<&'a str, usize> {
        let suite = self.suite;
        let mut numbers = HashMap::new();
        for (at, group) in suite.groups.iter().enumerate() {
            if let Some(first) = numbers.insert(group.name.value.as_str(), at) {
                let message = format!("two groups are called `{}`", shown(&group.name.value));
                self.twice(message, &suite.groups[first].name.span, &group.name.span);
            }
        }
        numbers
    }

    /// Cases listed one by one.
    fn listed(&mut self, groups: &HashMap<&'a str, usize>) -> Vec<Planned<'a>> {
        let suite = self.suite;
        let mut planned = Vec::with_capacity(suite.cases.len());
        for case in &suite.cases {
            let group = match &case.group {
                None => None,
                Some(name) => match groups.get(name.value.as_str()) {
                    Some(&at) => Some(at),
                    None => {
                        self.unknown_group(&name.value, &name.span);
                        continue;
                    }
                },
            };
            planned.push(Planned {
                id: full_id(case.group.as_ref().map(|name| name.value.as_str()), &case.id.value),
                name: case.id.value.clone(),
                group,
                span: case.span.clone(),
                id_span: case.id.span.clone(),
                params: &case.params,
                common: Some(&case.common),
                from_file: None,
            });
        }
        planned
    }

    fn unknown_group(&mut self, name: &str, span: &Range<usize>) {
        let names = self.suite.groups.iter().map(|group| group.name.value.as_str());
        let near = nearest(&shown(name), names).map(shown);
        let help = near.map_or_else(
            || "add the group under `groups:`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        self.mistake(Code::InvalidInput, span, format!("there is no group `{}`", shown(name)), help);
    }

    /// Cases made from files.
    fn found(&mut self) -> Vec<Planned<'a>> {
        let suite = self.suite;
        let mut planned = Vec::new();
        for (at, group) in suite.groups.iter().enumerate() {
            let Some(from) = &group.cases_from else { continue };
            for file in self.cases_from(from) {
                if let Some(reason) = bad_name(&file.id) {
                    let message = format!("the id `{}` made from a file {reason}", shown(&file.id));
                    self.mistake(Code::OutOfRange, &from.span, message, "");
                    continue;
                }
                planned.push(Planned {
                    id: full_id(Some(&group.name.value), &file.id),
                    name: file.id.clone(),
                    group: Some(at),
                    span: from.span.clone(),
                    id_span: from.id.as_ref().map_or_else(|| from.span.clone(), |id| id.span.clone()),
                    params: &[],
                    common: None,
                    from_file: Some(file),
                });
            }
        }
        planned
    }

    fn check_unique(&mut self, planned: &[Planned<'_>]) {
        let mut first: HashMap<Arc<str>, &Planned<'_>> = HashMap::with_capacity(planned.len());
        for case in planned {
            let own =
                case.group.is_some() && matches!(case.name.split('/').next(), Some("setup" | "teardown"));
            if own {
                let message = format!("`{}` is the name of the group's own steps", shown(&case.name));
                self.mistake(Code::OutOfRange, &case.id_span, message, "name the case otherwise");
            }
            let Some(earlier) = first.insert(Arc::clone(&case.id.0), case) else { continue };
            let id = shown(&case.id.0);
            if let (Some(one), Some(two)) = (&earlier.from_file, &case.from_file) {
                let (one, two) = (shown(&one.input.to_string_lossy()), shown(&two.input.to_string_lossy()));
                let message = format!("the files `{one}` and `{two}` both make the case `{id}`");
                let help = "give `id:` with {dir} or {name} in it";
                self.mistake(Code::InvalidInput, &case.id_span, message, help);
            } else {
                self.twice(format!("two cases have the id `{id}`"), &earlier.id_span, &case.id_span);
            }
        }
    }

    fn check_groups_have_cases(&mut self, planned: &[Planned<'_>]) {
        let suite = self.suite;
        let mut has = vec![false; suite.groups.len()];
        for group in planned.iter().filter_map(|case| case.group) {
            has[group] = true;
        }
        for (group, has) in suite.groups.iter().zip(has) {
            // A glob that matches nothing has been complained about.
            if !has && group.cases_from.is_none() {
                let message = format!("the group `{}` has no cases", shown(&group.name.value));
                let help = "add `cases_from:` or `cases:` to it, or cases with `group:`";
                self.mistake(Code::MissingField, &group.name.span, message, help);
            }
        }
    }
}

fn full_id(group: Option<&str>, id: &str) -> CaseId {
    CaseId(group.map_or_else(|| id.into(), |group| format!("{group}/{id}").into()))
}
