//! [`TextStyle`]: how text for people is to look, and who reads it.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::report::CaseReport;
use crate::report::record::Audience;
use crate::units::visible_line;

/// How text for people is to look, and who reads it.
#[derive(Debug, Clone)]
pub struct TextStyle {
    /// Whether colours may be used.
    pub color: bool,
    /// Whether only ASCII may be used for our own marks.
    pub ascii: bool,
    /// Columns of the terminal. The last one is never used.
    pub width: usize,
    /// Who reads it.
    pub audience: Audience,
    /// How many of the slowest cases are named at the end.
    pub durations: usize,
    /// How a difference is laid out.
    pub diff: DiffLayout,
    /// Lines of the differences of one case that are shown.
    pub diff_lines: usize,
    /// The command that runs the same suites again, for the `rerun` line:
    /// `capsule-run suite grade.yaml`. Empty: no such line.
    pub rerun: String,
}

impl Default for TextStyle {
    fn default() -> Self {
        Self {
            color: false,
            ascii: false,
            width: 100,
            audience: Audience::Staff,
            durations: 3,
            diff: DiffLayout::Unified,
            diff_lines: 80,
            rerun: String::new(),
        }
    }
}

/// How a difference is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiffLayout {
    /// What was expected above what was found.
    #[default]
    Unified,
    /// Both in one line, where they have something in common.
    Inline,
    /// Side by side.
    Side,
}

/// What a piece of text is, for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Good,
    Bad,
    Warn,
    Dim,
    Strong,
    Removed,
    Added,
    RemovedWord,
    AddedWord,
}

impl Paint {
    fn codes(self) -> &'static str {
        match self {
            Self::Good => "32;1",
            Self::Bad => "31;1",
            Self::Warn => "33;1",
            Self::Dim => "2",
            Self::Strong => "1",
            Self::Removed => "31",
            Self::Added => "32",
            // Background and underline: either alone is lost on some terminals and to some eyes.
            Self::RemovedWord => "31;4;48;5;224",
            Self::AddedWord => "32;4;48;5;194",
        }
    }
}

impl TextStyle {
    /// `text`, coloured if colours may be used.
    pub(super) fn paint<'a>(&self, paint: Paint, text: &'a str) -> Cow<'a, str> {
        if self.color && !text.is_empty() {
            Cow::Owned(format!("\x1b[{}m{text}\x1b[0m", paint.codes()))
        } else {
            Cow::Borrowed(text)
        }
    }

    /// `text` in the colour of what is well.
    pub(crate) fn good<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.paint(Paint::Good, text)
    }

    /// `text` in the colour of what nobody needs to look at.
    pub(crate) fn dim<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.paint(Paint::Dim, text)
    }

    /// `fancy`, or `plain` where only ASCII may be used.
    pub(crate) fn mark(&self, fancy: &'static str, plain: &'static str) -> &'static str {
        if self.ascii { plain } else { fancy }
    }

    /// Whether the reader may see the input, the expectation and the output of this case.
    pub(crate) fn sees(&self, report: &CaseReport) -> bool {
        self.audience.sees(report.case.visibility)
    }

    /// How the reader is told of this case.
    pub(crate) fn id<'r>(&self, report: &'r CaseReport) -> &'r str {
        self.audience.id_of(&report.case)
    }

    /// Text from outside as one safe line: nothing that moves a terminal, nothing that the log of a
    /// CI service takes for a command, and in ASCII style nothing but ASCII.
    pub(crate) fn safe(&self, text: &str) -> String {
        let line = visible_line(text.as_bytes());
        // GitHub and Azure act on these wherever they stand in a line; `::name::` only at its start,
        // and no line of ours starts with what is not ours.
        let line = line.replace("##[", "##\\[").replace("##vso[", "##vso\\[");
        if !self.ascii || line.is_ascii() {
            return line;
        }
        let escape = |c: char| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() };
        line.chars().map(escape).collect()
    }

    /// Like [`TextStyle::safe`], for a line whose columns matter: a TAB becomes blanks.
    pub(crate) fn safe_columns(&self, line: &str) -> String {
        self.safe(&line.replace('\t', "    "))
    }

    /// `text` cut to `columns`, with a mark where something is missing.
    pub(crate) fn fit(&self, text: &str, columns: usize) -> String {
        if text.width() <= columns {
            return text.to_owned();
        }
        let mark = self.mark("…", "~");
        let mut out = String::new();
        let mut used = mark.width();
        for c in text.chars() {
            used += c.width().unwrap_or(0);
            if used > columns {
                break;
            }
            out.push(c);
        }
        if columns > 0 {
            out.push_str(mark);
        }
        out
    }
}

/// `text` followed by blanks up to `columns`.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_and_not_by_characters() {
        let style = TextStyle::default();
        assert_eq!(style.fit("漢字漢字", 5), "漢字…");
        assert_eq!(style.fit("abc", 3), "abc");
        assert_eq!(style.fit("abcd", 3), "ab…");
        assert_eq!(style.fit("abcd", 0), "");
    }

    #[test]
    fn ascii_style_writes_nothing_but_ascii() {
        let style = TextStyle { ascii: true, ..TextStyle::default() };
        assert_eq!(style.safe("é\x1b[2J"), "\\u{e9}\\x1B[2J");
        assert!(style.fit("abcdef", 3).is_ascii());
    }

    #[test]
    fn a_log_finds_no_command_in_what_a_program_printed() {
        let style = TextStyle::default();
        assert_eq!(style.safe("a ##[add-mask]b ##vso[task]c"), "a ##\\[add-mask]b ##vso\\[task]c");
    }
}
