//! What a suite wants to be replaced before anything is compared: addresses, times, names of
//! temporary files.

use std::borrow::Cow;

use crate::judge::{Pattern, Redaction};

/// What redaction makes is never larger than this, or than what it was made from.
const MAX_MADE: usize = 64 << 20;

/// `bytes` with everything replaced, in the order of the redactions. Redactions whose result would
/// be too large are left out: what is then compared is what was found.
pub(super) fn redact<'b>(redactions: &[Redaction], bytes: &'b [u8]) -> Cow<'b, [u8]> {
    let mut out = Cow::Borrowed(bytes);
    for redaction in redactions {
        let Ok(pattern) = Pattern::new(&redaction.pattern) else { continue };
        if let Some(replaced) = replace(&pattern, redaction.with.as_bytes(), &out) {
            out = Cow::Owned(replaced);
        }
    }
    out
}

/// `None` where nothing matches, or too much.
fn replace(pattern: &Pattern, with: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let most = bytes.len().max(MAX_MADE);
    let mut out = Vec::new();
    let mut from = 0;
    for found in pattern.regex().find_iter(bytes).filter(|found| !found.is_empty()) {
        out.extend_from_slice(&bytes[from..found.start()]);
        out.extend_from_slice(with);
        from = found.end();
        if out.len() > most {
            return None;
        }
    }
    if from == 0 {
        return None;
    }
    out.extend_from_slice(&bytes[from..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(rules: &[(&str, &str)], bytes: &[u8]) -> Vec<u8> {
        let rules: Vec<_> = rules
            .iter()
            .map(|(pattern, with)| Redaction { pattern: (*pattern).into(), with: (*with).into() })
            .collect();
        redact(&rules, bytes).into_owned()
    }

    #[test]
    fn everything_that_matches_is_replaced_in_order_and_literally() {
        let rules = [("0x[0-9a-f]+", "<addr>"), ("<addr>:", "$0:")];
        assert_eq!(redacted(&rules, b"at 0x7ffe: 0x1\xff"), b"at $0: <addr>\xff");
        assert_eq!(redacted(&rules, b"nothing"), b"nothing");
        assert_eq!(redacted(&[("x*", "y")], b"axa"), b"aya", "nothing is put between the bytes");
    }

    #[test]
    fn a_redaction_that_would_make_too_much_is_left_out() {
        let bytes = vec![b'a'; 1 << 20];
        assert_eq!(redacted(&[("a", &"b".repeat(1000))], &bytes), bytes);
    }
}
