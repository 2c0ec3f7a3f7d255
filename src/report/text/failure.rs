//! The block for one failure: what ran, what was checked, how it differs, what to do.

use super::style::TextStyle;
use crate::report::CaseReport;

/// The block for one case that did not pass, ending in a newline.
#[must_use]
pub fn failure(report: &CaseReport, style: &TextStyle) -> String {
    let _ = (report, style);
    String::new()
}
