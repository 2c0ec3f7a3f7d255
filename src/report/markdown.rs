//! Markdown, as GitHub shows it in the summary of a job. Over 1 MiB nothing at all is shown there, so
//! that failures come first and what does not fit is counted. Nothing that is not ours is markup.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use super::ci::without_commands;
use super::cut::cut;
use super::record::{CaseRecord, Points};
use super::run_records::{RunOutcome, RunRecords};
use super::told::Told;
use crate::judge::Status;
use crate::units::{visible, visible_line};

/// Bytes of the whole document.
const BUDGET: usize = 900 * 1024;
/// Bytes of the text of one failure.
const LONGEST: usize = 24 * 1024;
/// Bytes kept for the table of cases.
const TABLE: usize = 200 * 1024;

/// Writes the run as Markdown.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub(super) fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut left = BUDGET;
    put(&mut out, &mut left, &head(run))?;
    failures(run, &mut out, &mut left)?;
    table(run, &mut out, &mut left)?;
    out.flush()
}

fn put(out: &mut dyn Write, left: &mut usize, text: &str) -> io::Result<()> {
    let text = without_commands(text);
    *left = left.saturating_sub(text.len());
    out.write_all(text.as_bytes())
}

fn head(run: &RunRecords<'_>) -> String {
    let (totals, footer) = (run.tally().summary(), run.footer());
    let title = match run.outcome() {
        RunOutcome::Passed => format!("✅ {} passed", totals.passed),
        RunOutcome::Failed => format!("❌ {} of {} failed", totals.failed, totals.cases),
        RunOutcome::Error => "⚠️ not everything could be judged".to_owned(),
        RunOutcome::Empty => "no case was selected".to_owned(),
        RunOutcome::Interrupted => "⚠️ the run did not end: some cases have no result".to_owned(),
    };
    let suites: Vec<_> = run.header().suites.iter().map(|suite| inert(&suite.name)).collect();
    let mut out = format!("## {title}\n\n{}\n\n", suites.join(", "));
    out.push_str("| Cases | Passed | Failed | Errors | Skipped | Not run | Score | Time |\n");
    out.push_str("|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} of {} | {} |",
        totals.cases,
        totals.passed,
        totals.failed,
        totals.errors + totals.cancelled,
        totals.skipped + totals.xfailed,
        totals.not_run,
        Points(totals.score).rounded(),
        Points(totals.max_score).rounded(),
        seconds(footer.duration_ms)
    );
    for group in run.tally().lost_groups().iter().filter(|group| group.passed > 0).take(50) {
        let _ = writeln!(
            out,
            "\nGroup {}: no points, {} of {} passed.",
            inert(&group.name),
            group.passed,
            group.cases
        );
    }
    out
}

fn failures(run: &RunRecords<'_>, out: &mut dyn Write, left: &mut usize) -> io::Result<()> {
    let bad = |status| matches!(status, Status::Failed | Status::Error | Status::Cancelled);
    let briefs = run.tally().briefs();
    let indices: Vec<usize> = (0..briefs.len()).filter(|&at| bad(briefs[at].status)).collect();
    if indices.is_empty() {
        return Ok(());
    }
    put(out, left, "\n### What did not pass\n\n")?;
    for (shown, &at) in indices.iter().enumerate() {
        let text = failure(&run.case(at)?);
        if text.len() + TABLE > *left {
            let more = indices.len() - shown;
            return put(out, left, &format!("\n…and {more} more, which do not fit here.\n"));
        }
        put(out, left, &text)?;
    }
    Ok(())
}

fn failure(case: &CaseRecord) -> String {
    let told = Told::of_case(case);
    let mut text = told.text(case);
    if let Some(attempt) = case.attempts.last() {
        for (name, capture) in [("stdout", &attempt.stdout), ("stderr", &attempt.stderr)] {
            if let Some(capture) = capture.as_ref().filter(|capture| capture.bytes > 0) {
                let _ = write!(text, "\n{name}:\n{}\n", capture.readable());
            }
        }
    }
    let text = cut(&visible(text.as_bytes()), LONGEST);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!(
        "<details><summary>{} <code>{}</code> {}</summary>\n\n{fence}text\n{}\n{fence}\n\n</details>\n",
        mark(case.status),
        inert(&case.id),
        inert(&told.line()),
        text.trim_end()
    )
}

fn table(run: &RunRecords<'_>, out: &mut dyn Write, left: &mut usize) -> io::Result<()> {
    if run.is_empty() {
        return Ok(());
    }
    put(out, left, "\n### All cases\n\n| | Case | Time | Points |\n|---|---|---:|---:|\n")?;
    for (shown, case) in run.cases().enumerate() {
        let case = case?;
        let time = case.duration_ms().map_or_else(|| "-".to_owned(), seconds);
        let row = format!(
            "| {} | <code>{}</code> | {time} | {}/{} |\n",
            mark(case.status),
            inert(&case.id),
            case.score.rounded(),
            case.max_score.rounded()
        );
        if row.len() + 100 > *left {
            return put(out, left, &format!("\n…and {} more cases.\n", run.len() - shown));
        }
        put(out, left, &row)?;
    }
    Ok(())
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Passed => "✅ passed",
        Status::Failed => "❌ failed",
        Status::Error => "⚠️ error",
        Status::Cancelled => "⚠️ cancelled",
        Status::NotRun => "➖ not run",
        Status::Skipped => "➖ skipped",
        Status::Xfailed => "➖ failed as expected",
    }
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03} s", millis / 1000, millis % 1000)
}

/// Text as one line without markup: every sign that could be one is a character reference.
fn inert(text: &str) -> String {
    let mut out = String::new();
    for c in visible_line(text.as_bytes()).chars() {
        if c.is_ascii_punctuation() && !"-.,/=".contains(c) {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_markup_and_no_output_ends_its_fence() {
        assert_eq!(inert("a|<b>@x"), "a&#124;&#60;b&#62;&#64;x");
        let mut case = CaseRecord::example();
        case.status = Status::Failed;
        case.notes = vec!["````\n</details>".into()];
        let text = failure(&case);
        assert!(text.contains("\n`````text\n") && text.contains("\n`````\n\n</details>\n"), "{text}");
    }
}
