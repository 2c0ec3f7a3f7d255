//! The totals at the end.

use super::style::TextStyle;
use crate::report::RunReport;

/// The totals, the cases that did not pass and the slowest ones, ending in a newline.
#[must_use]
pub fn summary(run: &RunReport, style: &TextStyle) -> String {
    let _ = (run, style);
    String::new()
}
