//! A [`Problem`] written as a suite: the same text whether it is run at once or kept.

use std::fmt::Write as _;

use super::problem::{Case, Copied, Group, Judge, Problem, Scored, Text};
use super::program::{Build, Program};
use super::yaml::{list, map, number, quoted, text};
use crate::policy::Profiles;
use crate::units::Bytes;

/// The suite of `problem`, for submissions like `program`.
pub(super) fn write(problem: &Problem, program: &Program) -> String {
    let mut out = String::new();
    let line = |out: &mut String, text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(&mut out, "# yaml-language-server: $schema=suite.schema.json".to_owned());
    line(&mut out, format!("# Made from {} by capsule-run import.", problem.what));
    line(&mut out, "# The schema: capsule-run schema suite > suite.schema.json".to_owned());
    for note in &problem.notes {
        line(&mut out, format!("# {}", crate::units::visible_line(note.as_bytes())));
    }
    line(&mut out, "version: 1".to_owned());
    line(&mut out, format!("name: {}", text(&problem.name)));
    profiles(&mut out, problem, program);
    builds(&mut out, problem, program);
    line(&mut out, String::new());
    let include = included(problem, program);
    line(&mut out, "defaults:".to_owned());
    line(&mut out, "  profile: submission".to_owned());
    line(&mut out, format!("  compare: {}", problem.compare));
    if problem.runs_programs {
        let run = program.run(&names(&include), memory(problem, program));
        line(&mut out, format!("  run: {}", list(&run)));
    }
    let masks = problem.masks.iter().map(|path| (quoted(path), "{text: \"\"}".to_owned()));
    let beside: Vec<_> = include.iter().map(copied).chain(masks).collect();
    if !beside.is_empty() {
        line(&mut out, format!("  files: {}", map(&beside)));
    }
    for (key, judge) in [("checker", &problem.checker), ("interactor", &problem.interactor)] {
        if let Some(judge) = judge {
            line(&mut out, format!("  {key}: {}", judge_map(judge, &judge.args)));
        }
    }
    line(&mut out, String::new());
    line(&mut out, "groups:".to_owned());
    for at in &problem.groups {
        group(&mut out, problem, at);
    }
    out
}

fn profiles(out: &mut String, problem: &Problem, program: &Program) {
    out.push_str("\nprofiles:\n");
    let base = if problem.runs_programs { program.profile() } else { "default" };
    let mut limits = vec![("inherits".to_owned(), base.to_owned())];
    if let Some(time) = problem.time {
        limits.push(("cpu_time".to_owned(), format!("{}ms", millis(time))));
    }
    limits.extend(problem.memory.map(|memory| ("memory".to_owned(), size(memory))));
    limits.extend(problem.output.map(|output| ("max_output".to_owned(), size(output))));
    let _ = writeln!(out, "  submission: {}", map(&limits));
    if problem.compile_time.is_some() || problem.compile_memory.is_some() {
        let mut limits = vec![("inherits".to_owned(), "compile".to_owned())];
        limits.extend(problem.compile_time.map(|time| ("timeout".to_owned(), format!("{time}s"))));
        limits.extend(problem.compile_memory.map(|memory| ("memory".to_owned(), size(memory))));
        let _ = writeln!(out, "  compilation: {}", map(&limits));
    }
    if let Some(judge) = problem.checker.as_ref().or(problem.interactor.as_ref()) {
        let mut limits = vec![
            ("inherits".to_owned(), "default".to_owned()),
            ("cpu_time".to_owned(), format!("{}s", judge.time)),
            ("timeout".to_owned(), format!("{}s", judge.time.saturating_mul(2))),
        ];
        limits.extend(judge.memory.map(|memory| ("memory".to_owned(), size(memory))));
        limits.extend(judge.output.map(|output| ("max_output".to_owned(), size(output))));
        let _ = writeln!(out, "  judge: {}", map(&limits));
    }
}

fn millis(seconds: f64) -> String {
    number((seconds * 1000.0).ceil())
}

fn size(bytes: Bytes) -> String {
    if bytes.0.is_multiple_of(1 << 20) { format!("{}M", bytes.0 >> 20) } else { bytes.0.to_string() }
}

fn builds(out: &mut String, problem: &Problem, program: &Program) {
    let compilation = if problem.compile_time.is_some() || problem.compile_memory.is_some() {
        "compilation"
    } else {
        "compile"
    };
    let mut steps = String::new();
    for (name, judge) in [("checker", &problem.checker), ("interactor", &problem.interactor)] {
        let Some((judge, (command, outputs))) =
            judge.as_ref().and_then(|judge| Some((judge, judge.build.as_ref()?)))
        else {
            continue;
        };
        let _ = writeln!(steps, "  - name: {name}");
        let _ = writeln!(steps, "    judge: true");
        let _ = writeln!(steps, "    files: {}", map(&judge.files.iter().map(copied).collect::<Vec<_>>()));
        let _ = writeln!(steps, "    run: {}", list(command));
        let _ = writeln!(steps, "    profile: compile");
        let _ = writeln!(steps, "    outputs: {}", list(outputs));
    }
    let include = included(problem, program);
    if let Some(build) = program.build(&names(&include)).filter(|_| problem.runs_programs) {
        let _ = writeln!(steps, "  - name: submission");
        if !include.is_empty() {
            let _ = writeln!(steps, "    files: {}", map(&include.iter().map(copied).collect::<Vec<_>>()));
        }
        let _ = match build {
            Build::Run(words) => writeln!(steps, "    run: {}", list(&words)),
            Build::Shell(line) => writeln!(steps, "    shell: {}", quoted(&line)),
        };
        let _ = writeln!(steps, "    profile: {compilation}");
        let _ = writeln!(steps, "    outputs: {}", list(&program.outputs()));
    }
    if !steps.is_empty() {
        let _ = write!(out, "\nbuild:\n{steps}");
    }
}

