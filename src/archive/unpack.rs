//! [`unpack`]: the bytes of an archive become a [`Tree`].

use std::cell::Cell;
use std::io::{self, Read};

use super::{Bounds, Refused, Tree, tar, zip};
use crate::units::Bytes;

/// The kinds of archives that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Zip.
    Zip,
    /// Tar, not packed.
    Tar,
    /// Tar and gzip.
    TarGzip,
    /// Tar and bzip2.
    TarBzip2,
    /// Tar and xz.
    TarXz,
    /// Tar and Zstandard.
    TarZstd,
}

/// No archive larger than this is read.
const LARGEST: Bytes = Bytes::mib(64);
/// An xz file says how much memory it needs to be unpacked; more than this it does not get.
const XZ_MEMORY_KIB: u32 = 96 << 10;
const ZSTD_WINDOW: u64 = 64 << 20;
/// What the headers of an entry may take, beside the bytes of its file.
const HEADERS: u64 = 4096;

impl Format {
    /// The format that a file's name promises.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        if ends(&[".zip"]) {
            Some(Self::Zip)
        } else if ends(&[".tar"]) {
            Some(Self::Tar)
        } else if ends(&[".tar.gz", ".tgz"]) {
            Some(Self::TarGzip)
        } else if ends(&[".tar.bz2", ".tbz2", ".tbz"]) {
            Some(Self::TarBzip2)
        } else if ends(&[".tar.xz", ".txz"]) {
            Some(Self::TarXz)
        } else if ends(&[".tar.zst", ".tzst"]) {
            Some(Self::TarZstd)
        } else {
            None
        }
    }

    /// A name without the ending that says the format.
    #[must_use]
    pub fn stem(name: &str) -> &str {
        let lower = name.to_ascii_lowercase();
        let endings = [
            ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip", ".tar", ".tgz", ".tbz2", ".tbz", ".txz",
            ".tzst",
        ];
        let ending = endings.iter().find(|ending| lower.ends_with(*ending));
        ending.map_or(name, |ending| &name[..name.len() - ending.len()])
    }
}

/// Unpacks an archive in memory. Only regular files come out; links, devices and FIFOs are left
/// out and named in the tree.
///
/// # Errors
/// The archive is damaged, or holds what no submission may.
pub fn unpack(bytes: &[u8], format: Format, bounds: Bounds) -> Result<Tree, Refused> {
    if bytes.len() as u64 > LARGEST.0 {
        return Err(Refused::ArchiveTooLarge(LARGEST));
    }
    match format {
        Format::Zip => zip::unpack(bytes, bounds),
        Format::Tar => tarball(bytes, bounds),
        Format::TarGzip => tarball(flate2::read::MultiGzDecoder::new(bytes), bounds),
        Format::TarBzip2 => tarball(bzip2::read::MultiBzDecoder::new(bytes), bounds),
        Format::TarXz => tarball(lzma_rust2::XzReader::new_mem_limit(bytes, true, XZ_MEMORY_KIB), bounds),
        Format::TarZstd => {
            let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(bytes, ZSTD_WINDOW);
            tarball(decoder.map_err(|error| Refused::Damaged(error.to_string()))?, bounds)
        }
    }
}

/// No more than the tree may hold ever comes out of a decoder, whatever an entry's header says of
/// its own length.
fn tarball(reader: impl Read, bounds: Bounds) -> Result<Tree, Refused> {
    let left = bounds.bytes.0.saturating_add(HEADERS.saturating_mul(bounds.files as u64 + 16));
    let overflow = Cell::new(false);
    match tar::unpack(Bounded { reader, left, overflow: &overflow }, bounds) {
        Err(_) if overflow.get() => Err(Refused::TooLarge(bounds.bytes)),
        result => result,
    }
}

struct Bounded<'a, R> {
    reader: R,
    left: u64,
    overflow: &'a Cell<bool>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.overflow.set(true);
                return Err(io::Error::other("more than there is room for"));
            }
        }
        Ok(read)
    }
}

/// What an error of a decoder means for the submission.
pub(super) fn refusal(error: &io::Error) -> Refused {
    Refused::Damaged(crate::units::visible_line(error.to_string().as_bytes()))
}

/// The bytes of an entry, if the tree has room for them.
pub(super) fn content(reader: impl Read, tree: &Tree) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    reader.take(tree.room().saturating_add(1)).read_to_end(&mut bytes).map_err(|error| refusal(&error))?;
    if bytes.len() as u64 > tree.room() {
        return Err(Refused::TooLarge(tree.bounds().bytes));
    }
    Ok(bytes)
}
