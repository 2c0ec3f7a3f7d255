//! Untrusted bytes in JSON: nothing is lost, nothing moves a terminal.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::ci::begins_command;

/// Standard base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// What [`base64`] wrote; `None` if it is no base64.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Bytes as text, with every byte that is not UTF-8 written `\xNN`. All else stays as it is.
pub(super) fn readable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02X}"));
        }
    }
    out
}

/// A JSON layout that writes DEL, C1 controls, invisible format characters and the bracket of a CI
/// service's command as `\uXXXX`: the same strings for every reader, and nothing that acts on a
/// terminal where JSON is looked at, or on the service in whose log it stands.
#[derive(Debug)]
pub(super) struct Inert<F>(pub F);

impl Inert<CompactFormatter> {
    /// Everything on one line.
    pub(super) fn compact() -> Self {
        Self(CompactFormatter)
    }
}

impl Inert<PrettyFormatter<'static>> {
    /// Indented by two.
    pub(super) fn pretty() -> Self {
        Self(PrettyFormatter::new())
    }
}

impl<F: Formatter> Formatter for Inert<F> {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        escape(writer, fragment)
    }
}

/// Writes a value as JSON that people look at: indented, nothing in it that acts on a terminal, a
/// newline at its end.
///
/// # Errors
/// Those of `out`.
pub fn write_json<T: Serialize>(value: &T, out: &mut dyn io::Write) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Inert::pretty()))?;
    out.write_all(b"\n")
}

/// The same on one line.
///
/// # Errors
/// Those of `out`.
pub fn write_json_line<T: Serialize>(value: &T, out: &mut dyn io::Write) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Inert::compact()))?;
    out.write_all(b"\n")
}

/// Writes `text` with what acts unseen as `\uXXXX`.
fn escape<W: ?Sized + io::Write>(writer: &mut W, text: &str) -> io::Result<()> {
    // Most texts have nothing of the kind, and some have megabytes of it: looked at in strides.
    let plain =
        |stride: &[u8]| !stride.iter().fold(false, |found, byte| found | (*byte >= 0x7F || *byte == b'['));
    if text.as_bytes().chunks(64).all(plain) {
        return writer.write_all(text.as_bytes());
    }
    let mut start = 0;
    let acts = |&(at, c): &(usize, char)| acts_unseen(c) || c == '[' && begins_command(&text[..at]);
    for (at, c) in text.char_indices().filter(acts) {
        writer.write_all(&text.as_bytes()[start..at])?;
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            write!(writer, "\\u{unit:04x}")?;
        }
        start = at + c.len_utf8();
    }
    writer.write_all(&text.as_bytes()[start..])
}

fn acts_unseen(c: char) -> bool {
    matches!(u32::from(c),
        0x7F..=0x9F | 0xAD | 0x061C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x2069
        | 0xFEFF | 0xFFF9..=0xFFFB | 0xFFFE | 0xFFFF | 0xE0000..=0xE007F)
}

#[cfg(test)]
mod tests {
    use serde::Serialize as _;

    use super::*;

    #[test]
    fn json_is_no_command_to_a_ci_service_and_means_the_same() {
        let json = serde_json::json!({"out": "##[error]x\\##vso[y]##teamcity[ a[1] #[x]", "##[": 1});
        let mut out = Vec::new();
        write_json_line(&json, &mut out).expect("a vector takes everything");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(!["##[", "##vso[", "##teamcity["].iter().any(|word| text.contains(word)), "{text}");
        assert!(text.contains("a[1] #[x]"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), json);
    }

    #[test]
    fn invisible_characters_are_escaped_and_read_back_unchanged() {
        let text = "a\u{9b}2J\u{202e}b\u{e0041}\u{7f}é😀";
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, Inert::compact());
        text.serialize(&mut serializer).expect("a vector takes everything");
        let json = String::from_utf8(out).expect("JSON is UTF-8");
        assert_eq!(json, r#""a\u009b2J\u202eb\udb40\udc41\u007fé😀""#);
        assert_eq!(serde_json::from_str::<String>(&json).expect("valid JSON"), text);
    }

    #[test]
    fn bytes_that_are_not_utf8_stay_readable() {
        assert_eq!(readable(b"a\xff\xc3\xa9\xed\xa0\x80"), "a\\xFFé\\xED\\xA0\\x80");
    }
}
