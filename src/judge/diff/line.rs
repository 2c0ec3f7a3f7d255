//! One line, drawn.

use crate::judge::Compare;
use crate::judge::compare::{is_blank, trim_end};
use crate::units::visible_line;

/// Characters of one line that are shown.
const MAX_SHOWN: usize = 2_000;
/// Characters before the difference that are shown when a line is cut at its start.
const LEAD: usize = 200;

/// Which blanks of a line are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blanks {
    /// None: they do not count.
    Plain,
    /// Those at the end of the line, where nobody would see them.
    Trailing,
    /// All, and the end of the line: they are part of the difference.
    All,
}

/// How a changed line without a partner is drawn.
pub(super) fn unpaired(compare: Compare, line: &[u8]) -> Blanks {
    match compare {
        // There is nothing else to see on it.
        Compare::Exact | Compare::Trim if trim_end(line).is_empty() => Blanks::All,
        Compare::Trim | Compare::Tokens | Compare::Float(_) => Blanks::Plain,
        Compare::Kattis(flags) if !flags.space_change_sensitive => Blanks::Plain,
        _ => Blanks::Trailing,
    }
}

/// How two lines that replace one another are drawn.
pub(super) fn paired(compare: Compare, expected: &[u8], actual: &[u8]) -> Blanks {
    let differ = |left: &[u8], right: &[u8]| !skeleton(left).eq(skeleton(right));
    match compare {
        Compare::Exact | Compare::Lines if differ(expected, actual) => Blanks::All,
        Compare::Trim if differ(trim_end(expected), trim_end(actual)) => Blanks::All,
        _ => unpaired(compare, expected),
    }
}

/// The blanks of a line, with each word between them as a single `x`.
fn skeleton(line: &[u8]) -> impl Iterator<Item = u8> {
    let mut in_word = false;
    line.iter().filter_map(move |&byte| {
        let word = !is_blank(byte);
        let again = word && in_word;
        in_word = word;
        (!again).then_some(if word { b'x' } else { byte })
    })
}

/// The line as it is shown: one line of text, control bytes escaped, cut to a bearable length
/// around `focus`, the offset of what matters in it.
pub(super) fn draw(line: &[u8], blanks: Blanks, focus: usize) -> String {
    let (body, newline) = match line.strip_suffix(b"\n") {
        Some(body) => (body, true),
        None => (line, false),
    };
    let solid_end = trim_end(body).len();
    let start = if focus > MAX_SHOWN - 2 * LEAD { char_start(body, focus - LEAD) } else { 0 };
    let mut out = if start > 0 { format!("… ({start} bytes) ") } else { String::new() };
    let mut shown = 0;
    let mut at = start;
    while at < body.len() {
        if shown >= MAX_SHOWN {
            out.push_str(&format!(" … ({} more bytes)", body.len() - at));
            return out;
        }
        let length = char_length(&body[at..]);
        let drawn = match blanks {
            Blanks::Plain => false,
            Blanks::Trailing => at >= solid_end,
            Blanks::All => true,
        };
        let piece = draw_char(&body[at..at + length], drawn);
        shown += piece.chars().count();
        out.push_str(&piece);
        at += length;
    }
    if newline && blanks == Blanks::All {
        out.push('⏎');
    }
    out
}

fn draw_char(bytes: &[u8], drawn: bool) -> String {
    match bytes {
        b"\r" => "␍".to_owned(),
        b" " if drawn => "·".to_owned(),
        b"\t" if drawn => "→".to_owned(),
        b"\t" => "\t".to_owned(),
        [0xC2, 0xA0] if drawn => "⍽".to_owned(),
        other => visible_line(other),
    }
}

/// Length of the character at the start of `bytes`; 1 for a byte that is no UTF-8.
fn char_length(bytes: &[u8]) -> usize {
    let window = &bytes[..bytes.len().min(4)];
    window.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()).map_or(1, char::len_utf8)
}

/// The next place from `at` on that is not within a character.
fn char_start(bytes: &[u8], at: usize) -> usize {
    let at = at.min(bytes.len());
    let inside = bytes[at..].iter().take(3).take_while(|&&b| b & 0xC0 == 0x80).count();
    at + inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_drawn_only_where_they_differ() {
        assert_eq!(paired(Compare::Exact, b"a b\n", b"a c\n"), Blanks::Trailing);
        assert_eq!(paired(Compare::Exact, b"a  b\n", b"a b\n"), Blanks::All);
        assert_eq!(paired(Compare::Exact, b"a\n", b"a\r\n"), Blanks::All);
        assert_eq!(paired(Compare::Trim, b"a b\n", b"c b  \n"), Blanks::Plain);
        assert_eq!(paired(Compare::Tokens, b"a b\n", b"a  c\n"), Blanks::Plain);
        assert_eq!(draw(b"a b\t \n", Blanks::Trailing, 0), "a b→·");
        assert_eq!(draw(b"a b\t\r\n", Blanks::All, 0), "a·b→␍⏎");
        assert_eq!(draw("a\u{a0}b".as_bytes(), Blanks::All, 0), "a⍽b");
    }

    #[test]
    fn nothing_that_moves_a_terminal_is_drawn() {
        assert_eq!(draw(b"\x1b[2J\x00\xff\xc3\xa4\n", Blanks::Plain, 0), "\\x1B[2J\\x00\\xFFä");
    }

    #[test]
    fn a_long_line_is_cut_around_what_matters() {
        let mut line = vec![b'x'; 100_000];
        line[60_000] = b'!';
        let drawn = draw(&line, Blanks::Plain, 60_000);
        assert!(drawn.contains('!') && drawn.chars().count() < 2_100, "{}", drawn.len());
        assert!(drawn.starts_with("… (59800 bytes) ") && drawn.ends_with(" … (38200 more bytes)"));
    }
}
