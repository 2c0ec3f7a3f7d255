//! DMOJ problems: `init.yml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compare::float;
use super::folder::{Document, Folder};
use super::kattis::commands;
use super::problem::{Case, Copied, Group, Judge, Problem, Scored, Text};
use super::read::{get, number, scalar, words};
use crate::judge::Protocol;
use crate::suite::{Node, Value, check_relative};
use crate::units::Bytes;

/// Where files out of the archive stand, beside the suite.
const UNPACKED: &str = "init.files";

/// What calls a checker that is a function in Python, and what such a checker imports.
const CALLER: &str = include_str!("dmoj/caller.py");
const RESULT: &str = include_str!("dmoj/result.py");

/// What a package says besides its cases.
struct Init {
    document: Document,
    /// Members of the archive, by name.
    archive: BTreeMap<String, Arc<[u8]>>,
    /// Those that are used.
    used: BTreeMap<String, Arc<[u8]>>,
}

/// Reads a package.
pub(super) fn read(folder: &mut Folder<'_>) -> Option<Problem> {
    let document = folder.yaml("init.yml")?;
    let root = document.root.clone();
    for key in ["generator", "custom_judge", "signature_grader", "grader"] {
        if let Some(node) = get(&root, key) {
            folder.error_at(&document, node, format!("`{key}` cannot be run"), "");
        }
    }
    let archive = match get(&root, "archive") {
        Some(node) => archive(folder, &document, node)?,
        None => BTreeMap::new(),
    };
    let mut init = Init { document, archive, used: BTreeMap::new() };
    let mut problem = Problem {
        name: "problem".to_owned(),
        what: "a DMOJ problem (init.yml)".to_owned(),
        compare: "tokens".to_owned(),
        runs_programs: true,
        notes: vec![
            "init.yml states no limits of time and memory: those of the language's profile hold.".to_owned(),
        ],
        ..Problem::default()
    };
    if let Some(node) = get(&root, "checker") {
        match checker(folder, &mut init, node)? {
            Checker::Compare(compare) => problem.compare = compare,
            Checker::Program(judge) => problem.checker = Some(*judge),
        }
    }
    if let Some(node) = get(&root, "interactive") {
        problem.interactor = Some(bridged(folder, &init, node)?);
    }
    let ordinary = get(&root, "points").and_then(number);
    for (key, name, hidden) in [("pretest_test_cases", "pretest", false), ("test_cases", "tests", true)] {
        match get(&root, key) {
            Some(Node { value: Value::List(items), .. }) => {
                let items = items.clone();
                cases(folder, &mut init, &items, ordinary, (name, hidden), &mut problem);
            }
            Some(node) => {
                let node = node.clone();
                let help = "list them: - {in: 1.in, out: 1.out, points: 5}";
                folder.error_at(
                    &init.document,
                    &node,
                    "cases found by regular expressions cannot be read",
                    help,
                );
            }
            None => {}
        }
    }
    if problem.groups.is_empty() && folder.errors.is_empty() {
        by_names(folder, &mut init, ordinary, &mut problem);
    }
    problem.files.extend(init.used.into_iter().map(|(name, bytes)| (format!("{UNPACKED}/{name}"), bytes)));
    Some(problem)
}

fn archive(folder: &mut Folder<'_>, document: &Document, node: &Node) -> Option<BTreeMap<String, Arc<[u8]>>> {
    let name = scalar(node).unwrap_or_default();
    if !folder.has(&name) {
        folder.error_at(document, node, "there is no such archive in the package", "");
        return None;
    }
    let bytes = folder.bytes(&name)?;
    match super::archive::members(&name, &bytes) {
        Ok(members) => Some(members),
        Err(why) => {
            folder.error_at(document, node, format!("the archive cannot be used: {why}"), "");
            None
        }
    }
}

