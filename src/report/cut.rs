//! [`cut`]: a text where only so much may stand.

use crate::units::char_boundary;

/// The text, or as much of it as fits into `longest` bytes, and that it is cut.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    format!("{}\n… cut here", &text[..char_boundary(text, longest)])
}
