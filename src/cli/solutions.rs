//! `--submissions`: every reference solution of a suite or a package in one run, each compared
//! with what is expected of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::calibrate::TimeLimit;
use super::failure::{Failure, plain};
use super::files::RealFiles;
use super::load::{self, Places};
use super::{exit, packages};
use crate::diagnostic::Diagnostic;
use crate::judge::{Code, Family, Status};
use crate::package::{Bound, Outcomes, Reference, Side, Timing, Word, references};
use crate::report::{CaseReport, RunReport};
use crate::resolve::{CaseKind, Operator, ResolvedSuite};
use crate::units::visible_line;

/// The reference solutions of a run; the suite with the number of each is its own.
pub(super) struct Solutions {
    pub(super) all: Vec<Reference>,
    /// What a package says about its limit of time.
    pub(super) timing: Option<Timing>,
    /// Copies of those that are a single file.
    _staged: Vec<TempDir>,
}

/// Loads the suite at `paths` once for each solution that `glob` finds.
pub(super) fn load(
    glob: &str,
    paths: &[PathBuf],
    operator: &Operator,
    places: &Places,
) -> Result<(Vec<ResolvedSuite>, Solutions), Failure> {
    let [path] = paths else {
        return Err(Failure::Usage("--submissions takes one suite or package".to_owned()));
    };
    let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
    let folder = operator.cwd.join(folder);
    let all = references(&folder, glob, &RealFiles)?;
    let mut staged = Vec::new();
    let mut suites = Vec::new();
    let mut wrong: Vec<Diagnostic> = Vec::new();
    for (index, reference) in all.iter().enumerate() {
        let submission = folder.join(&reference.path);
        let copy = packages::stage(&submission, &places.scratch)?;
        let submission = copy.as_ref().map_or(submission, |copy| copy.path().to_owned());
        staged.extend(copy);
        let entry = reference.entry.as_deref();
        match load::one_suite(path, index, operator, Some(&submission), entry) {
            Ok(mut suite) => {
                suite.name = format!("{} [{}]", suite.name, short(&reference.path));
                suites.push(suite);
            }
            Err(errors) => wrong.extend(errors.into_iter().map(|error| of_solution(error, reference))),
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Diagnostics(without_repeats(wrong)));
    }
    let timing = if path.is_dir() { packages::timing(&folder) } else { None };
    Ok((suites, Solutions { all, timing, _staged: staged }))
}

/// The suite is the same for all: a mistake of it is said once.
fn without_repeats(all: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::new();
    for error in all {
        if !kept.contains(&error) {
            kept.push(error);
        }
    }
    kept
}

fn of_solution(error: Diagnostic, reference: &Reference) -> Diagnostic {
    if error.place.is_some() {
        return error;
    }
    let message = format!("{} ({})", error.message, visible_line(reference.path.as_bytes()));
    plain(error.code, message, &error.help)
}

/// `accepted/a.py`.
pub(super) fn short(path: &str) -> &str {
    path.rsplit_once("submissions/").map_or(path, |(_, inside)| inside)
}

/// One solution and what became of it.
struct Row<'a> {
    reference: &'a Reference,
    outcomes: Outcomes,
    mismatch: Option<String>,
}

impl Solutions {
    /// How the solution with this number bounds the limit of time on one side.
    pub(super) fn bounded(&self, solution: usize, side: Side) -> impl Iterator<Item = Bound> {
        let bounds = self.all.get(solution).map(|reference| reference.expected.bounds());
        bounds.unwrap_or_default().into_iter().filter(move |bound| bound.side == side)
    }

    fn rows<'a>(&'a self, run: &'a RunReport) -> Vec<Row<'a>> {
        let row = |(index, reference): (usize, &'a Reference)| {
            let outcomes = outcomes(run, index);
            let mismatch = reference.expected.mismatch(&outcomes);
            Row { reference, outcomes, mismatch }
        };
        self.all.iter().enumerate().map(row).collect()
    }