/// No list: every `NAME.in` beside its `NAME.out`.
fn by_names(folder: &mut Folder<'_>, init: &mut Init, ordinary: Option<f64>, problem: &mut Problem) {
    let names: Vec<String> = init.archive.keys().cloned().chain(folder.all().map(str::to_owned)).collect();
    let mut group = group("tests", None, Scored::Sum, true);
    for name in names {
        let Some(stem) = name.strip_suffix(".in") else { continue };
        let node = Node { span: 0..0, value: Value::Null };
        let input = content(folder, init, &node, &name);
        let answer = content(folder, init, &node, &format!("{stem}.out"));
        let points = ordinary.or(Some(1.0));
        group.cases.push(Case {
            id: stem.replace('/', "-"),
            stdin: input,
            answer,
            points,
            ..Case::default()
        });
    }
    if group.cases.is_empty() {
        folder.error("init.yml lists no `test_cases`, and there is no NAME.in with its NAME.out", "");
    }
    problem.groups.push(group);
}

fn group(name: &str, points: Option<f64>, scored: Scored, hidden: bool) -> Group {
    Group { name: name.to_owned(), points, scored, hidden, ..Group::default() }
}

/// The list of cases and batches; cases that stand alone make a group of their own.
fn cases(
    folder: &mut Folder<'_>,
    init: &mut Init,
    items: &[Node],
    ordinary: Option<f64>,
    (name, hidden): (&str, bool),
    problem: &mut Problem,
) {
    let mut alone = group(name, None, Scored::Sum, hidden);
    let mut batches = 0;
    for (at, item) in items.iter().enumerate() {
        let points = get(item, "points").and_then(number).or(ordinary);
        let Some(Node { value: Value::List(inside), .. }) = get(item, "batched") else {
            if let Some(mut case) = case(folder, init, item, at + 1) {
                case.points = Some(points.unwrap_or(1.0));
                alone.cases.push(case);
            }
            continue;
        };
        batches += 1;
        let mut batch = group(
            &format!("{name}-batch{batches}"),
            Some(points.unwrap_or(1.0)),
            Scored::AllOrNothing,
            hidden,
        );
        for need in get(item, "dependencies").and_then(words).unwrap_or_default() {
            match need.parse::<usize>().ok().filter(|need| (1..batches).contains(need)) {
                Some(need) => batch.needs.push(format!("{name}-batch{need}")),
                None => {
                    let node = get(item, "dependencies").unwrap_or(item).clone();
                    folder.error_at(&init.document, &node, "a batch can depend on earlier batches only", "");
                }
            }
        }
        if let Some(node) = get(item, "checker") {
            match checker(folder, init, &node.clone()) {
                Some(Checker::Compare(compare)) => batch.compare = Some(compare),
                Some(Checker::Program(_)) => {
                    let node = node.clone();
                    folder.error_at(
                        &init.document,
                        &node,
                        "a batch cannot have a program of its own as its checker",
                        "",
                    );
                }
                None => {}
            }
        }
        for (at, item) in inside.iter().enumerate() {
            batch.cases.extend(case(folder, init, item, at + 1));
        }
        problem.groups.push(batch);
    }
    if !alone.cases.is_empty() {
        problem.groups.push(alone);
    }
}

fn case(folder: &mut Folder<'_>, init: &mut Init, item: &Node, at: usize) -> Option<Case> {
    if let Some(node) = get(item, "generator_args") {
        folder.error_at(&init.document, node, "generated cases cannot be made", "");
        return None;
    }
    let text = |key: &str| get(item, key).and_then(scalar);
    let stdin = text("in").and_then(|name| content(folder, init, item, &name));
    let answer = text("out").and_then(|name| content(folder, init, item, &name));
    let compare = match get(item, "checker") {
        None => None,
        Some(node) => match checker(folder, init, &node.clone())? {
            Checker::Compare(compare) => Some(compare),
            Checker::Program(_) => {
                folder.error_at(
                    &init.document,
                    node,
                    "a case cannot have a program of its own as its checker",
                    "",
                );
                None
            }
        },
    };
    Some(Case { id: format!("{at:02}"), stdin, answer, compare, ..Case::default() })
}

/// A file of the archive or of the folder.
fn content(folder: &mut Folder<'_>, init: &mut Init, item: &Node, name: &str) -> Option<Text> {
    if let Some(why) = check_relative(name) {
        folder.error_at(&init.document, item, format!("the path of a test file {why}"), "");
        return None;
    }
    if let Some(bytes) = init.archive.get(name) {
        init.used.insert(name.to_owned(), Arc::clone(bytes));
        return Some(Text::File(format!("{UNPACKED}/{name}")));
    }
    if folder.has(name) {
        return Some(Text::File(name.to_owned()));
    }
    folder.error_at(&init.document, item, format!("there is no file `{name}` in the package"), "");
    None
}

