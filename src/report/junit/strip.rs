//! Taking terminal escape sequences out of text, whole and not only their first character.

use std::iter::Peekable;
use std::str::CharIndices;

const ESC: char = '\u{1B}';
const BEL: char = '\u{7}';
const CSI: char = '\u{9B}';
const STRING_END: char = '\u{9C}';

/// A sequence longer than this is none: a hostile program must not hide its output by opening a
/// sequence that it never closes.
const LONGEST: usize = 4096;

/// `text` without complete escape sequences (CSI, OSC and other strings, two-character ones).
/// A sequence that does not end stays, and its ESC is made visible by whoever writes the text.
pub(super) fn strip_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find([ESC, CSI]) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = sequence(rest).unwrap_or(0);
        if length == 0 {
            let first = rest.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..first]);
            rest = &rest[first..];
        } else {
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    out
}

/// Bytes of the complete sequence that `text` starts with; `None` if it is not complete.
fn sequence(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    if chars.next()?.1 == CSI {
        return control(chars);
    }
    match chars.next()?.1 {
        '[' => control(chars),
        ']' | 'P' | 'X' | '^' | '_' => string(chars),
        '\u{20}'..='\u{2F}' => intermediate(chars),
        '\u{30}'..='\u{7E}' => Some(chars.next().map_or(text.len(), |(at, _)| at)),
        _ => None,
    }
}

/// Parameters, intermediates, one final character.
fn control(chars: Peekable<CharIndices<'_>>) -> Option<usize> {
    for (at, c) in chars {
        match c {
            '\u{20}'..='\u{3F}' if at < LONGEST => {}
            '\u{40}'..='\u{7E}' => return Some(at + c.len_utf8()),
            _ => return None,
        }
    }
    None
}

/// Anything up to BEL or ST; not over a line's end, not over another ESC.
fn string(mut chars: Peekable<CharIndices<'_>>) -> Option<usize> {
    while let Some((at, c)) = chars.next() {
        match c {
            BEL | STRING_END => return Some(at + c.len_utf8()),
            ESC => return chars.next().filter(|&(_, c)| c == '\\').map(|(at, _)| at + 1),
            '\n' => return None,
            _ if at >= LONGEST => return None,
            _ => {}
        }
    }
    None
}

/// `ESC ( B` and its like.
fn intermediate(chars: Peekable<CharIndices<'_>>) -> Option<usize> {
    for (at, c) in chars {
        match c {
            '\u{20}'..='\u{2F}' if at < LONGEST => {}
            '\u{30}'..='\u{7E}' => return Some(at + 1),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_sequences_go_and_text_stays() {
        for (text, stripped) in [
            ("\x1b[31mred\x1b[0m\tx\r\n", "red\tx\r\n"),
            ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b", "ab"),
            ("\u{9b}2Jc\x1b(Bd\x1b7e", "cde"),
            ("\x1bP1$r\x1b\\f", "f"),
        ] {
            assert_eq!(strip_escapes(text), stripped, "{text:?}");
        }
    }

    #[test]
    fn a_sequence_that_never_ends_hides_nothing() {
        for text in ["\x1b]0;open\nnext", "\x1b[31", "\x1b", "\x1b]0;a\x1bXb", "\x1b[\u{e9}"] {
            assert_eq!(strip_escapes(text), text, "{text:?}");
        }
        let long = format!("\x1b]{}\x07", "x".repeat(LONGEST + 1));
        assert_eq!(strip_escapes(&long), long);
    }

    proptest! {
        #[test]
        fn nothing_is_ever_added(text in "[a\\[\\];m0-9\x1b\x07\u{9b}\u{9c}\\\\\n é]{0,60}") {
            let stripped = strip_escapes(&text);
            let mut rest = text.chars();
            prop_assert!(stripped.chars().all(|c| rest.any(|d| d == c)));
        }
    }
}
