//! Escaping for the command languages of logs.

use std::borrow::Cow;

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

/// The words that end at a bracket and begin a command wherever they stand in a line.
const WORDS: [&str; 3] = ["##", "##vso", "##teamcity"];

/// Whether a bracket behind `before` would begin a command.
pub(in crate::report) fn begins_command(before: &str) -> bool {
    WORDS.iter().any(|word| before.ends_with(word))
}

/// Whether a service takes a line for a command: `::name::` at its start, blanks aside.
fn is_command(line: &str) -> bool {
    line.trim_start().starts_with("::")
}

/// The text with nothing in it that a CI service takes for a command, should it get into a log.
#[must_use]
pub fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.contains("##") && !text.lines().any(is_command) {
        return Cow::Borrowed(text);
    }
    let text = WORDS
        .iter()
        .fold(text.to_owned(), |text, word| text.replace(&format!("{word}["), &format!("{word}\\[")));
    let lines = text.split_inclusive('\n').map(|line| {
        let blanks = line.len() - line.trim_start().len();
        if is_command(line) { format!("{}\\{}", &line[..blanks], &line[blanks..]) } else { line.to_owned() }
    });
    Cow::Owned(lines.collect())
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
    fn no_line_is_a_command_to_a_ci_service() {
        let hostile =
            "::error::a\n \t::stop-commands::x\nb ##[error]c ##vso[task.complete]\n##teamcity[x]\na::b\n";
        let safe = "\\::error::a\n \t\\::stop-commands::x\nb ##\\[error]c ##vso\\[task.complete]\n##teamcity\\[x]\na::b\n";
        assert_eq!(without_commands(hostile), safe);
        assert!(matches!(without_commands("a ## b :: c\n"), Cow::Owned(text) if text == "a ## b :: c\n"));
    }

    #[test]
    fn a_command_ends_where_we_end_it() {
        assert_eq!(github_text("a%\r\n::error::x"), "a%25\\r\\n::error::x");
        assert_eq!(github_property("a:b,c%"), "a%3Ab%2Cc%25");
        assert_eq!(azure_property("a;b]c"), "a%3Bb%5Dc");
        assert_eq!(inert("##[x ##vso[y"), "##\\[x ##vso\\[y");
        assert!(github_text(&"%".repeat(9000)).len() < 4010);
    }
}
