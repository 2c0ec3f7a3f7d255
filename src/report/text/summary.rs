//! The totals at the end.

use std::fmt::Write as _;
use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::amount::{bracketed, points, seconds};
use super::line::{columns, lead};
use super::style::{Paint, TextStyle};
use crate::judge::Status;
use crate::report::{CaseReport, RunRecords, RunReport};

/// Cases that are listed again at the end.
const LISTED: usize = 200;

/// The totals, the cases that did not pass and the slowest ones, ending in a newline. Totals are those
/// of `records`; of the cases in `run`, which need not be all, those that did not pass are listed.
#[must_use]
pub fn summary(run: &RunReport, records: &RunRecords<'_>, style: &TextStyle) -> String {
    let mut out = String::new();
    let rule = style.mark("─", "-").repeat(style.width.saturating_sub(2));
    let _ = writeln!(out, " {}", style.paint(Paint::Dim, &rule));
    let title = style.paint(title_paint(records), "Summary");
    let _ = writeln!(out, "   {title} {} {}", bracketed(Some(run.meta.duration)), totals(records, style));
    if let Some(cause) = &run.meta.interrupted_by {
        let text = format!("interrupted ({}): cases that had not ended have no result", style.safe(cause));
        let _ = writeln!(out, "           {}", style.paint(Paint::Warn, &text));
    }
    listed(&mut out, run, records, style);
    lost_groups(&mut out, records, style);
    slowest(&mut out, records, style);
    out
}

fn title_paint(records: &RunRecords<'_>) -> Paint {
    let good = |status| matches!(status, Status::Passed | Status::Skipped | Status::Xfailed);
    let all_good = records.tally().briefs().iter().all(|brief| good(brief.status));
    if all_good && !records.footer().is_unfinished() { Paint::Good } else { Paint::Bad }
}

/// `42 run: 36 passed (1 flaky, 1 leaky), 5 failed, 1 not run · 2 skipped · score 71/90`
fn totals(records: &RunRecords<'_>, style: &TextStyle) -> String {
    let summary = records.tally().summary();
    let asides: Vec<_> =
        [(summary.flaky, "flaky"), (summary.leaky, "leaky")].into_iter().filter_map(some).collect();
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
fn listed(out: &mut String, run: &RunReport, records: &RunRecords<'_>, style: &TextStyle) {
    let is_bad = |status| matches!(status, Status::Failed | Status::Error | Status::Cancelled);
    let bad = |case: &&CaseReport| is_bad(case.verdict.status);
    for report in run.cases.iter().filter(bad).take(LISTED) {
        let file = report.case.file.rsplit('/').next().unwrap_or_default();
        let place = format!("{}:{}", style.fit(&style.safe(file), 24), report.case.line);
        let _ = writeln!(out, "{} {}", lead(report, style), columns(report, style, &place));
    }
    let all = records.tally().briefs().iter().filter(|brief| is_bad(brief.status)).count();
    let more = all.saturating_sub(LISTED);
    if more > 0 {
        let _ = writeln!(out, "          and {more} more");
    }
}

/// Groups that got nothing because a case of them did not pass, where another did: without this line
/// nobody would understand the score.
fn lost_groups(out: &mut String, records: &RunRecords<'_>, style: &TextStyle) {
    for group in records.tally().lost_groups().iter().filter(|group| group.passed > 0) {
        let (name, passed, cases) = (style.safe(&group.name), group.passed, group.cases);
        let text = format!("Group {name}: no points, {passed} of {cases} passed and it is all or nothing");
        let _ = writeln!(out, "     {text}");
    }
}

fn slowest(out: &mut String, records: &RunRecords<'_>, style: &TextStyle) {
    // A log that cannot be read again is told of by whoever makes the reports.
    let cases = records.tally().slowest(style.durations).into_iter().filter_map(|at| records.case(at).ok());
    let slow: Vec<_> = cases
        .filter_map(|case| {
            let took = Duration::from_millis(case.duration_ms()?);
            Some(format!("{} {}", seconds(took), style.fit(&style.safe(&case.id), 40)))
        })
        .collect();
    if records.len() > 1 && !slow.is_empty() {
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