    /// The table for people.
    pub(super) fn table(&self, run: &RunReport, limit: Option<&TimeLimit>) -> String {
        let rows = self.rows(run);
        let width = rows
            .iter()
            .map(|row| short(&row.reference.path).chars().count())
            .max()
            .unwrap_or(0)
            .clamp(10, 60);
        let mut out = format!(
            "   {:<width$}  {:<22} {:<5} {:>9}  points\n",
            "submission", "expected", "got", "accepted"
        );
        for row in &rows {
            let Outcomes { cases, score, .. } = &row.outcomes;
            let accepted = cases.iter().filter(|(_, word)| *word == Word::Ac).count();
            let mark = if row.mismatch.is_none() { "ok" } else { "!!" };
            out.push_str(&format!(
                "{mark} {:<width$}  {:<22} {:<5} {:>9}  {:.4}/{:.4}\n",
                visible_line(short(&row.reference.path).as_bytes()),
                visible_line(row.reference.expected.words.as_bytes()),
                row.outcomes.overall().to_string(),
                format!("{accepted}/{}", cases.len()),
                score.0,
                score.1,
            ));
            if let Some(why) = &row.mismatch {
                out.push_str(&format!("      {}\n", visible_line(why.as_bytes())));
            }
        }
        let wrong = rows.iter().filter(|row| row.mismatch.is_some()).count();
        out.push_str(&match wrong {
            0 => format!("   all {} solutions did what is expected of them\n", rows.len()),
            wrong => format!("   {wrong} of {} solutions did not do what is expected of them\n", rows.len()),
        });
        out.push_str(&limit.map(TimeLimit::text).unwrap_or_default());
        out
    }

    /// The same for programs.
    pub(super) fn json(&self, run: &RunReport, limit: Option<&TimeLimit>) -> Value {
        let rows = self.rows(run).into_iter().map(|row| {
            let cases: serde_json::Map<String, Value> =
                row.outcomes.cases.iter().map(|(id, word)| (id.clone(), word.to_string().into())).collect();
            json!({
                "path": row.reference.path,
                "expected": row.reference.expected.words,
                "result": row.outcomes.overall().to_string(),
                "as_expected": row.mismatch.is_none(),
                "why": row.mismatch,
                "score": row.outcomes.score.0,
                "max_score": row.outcomes.score.1,
                "cases": cases,
            })
        });
        json!({
            "schema": "capsule-run/verdicts/1",
            "submissions": rows.collect::<Vec<_>>(),
            "time_limit": limit.map(TimeLimit::json),
        })
    }

    /// Exit status and reason: what failed as it should is no failure.
    pub(super) fn status(&self, run: &RunReport, limit: Option<&TimeLimit>) -> (u8, &'static str) {
        let rows = self.rows(run);
        if rows.iter().any(|row| row.outcomes.overall() == Word::Je) {
            (exit::NOT_JUDGED, "cases could not be judged")
        } else if rows.iter().any(|row| row.mismatch.is_some()) {
            (exit::FAILED, "a solution did not do what is expected of it")
        } else if limit.is_some_and(TimeLimit::fails) {
            (exit::FAILED, "the limit of time is too close to a solution")
        } else {
            (exit::OK, "every solution did what is expected of it")
        }
    }
}

fn outcomes(run: &RunReport, suite: usize) -> Outcomes {
    let of_suite = || run.cases.iter().filter(move |report| report.case.suite == suite);
    let cases = of_suite().filter_map(|report| Some((report.case.id.0.to_string(), word(report)?)));
    let judged = of_suite().filter_map(|report| report.verdict.details.judged.as_ref());
    Outcomes {
        cases: cases.collect(),
        build_failed: of_suite()
            .any(|report| report.case.kind == CaseKind::Build && report.verdict.status == Status::Failed),
        score: run.points_of(|report| report.case.suite == suite),
        messages: judged.filter_map(|judged| judged.judge_message.clone()).collect(),
    }
}

/// What became of a case; nothing for one that did not run, and for a build that passed or failed.
fn word(report: &CaseReport) -> Option<Word> {
    let status = report.verdict.status;
    match (status, report.verdict.code) {
        (Status::Error | Status::Cancelled, _) => Some(Word::Je),
        (Status::NotRun | Status::Skipped | Status::Xfailed, _) => None,
        _ if report.case.kind == CaseKind::Build => None,
        (Status::Passed, _) => Some(Word::Ac),
        (Status::Failed, Some(Code::Timeout)) => Some(Word::Tle),
        (Status::Failed, Some(Code::OutputLimit)) => Some(Word::Ole),
        (Status::Failed, Some(Code::WrongExit)) => Some(Word::Rte),
        (Status::Failed, Some(code)) if code.family() == Family::Expectation => Some(Word::Wa),
        (Status::Failed, _) => Some(Word::Rte),
    }
}
