//! [`Pattern`]: a regular expression that a suite wrote. The suite may be hostile and what is
//! searched is: matching takes linear time whatever both are, and compiling has limits.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// Bytes of a pattern's text.
const MAX_TEXT: usize = 10_000;
/// Bytes of what it is compiled to: `x{1000}{1000}` is refused.
const MAX_COMPILED: usize = 1 << 20;
/// Bytes of the cache that matching may use.
const MAX_CACHE: usize = 1 << 20;
/// Groups in groups.
const MAX_NESTED: u32 = 50;

/// A regular expression on bytes.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

/// Why a text is no regular expression that we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl Pattern {
    /// Matches anywhere.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        Self::compile(text, text)
    }

    /// Matches a whole line only.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn whole(text: &str) -> Result<Self, PatternError> {
        // A pattern of its own first: `a)|(b` must not get out of the group.
        Self::compile(text, text)?;
        // The newline ends a comment of `(?x)`, and is white space to it; without `(?x)` it would be
        // matched, so it is there only where that is set.
        let verbose = text.contains("(?") && text.contains('#');
        Self::compile(text, &format!("^(?:{text}{})$", if verbose { "\n" } else { "" }))
    }

    /// A glob (`*`: any bytes, `?`: one character) that matches a whole line only.
    ///
    /// # Errors
    /// It is too large.
    pub fn glob(text: &str) -> Result<Self, PatternError> {
        let mut out = String::from("^(?s-u:");
        for c in text.chars() {
            match c {
                '*' => out.push_str(".*"),
                '?' => out.push_str("(?u:.)"),
                c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        out.push_str(")$");
        Self::compile(text, &out)
    }

    /// Whether it matches somewhere in `bytes`.
    #[must_use]
    pub fn is_match(&self, bytes: &[u8]) -> bool {
        self.0.is_match(bytes)
    }

    pub(super) fn regex(&self) -> &Regex {
        &self.0
    }

    fn compile(text: &str, whole: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_TEXT {
            return Err(PatternError(format!("it is longer than {MAX_TEXT} bytes")));
        }
        let mut builder = RegexBuilder::new(whole);
        builder.size_limit(MAX_COMPILED).dfa_size_limit(MAX_CACHE).nest_limit(MAX_NESTED);
        builder.build().map(Self).map_err(|error| PatternError(in_one_line(&error)))
    }
}

fn in_one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large when it is written out".to_owned(),
        _ => {
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_pattern_of_a_whole_line_matches_nothing_less() {
        let whole = Pattern::whole("a|b").expect("a pattern");
        assert!(whole.is_match(b"a") && whole.is_match(b"b"));
        assert!(!whole.is_match(b"ab") && !whole.is_match(b"xb") && !whole.is_match(b"b\n"));
        assert!(Pattern::whole("a)|(b").is_err(), "it must not get out of its group");
        assert!(Pattern::whole("(?x) a # comment").expect("a pattern").is_match(b"a"));
    }

    #[test]
    fn globs_know_two_characters_and_take_all_others_as_they_are() {
        let glob = Pattern::glob("warning: * at line ?.").expect("a glob");
        assert!(glob.is_match(b"warning: x.y at line 3."));
        assert!(glob.is_match("warning: \u{e9} at line \u{e9}.".as_bytes()));
        assert!(!glob.is_match(b"warning: x at line 31."));
        assert!(!glob.is_match(b"warning: x at line 3,"));
        assert!(Pattern::glob("*").expect("a glob").is_match(b"\xff\xfe"), "also what is no UTF-8");
    }

    #[test]
    fn what_would_be_too_large_is_refused() {
        for text in ["x{1000}{1000}", "(a{100}){100}{100}", &"(".repeat(100), &"a".repeat(10_001)] {
            assert!(Pattern::new(text).is_err(), "{}", &text[..10]);
        }
        let error = Pattern::new("a(").expect_err("no pattern");
        assert_eq!(error.to_string(), "unclosed group");
    }

    #[test]
    fn a_pattern_that_explodes_elsewhere_is_matched_in_linear_time() {
        let evil = Pattern::whole("(a*)*b").expect("a pattern");
        let clock = Instant::now();
        assert!(!evil.is_match(&vec![b'a'; 1 << 20]));
        assert!(clock.elapsed() < Duration::from_secs(60), "{:?}", clock.elapsed());
    }
}
