//! [`OutFolder`]: what a class leaves behind: a gradebook, a report for staff and one for the
//! student of every submission, and the journal.

use std::path::{Path, PathBuf};

use super::journal::Journal;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::report_file::{ReportError, write_whole};
use crate::report::json as json_report;
use crate::report::record::Audience;
use crate::report::text::{self, TextStyle};
use crate::report::{Gradebook, RecordedRun, Row, RunReport};
use crate::units::visible_line;

/// Where a class is written to.
#[derive(Debug)]
pub(in crate::cli) struct OutFolder {
    root: PathBuf,
}

/// What became of the reports of one submission.
pub(in crate::cli) type Written = Result<(), ReportError>;

impl OutFolder {
    /// Makes the folder and opens its journal.
    ///
    /// # Errors
    /// It cannot be written, or another run writes into it.
    pub(in crate::cli) fn open(root: &Path) -> Result<(Self, Journal), Failure> {
        let failed = |error: std::io::Error| {
            let root = visible_line(root.as_os_str().as_encoded_bytes());
            Failure::Usage(format!("--out `{root}`: {error}"))
        };
        std::fs::create_dir_all(root.join("reports")).map_err(failed)?;
        let journal = Journal::open(&root.join("journal.jsonl")).map_err(failed)?;
        Ok((Self { root: root.to_owned() }, journal))
    }

    /// Whether the reports of a row are there.
    pub(in crate::cli) fn has_reports(&self, row: &Row) -> bool {
        ["json", "student.json", "txt"].iter().all(|ending| self.report(row, ending).is_file())
    }

    /// The reports of one submission.
    pub(in crate::cli) fn write_reports(&self, row: &Row, run: &RunReport) -> Written {
        let (code, reason) = exit::of_run(run, None);
        let mut records = run.records(code, reason);
        write_whole(&self.report(row, "json"), &json(&records))?;
        records.header = records.header.for_audience(Audience::Student);
        records.cases = records.cases.into_iter().map(|case| case.for_audience(Audience::Student)).collect();
        write_whole(&self.report(row, "student.json"), &json(&records))?;
        write_whole(&self.report(row, "txt"), for_student(row, run).as_bytes())
    }

    /// The gradebook.
    pub(in crate::cli) fn write_gradebook(&self, book: &Gradebook) -> Written {
        write_whole(&self.root.join("gradebook.csv"), book.to_csv().as_bytes())?;
        write_whole(&self.root.join("gradebook.json"), book.to_json().as_bytes())
    }

    fn report(&self, row: &Row, ending: &str) -> PathBuf {
        self.root.join("reports").join(format!("{}.{ending}", row.report))
    }
}

fn json(run: &RecordedRun) -> Vec<u8> {
    let mut bytes = Vec::new();
    json_report::write(&run.view(), &mut bytes).expect("a vector takes every byte");
    bytes
}

/// What the student may read.
fn for_student(row: &Row, run: &RunReport) -> String {
    let style = TextStyle { audience: Audience::Student, ..TextStyle::default() };
    let mut out = format!("{}\n", visible_line(row.submission.as_bytes()));
    if !row.reason.is_empty() {
        out.push_str(&format!("{}\n", visible_line(row.reason.as_bytes())));
    }
    out.push('\n');
    for report in &run.cases {
        out.push_str(&text::case_line(report, &style));
        out.push('\n');
    }
    for report in run.cases.iter().filter(|report| report.verdict.status == crate::judge::Status::Failed) {
        out.push('\n');
        out.push_str(&text::failure(report, &style));
    }
    out.push('\n');
    out.push_str(&text::summary(run, &style));
    out
}
