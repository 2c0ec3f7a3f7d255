//! [`Lines`]: a JSON layout with each top-level key, and each case, on a line of its own. Such a
//! report can be read with `grep` and compared with `diff`, and is hardly larger than compact.

use std::io;

use serde_json::ser::Formatter;

/// Each top-level key and each element of a top-level list on a line of its own.
#[derive(Debug, Default)]
pub(super) struct Lines {
    depth: usize,
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        separate(writer, first, self.depth == 2)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        separate(writer, first, self.depth == 1)
    }
}

fn separate<W: ?Sized + io::Write>(writer: &mut W, first: bool, own_line: bool) -> io::Result<()> {
    if !first {
        writer.write_all(b",")?;
    }
    if own_line { writer.write_all(b"\n") } else { Ok(()) }
}
