//! [`OutFolder`]: what a class leaves behind: a gradebook, a report for staff and one for the
//! student of every submission, and the journal.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::journal::Journal;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::report_file::{ReportError, write_whole};
use crate::report::record::{Audience, RunFooter};
use crate::report::text::{self, TextStyle};
use crate::report::{Gradebook, Row, RunRecords, RunReport, html, json};
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
        let failed = |error: io::Error| {
            let root = visible_line(root.as_os_str().as_encoded_bytes());
            Failure::Usage(format!("--out `{root}`: {error}"))
        };
        std::fs::create_dir_all(root.join("reports")).map_err(failed)?;
        let journal = Journal::open(&root.join("journal.jsonl")).map_err(failed)?;
        Ok((Self { root: root.to_owned() }, journal))
    }

    /// Whether the reports of a row are there.
    pub(in crate::cli) fn has_reports(&self, row: &Row) -> bool {
        ["json", "student.json", "html", "student.html", "txt"]
            .iter()
            .all(|ending| self.report(row, ending).is_file())
    }

    /// The reports of one submission.
    pub(in crate::cli) fn write_reports(&self, row: &Row, run: &RunReport) -> Written {
        let mut records = run.records(exit::OK, "");
        let (code, reason) = exit::of_run(&records.tally, None);
        records.footer = RunFooter::new(&run.meta, code, reason);
        let (staff, student) = (records.view(Audience::Staff), records.view(Audience::Student));
        write_whole(&self.report(row, "json"), &|out| json::write(&staff, out))?;
        write_whole(&self.report(row, "student.json"), &|out| json::write(&student, out))?;
        write_whole(&self.report(row, "html"), &|out| page(row, &staff, out))?;
        write_whole(&self.report(row, "student.html"), &|out| page(row, &student, out))?;
        write_whole(&self.report(row, "txt"), &|out| {
            out.write_all(for_student(row, run, &student).as_bytes())
        })
    }

    /// The gradebook.
    pub(in crate::cli) fn write_gradebook(&self, book: &Gradebook) -> Written {
        write_whole(&self.root.join("gradebook.csv"), &|out| out.write_all(book.to_csv().as_bytes()))?;
        let class = |out: &mut dyn Write| {
            html::write_class(&book.suite, &mut |data| data.write_all(book.to_json().as_bytes()), out)
        };
        write_whole(&self.root.join("index.html"), &class)?;
        write_whole(&self.root.join("gradebook.json"), &|out| out.write_all(book.to_json().as_bytes()))
    }

    fn report(&self, row: &Row, ending: &str) -> PathBuf {
        self.root.join("reports").join(format!("{}.{ending}", row.report))
    }
}

fn page(row: &Row, run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    html::write_run(&row.submission, &mut |data| json::write(run, data), out)
}

/// What the student may read.
fn for_student(row: &Row, run: &RunReport, records: &RunRecords<'_>) -> String {
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
    out.push_str(&text::summary(run, records, &style));
    out
}
