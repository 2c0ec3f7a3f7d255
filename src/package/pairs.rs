//! A folder of `NAME.in` beside `NAME.ans` or `NAME.out`.

use std::collections::BTreeMap;

use super::folder::Folder;
use super::problem::{Case, Group, Problem, Text};

/// Reads such a folder: a group for each folder with inputs in it.
pub(super) fn read(folder: &mut Folder<'_>) -> Option<Problem> {
    let mut groups: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    let mut alone = Vec::new();
    for path in folder.all() {
        let Some(stem) = path.strip_suffix(".in") else { continue };
        let answer = ["ans", "out"].iter().map(|answer| format!("{stem}.{answer}"));
        let Some(answer) = answer.into_iter().find(|answer| folder.has(answer)) else {
            alone.push(path.to_owned());
            continue;
        };
        let (group, id) = stem.rsplit_once('/').unwrap_or(("tests", stem));
        groups.entry(group.to_owned()).or_default().push(Case {
            id: id.to_owned(),
            stdin: Some(Text::File(path.to_owned())),
            answer: Some(Text::File(answer)),
            ..Case::default()
        });
    }
    for path in alone {
        folder.error(format!("the input `{path}` has no answer"), "put NAME.ans or NAME.out beside it");
    }
    let groups = groups.into_iter().map(|(name, cases)| Group { name, cases, ..Group::default() });
    Some(Problem {
        name: "tests".to_owned(),
        what: "a folder of inputs and answers".to_owned(),
        compare: "tokens".to_owned(),
        groups: groups.collect(),
        runs_programs: true,
        notes: vec!["The folder states no limits: those of the language's profile hold.".to_owned()],
        ..Problem::default()
    })
}
