//! The block for one failure: what ran, what was checked, how it differs, what to do.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::amount::{seconds, size_of, time_of};
use super::diff;
use super::line::reason;
use super::style::{Paint, TextStyle, padded};
use super::word::{paint, word};
use crate::judge::compare::diff_of;
use crate::judge::{Check, CheckTarget, Expected, Family, StreamExpectation};
use crate::report::CaseReport;
use crate::report::hint::hint;
use crate::sandbox::outcome::{Captured, Outcome, Ran};
use crate::units::{Bytes, visible_line};

/// Where the body of a block starts.
const INDENT: &str = "       ";
/// Lines of a stream that are shown from its start and again from its end.
const EXCERPT: usize = 4;
/// Lines of a difference that the judge has made already.
const USUAL_LINES: usize = 80;

/// The block for one case that did not pass, ending in a newline.
#[must_use]
pub fn failure(report: &CaseReport, style: &TextStyle) -> String {
    let mut block = Block { out: String::new(), style };
    block.header(report);
    let sees = style.audience.sees(report.case.visibility);
    if sees {
        block.command(report);
        block.checks(report);
        let mut left = style.diff_lines;
        for check in report.verdict.checks.iter().filter(|check| !check.ok && tells(report, check)) {
            left = left.saturating_sub(block.difference(report, check, left));
        }
    }
    block.why(report);
    if sees {
        block.judged(report);
    }
    if sees && let Some(ran) = ran(report) {
        block.excerpt("stderr", &ran.stderr);
        if !report.verdict.checks.iter().any(|check| check.difference.is_some()) {
            block.excerpt("stdout", &ran.stdout);
        }
    }
    block.rerun(report);
    block.out
}

/// Whether the difference says anything: where a limit or a signal ended the program before it wrote
/// a byte, the whole expected text as missing lines would only hide why.
fn tells(report: &CaseReport, check: &Check) -> bool {
    let ended_early = report.verdict.code.is_some_and(|code| code.family() != Family::Expectation);
    let wrote = ran(report).is_some_and(|ran| match &check.target {
        CheckTarget::Stdout => ran.stdout.total > 0,
        CheckTarget::Stderr => ran.stderr.total > 0,
        CheckTarget::Exit | CheckTarget::File(_) | CheckTarget::Resource(_) | CheckTarget::Source(_) => true,
    });
    wrote || !ended_early
}

/// The diff with another number of lines than the judge made it with, from the bytes themselves.
fn again(report: &CaseReport, check: &Check, most: usize) -> Option<(String, bool)> {
    let (ran, wanted) = (ran(report)?, &report.case.expectation);
    let stream = |wanted: &'_ StreamExpectation| match wanted {
        StreamExpectation::Like(expected) => Some(expected.clone()),
        _ => None,
    };
    let (expected, actual): (Expected, &[u8]) = match &check.target {
        CheckTarget::Stdout => (stream(&wanted.stdout)?, &ran.stdout.bytes),
        CheckTarget::Stderr => (stream(&wanted.stderr)?, &ran.stderr.bytes),
        CheckTarget::File(path) => {
            let same = |other: &std::path::Path| other.to_str() == Some(path);
            let wanted = wanted.files.iter().find(|file| same(&file.path))?;
            let found = ran.files.iter().find(|file| same(&file.path))?;
            (wanted.expected.clone()?, &found.content.as_ref().ok()?.bytes)
        }
        CheckTarget::Exit | CheckTarget::Resource(_) | CheckTarget::Source(_) => return None,
    };
    diff_of(expected.compare, &expected.bytes, actual, most)
}

fn ran(report: &CaseReport) -> Option<&Ran> {
    match &report.attempts.last()?.outcome {
        Outcome::Ran(ran) => Some(ran),
        Outcome::NotStarted(_) => None,
    }
}

pub(super) struct Block<'a> {
    out: String,
    pub(super) style: &'a TextStyle,
}

