//! [`Capture`]: a stream of the program in the report, bounded, without loss of what is shown.

use std::borrow::Cow;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::report::encode::base64;
use crate::sandbox::outcome::Captured;

/// Bytes shown of the start, and again of the end, of a stream.
const SHOWN: usize = 32 * 1024;

/// A stream of the program: its start, and its end where it is long.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Capture")]
pub(super) struct Capture<'a> {
    /// Bytes written in all, as far as they were read.
    bytes: u64,
    /// Bytes kept: what was compared, and what `sha256` is of.
    kept_bytes: u64,
    /// SHA-256 of the bytes kept, in hex.
    sha256: String,
    /// Whether bytes were written that were not kept.
    truncated: bool,
    /// The first bytes kept; all of them where `tail` is null.
    head: Chunk<'a>,
    /// Bytes kept that are neither in `head` nor in `tail`.
    omitted_bytes: u64,
    /// The last bytes kept.
    tail: Option<Chunk<'a>>,
}

/// Some bytes: as text if they are UTF-8, else in base64.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Chunk")]
struct Chunk<'a> {
    /// Which of the two is set.
    encoding: Encoding,
    /// The bytes as text.
    text: Option<Cow<'a, str>>,
    /// The bytes in base64.
    base64: Option<String>,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    /// As text.
    Utf8,
    /// In base64.
    Base64,
}

impl<'a> Capture<'a> {
    pub(super) fn new(captured: &'a Captured) -> Self {
        let bytes = captured.bytes.as_slice();
        let (head, omitted, tail) = split(bytes);
        Self {
            bytes: captured.total,
            kept_bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
            truncated: captured.truncated(),
            head: Chunk::new(head),
            omitted_bytes: omitted as u64,
            tail: tail.map(Chunk::new),
        }
    }
}

impl<'a> Chunk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { encoding: Encoding::Utf8, text: Some(Cow::Borrowed(text)), base64: None },
            Err(_) => Self { encoding: Encoding::Base64, text: None, base64: Some(base64(bytes)) },
        }
    }
}

/// Start, number of bytes left out, end. The cuts do not go through a UTF-8 character.
fn split(bytes: &[u8]) -> (&[u8], usize, Option<&[u8]>) {
    if bytes.len() <= 2 * SHOWN {
        return (bytes, 0, None);
    }
    let continues = |at: usize| bytes[at] & 0xC0 == 0x80;
    let mut head = SHOWN;
    while head > SHOWN - 4 && continues(head) {
        head -= 1;
    }
    let mut tail = bytes.len() - SHOWN;
    while tail < bytes.len() - SHOWN + 4 && continues(tail) {
        tail += 1;
    }
    (&bytes[..head], tail - head, Some(&bytes[tail..]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_does_not_make_text_binary() {
        for shift in 0..4 {
            let text = format!("{}{}", "x".repeat(shift), "€".repeat(40_000));
            let (head, omitted, tail) = split(text.as_bytes());
            let tail = tail.expect("long enough to be cut");
            assert!(std::str::from_utf8(head).is_ok() && std::str::from_utf8(tail).is_ok(), "{shift}");
            assert_eq!(head.len() + omitted + tail.len(), text.len());
        }
    }

    #[test]
    fn short_bytes_are_whole_and_binary_is_lossless() {
        let all: Vec<u8> = (0..=255).collect();
        let captured = Captured { bytes: all.clone(), total: 300 };
        let json = serde_json::to_value(Capture::new(&captured)).expect("keys are strings");
        assert_eq!(json["head"]["base64"], base64(&all));
        assert_eq!(json["tail"], serde_json::Value::Null);
        assert_eq!(
            (&json["truncated"], &json["bytes"], &json["kept_bytes"]),
            (&true.into(), &300.into(), &256.into())
        );
    }
}
