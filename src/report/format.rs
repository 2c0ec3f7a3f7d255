//! [`Format`]: every format that a run can be written in.

use std::io::{self, Write};

use super::junit::JunitStyle;
use super::run_records::RunRecords;
use super::{classroom, csv, ctrf, gradescope, html, json, junit, markdown, sarif, tap, trace};

/// Every format that a run can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Our own, with everything: `capsule-run/report/1`.
    Json,
    /// JUnit XML.
    Junit(JunitStyle),
    /// TAP 13.
    Tap,
    /// CTRF.
    Ctrf,
    /// SARIF 2.1.0.
    Sarif,
    /// Markdown, as for the summary of a job.
    Markdown,
    /// Gradescope's `results.json`.
    Gradescope,
    /// The result of a GitHub Classroom grader, version 1.
    Classroom,
    /// One line for each case.
    Csv,
    /// Chrome's trace events.
    Trace,
    /// One page, complete in itself.
    Html,
}

impl Format {
    /// Every format, and every style of one.
    pub const ALL: &'static [Self] = &[
        Self::Json,
        Self::Junit(JunitStyle::Extended),
        Self::Junit(JunitStyle::Strict),
        Self::Junit(JunitStyle::Ant),
        Self::Tap,
        Self::Ctrf,
        Self::Sarif,
        Self::Markdown,
        Self::Gradescope,
        Self::Classroom,
        Self::Csv,
        Self::Trace,
        Self::Html,
    ];

    /// Writes a run as a stream, one case after the other.
    ///
    /// # Errors
    /// Those of `out`, and of reading the run's log.
    pub fn write(self, run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => json::write(run, out),
            Self::Junit(style) => junit::write(run, style, out),
            Self::Tap => tap::write(run, out),
            Self::Ctrf => ctrf::write(run, out),
            Self::Sarif => sarif::write(run, out),
            Self::Markdown => markdown::write(run, out),
            Self::Gradescope => gradescope::write(run, out),
            Self::Classroom => classroom::write(run, out),
            Self::Csv => csv::write(run, out),
            Self::Trace => trace::write(run, out),
            Self::Html => html::write_run(&title(run), &mut |data| json::write(run, data), out),
        }
    }
}

/// The suites of a run, as the title of a page.
fn title(run: &RunRecords<'_>) -> String {
    let names: Vec<&str> = run.header().suites.iter().map(|suite| suite.name.as_str()).collect();
    names.join(", ")
}