impl Block<'_> {
    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(format!("{INDENT}{text}").trim_end());
        self.out.push('\n');
    }

    /// ` FAIL  basic/sum[n=3]                    tests/grade.yaml:41`
    fn header(&mut self, report: &CaseReport) {
        let style = self.style;
        let (word, id) = (word(report, style), style.safe(style.id(report)));
        let place = format!("{}:{}", style.safe(&report.case.file), report.case.line);
        let used = 1 + word.width() + 2 + id.width();
        let gap = style.width.saturating_sub(1 + used + place.width()).max(2);
        let _ = writeln!(
            self.out,
            " {}  {}{}{}",
            style.paint(paint(report, style), &word),
            style.paint(Paint::Strong, &id),
            " ".repeat(gap),
            style.paint(Paint::Dim, &place)
        );
    }

    /// `$ python3 sum.py      in sandbox "std" · try 1 of 1 · 0.118s`
    fn command(&mut self, report: &CaseReport) {
        let style = self.style;
        let command: Vec<String> =
            report.case.argv.iter().map(|argument| quoted(&visible_line(argument.as_bytes()))).collect();
        let command = style.fit(&style.safe(&command.join(" ")), 400);
        let dot = style.mark("·", "-");
        let tries = report.attempts.len();
        let how = match report.duration() {
            Some(took) => format!("try {tries} of {tries} {dot} {}", seconds(took)),
            None => "did not run".to_owned(),
        };
        let profile = style.safe(&report.case.profile);
        let how = format!("in sandbox \"{profile}\" {dot} {how}");
        let columns = style.width.saturating_sub(INDENT.len() + how.width() + 5).min(60);
        let how = style.paint(Paint::Dim, &how);
        if command.width() <= columns {
            return self.line(&format!("$ {}  {how}", padded(&command, columns)));
        }
        self.line(&format!("$ {command}"));
        self.line(&format!("  {how}"));
    }

    /// `exit 0 ok · stdout DIFFERS · files 2 ok      cpu 0.09/2 s  mem 9.1/256 MiB`
    fn checks(&mut self, report: &CaseReport) {
        let dot = self.style.mark(" · ", " - ");
        let mut parts: Vec<String> = report
            .verdict
            .checks
            .iter()
            .filter(|check| !(check.ok && matches!(check.target, CheckTarget::File(_))))
            .map(|check| self.check(check))
            .collect();
        let good_files = report
            .verdict
            .checks
            .iter()
            .filter(|check| check.ok && matches!(check.target, CheckTarget::File(_)));
        match good_files.count() {
            0 => {}
            count => parts.push(format!("files {count} ok")),
        }
        let used = ran(report).map(|ran| {
            let limits = &report.case.limits;
            let cpu = time_of(ran.usage.cpu, limits.cpu.value);
            format!("cpu {cpu}  mem {}", size_of(ran.usage.memory_peak, limits.memory.value))
        });
        let text = [parts.join(dot), used.unwrap_or_default()];
        if text.iter().any(|part| !part.is_empty()) {
            self.line(text.join("      ").trim_start());
        }
    }

    fn check(&self, check: &Check) -> String {
        let name = match &check.target {
            CheckTarget::Exit => return self.exit_check(check),
            CheckTarget::Stdout => "stdout".to_owned(),
            CheckTarget::Stderr => "stderr".to_owned(),
            CheckTarget::File(path) => format!("file {}", self.style.safe(path)),
            CheckTarget::Resource(name) => (*name).to_owned(),
            CheckTarget::Source(path) => format!("source {}", self.style.safe(path)),
        };
        if check.ok {
            return format!("{name} ok");
        }
        let word = if check.difference.is_some() { "DIFFERS" } else { "WRONG" };
        format!("{name} {}", self.style.paint(Paint::Bad, word))
    }

    fn exit_check(&self, check: &Check) -> String {
        let message = self.style.safe(&check.message);
        if check.ok {
            return format!("{message} ok");
        }
        self.style.paint(Paint::Bad, &message).into_owned()
    }

    /// The diff of one check under its title, with at most `most` lines; nothing where bytes were not
    /// compared. Returns how many lines it has.
    fn difference(&mut self, report: &CaseReport, check: &Check, most: usize) -> usize {
        let Some(difference) = &check.difference else {
            return 0;
        };
        let name = self.style.safe(check.target.name());
        let from = self.style.safe(&check.expected_from);
        self.out.push('\n');
        self.line(&format!("{name}, {}, expected from {from}", check.compare));
        if most == 0 {
            self.more(report);
            return 0;
        }
        let kept = (difference.unified.lines().count() > most || difference.truncated && most > USUAL_LINES)
            .then(|| again(report, check, most))
            .flatten();
        let (text, truncated) = match &kept {
            Some((text, truncated)) => (text, *truncated),
            None => (&difference.unified, difference.truncated),
        };
        self.out.push_str(&diff::render(text, INDENT, self.style));
        if truncated {
            self.more(report);
        }
        text.lines().count()
    }

    fn more(&mut self, report: &CaseReport) {
        let more = self.style.mark("… the difference goes on", "... the difference goes on");
        if self.style.rerun.is_empty() || self.style.diff_lines == usize::MAX {
            return self.line(more);
        }
        let id = self.style.safe(&quoted(self.style.id(report)));
        self.line(&format!("{more}: {} --only {id} --diff-lines all", self.style.safe(&self.style.rerun)));
    }

    pub(super) fn labelled(&mut self, label: &str, text: &str) {
        self.line(&format!("{}{text}", self.style.paint(Paint::Strong, &format!("{label:<8}"))));
    }

    fn why(&mut self, report: &CaseReport) {
        let reason = self.style.safe(&reason(report, self.style));
        match report.verdict.code {
            Some(code) => self.labelled("why", &format!("{code} {reason}")),
            None => self.labelled("why", &reason),
        }
        if self.style.audience.sees(report.case.visibility) {
            self.words(report);
            self.missing_files(report);
            for note in &report.verdict.notes {
                self.labelled("note", &self.style.safe(note));
            }
        }
        if let Some(hint) = hint(report, self.style.audience) {
            self.labelled("hint", &self.style.safe(&hint));
        }
    }

    /// The first differences in words.
    fn words(&mut self, report: &CaseReport) {
        let told = report.verdict.checks.iter().filter(|check| !check.ok && tells(report, check));
        for words in told.filter_map(|check| check.difference.as_ref()?.words.as_ref()) {
            let words =
                if self.style.ascii { &words.replace('→', "->").replace('…', "...") } else { words };
            self.labelled("", &self.style.safe(words));
        }
    }

    /// Files that are not there, or are none: how the program ended stands with the checks, and what
    /// differs has its diff.
    fn missing_files(&mut self, report: &CaseReport) {
        for check in report.verdict.checks.iter().filter(|check| !check.ok && check.difference.is_none()) {
            let is_file = matches!(check.target, CheckTarget::File(_));
            if is_file && !report.verdict.message.contains(&check.message) {
                self.labelled("", &self.style.safe(&check.message));
            }
        }
    }

    /// The first and last lines of a stream; nothing if it is empty.
    fn excerpt(&mut self, name: &str, captured: &Captured) {
        if captured.bytes.is_empty() {
            return;
        }
        let text = captured.bytes.strip_suffix(b"\n").unwrap_or(&captured.bytes);
        let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
        let plural = if lines.len() == 1 { "" } else { "s" };
        let cut = if captured.truncated() { ", cut" } else { "" };
        let size = Bytes(captured.total);
        self.labelled(name, &format!("({} line{plural}, {size}{cut})", lines.len()));
        if lines.len() <= 2 * EXCERPT {
            lines.iter().for_each(|line| self.excerpt_line(line));
            return;
        }
        lines[..EXCERPT].iter().for_each(|line| self.excerpt_line(line));
        let left_out = lines.len() - 2 * EXCERPT;
        self.line(&format!("  {} {left_out} lines left out", self.style.mark("…", "...")));
        lines[lines.len() - EXCERPT..].iter().for_each(|line| self.excerpt_line(line));
    }

    pub(super) fn excerpt_line(&mut self, line: &[u8]) {
        // Nobody reads a line of a megabyte: what cannot be seen is not even decoded.
        let shown = &line[..line.len().min(4 * self.style.width.max(80))];
        let text = self.style.safe(&visible_line(shown));
        let room = self.style.width.saturating_sub(INDENT.len() + 3).max(40);
        let marked = if shown.len() < line.len() { format!("{text}{}", " ".repeat(room)) } else { text };
        let bar = self.style.mark("│", "|");
        self.line(&format!("{} {}", self.style.paint(Paint::Dim, bar), self.style.fit(&marked, room)));
    }

    fn rerun(&mut self, report: &CaseReport) {
        // Who may not see a case has not got its suite either.
        if !self.style.rerun.is_empty() && self.style.sees(report) {
            let id = self.style.safe(&quoted(self.style.id(report)));
            let command = self.style.safe(&self.style.rerun);
            self.labelled("rerun", &format!("{command} --only {id} -v"));
        }
    }
}

/// An argument as a shell takes it.
fn quoted(argument: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&b);
    if !argument.is_empty() && argument.bytes().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}
