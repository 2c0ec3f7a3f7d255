//! [`JsonStream`]: a JSON document that is written piece by piece: a list in it may be longer than
//! memory is large.

use std::io::{self, Write};

use serde::Serialize;

use super::encode::Inert;

/// A JSON document that is written piece by piece.
pub(super) struct JsonStream<'a> {
    out: &'a mut dyn Write,
    /// Whether the object or list that is open has anything in it yet, from the outermost in.
    filled: Vec<bool>,
}

impl<'a> JsonStream<'a> {
    /// Opens an object.
    pub(super) fn object(out: &'a mut dyn Write) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, filled: vec![false] })
    }

    /// A key and its whole value.
    pub(super) fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> io::Result<()> {
        self.name(name)?;
        self.value(value)
    }

    /// A key whose value is an object that is open now.
    pub(super) fn open_object(&mut self, name: &str) -> io::Result<()> {
        self.name(name)?;
        self.filled.push(false);
        self.out.write_all(b"{")
    }

    /// Closes the object that is open.
    pub(super) fn close_object(&mut self) -> io::Result<()> {
        self.filled.pop();
        self.out.write_all(b"}")
    }

    /// A key whose value is a list that is open now.
    pub(super) fn open_list(&mut self, name: &str) -> io::Result<()> {
        self.name(name)?;
        self.filled.push(false);
        self.out.write_all(b"[")
    }

    /// An item of the list that is open, on a line of its own.
    pub(super) fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> io::Result<()> {
        self.separate()?;
        self.value(value)
    }

    /// An item of the list that is open: an object that is open now.
    pub(super) fn open_item(&mut self) -> io::Result<()> {
        self.separate()?;
        self.filled.push(false);
        self.out.write_all(b"{")
    }

    /// Closes the list that is open.
    pub(super) fn close_list(&mut self) -> io::Result<()> {
        self.filled.pop();
        self.out.write_all(b"\n]")
    }

    /// Closes the document.
    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"\n}\n")
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        self.separate()?;
        self.value(name)?;
        self.out.write_all(b":")
    }

    fn separate(&mut self) -> io::Result<()> {
        if let Some(filled) = self.filled.last_mut()
            && std::mem::replace(filled, true)
        {
            self.out.write_all(b",")?;
        }
        self.out.write_all(b"\n")
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> io::Result<()> {
        let mut serializer = serde_json::Serializer::with_formatter(&mut *self.out, Inert::compact());
        Ok(value.serialize(&mut serializer)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_one_document() {
        let mut out = Vec::new();
        let mut json = JsonStream::object(&mut out).expect("a vector");
        json.field("a", &1).expect("a vector");
        json.open_object("b").expect("a vector");
        json.open_list("c").expect("a vector");
        json.item("x\u{9b}").expect("a vector");
        json.item(&[1, 2]).expect("a vector");
        json.close_list().expect("a vector");
        json.field("d", &None::<u8>).expect("a vector");
        json.close_object().expect("a vector");
        json.end().expect("a vector");
        let value: serde_json::Value = serde_json::from_slice(&out).expect("valid JSON");
        assert_eq!(value, serde_json::json!({"a": 1, "b": {"c": ["x\u{9b}", [1, 2]], "d": null}}));
    }
}
