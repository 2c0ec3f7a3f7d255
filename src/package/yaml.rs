//! Writing YAML that people can read: plain where it may be plain, quoted where it must be.

use std::fmt::Write as _;

/// Words that YAML, or a suite, would take for something else.
const RESERVED: &[&str] =
    &["true", "false", "null", "yes", "no", "on", "off", "y", "n", "any", "none", "nan", "inf", "~"];

/// A scalar.
pub(super) fn text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '/';
    let rest = |c: char| c.is_ascii_alphanumeric() || "_./-+=@".contains(c);
    text.chars().next().is_some_and(|c| first(c) || (c == '.' && text.starts_with("./")))
        && text.chars().all(rest)
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

/// In double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `[a, b]`.
pub(super) fn list<S: AsRef<str>>(items: &[S]) -> String {
    let items: Vec<_> = items.iter().map(|item| text(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// `{a: 1, b: c}`, of values that are written already.
pub(super) fn map(entries: &[(String, String)]) -> String {
    let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{{}}}", entries.join(", "))
}

/// A number as short as it can be.
pub(super) fn number(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_would_take_for_something_else_is_quoted() {
        for word in ["true", "No", "1", "-x", "a: b", "", " a", "any", "a\nb", "*x", "{n}", "é", "1e3", "~"]
        {
            assert!(text(word).starts_with('"'), "{word}");
        }
        for word in ["a", "data/secret/1.in", "./prog", "-"] {
            assert_eq!(text(word).starts_with('"'), word == "-", "{word}");
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([1.0, 0.5, 33.333_333_3, 0.0].map(number), ["1", "0.5", "33.333333", "0"]);
    }
}
