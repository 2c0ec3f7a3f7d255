//! [`Capture`]: a stream of the program, bounded, without loss of what is shown.

use std::borrow::Cow;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::encode::{base64, from_base64, readable};
use crate::sandbox::outcome::Captured;

/// Bytes shown of the start, and again of the end, of a stream.
const SHOWN: usize = 32 * 1024;

/// A stream of the program: its start, and its end where it is long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capture {
    /// Bytes written in all, as far as they were read.
    pub bytes: u64,
    /// Bytes kept: what was compared, and what `sha256` is of.
    pub kept_bytes: u64,
    /// SHA-256 of the bytes kept, in hex. It is made where a JSON report, a page or the event stream is
    /// asked for; elsewhere, where nobody is told, this is empty.
    pub sha256: String,
    /// Whether bytes were written that were not kept.
    pub truncated: bool,
    /// The first bytes kept; all of them where `tail` is null.
    pub head: Chunk,
    /// Bytes kept that are neither in `head` nor in `tail`.
    pub omitted_bytes: u64,
    /// The last bytes kept.
    pub tail: Option<Chunk>,
}

/// Some bytes: as text if they are UTF-8, else in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chunk {
    /// Which of the two is set.
    pub encoding: Encoding,
    /// The bytes as text.
    pub text: Option<String>,
    /// The bytes in base64.
    pub base64: Option<String>,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// As text.
    Utf8,
    /// In base64.
    Base64,
}

impl Capture {
    pub(super) fn new(captured: &Captured) -> Self {
        let bytes = &*captured.bytes;
        let (head, omitted, tail) = split(bytes);
        Self {
            bytes: captured.total,
            kept_bytes: bytes.len() as u64,
            sha256: captured.bytes.sha256().map_or(String::new(), |digest| hex(&digest)),
            truncated: captured.truncated(),
            head: Chunk::new(head),
            omitted_bytes: omitted as u64,
            tail: tail.map(Chunk::new),
        }
    }

    /// Its start and its end as text, and between them how much is left out:
    /// `… [capsule-run: 1 234 567 bytes left out] …`. Bytes that are not UTF-8 read `\xNN`.
    #[must_use]
    pub fn readable(&self) -> String {
        // What is kept is what came first: bytes that were never kept belong behind the tail.
        let behind = self.bytes.saturating_sub(self.kept_bytes);
        let head = self.head.readable();
        let tail = self.tail.as_ref().map_or(Cow::Borrowed(""), Chunk::readable);
        format!("{head}{}{tail}{}", left_out(self.omitted_bytes), left_out(behind))
    }
}

impl Chunk {
    fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { encoding: Encoding::Utf8, text: Some(text.to_owned()), base64: None },
            Err(_) => Self { encoding: Encoding::Base64, text: None, base64: Some(base64(bytes)) },
        }
    }

    /// As text; bytes that are not UTF-8 read `\xNN`. A log that was tampered with may hold base64
    /// that is none: that reads as nothing.
    #[must_use]
    pub fn readable(&self) -> Cow<'_, str> {
        match (&self.text, &self.base64) {
            (Some(text), _) => Cow::Borrowed(text),
            (None, Some(base64)) => Cow::Owned(readable(&from_base64(base64).unwrap_or_default())),
            (None, None) => Cow::Borrowed(""),
        }
    }
}

/// A line about bytes that are not shown; nothing if there are none.
fn left_out(bytes: u64) -> String {
    if bytes == 0 {
        return String::new();
    }
    format!("\n… [capsule-run: {} bytes left out] …\n", grouped(bytes))
}

/// `1 234 567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
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
        let captured = Captured { bytes: all.clone().into(), total: 300 };
        let json = serde_json::to_value(Capture::new(&captured)).expect("keys are strings");
        assert_eq!(json["head"]["base64"], base64(&all));
        assert_eq!(json["tail"], serde_json::Value::Null);
        assert_eq!(
            (&json["truncated"], &json["bytes"], &json["kept_bytes"]),
            (&true.into(), &300.into(), &256.into())
        );
    }

    #[test]
    fn long_output_keeps_its_start_and_its_end_and_says_what_is_missing() {
        let bytes: Vec<u8> = [vec![b'a'; SHOWN], vec![b'b'; 1_234_567], vec![b'c'; SHOWN]].concat();
        let total = bytes.len() as u64;
        let text = Capture::new(&Captured { bytes: bytes.clone().into(), total }).readable();
        assert!(text.starts_with('a') && text.ends_with('c') && !text.contains("bb"));
        assert!(text.contains("… [capsule-run: 1 234 567 bytes left out] …"), "{}", &text[SHOWN..SHOWN + 60]);
        let cut = Capture::new(&Captured { bytes: bytes.into(), total: total + 7 }).readable();
        assert!(cut.ends_with("c\n… [capsule-run: 7 bytes left out] …\n"));
        let short = Capture::new(&Captured { bytes: b"x\xff".to_vec().into(), total: 2 });
        assert_eq!(short.readable(), "x\\xFF");
    }
}
