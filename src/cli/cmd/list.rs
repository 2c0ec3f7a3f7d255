//! `capsule-run list`.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::json;

use crate::cli::args::ListArgs;
use crate::cli::failure::Failure;
use crate::cli::history::History;
use crate::cli::load::{self, Places};
use crate::cli::select::{Choice, choose};
use crate::cli::{exit, overrides, terminal, variables};
use crate::diagnostic::nearest;
use crate::report;
use crate::resolve::{self, CaseKind, ResolvedCase, ResolvedSuite};
use crate::units::visible_line;

/// Lists the selected cases, or explains one.
pub(in crate::cli) fn run(args: &ListArgs, places: &Places) -> u8 {
    match text(args, places) {
        Ok((text, status)) => match terminal::print(text.as_bytes()) {
            Ok(()) => status,
            Err(_) => exit::REPORT_LOST,
        },
        Err(failure) => {
            failure.tell(args.source.color, args.source.message_format, exit::USAGE);
            exit::USAGE
        }
    }
}

fn text(args: &ListArgs, places: &Places) -> Result<(String, u8), Failure> {
    let source = &args.source;
    let options = overrides::of_suite(&source.operator, &source.set)?;
    let mut operator = load::operator(places, source.operator.config.as_deref(), options)?;
    variables::give(&source.language, &mut operator)?;
    let paths = load::find_suites(places, &source.suites)?;
    let mut suites = load::suites(&paths, &operator, source.submission.as_deref())?;
    let (cases, _) = load::all_cases(&mut suites);
    if let Some(id) = &args.explain {
        return explained(&cases, &suites, id, args.json).map(|text| (text, exit::OK));
    }
    let history = History::new(places.runs.clone(), places.cwd.clone());
    let Choice { cases, chosen } = choose(cases, &suites, &args.select, &history)?;
    chosen.tell(false);
    if cases.is_empty() {
        return Ok((String::new(), chosen.nothing(args.select.no_cases)));
    }
    let mut text = String::new();
    for case in &cases {
        if args.json {
            push_line(&mut text, &object(case, &suites));
        } else {
            let _ = writeln!(text, "{}", visible_line(case.id.0.as_bytes()));
        }
    }
    Ok((text, exit::OK))
}

fn object(case: &ResolvedCase, suites: &[ResolvedSuite]) -> serde_json::Value {
    json!({
        "id": &*case.id.0,
        "suite": suites[case.suite].name,
        "kind": match case.kind {
            CaseKind::Build => "build",
            CaseKind::Case => "case",
            CaseKind::Setup => "setup",
            CaseKind::Teardown => "teardown",
        },
        "name": &*case.name,
        "group": case.group.as_deref(),
        "params": case.params,
        "tags": &*case.tags,
        "points": case.points,
        "file": &*case.file,
        "line": case.line,
        "needs": case.needs.iter().map(|id| &*id.0).collect::<Vec<_>>(),
    })
}

/// One line of JSON that moves no terminal.
fn push_line(text: &mut String, object: &serde_json::Value) {
    let mut line = Vec::new();
    report::write_json_line(object, &mut line).expect("a vector takes every byte");
    text.push_str(&String::from_utf8_lossy(&line));
}

/// Every value of the case `id`, in each suite that has it.
fn explained(
    cases: &[Arc<ResolvedCase>],
    suites: &[ResolvedSuite],
    id: &str,
    as_json: bool,
) -> Result<String, Failure> {
    let found: Vec<&Arc<ResolvedCase>> = cases.iter().filter(|case| &*case.id.0 == id).collect();
    if found.is_empty() {
        let alike = |other: &&str| other.len().abs_diff(id.len()) <= 1 + other.len() / 4;
        let near = nearest(id, cases.iter().map(|case| &*case.id.0).filter(alike));
        let near =
            near.map_or(String::new(), |near| format!("; did you mean `{}`?", visible_line(near.as_bytes())));
        let id = visible_line(id.as_bytes());
        return Err(Failure::Usage(format!("--explain: no case has the id `{id}`{near}")));
    }
    let mut text = String::new();
    for case in found {
        let explanation = resolve::explain(case);
        if as_json {
            let mut object = object(case, suites);
            object["values"] = json!(explanation);
            push_line(&mut text, &object);
        } else {
            let place = format!("{}:{}", visible_line(case.file.as_bytes()), case.line);
            let _ = writeln!(text, "{}  ({place})", visible_line(case.id.0.as_bytes()));
            text.push_str(&explanation.to_text());
        }
    }
    Ok(text)
}