enum Checker {
    Compare(String),
    Program(Box<Judge>),
}

fn checker(folder: &mut Folder<'_>, init: &mut Init, node: &Node) -> Option<Checker> {
    let name = scalar(node).or_else(|| get(node, "name").and_then(scalar)).unwrap_or_default();
    let args = get(node, "args");
    let arg = |key: &str| args.and_then(|args| get(args, key));
    let compare = match name.as_str() {
        "standard" => "tokens".to_owned(),
        "identical" => "exact".to_owned(),
        "rstripped" | "linecount" => "trim".to_owned(),
        "sorted" | "unordered" => "unordered".to_owned(),
        "floats" | "floatsabs" | "floatsrel" => {
            let digits = arg("precision").and_then(number).unwrap_or(6.0);
            let tolerance = 10f64.powf(-digits);
            let mode = arg("error_mode").and_then(scalar).unwrap_or_else(|| match name.as_str() {
                "floatsabs" => "absolute".to_owned(),
                "floatsrel" => "relative".to_owned(),
                _ => "default".to_owned(),
            });
            let absolute = (mode != "relative").then_some(tolerance);
            let relative = (mode != "absolute").then_some(tolerance);
            float(absolute, relative)?
        }
        "bridged" => {
            let args = args.unwrap_or(node);
            return Some(Checker::Program(Box::new(bridged(folder, init, args)?)));
        }
        python if python.ends_with(".py") && folder.has(python) => {
            return Some(Checker::Program(Box::new(function(python, init))));
        }
        other => {
            let message = format!("the checker `{}` cannot be used", crate::suite::shown(other));
            let help = "there are: standard, identical, rstripped, linecount, sorted, floats, floatsabs, floatsrel, bridged, a Python file";
            folder.error_at(&init.document, node, message, help);
            return None;
        }
    };
    Some(Checker::Compare(compare))
}

/// A checker or an interactor that is a program.
fn bridged(folder: &mut Folder<'_>, init: &Init, args: &Node) -> Option<Judge> {
    let kind = get(args, "type").and_then(scalar).unwrap_or_else(|| "default".to_owned());
    if kind != "testlib" {
        let node = get(args, "type").unwrap_or(args);
        folder.error_at(&init.document, node, "of programs that judge only `type: testlib` can be run", "");
        return None;
    }
    let files = get(args, "files").and_then(words).unwrap_or_default();
    let mut copied = Vec::new();
    for file in files {
        if folder.has(&file) {
            let to = file.rsplit('/').next().unwrap_or(&file).to_owned();
            copied.push(Copied { from: file, to });
        } else {
            let node = get(args, "files").unwrap_or(args);
            folder.error_at(&init.document, node, format!("there is no file `{file}` in the package"), "");
        }
    }
    if folder.has("testlib.h") && !copied.iter().any(|file| file.to == "testlib.h") {
        copied.push(Copied { from: "testlib.h".to_owned(), to: "testlib.h".to_owned() });
    }
    let (run, build) = commands(folder, &copied)?;
    Some(judge(Protocol::Testlib, run, build, copied))
}

fn judge(
    protocol: Protocol,
    run: Vec<String>,
    build: Option<(Vec<String>, Vec<String>)>,
    files: Vec<Copied>,
) -> Judge {
    let memory = Some(Bytes::mib(512));
    Judge {
        protocol,
        run,
        build,
        files,
        args: Vec::new(),
        time: 20,
        memory,
        output: Some(Bytes::mib(8)),
        passes: 1,
    }
}

/// `check(process_output, judge_output, …)` in Python, called by a program of ours in the Kattis
/// protocol.
fn function(name: &str, init: &mut Init) -> Judge {
    let given = [("caller.py", CALLER), ("dmoj/__init__.py", ""), ("dmoj/result.py", RESULT)];
    let mut files = vec![Copied { from: name.to_owned(), to: "checker.py".to_owned() }];
    for (path, text) in given {
        init.used.insert(path.to_owned(), Arc::from(text.as_bytes()));
        files.push(Copied { from: format!("{UNPACKED}/{path}"), to: path.to_owned() });
    }
    judge(Protocol::Kattis, vec!["python3".to_owned(), "caller.py".to_owned()], None, files)
}
