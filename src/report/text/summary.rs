//! The totals at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::amount::{bracketed, points, seconds};
use super::line::{columns, lead};
use super::style::{Paint, TextStyle};
use crate::judge::Status;
use crate::report::{CaseReport, RunReport};

/// Cases that are listed again at the end.
const LISTED: usize = 200;

/// The totals, the cases that did not pass and the slowest ones, ending in a newline.
#[must_use]
pub fn summary(run: &RunReport, style: &TextStyle) -> String {
    let mut out = String::new();
    let rule = style.mark("─", "-").repeat(style.width.saturating_sub(2));
    let _ = writeln!(out, " {}", style.paint(Paint::Dim, &rule));
    let title = style.paint(title_paint(run), "Summary");
    let _ = writeln!(out, "   {title} {} {}", bracketed(Some(run.meta.duration)), totals(run, style));
    if let Some(cause) = &run.meta.interrupted_by {
        let text = format!("interrupted ({}): cases that had not ended have no result", style.safe(cause));
        let _ = writeln!(out, "           {}", style.paint(Paint::Warn, &text));
    }
    listed(&mut out, run, style);
    lost_groups(&mut out, run, style);
    slowest(&mut out, run, style);
    out
}

fn title_paint(run: &RunReport) -> Paint {
    let good =
        |case: &CaseReport| matches!(case.verdict.status, Status::Passed | Status::Skipped | Status::Xfailed);
    if run.cases.iter().all(good) && !run.is_unfinished() { Paint::Good } else { Paint::Bad }
}

/// `42 run: 36 passed (1 flaky, 1 leaky), 5 failed, 1 not run · 2 skipped · score 71/90`
fn totals(run: &RunReport, style: &TextStyle) -> String {
    let summary = run.summary();
    let flaky = run.cases.iter().filter(|case| case.is_flaky()).count();
    let asides: Vec<_> = [(flaky, "flaky"), (summary.leaky, "leaky")].into_iter().filter_map(some).collect();
    let mut passed = format!("{} passed", summary.passed);
    if !asides.is_empty() {
        let _ = write!(passed, " ({})", asides.join(", "));
    }
    let errors = if summary.errors == 1 { "error" } else { "errors" };
    let counts = [
        (summary.failed, "failed"),
        (summary.errors, errors),
        (summary.cancelled, "cancelled"),
        (summary.not_run, "not run"),
    ];
    let results: Vec<_> = [passed].into_iter().chain(counts.into_iter().filter_map(some)).collect();
    let selected = summary.cases - summary.skipped;
    let mut parts = vec![format!("{selected} run: {}", results.join(", "))];
    parts.extend(some((summary.skipped, "skipped")));
    parts.extend(some((summary.xfailed, "failed as expected")));
    if summary.max_score > 0.0 {
        parts.push(format!("score {}/{}", points(summary.score), points(summary.max_score)));
    }
    parts.join(style.mark(" · ", " - "))
}

fn some((count, word): (usize, &str)) -> Option<String> {
    (count > 0).then(|| format!("{count} {word}"))
}

/// The cases that did not pass, each with its place. What only follows from another is not listed.
fn listed(out: &mut String, run: &RunReport, style: &TextStyle) {
    let bad = |case: &&CaseReport| {
        matches!(case.verdict.status, Status::Failed | Status::Error | Status::Cancelled)
    };
    for report in run.cases.iter().filter(bad).take(LISTED) {
        let file = report.case.file.rsplit('/').next().unwrap_or_default();
        let place = format!("{}:{}", style.fit(&style.safe(file), 24), report.case.line);
        let _ = writeln!(out, "{} {}", lead(report, style), columns(report, style, &place));
    }
    let more = run.cases.iter().filter(bad).count().saturating_sub(LISTED);
    if more > 0 {
        let _ = writeln!(out, "          and {more} more");
    }
}

/// Groups that got nothing because a case of them did not pass, where another did: without this line
/// nobody would understand the score.
fn lost_groups(out: &mut String, run: &RunReport, style: &TextStyle) {
    let mut groups: BTreeMap<(usize, &str), (usize, usize)> =
        run.lost_groups().into_iter().map(|group| (group, (0, 0))).collect();
    for report in &run.cases {
        let group = report.case.group.as_deref().map(|group| (report.case.suite, group));
        if let Some((passed, cases)) = group.and_then(|group| groups.get_mut(&group)) {
            *passed += usize::from(report.verdict.status == Status::Passed);
            *cases += 1;
        }
    }
    for ((_, group), (passed, cases)) in groups.into_iter().filter(|(_, (passed, _))| *passed > 0) {
        let group = style.safe(group);
        let _ = writeln!(
            out,
            "     Group {group}: no points, {passed} of {cases} passed and it is all or nothing"
        );
    }
}

fn slowest(out: &mut String, run: &RunReport, style: &TextStyle) {
    let slow: Vec<_> = run
        .slowest(style.durations)
        .into_iter()
        .filter_map(|report| {
            Some(format!("{} {}", seconds(report.duration()?), style.fit(&style.safe(&report.case.id.0), 40)))
        })
        .collect();
    if run.cases.len() > 1 && !slow.is_empty() {
        let dot = style.mark(" · ", " - ");
        let room = style.width.saturating_sub(12).max(20);
        let mut rows: Vec<String> = Vec::new();
        for one in slow {
            match rows.last_mut().filter(|row| row.width() + dot.width() + one.width() <= room) {
                Some(row) => *row = format!("{row}{dot}{one}"),
                None => rows.push(one),
            }
        }
        let _ = writeln!(out, "   Slowest {}", rows.join("\n           "));
    }
}
