//! Tokens, with numbers compared within a tolerance.
//!
//! A number is what the Kattis problem format calls one: an optional sign, digits with an optional
//! point (before, between or behind them), an optional exponent. Hexadecimal floats, `1_000`,
//! `nan`, `inf` and `infinity` are *words*: they match only themselves, byte for byte, so that a
//! program cannot pass by printing `nan` everywhere. A number too large for an `f64` (`1e999`)
//! matches only numbers that are too large in the same direction.

use crate::judge::FloatTolerance;

/// Whether the two tokens are the same: numbers within the tolerance, or equal bytes.
pub(in crate::judge) fn same_token(tolerance: FloatTolerance, expected: &[u8], actual: &[u8]) -> bool {
    if expected == actual {
        return true;
    }
    match (number(expected), number(actual)) {
        (Some(expected), Some(actual)) => close(tolerance, expected, actual),
        _ => false,
    }
}

pub(super) fn close(tolerance: FloatTolerance, expected: f64, actual: f64) -> bool {
    if !expected.is_finite() || !actual.is_finite() {
        return expected == actual;
    }
    let difference = (expected - actual).abs();
    difference <= tolerance.absolute || difference <= tolerance.relative * expected.abs()
}

/// The value of a token that is a number by the grammar above.
fn number(token: &[u8]) -> Option<f64> {
    let unsigned = token.strip_prefix(b"-").or_else(|| token.strip_prefix(b"+")).unwrap_or(token);
    let (mantissa, exponent) = match unsigned.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let is_number = is_mantissa(mantissa) && exponent.is_none_or(is_exponent);
    // What the grammar admits, Rust's parser admits too: all of it is ASCII.
    if is_number { std::str::from_utf8(token).ok()?.parse().ok() } else { None }
}

fn is_mantissa(text: &[u8]) -> bool {
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    let points = text.iter().filter(|&&b| b == b'.').count();
    digits > 0 && points <= 1 && digits + points == text.len()
}

fn is_exponent(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_that_of_kattis() {
        for text in ["0", "-1", "+1", "1.", ".5", "1.5", "1e5", "1E-5", "1.e+5", "-.5e2", "007"] {
            assert!(number(text.as_bytes()).is_some(), "{text}");
        }
        for text in
            ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "nan", "inf", "1_0", "1,5", "--1", "1f"]
        {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn either_tolerance_is_enough() {
        let absolute = FloatTolerance { absolute: 0.01, relative: 0.0 };
        let relative = FloatTolerance { absolute: 0.0, relative: 0.01 };
        for (tolerance, expected, actual, same) in [
            (absolute, "0", "0.01", true),
            (absolute, "0", "0.011", false),
            (absolute, "1000", "1001", false),
            (relative, "1000", "1009", true),
            (relative, "1000", "1011", false),
            (relative, "0", "0.000001", false),
            (relative, "-5", "5", false),
            (absolute, "0", "-0", true),
        ] {
            assert_eq!(
                same_token(tolerance, expected.as_bytes(), actual.as_bytes()),
                same,
                "{expected} {actual}"
            );
        }
    }

    #[test]
    fn words_and_numbers_that_do_not_fit_match_only_their_like() {
        let wide = FloatTolerance { absolute: 1e300, relative: 1e300 };
        for (expected, actual, same) in [
            ("nan", "nan", true),
            ("nan", "NaN", false),
            ("nan", "1", false),
            ("1", "nan", false),
            ("inf", "1e999", false),
            ("1e999", "2e999", true),
            ("1e999", "-1e999", false),
            ("1e999", "1", false),
            ("1", "1e999", false),
            ("ok", "OK", false),
        ] {
            assert_eq!(same_token(wide, expected.as_bytes(), actual.as_bytes()), same, "{expected} {actual}");
        }
    }
}
