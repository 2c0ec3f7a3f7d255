//! [`Bytes`]: a size in bytes, written `64M`, `64MiB`, `1G` or `65536`.
//!
//! K, M, G and T are powers of 1024, with or without `iB` or `B` behind them: that is what the
//! troubleshooting guide says and what users of `docker run --memory` type. No crate agrees with
//! it (docs/dependencies.md), hence these few lines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Bytes {
    /// `n` mebibytes.
    #[must_use]
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// `n` kibibytes.
    #[must_use]
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }
}

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseBytesError {
    /// Nothing before the unit, or something that is no number.
    #[error(
        "not a size: write a number of bytes, or a number with K, M, G or T (powers of 1024), such as 256M"
    )]
    Number,
    /// A unit that is none of ours.
    #[error("unknown unit `{0}`: use K, M, G or T (powers of 1024; KiB, MiB, GiB, TiB mean the same)")]
    Unit(String),
    /// The value does not fit 64 bits.
    #[error("too large: sizes go up to 16777215T")]
    TooLarge,
}

impl FromStr for Bytes {
    type Err = ParseBytesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let shift = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            "t" | "tb" | "tib" => 40,
            _ => return Err(ParseBytesError::Unit(unit.trim().to_owned())),
        };
        scale(number, shift).map(Self)
    }
}

/// `number` (digits, perhaps with a fraction) times 2^`shift`, exactly.
fn scale(number: &str, shift: u32) -> Result<u64, ParseBytesError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits_only = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits_only(fraction) || fraction.len() > 9 {
        return Err(ParseBytesError::Number);
    }
    if number.contains('.') && (fraction.is_empty() || shift == 0) {
        return Err(ParseBytesError::Number);
    }
    let whole: u128 = whole.parse().map_err(|_| ParseBytesError::TooLarge)?;
    let mut total = whole.checked_mul(1 << shift).ok_or(ParseBytesError::TooLarge)?;
    if !fraction.is_empty() {
        let part: u128 = fraction.parse().map_err(|_| ParseBytesError::Number)?;
        let power = 10u128.pow(u32::try_from(fraction.len()).unwrap_or(9));
        total += (part << shift) / power;
    }
    u64::try_from(total).map_err(|_| ParseBytesError::TooLarge)
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        for (shift, name) in UNITS {
            let unit = 1u64 << shift;
            if self.0 >= unit {
                if self.0.is_multiple_of(unit) {
                    return write!(f, "{} {name}", self.0 / unit);
                }
                // One decimal, cut and never rounded up: 64 MiB less a byte must not read as 64 MiB.
                let tenths = (u128::from(self.0) * 10) >> shift;
                return write!(f, "{}.{} {name}", tenths / 10, tenths % 10);
            }
        }
        write!(f, "{} B", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024_with_or_without_ib() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65536),
            ("256M", 256 << 20),
            ("256m", 256 << 20),
            ("256MiB", 256 << 20),
            ("256MB", 256 << 20),
            ("1G", 1 << 30),
            ("1.5K", 1536),
            (" 8 KiB ", 8192),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in ["", "M", "-1", "1.M", "1.5", "1e3", "12X", "99999999999T", "1.2.3M", "0x10"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }

    #[test]
    fn display_never_rounds_up_to_the_limit() {
        assert_eq!(Bytes::mib(64).to_string(), "64 MiB");
        assert_eq!(Bytes((64 << 20) - 1).to_string(), "63.9 MiB");
        assert_eq!(Bytes(12).to_string(), "12 B");
    }
}
