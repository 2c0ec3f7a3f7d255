//! A change that somebody is to decide on.

use super::diff;
use super::style::TextStyle;

/// A unified diff between what is expected and what came, ending in a newline; `more` says that it
/// was cut.
#[must_use]
pub fn change(unified: &str, more: bool, style: &TextStyle) -> String {
    let mut text = diff::render(unified, "  ", style);
    if more {
        text.push_str(style.mark("  … the difference goes on\n", "  ... the difference goes on\n"));
    }
    text
}
