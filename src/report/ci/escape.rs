//! Escaping for the command languages of logs.

use crate::units::{char_boundary, visible_line};

/// The text of a GitHub command: one line, at most 4000 bytes.
pub(super) fn github_text(text: &str) -> String {
    let mut text = visible_line(text.as_bytes()).replace('%', "%25");
    cut(&mut text, 4000);
    text
}

/// The value of a property of a GitHub command.
pub(super) fn github_property(text: &str) -> String {
    let mut text = visible_line(text.as_bytes());
    cut(&mut text, 255);
    text.replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

/// The text of an Azure command.
pub(super) fn azure_text(text: &str) -> String {
    let mut text = visible_line(text.as_bytes()).replace('%', "%AZP25");
    cut(&mut text, 4000);
    text
}

/// The value of a property of an Azure command.
pub(super) fn azure_property(text: &str) -> String {
    let mut text = visible_line(text.as_bytes());
    cut(&mut text, 255);
    text.replace('%', "%AZP25").replace(';', "%3B").replace(']', "%5D")
}

/// The name of a GitLab section may hold letters, digits, `_`, `.` and `-`.
pub(super) fn gitlab_name(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(60).collect()
}

/// What a service takes for a command wherever it stands in a line is broken up.
pub(super) fn inert(text: &str) -> String {
    text.replace("##[", "##\\[").replace("##vso[", "##vso\\[").replace("section_", "section\\_")
}

fn cut(text: &mut String, longest: usize) {
    if text.len() > longest {
        text.truncate(char_boundary(text, longest));
        // Not in the middle of an escape.
        if let Some(at) = text.rfind('%').filter(|at| at + 6 > text.len()) {
            text.truncate(at);
        }
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_where_we_end_it() {
        assert_eq!(github_text("a%\r\n::error::x"), "a%25\\r\\n::error::x");
        assert_eq!(github_property("a:b,c%"), "a%3Ab%2Cc%25");
        assert_eq!(azure_property("a;b]c"), "a%3Bb%5Dc");
        assert_eq!(inert("##[x ##vso[y"), "##\\[x ##vso\\[y");
        assert!(github_text(&"%".repeat(9000)).len() < 4010);
    }
}
