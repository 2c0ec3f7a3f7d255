//! `data/`: cases and groups, `testdata.yaml` and `test_group.yaml`.

use std::collections::BTreeMap;

use super::metadata::{Format, Metadata, default_validator};
use crate::package::folder::{Document, Folder};
use crate::package::problem::{Case, Copied, Group, Problem, Scored, Text};
use crate::package::read::{flag, get, number, scalar, words};
use crate::suite::Value;

/// What a folder of `data/` says of its cases; what it does not say the one above says (legacy).
#[derive(Debug, Clone, Default)]
struct Said {
    grader: Vec<String>,
    custom_grader: bool,
    flags: Option<Vec<String>>,
    accept: Option<f64>,
    range: Option<f64>,
    args: Vec<String>,
    aggregation: Option<String>,
    max_score: Option<f64>,
    unbounded: bool,
    needs: Vec<String>,
    full_feedback: Option<bool>,
}

/// The groups of a package: the samples, then the secret ones, in the order of their names.
pub(super) fn groups(folder: &mut Folder<'_>, metadata: &Metadata, problem: &Problem) -> Vec<Group> {
    let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for place in ["sample", "secret"] {
        for path in folder.below(&format!("data/{place}")) {
            if let Some(stem) = path.strip_suffix(".in") {
                if stem.split('/').any(|part| part.ends_with(".files")) {
                    continue;
                }
                let group = group_of(metadata.format, stem);
                by_folder.entry(group).or_default().push(stem.to_owned());
            }
        }
    }
    if by_folder.is_empty() {
        folder.error("the package has no test data: data/secret/*.in", "");
    }
    let secret = said(folder, metadata, "data/secret", &Said::default());
    let mut groups: Vec<Group> = Vec::new();
    let many = by_folder.keys().filter(|name| name.starts_with("secret")).count();
    for (name, stems) in &by_folder {
        let said = inherited(folder, metadata, name);
        let mut group = Group {
            name: name.clone(),
            points: Some(0.0),
            hidden: !said.full_feedback.unwrap_or(name.starts_with("sample")),
            needs: said.needs.clone(),
            args: said.args.clone(),
            ..Group::default()
        };
        with_flags(folder, metadata, problem, &said, &mut group);
        if name.starts_with("secret") {
            match metadata.format {
                Format::Legacy => legacy_score(folder, metadata, &said, name, stems.len(), many, &mut group),
                Format::New => new_score(folder, metadata, &said, &secret, many, &mut group),
            }
        }
        fill(folder, metadata, name, stems, &mut group);
        groups.push(group);
    }
    for at in 0..groups.len() {
        let known: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
        let unknown: Vec<String> =
            groups[at].needs.iter().filter(|need| !known.contains(need)).cloned().collect();
        for need in unknown {
            folder.error(format!("the group {} requires `{need}`, which is no group", groups[at].name), "");
        }
    }
    groups
}

/// The group of a case: its folder; in the new format never deeper than `secret/GROUP`.
fn group_of(format: Format, stem: &str) -> String {
    let inside = stem.strip_prefix("data/").unwrap_or(stem);
    let folder = inside.rsplit_once('/').map_or("", |(folder, _)| folder);
    match format {
        Format::Legacy => folder.to_owned(),
        Format::New => folder.splitn(3, '/').take(2).collect::<Vec<_>>().join("/"),
    }
}

/// What holds for a group: in the legacy format the nearest file decides alone.
fn inherited(folder: &mut Folder<'_>, metadata: &Metadata, group: &str) -> Said {
    let mut said_so_far = Said::default();
    let mut path = "data".to_owned();
    let mut paths = vec![path.clone()];
    for part in group.split('/') {
        path = format!("{path}/{part}");
        paths.push(path.clone());
    }
    for path in paths {
        said_so_far = said(folder, metadata, &path, &said_so_far);
    }
    said_so_far
}

