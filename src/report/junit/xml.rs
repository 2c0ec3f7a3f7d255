//! XML 1.0 text and attributes that every reader takes, from any text.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::strip::strip_escapes;
use crate::report::ci::begins_command;

/// Where text is put: an attribute may not hold blanks other than spaces as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Attribute,
}

/// Writes ` name="value"`.
pub(super) fn attribute(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    write!(out, " {name}=\"{}\"", escape(value, Place::Attribute))
}

/// Writes text between tags: escape sequences of terminals are taken out, nothing else is lost.
pub(super) fn text(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(escape(text, Place::Text).as_bytes())
}

fn escape(text: &str, place: Place) -> String {
    let text = neutralise(&strip_escapes(text));
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for (at, c) in text.char_indices() {
        match c {
            // What begins a command of a CI service, should the report get into its log.
            '[' if begins_command(&text[..at]) => out.push_str("&#91;"),
            ':' if text[at..].starts_with("::") && is_first(&text[..at]) => out.push_str("&#58;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // Always, so that no `]]>` is left.
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '"' if place == Place::Attribute => out.push_str("&quot;"),
            '\n' if place == Place::Attribute => out.push_str("&#10;"),
            '\t' if place == Place::Attribute => out.push_str("&#9;"),
            c => push_legal(&mut out, c),
        }
    }
    out
}

/// Whether nothing but blanks is before it in its line.
fn is_first(before: &str) -> bool {
    before.trim_end_matches([' ', '\t', '\r']).chars().next_back().is_none_or(|c| c == '\n')
}

/// A character that XML 1.0 does not know becomes a readable escape, not a character reference:
/// those are refused too.
fn push_legal(out: &mut String, c: char) {
    match u32::from(c) {
        0x9 | 0xA | 0xD | 0x20..=0xFFFD | 0x1_0000.. => out.push(c),
        code @ 0..0x20 => {
            let _ = write!(out, "\\x{code:02X}");
        }
        code => {
            let _ = write!(out, "\\u{{{code:X}}}");
        }
    }
}

/// GitLab and a plugin of Jenkins act on these words wherever they stand, and the programs that we
/// run print what they like.
fn neutralise(text: &str) -> String {
    text.replace("[[ATTACHMENT|", "[\\[ATTACHMENT|").replace("[[PROPERTY|", "[\\[PROPERTY|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::encode::readable;

    #[test]
    fn markup_cannot_be_forged_and_blanks_survive_in_attributes() {
        let hostile = "</system-out></testcase>]]>&\"'\t\r\n";
        assert_eq!(
            escape(hostile, Place::Text),
            "&lt;/system-out&gt;&lt;/testcase&gt;]]&gt;&amp;\"'\t&#13;\n"
        );
        assert_eq!(escape("\"\t\r\n", Place::Attribute), "&quot;&#9;&#13;&#10;");
    }

    #[test]
    fn no_line_is_a_command_to_a_ci_service() {
        assert_eq!(
            escape("::a::b\n \t::c ##[d ##vso[e x[1]", Place::Text),
            "&#58;:a::b\n \t&#58;:c ##&#91;d ##vso&#91;e x[1]"
        );
    }

    #[test]
    fn what_xml_does_not_know_becomes_a_readable_escape() {
        assert_eq!(
            escape("a\0\x1b\u{b}\u{fffe}\u{ffff}\u{7f}é😀", Place::Text),
            "a\\x00\\x1B\\x0B\\u{FFFE}\\u{FFFF}\u{7f}é😀"
        );
        assert_eq!(escape(&readable(b"\xff\xfeok"), Place::Text), "\\xFF\\xFEok");
    }

    #[test]
    fn attachments_are_neutralised_also_when_stripping_would_make_them() {
        assert_eq!(escape("[[ATTACHMENT|/etc/passwd]]", Place::Text), "[\\[ATTACHMENT|/etc/passwd]]");
        assert_eq!(escape("[\x1b[0m[ATTACHMENT|x", Place::Text), "[\\[ATTACHMENT|x");
        assert_eq!(escape("[[[PROPERTY|x", Place::Attribute), "[[\\[PROPERTY|x");
    }
}
