//! [`Embedded`]: JSON on its way into a `<script>` element.

use std::io::{self, Write};

/// Passes JSON on with every `<` written `\u003c`. In JSON a `<` stands in strings only, so its
/// meaning stays, and nothing in it can end the element or begin a comment.
#[derive(Debug)]
pub(super) struct Embedded<W>(pub(super) W);

impl<W: Write> Write for Embedded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = bytes.split(|&byte| byte == b'<');
        if let Some(first) = parts.next() {
            self.0.write_all(first)?;
        }
        for part in parts {
            self.0.write_all(br"\u003c")?;
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_end_the_element_and_the_json_means_the_same() {
        let hostile =
            serde_json::json!({"a": "</script><script>x()</script>", "b": "<!--<script>", "c": "<"});
        let mut out = Vec::new();
        write!(Embedded(&mut out), "{hostile}").expect("a vector takes every byte");
        assert!(!out.contains(&b'<'));
        let read: serde_json::Value = serde_json::from_slice(&out).expect("still JSON");
        assert_eq!(read, hostile);
    }
}