fn said(folder: &mut Folder<'_>, metadata: &Metadata, path: &str, above: &Said) -> Said {
    let name = match metadata.format {
        Format::Legacy => "testdata.yaml",
        Format::New => "test_group.yaml",
    };
    let Some(document) = folder.yaml(&format!("{path}/{name}")) else {
        // The new format hands nothing down but within a group.
        return above.clone();
    };
    if document.root.value == Value::Null {
        return above.clone();
    }
    match metadata.format {
        Format::Legacy => legacy_said(folder, &document),
        Format::New => new_said(folder, &document),
    }
}

fn legacy_said(folder: &mut Folder<'_>, document: &Document) -> Said {
    let root = &document.root;
    let text = |key: &str| get(root, key).and_then(scalar);
    let split = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let flags = match get(root, "output_validator_flags") {
        Some(node) => match get(node, "flags").unwrap_or(node) {
            node if matches!(node.value, Value::Map(_)) => Some(Vec::new()),
            node => scalar(node).map(split),
        },
        None => None,
    };
    let range = text("range").and_then(|range| range.split_whitespace().nth(1)?.parse::<f64>().ok());
    if let Some(node) = get(root, "reject_score").filter(|node| number(node) != Some(0.0)) {
        folder.error_at(document, node, "a score for rejected cases cannot be given", "");
    }
    Said {
        grader: text("grader_flags").map(split).unwrap_or_default(),
        custom_grader: text("grading").is_some_and(|grading| grading == "custom"),
        flags,
        accept: get(root, "accept_score").and_then(number),
        range: range.filter(|range| range.is_finite()),
        ..Said::default()
    }
}

fn new_said(folder: &mut Folder<'_>, document: &Document) -> Said {
    let root = &document.root;
    if let Some(node) = get(root, "static_validation_score") {
        folder.error_at(document, node, "static validators cannot be run", "");
    }
    let needs = get(root, "require_pass").and_then(words).unwrap_or_default();
    Said {
        flags: get(root, "output_validator_args").and_then(words),
        args: get(root, "args").and_then(words).unwrap_or_default(),
        aggregation: get(root, "score_aggregation").and_then(scalar),
        max_score: get(root, "max_score").and_then(number),
        unbounded: get(root, "max_score").and_then(scalar).is_some_and(|word| word == "unbounded"),
        needs,
        full_feedback: get(root, "full_feedback").and_then(flag),
        ..Said::default()
    }
}

/// Arguments of the validator that differ from the problem's own.
fn with_flags(
    folder: &mut Folder<'_>,
    metadata: &Metadata,
    problem: &Problem,
    said: &Said,
    group: &mut Group,
) {
    let Some(flags) = said.flags.as_ref().filter(|flags| !flags.is_empty()) else { return };
    let all: Vec<String> = metadata.flags.iter().chain(flags).cloned().collect();
    if problem.checker.is_some() || problem.interactor.is_some() {
        group.judge_args = Some(all);
    } else {
        group.compare = default_validator(folder, metadata, &all).filter(|own| *own != problem.compare);
    }
}

fn legacy_score(
    folder: &mut Folder<'_>,
    metadata: &Metadata,
    said: &Said,
    name: &str,
    cases: usize,
    groups: usize,
    group: &mut Group,
) {
    if !metadata.scoring {
        // Passed or not: everything counts as one.
        group.points = Some(100.0 / groups.max(1) as f64);
        group.scored = Scored::AllOrNothing;
        return;
    }
    if said.custom_grader {
        folder.error(format!("the group {name} has a grader of its own, which cannot be run"), "");
    }
    let accept = said.accept.unwrap_or(1.0);
    let mode =
        ["min", "max", "sum", "avg"].into_iter().find(|mode| said.grader.iter().any(|flag| flag == mode));
    match mode.unwrap_or("sum") {
        "sum" => group.points = Some(accept * cases as f64),
        "min" => {
            group.points = Some(accept);
            group.scored = if metadata.custom { Scored::Min } else { Scored::AllOrNothing };
        }
        "avg" => group.points = Some(accept),
        _ => folder.error(format!("the group {name} is scored by its best case, which no suite can say"), ""),
    }
    if let Some(range) = said.range.filter(|range| Some(*range) != group.points && metadata.custom) {
        // A validator that scores gives as much as the range has.
        group.points = Some(range);
    }
}

