//! Durations, written `1500` (milliseconds), `1500ms`, `2s`, `1.5s`, `10m`.
//!
//! A bare integer is milliseconds: that is what `--timeout 5000` has always meant.

use std::time::Duration;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTimeError {
    /// Nothing before the unit, or something that is no number.
    #[error("not a duration: write milliseconds as an integer, or a number with ms, s or m, such as 2s")]
    Number,
    /// A unit that is none of ours.
    #[error("unknown unit `{0}`: use us, ms, s, m or h")]
    Unit(String),
    /// More than the clock can count.
    #[error("too long: durations go up to 8760h")]
    TooLong,
}

const MAX_MICROS: u128 = 8760 * 3600 * 1_000_000;

/// Parses a duration. A bare integer counts milliseconds.
///
/// # Errors
/// [`ParseTimeError`] says which part is wrong.
pub fn parse_duration(text: &str) -> Result<Duration, ParseTimeError> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let micros: u128 = match unit.trim() {
        "us" | "µs" => 1,
        "" | "ms" => 1_000,
        "s" => 1_000_000,
        "m" | "min" => 60_000_000,
        "h" => 3_600_000_000,
        other => return Err(ParseTimeError::Unit(other.to_owned())),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let has_point = number.contains('.');
    let bad_fraction = has_point && (fraction.is_empty() || unit.trim().is_empty());
    if whole.is_empty() || bad_fraction || fraction.len() > 6 || fraction.contains('.') {
        return Err(ParseTimeError::Number);
    }
    let whole: u128 = whole.parse().map_err(|_| ParseTimeError::TooLong)?;
    let mut total = whole.checked_mul(micros).ok_or(ParseTimeError::TooLong)?;
    if !fraction.is_empty() {
        let part: u128 = fraction.parse().map_err(|_| ParseTimeError::Number)?;
        total += part * micros / 10u128.pow(u32::try_from(fraction.len()).unwrap_or(6));
    }
    if total > MAX_MICROS {
        return Err(ParseTimeError::TooLong);
    }
    Ok(Duration::from_micros(u64::try_from(total).map_err(|_| ParseTimeError::TooLong)?))
}

/// A duration as people write it: `2s`, `1.5s`, `250ms`, `10m`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros < 1_000 && micros > 0 {
        return format!("{micros}us");
    }
    let ms = micros / 1_000;
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    if ms.is_multiple_of(60_000) {
        return format!("{}m", ms / 60_000);
    }
    let text = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_integer_is_milliseconds_and_units_are_exact() {
        for (text, micros) in [
            ("5000", 5_000_000),
            ("1500ms", 1_500_000),
            ("2s", 2_000_000),
            ("1.5s", 1_500_000),
            ("10m", 600_000_000),
            ("250us", 250),
            ("0", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "s", "-1", "1.5", "1.s", "1,5s", "2d", "99999999999h", "1.2.3s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_read_as_people_write_them() {
        for (ms, text) in
            [(0, "0ms"), (250, "250ms"), (2_000, "2s"), (1_500, "1.5s"), (600_000, "10m"), (61_000, "61s")]
        {
            assert_eq!(format_duration(Duration::from_millis(ms)), text);
        }
    }
}