fn included(problem: &Problem, program: &Program) -> Vec<Copied> {
    let of = problem.include.iter().filter(|(language, _)| program.takes(language));
    let mut files: Vec<Copied> = Vec::new();
    // What is there for the language goes before what is there for all.
    for (_, more) in of {
        for file in more {
            files.retain(|other| other.to != file.to);
            files.push(file.clone());
        }
    }
    files
}

/// What a runtime is told that it has: where the package says nothing, what its profile has.
fn memory(problem: &Problem, program: &Program) -> Bytes {
    let profile = || Some(Profiles::builtin().get(program.profile()).ok()?.limits.memory?.value);
    problem.memory.or_else(profile).unwrap_or(Bytes::mib(256))
}

/// Where the program finds them.
fn names(files: &[Copied]) -> Vec<&str> {
    files.iter().map(|file| file.to.as_str()).collect()
}

fn copied(file: &Copied) -> (String, String) {
    (text(&file.to), map(&[("file".to_owned(), text(&file.from))]))
}

fn judge_map(judge: &Judge, args: &[String]) -> String {
    let mut entries = vec![
        ("run".to_owned(), list(&judge.run)),
        ("protocol".to_owned(), judge.protocol.name().to_owned()),
        ("profile".to_owned(), "judge".to_owned()),
    ];
    if !args.is_empty() {
        entries.push(("args".to_owned(), list(args)));
    }
    if judge.passes > 1 {
        entries.push(("passes".to_owned(), judge.passes.to_string()));
    }
    if judge.build.is_none() && !judge.files.is_empty() {
        entries.push(("files".to_owned(), map(&judge.files.iter().map(copied).collect::<Vec<_>>())));
    }
    map(&entries)
}

/// The checker or interactor of a problem with other arguments.
fn judges(problem: &Problem, args: &[String]) -> Vec<(&'static str, String)> {
    let both = [("checker", &problem.checker), ("interactor", &problem.interactor)];
    both.into_iter().filter_map(|(key, judge)| Some((key, judge_map(judge.as_ref()?, args)))).collect()
}

fn group(out: &mut String, problem: &Problem, group: &Group) {
    let _ = writeln!(out, "  - name: {}", text(&group.name));
    if let Some(points) = group.points {
        let _ = writeln!(out, "    points: {}", number(points));
    }
    match group.scored {
        Scored::Sum => {}
        Scored::AllOrNothing => out.push_str("    score: all-or-nothing\n"),
        Scored::Min => out.push_str("    score: min\n"),
    }
    let _ = writeln!(out, "    visibility: {}", if group.hidden { "hidden" } else { "visible" });
    if !group.needs.is_empty() {
        let _ = writeln!(out, "    needs: {}", list(&group.needs));
    }
    if let Some(compare) = &group.compare {
        let _ = writeln!(out, "    compare: {compare}");
    }
    for (key, judge) in group.judge_args.iter().flat_map(|args| judges(problem, args)) {
        let _ = writeln!(out, "    {key}: {judge}");
    }
    if !group.args.is_empty() {
        let _ = writeln!(out, "    args: {}", list(&group.args));
    }
    if let Some((inputs, answers)) = &group.glob {
        let entries = [("stdin".to_owned(), quoted(inputs)), ("expect_stdout".to_owned(), quoted(answers))];
        let _ = writeln!(out, "    cases_from: {}", map(&entries));
        return;
    }
    out.push_str("    cases:\n");
    for at in &group.cases {
        case(out, problem, at);
    }
}

fn case(out: &mut String, problem: &Problem, case: &Case) {
    let _ = writeln!(out, "      - id: {}", text(&case.id));
    let mut key = |name: &str, value: String| {
        let _ = writeln!(out, "        {name}: {value}");
    };
    if let Some(shell) = &case.shell {
        key("shell", quoted(shell));
    }
    if !case.args.is_empty() {
        key("args", list(&case.args));
    }
    if let Some(stdin) = &case.stdin {
        key("stdin", map(&[content(stdin)]));
    }
    if !case.files.is_empty() {
        key("files", map(&case.files.iter().map(copied).collect::<Vec<_>>()));
    }
    let mut expect = Vec::new();
    expect.extend(case.exit.map(|exit| ("exit".to_owned(), exit.to_owned())));
    if let Some(answer) = &case.answer {
        let mut entries = vec![content(answer)];
        entries.extend(case.compare.as_ref().map(|compare| ("compare".to_owned(), compare.clone())));
        expect.push(("stdout".to_owned(), map(&entries)));
    }
    if !expect.is_empty() {
        key("expect", map(&expect));
    }
    for (name, judge) in case.judge_args.iter().flat_map(|args| judges(problem, args)) {
        key(name, judge);
    }
    if let Some(checker) = &case.checker {
        key("checker", checker.clone());
    }
    if let Some(timeout) = case.timeout {
        key("limits", map(&[("timeout".to_owned(), format!("{timeout}ms"))]));
    }
    if let Some(points) = case.points {
        key("points", number(points));
    }
}

fn content(content: &Text) -> (String, String) {
    match content {
        Text::Written(written) => ("text".to_owned(), quoted(written)),
        Text::File(path) => ("file".to_owned(), text(path)),
    }
}
