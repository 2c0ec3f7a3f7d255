//! Which cases of the suites are run: those that were asked for, and everything that they need.

use std::collections::{HashMap, HashSet};

use super::args::SelectArgs;
use crate::diagnostic::nearest;
use crate::resolve::{CaseId, CaseKind, ResolvedCase};

/// Keeps the cases that were asked for, what they need, and the build steps of their suites.
///
/// # Errors
/// `--only` names a case that does not exist; the message names the nearest.
pub(super) fn select(cases: Vec<ResolvedCase>, args: &SelectArgs) -> Result<Vec<ResolvedCase>, String> {
    if args.only.is_empty() && args.filter.is_empty() {
        return Ok(cases);
    }
    for id in &args.only {
        if !cases.iter().any(|case| &*case.id.0 == id.as_str()) {
            let ids = || cases.iter().map(|case| &*case.id.0);
            let near = nearest(id, ids()).or_else(|| ids().find(|other| other.contains(id.as_str())));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("--only: no case has the id `{id}`{near}"));
        }
    }
    let keep = with_needs(&cases, asked_for(&cases, args));
    Ok(cases.into_iter().enumerate().filter(|(at, _)| keep.contains(at)).map(|(_, case)| case).collect())
}

fn asked_for(cases: &[ResolvedCase], args: &SelectArgs) -> Vec<usize> {
    let wanted = |case: &ResolvedCase| {
        args.only.iter().any(|id| *id == *case.id.0)
            || args.filter.iter().any(|text| case.id.0.contains(text.as_str()))
    };
    (0..cases.len()).filter(|&at| wanted(&cases[at])).collect()
}

fn with_needs(cases: &[ResolvedCase], mut pending: Vec<usize>) -> HashSet<usize> {
    let index: HashMap<(usize, &CaseId), usize> =
        cases.iter().enumerate().map(|(at, case)| ((case.suite, &case.id), at)).collect();
    let suites: HashSet<usize> = pending.iter().map(|&at| cases[at].suite).collect();
    let is_build = |at: &usize| cases[*at].kind == CaseKind::Build && suites.contains(&cases[*at].suite);
    pending.extend((0..cases.len()).filter(is_build));
    let mut keep = HashSet::new();
    while let Some(at) = pending.pop() {
        if keep.insert(at) {
            let case = &cases[at];
            pending.extend(case.needs.iter().filter_map(|id| index.get(&(case.suite, id))));
        }
    }
    keep
}
