//! Writing the report as a stream: one case after the other, one case on one line.

use std::io::{self, BufWriter, Write};

use serde::Serialize as _;

use super::document::ReportDocument;
use super::layout::Lines;
use crate::report::RunReport;
use crate::report::encode::Inert;

/// With what status the program is about to end, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitInfo {
    /// The exit status.
    pub code: u8,
    /// Why, in a few words: "cases failed".
    pub reason: String,
}

/// Writes the JSON report of a run, ending in a newline.
///
/// # Errors
/// Those of `out`.
pub fn write(run: &RunReport, exit: &ExitInfo, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Inert(Lines::default()));
    ReportDocument::new(run, exit).serialize(&mut serializer)?;
    out.write_all(b"\n")?;
    out.flush()
}