fn new_score(
    folder: &mut Folder<'_>,
    metadata: &Metadata,
    said: &Said,
    secret: &Said,
    groups: usize,
    group: &mut Group,
) {
    if !metadata.scoring {
        group.points = Some(100.0 / groups.max(1) as f64);
        group.scored = Scored::AllOrNothing;
        return;
    }
    let is_secret = group.name == "secret";
    if said.unbounded || secret.unbounded {
        folder.error(format!("the score of {} is unbounded, which no suite can say", group.name), "");
    }
    if secret.aggregation.as_deref().is_some_and(|how| how != "sum") && !is_secret {
        folder.error("`secret` must be scored by the sum of its groups".to_owned(), "");
    }
    // `inherited` has handed down what secret says; only its own file speaks for a group.
    let own = folder.yaml(&format!("data/{}/test_group.yaml", group.name));
    let own = own.map(|document| new_said(folder, &document)).unwrap_or_default();
    let aggregation =
        own.aggregation.unwrap_or_else(|| if is_secret { "sum" } else { "pass-fail" }.to_owned());
    let most = own.max_score.or_else(|| is_secret.then_some(100.0));
    if most.is_none() {
        folder.error(format!("the group {} says no `max_score`", group.name), "");
    }
    group.points = most;
    group.needs = own.needs;
    match aggregation.as_str() {
        "pass-fail" => group.scored = Scored::AllOrNothing,
        "sum" => group.scored = Scored::Sum,
        "min" => group.scored = if metadata.custom { Scored::Min } else { Scored::AllOrNothing },
        other => {
            folder.error(format!("the group {} is scored by `{other}`, which is unknown", group.name), "")
        }
    }
}

/// The cases: by a glob where all of them are alike, else one by one.
fn fill(folder: &mut Folder<'_>, metadata: &Metadata, name: &str, stems: &[String], group: &mut Group) {
    let mut plain = true;
    let mut cases = Vec::new();
    for stem in stems {
        let answer = format!("{stem}.ans");
        if !folder.has(&answer) {
            folder.error(format!("the input `{stem}.in` has no answer"), format!("add `{answer}`"));
            continue;
        }
        let id = stem.strip_prefix(&format!("data/{name}/")).unwrap_or(stem).to_owned();
        let mut case = Case {
            id,
            stdin: Some(Text::File(format!("{stem}.in"))),
            answer: Some(Text::File(answer)),
            ..Case::default()
        };
        if metadata.format == Format::New {
            let judged = metadata.custom || metadata.interactive;
            plain &= !of_its_own(folder, stem, judged, &mut case);
        }
        cases.push(case);
    }
    // The glob finds what lies deeper too, and so did we.
    let deeper = stems.iter().any(|stem| stem.matches('/').count() > name.matches('/').count() + 2);
    plain &= metadata.format == Format::New || !deeper;
    if plain {
        let pattern = if deeper { "**/*.in" } else { "*.in" };
        group.glob = Some((format!("data/{name}/{pattern}"), "{dir}/{stem}.ans".to_owned()));
    } else {
        group.cases = cases;
    }
}

/// What a case of the new format says itself; whether it says anything.
fn of_its_own(folder: &mut Folder<'_>, stem: &str, judged: bool, case: &mut Case) -> bool {
    let prefix = format!("{stem}.files/");
    let files = folder.below(&format!("{stem}.files")).into_iter();
    case.files = files
        .filter_map(|path| Some(Copied { from: path.to_owned(), to: path.strip_prefix(&prefix)?.to_owned() }))
        .collect();
    let document = folder.yaml(&format!("{stem}.yaml"));
    if let Some(document) = &document {
        case.args = get(&document.root, "args").and_then(words).unwrap_or_default();
        case.judge_args = get(&document.root, "output_validator_args").and_then(words);
        if let Some(args) = case.judge_args.take_if(|_| !judged) {
            match crate::package::compare::kattis(&args) {
                Ok(compare) => case.compare = Some(compare),
                Err(why) => folder.error_at(document, &document.root, why, ""),
            }
        }
    }
    !case.files.is_empty() || !case.args.is_empty() || case.judge_args.is_some() || case.compare.is_some()
}
