//! GitHub Classroom's `autograding.json`: commands that run in the student's repository.

use super::detect::AUTOGRADING;
use super::folder::{Document, Folder};
use super::problem::{Case, Group, Problem, Text};
use super::read::{get, number, scalar};
use super::yaml::quoted;
use crate::suite::{Node, Value};

/// What GitHub gives a test that does not say, in minutes; and more than it ever gives.
const MINUTES: f64 = 10.0;
const MOST_MINUTES: f64 = 6.0 * 60.0;

/// A regular expression that matches anywhere in the output: no comparison of ours means that.
const SEARCH: &str = "import re, sys\n\
    pattern = open(sys.argv[2]).read()\n\
    sys.exit(42 if re.search(pattern, sys.stdin.read(), re.MULTILINE) else 43)\n";

/// Reads the tests.
pub(super) fn read(folder: &mut Folder<'_>) -> Option<Problem> {
    let path = AUTOGRADING.into_iter().find(|path| folder.has(path))?;
    let document = folder.json(path)?;
    let Some(Node { value: Value::List(tests), .. }) = get(&document.root, "tests") else {
        folder.error_at(&document, &document.root, "there is no list `tests`", "");
        return None;
    };
    let mut cases: Vec<Case> = Vec::new();
    for (at, test) in tests.iter().enumerate() {
        if let Some(case) = case(folder, &document, test, at, &cases) {
            cases.push(case);
        }
    }
    if cases.is_empty() {
        folder.error_at(&document, &document.root, "there are no tests", "");
        return None;
    }
    let group = Group { name: "autograding".to_owned(), cases, ..Group::default() };
    Some(Problem {
        name: "autograding".to_owned(),
        what: "GitHub Classroom's autograding.json".to_owned(),
        compare: "trim".to_owned(),
        groups: vec![group],
        // The repository has the answers in it.
        masks: AUTOGRADING.iter().map(|path| (*path).to_owned()).filter(|path| folder.has(path)).collect(),
        notes: vec!["Every test has a fresh copy of the repository, and no network.".to_owned()],
        ..Problem::default()
    })
}

fn case(
    folder: &mut Folder<'_>,
    document: &Document,
    test: &Node,
    at: usize,
    before: &[Case],
) -> Option<Case> {
    let text = |key: &str| get(test, key).and_then(scalar).filter(|text| !text.trim().is_empty());
    let Some(run) = text("run") else {
        folder.error_at(document, test, "a test has no `run`", "say the command to run");
        return None;
    };
    let shell = match text("setup") {
        // What the set-up prints is no answer, and what it reads is not the test's input.
        Some(setup) => format!("{{ {setup}\n}} </dev/null >&2 && {{ {run}\n}}"),
        None => run,
    };
    let name = text("name").map_or_else(|| format!("test {}", at + 1), |name| clean(&name));
    let twice = before.iter().any(|case| case.id == name);
    let minutes = match get(test, "timeout") {
        None => MINUTES,
        Some(node) => match number(node).filter(|n| *n > 0.0 && *n <= MOST_MINUTES) {
            Some(minutes) => minutes,
            None => {
                folder.error_at(document, node, "this is no timeout", "say it in minutes, at most 360");
                return None;
            }
        },
    };
    let points = match get(test, "points") {
        None | Some(Node { value: Value::Null, .. }) => 0.0,
        Some(node) => match number(node).filter(|n| (0.0..=1e9).contains(n)) {
            Some(points) => points,
            None => {
                folder.error_at(document, node, "these are no points", "say a number from 0");
                return None;
            }
        },
    };
    let output = get(test, "output").and_then(scalar).filter(|output| !output.is_empty());
    let compare = get(test, "comparison").and_then(scalar).unwrap_or_else(|| "included".to_owned());
    let compare = match compare.as_str() {
        "exact" => Some(Some("trim")),
        "included" | "contains" => Some(Some("contains")),
        "regex" => Some(None),
        _ => None,
    };
    let Some(compare) = compare else {
        let help = "there are: included, exact, regex";
        folder.error_at(document, get(test, "comparison").unwrap_or(test), "unknown comparison", help);
        return None;
    };
    let checker = (compare.is_none() && output.is_some()).then(|| {
        let program = quoted(SEARCH);
        format!("{{run: [python3, search.py], protocol: kattis, files: {{search.py: {{text: {program}}}}}}}")
    });
    Some(Case {
        id: if twice { format!("{name} ({})", at + 1) } else { name },
        shell: Some(shell),
        stdin: get(test, "input").and_then(scalar).filter(|input| !input.is_empty()).map(Text::Written),
        answer: output.map(Text::Written),
        compare: compare.map(str::to_owned),
        checker,
        points: Some(points),
        timeout: Some(milliseconds(minutes)),
        ..Case::default()
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and some millions")]
fn milliseconds(minutes: f64) -> u64 {
    (minutes * 60_000.0) as u64
}

/// A name that can be an id.
fn clean(name: &str) -> String {
    let name = crate::units::visible_line(name.trim().as_bytes());
    let name: String = name.chars().take(60).collect();
    name.split('/').filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("-").trim().to_owned()
}
