//! Byte strings that came from outside: proved free of NUL, or made safe to show.

use std::ffi::{CString, OsStr};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;

use serde::{Deserialize, Serialize};

/// A byte string without NUL, so that it can be given to the kernel. Not necessarily UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct NoNul(Vec<u8>);

/// A NUL byte where the kernel cannot take one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("contains a NUL byte at offset {0}")]
pub struct NulError(pub usize);

impl NoNul {
    /// Proves `bytes` free of NUL.
    ///
    /// # Errors
    /// [`NulError`] with the offset of the first NUL.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, NulError> {
        let bytes = bytes.into();
        match bytes.iter().position(|&b| b == 0) {
            Some(offset) => Err(NulError(offset)),
            None => Ok(Self(bytes)),
        }
    }

    /// The bytes, without a terminator.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same as an OS string.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }

    /// With a terminator, for a system call.
    #[must_use]
    pub fn to_c_string(&self) -> CString {
        CString::new(self.0.clone()).expect("NoNul was proved free of NUL when it was made")
    }
}

impl TryFrom<Vec<u8>> for NoNul {
    type Error = NulError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, NulError> {
        Self::new(bytes)
    }
}

impl From<NoNul> for Vec<u8> {
    fn from(text: NoNul) -> Self {
        text.0
    }
}

impl std::fmt::Debug for NoNul {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", visible(&self.0))
    }
}

impl std::fmt::Display for NoNul {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&visible(&self.0))
    }
}

/// The last place at or before `at` where `text` can be cut: between characters, and not behind its end.
#[must_use]
pub fn char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Bytes as text that is safe on any terminal: LF and TAB stay, every other control character,
/// every bidirectional or invisible format character and every byte that is not UTF-8 is written
/// as a readable escape (`\x1B`, `\u{202E}`).
#[must_use]
pub fn visible(bytes: &[u8]) -> String {
    escape(bytes, |c| c == '\n' || c == '\t')
}

/// Like [`visible`], for a place that has one line only: LF and TAB are escaped too.
#[must_use]
pub fn visible_line(bytes: &[u8]) -> String {
    escape(bytes, |_| false)
}

fn escape(bytes: &[u8], keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                c if keep(c) => out.push(c),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => {
                    let _ = write!(out, "\\x{:02X}", c as u32);
                }
                c if is_deceptive(c) => {
                    let _ = write!(out, "\\u{{{:X}}}", c as u32);
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    out
}

/// Characters that change how their neighbours look without being seen themselves: bidirectional
/// controls (CVE-2021-42574), zero-width characters, line separators, tags, non-characters.
fn is_deceptive(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x061C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x2069
        | 0xFEFF | 0xFFF9..=0xFFFB | 0xFFFE | 0xFFFF | 0xE0000..=0xE007F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_found_with_its_offset() {
        assert_eq!(NoNul::new("ab\0c").unwrap_err(), NulError(2));
        assert_eq!(NoNul::new("abc").expect("no NUL").as_bytes(), b"abc");
    }

    #[test]
    fn nothing_that_moves_a_terminal_survives() {
        assert_eq!(visible(b"a\x1b[2Jb\r\n\tc\xff"), "a\\x1B[2Jb\\r\n\tc\\xFF");
        assert_eq!(visible("x\u{202e}y\u{9b}z\u{feff}".as_bytes()), "x\\u{202E}y\\x9Bz\\u{FEFF}");
        assert_eq!(visible_line(b"a\nb\tc"), "a\\nb\\tc");
    }
}
