//! [`in_words`]: the first difference of two texts as a sentence: `line 2 differs in 1 word
//! ("6" → "5") and in its end (LF → CR LF)`.

use crate::judge::Compare;
use crate::judge::compare::Mismatch;
use crate::judge::compare::tokens::tokens;
use crate::units::visible_line;

/// Longer lines are not taken apart: a sentence about them says nothing.
const LONGEST_LINE: usize = 2_000;
/// Characters of a word that are shown.
const LONGEST_WORD: usize = 40;
/// Pairs of words that are shown.
const MOST_PAIRS: usize = 2;

/// The sentence; `None` where words are not what was compared, or where there are too many.
pub(super) fn in_words(
    compare: Compare,
    expected: &[u8],
    actual: &[u8],
    at: Mismatch,
    line: usize,
) -> Option<String> {
    match compare {
        Compare::Exact | Compare::Trim | Compare::Lines => {
            of_lines(compare, line_at(expected, at.expected), line_at(actual, at.actual), line)
        }
        Compare::Tokens | Compare::Float(_) | Compare::Kattis(_) => {
            of_tokens(token_at(expected, at.expected), token_at(actual, at.actual), line)
        }
        Compare::Unordered
        | Compare::Regex
        | Compare::Glob
        | Compare::Contains
        | Compare::Lacks
        | Compare::Json(_)
        | Compare::Sha256 => None,
    }
}

fn of_tokens(expected: Option<&[u8]>, actual: Option<&[u8]>, line: usize) -> Option<String> {
    match (expected, actual) {
        (Some(expected), Some(actual)) => {
            Some(format!("line {line} has {} → {}", quoted(expected), quoted(actual)))
        }
        (Some(expected), None) => Some(format!("the output ends where {} should follow", quoted(expected))),
        (None, Some(actual)) => Some(format!("{} in line {line} is too much", quoted(actual))),
        (None, None) => None,
    }
}

fn of_lines(compare: Compare, expected: &[u8], actual: &[u8], line: usize) -> Option<String> {
    if expected.len().max(actual.len()) > LONGEST_LINE {
        return None;
    }
    match (expected.is_empty(), actual.is_empty()) {
        (true, true) => return None,
        (false, true) => return Some(format!("line {line} is missing")),
        (true, false) => return Some(format!("line {line} is too much")),
        (false, false) => {}
    }
    let ((text, end), (found, found_end)) = (parted(expected), parted(actual));
    let mut parts: Vec<String> = of_text(text, found).into_iter().collect();
    if compare == Compare::Exact && end != found_end {
        parts.push(format!("its end ({} → {})", end.name(), found_end.name()));
    }
    (!parts.is_empty()).then(|| format!("line {line} differs in {}", parts.join(" and in ")))
}

/// In what two lines differ, their ends apart.
fn of_text(expected: &[u8], actual: &[u8]) -> Option<String> {
    if expected == actual {
        return None;
    }
    let words = |text| tokens(text).map(|(_, word)| word).collect::<Vec<&[u8]>>();
    let (old, new) = (words(expected), words(actual));
    if old == new {
        return Some("its blanks".to_owned());
    }
    if old.len() != new.len() {
        return Some(format!("its number of words ({} → {})", old.len(), new.len()));
    }
    let pairs: Vec<_> = old.iter().zip(&new).filter(|(old, new)| old != new).collect();
    let plural = if pairs.len() == 1 { "" } else { "s" };
    let mut shown: Vec<_> = pairs
        .iter()
        .take(MOST_PAIRS)
        .map(|(old, new)| format!("{} → {}", quoted(old), quoted(new)))
        .collect();
    if pairs.len() > MOST_PAIRS {
        shown.push("…".to_owned());
    }
    Some(format!("{} word{plural} ({})", pairs.len(), shown.join(", ")))
}

/// How a line ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    None,
    Lf,
    CrLf,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lf => "LF",
            Self::CrLf => "CR LF",
        }
    }
}

fn parted(line: &[u8]) -> (&[u8], End) {
    match line.strip_suffix(b"\n") {
        None => (line, End::None),
        Some(text) => text.strip_suffix(b"\r").map_or((text, End::Lf), |text| (text, End::CrLf)),
    }
}

/// The line that the byte at `at` is in, with its end; empty behind the last.
fn line_at(bytes: &[u8], at: usize) -> &[u8] {
    let start = bytes[..at].iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
    let end = bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |newline| at + newline + 1);
    &bytes[start..end]
}

/// The word that begins at `at`.
fn token_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    tokens(&bytes[at..]).next().map(|(_, token)| token)
}

fn quoted(word: &[u8]) -> String {
    let text = visible_line(&word[..word.len().min(4 * LONGEST_WORD)]);
    match text.char_indices().nth(LONGEST_WORD) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

#[cfg(test)]
mod tests {
    use crate::judge::compare::compare;
    use crate::judge::{Compare, FloatTolerance};

    #[test]
    fn the_first_difference_is_told_in_words() {
        let float = Compare::Float(FloatTolerance { absolute: 1e-6, relative: 1e-6 });
        let long = format!("{}\n", "x".repeat(3_000));
        for (how, expected, actual, words) in [
            (
                Compare::Exact,
                "a\ntotal: 6\n",
                "a\ntotal: 5\r\n",
                Some("line 2 differs in 1 word (\"6\" → \"5\") and in its end (LF → CR LF)"),
            ),
            (Compare::Exact, "a\nb\n", "a\nb", Some("line 2 differs in its end (LF → none)")),
            (Compare::Exact, "a b\n", "a  b\n", Some("line 1 differs in its blanks")),
            (Compare::Trim, "a b\n", "a  c\r\n", Some("line 1 differs in 1 word (\"b\" → \"c\")")),
            (Compare::Exact, "a b\n", "a\n", Some("line 1 differs in its number of words (2 → 1)")),
            (
                Compare::Exact,
                "1 2 3\n",
                "4 5 6\n",
                Some("line 1 differs in 3 words (\"1\" → \"4\", \"2\" → \"5\", …)"),
            ),
            (Compare::Exact, "a\nb\n", "a\n", Some("line 2 is missing")),
            (Compare::Exact, "a\n", "a\nb\n", Some("line 2 is too much")),
            (Compare::Tokens, "1 2", "1\n3", Some("line 2 has \"2\" → \"3\"")),
            (Compare::Tokens, "1 2", "1", Some("the output ends where \"2\" should follow")),
            (float, "1", "1 x\u{1b}", Some("\"x\\x1B\" in line 1 is too much")),
            (Compare::Unordered, "1", "2", None),
            (Compare::Exact, "y\n", long.as_str(), None),
        ] {
            let found = compare(how, expected.as_bytes(), actual.as_bytes()).expect("they differ");
            assert_eq!(found.words.as_deref(), words, "{expected:?} {actual:?}");
        }
    }
}
