//! [`Excerpt`]: the line of a text that a message is about, safe to show and short enough to read.

use std::ops::Range;

use crate::diagnostic::Place;
use crate::units::{char_boundary, visible_line};

/// Characters of a long line that are shown, and how many of them before the caret.
const WIDTH: usize = 100;
const BEFORE: usize = 40;

/// The line of a place and the line before it, control characters made visible.
pub(super) struct Excerpt {
    /// One or two lines.
    pub(super) text: String,
    /// The number of the first of them, from 1.
    pub(super) first_line: usize,
    /// What the caret is under, in `text`.
    pub(super) span: Range<usize>,
    /// The place in the source, both from 1.
    pub(super) line: usize,
    /// In characters.
    pub(super) column: usize,
}

impl Excerpt {
    pub(super) fn of(place: &Place) -> Self {
        let text: &str = &place.source.text;
        let start = char_boundary(text, place.span.start);
        let end = char_boundary(text, place.span.end).max(start);
        let (line, column) = place.line_column();
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let end = end.min(line_end);
        let (shown, span) = cut(&text[line_start..line_end], start - line_start..end - line_start);
        let before = previous(text, line_start);
        let mut excerpt = Self { text: String::new(), first_line: line, span, line, column };
        if let Some(before) = before {
            excerpt.text = before + "\n";
            excerpt.first_line -= 1;
            let shift = excerpt.text.len();
            excerpt.span = excerpt.span.start + shift..excerpt.span.end + shift;
        }
        excerpt.text.push_str(&shown);
        excerpt
    }
}

/// The line before the one that starts at `line_start`, unless it says nothing.
fn previous(text: &str, line_start: usize) -> Option<String> {
    let before = text[..line_start].strip_suffix('\n')?;
    let line = &before[before.rfind('\n').map_or(0, |newline| newline + 1)..];
    let line = line.trim_end();
    (!line.is_empty()).then(|| cut(line, 0..0).0)
}

/// `line` made visible, cut around `span`; and where `span` is in it then.
fn cut(line: &str, span: Range<usize>) -> (String, Range<usize>) {
    let line = line.trim_end_matches('\r');
    let span = span.start.min(line.len())..span.end.min(line.len());
    let ahead: Vec<usize> = line[..span.start].char_indices().rev().take(BEFORE).map(|at| at.0).collect();
    let whole = line.len() <= WIDTH;
    let from = if whole { 0 } else { ahead.last().copied().unwrap_or(span.start) };
    let to = if whole {
        line.len()
    } else {
        line[from..].char_indices().nth(WIDTH).map_or(line.len(), |at| from + at.0)
    };
    let end = span.end.min(to);
    let mut shown = String::new();
    if from > 0 {
        shown.push('…');
    }
    shown.push_str(&visible(&line[from..span.start]));
    let start = shown.len();
    shown.push_str(&visible(&line[span.start..end]));
    let end_shown = shown.len();
    shown.push_str(&visible(&line[end..to]));
    if to < line.len() {
        shown.push('…');
    }
    (shown, start..end_shown)
}

fn visible(text: &str) -> String {
    visible_line(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use proptest::prelude::*;

    fn place(text: &str, span: Range<usize>) -> Place {
        Place { source: Source { name: "x".into(), text: text.into() }, span, label: String::new() }
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let text = format!("{}timeuot{}", "a".repeat(100_000), "b".repeat(100_000));
        let excerpt = Excerpt::of(&place(&text, 100_000..100_007));
        assert!(excerpt.text.chars().count() < 110, "{}", excerpt.text.len());
        assert_eq!(&excerpt.text[excerpt.span], "timeuot");
        assert_eq!(excerpt.column, 100_001);
    }

    #[test]
    fn control_characters_are_shown_and_never_sent() {
        let excerpt = Excerpt::of(&place("id: \u{1b}[2J\u{202e}x\r\n", 4..5));
        assert_eq!(excerpt.text, "id: \\x1B[2J\\u{202E}x");
        assert_eq!(&excerpt.text[excerpt.span], "\\x1B");
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_has_an_excerpt(text in "[a-c\n\té漢\u{1b}]{0,300}", a in 0usize..400, b in 0usize..400) {
            let excerpt = Excerpt::of(&place(&text, a..b));
            prop_assert!(excerpt.text.get(excerpt.span).is_some());
            let raw = excerpt.text.contains(['\u{1b}', '\t']);
            prop_assert!(!raw);
        }
    }
}
