//! Writing the report as a stream: one case after the other, one case on one line.

use std::io::{self, BufWriter, Write};

use serde::Serialize as _;

use super::document::ReportDocument;
use super::layout::Lines;
use crate::report::encode::{Inert, InertInHtml};
use crate::report::run_records::RunRecords;

/// Writes the JSON report of a run, ending in a newline.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub fn write(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Inert(Lines::default()));
    ReportDocument::new(run)?.serialize(&mut serializer)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The same report in a form that may stand inside an HTML `script` element: it holds no `<`, `>` or
/// `&`, so that no output of a program can end the element.
///
/// # Errors
/// Those of `out`, and of reading the run's log.
pub fn write_for_html(run: &RunRecords<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, InertInHtml(Lines::default()));
    ReportDocument::new(run)?.serialize(&mut serializer)?;
    out.write_all(b"\n")?;
    out.flush()
}
