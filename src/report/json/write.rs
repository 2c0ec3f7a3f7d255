//! Writing the report as a stream: one case after the other, one case on one line.

use std::io::{self, BufWriter, Write};

use serde::Serialize as _;

use super::document::ReportDocument;
use super::layout::Lines;
use crate::report::encode::Inert;
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
