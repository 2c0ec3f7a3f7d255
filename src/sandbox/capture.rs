//! Bounded capture of a stream.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::outcome::Captured;

/// Read at most so much before looking at the clocks again.
const BURST: usize = 1 << 20;
/// Room for the many programs that write little.
const FEW: usize = 4 << 10;
/// What is read at a time where nothing is kept any more.
const MANY: usize = 64 << 10;

/// The reading end of a stream of the program.
pub(super) struct Capture {
    pipe: Option<File>,
    kept: Captured,
    limit: usize,
}

impl Capture {
    /// Captures what comes through `pipe`, which does not block, keeping the first `limit` bytes;
    /// nothing without one.
    pub(super) fn new(pipe: Option<OwnedFd>, limit: u64) -> Self {
        Self {
            pipe: pipe.map(File::from),
            kept: Captured::default(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// The pipe, until its end of file.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Bytes so far.
    pub(super) fn total(&self) -> u64 {
        self.kept.total
    }

    /// Reads what is there. `buffer` is for what is counted and not kept.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>) {
        let mut burst = 0;
        while burst < BURST {
            let Some(pipe) = &mut self.pipe else { return };
            let room = self.limit.saturating_sub(self.kept.bytes.len());
            let (count, more) = if room > 0 {
                keep(pipe, room.min(BURST - burst), &mut self.kept.bytes)
            } else {
                buffer.resize(MANY, 0);
                let read = pipe.read(buffer);
                (*read.as_ref().unwrap_or(&0), more_after(&read, 1))
            };
            self.kept.total += count as u64;
            burst += count;
            match more {
                More::Now => {}
                More::Later => return,
                More::Never => self.pipe = None,
            }
        }
    }

    /// What was captured. Reads what is still in the pipe, which nobody can write to any more, but
    /// no more than a pipe can hold.
    pub(super) fn finish(&mut self, buffer: &mut Vec<u8>) -> Captured {
        self.read(buffer);
        std::mem::take(&mut self.kept)
    }
}

/// Whether there is more to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More {
    Now,
    /// Nothing is there at the moment.
    Later,
    Never,
}

/// Reads up to `most` bytes straight to where they are kept; how many.
fn keep(pipe: &mut File, most: usize, kept: &mut Vec<u8>) -> (usize, More) {
    kept.reserve(FEW);
    let before = kept.len();
    let read = pipe.take(most as u64).read_to_end(kept);
    // Also what came before an error is there.
    (kept.len() - before, more_after(&read, most))
}

/// What follows a read that could have brought `most` bytes.
fn more_after(read: &io::Result<usize>, most: usize) -> More {
    match read {
        Ok(count) if *count >= most => More::Now,
        Ok(_) => More::Never,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => More::Now,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => More::Later,
        Err(_) => More::Never,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use nix::fcntl::OFlag;

    use super::*;

    fn pipe() -> (OwnedFd, File) {
        let (read, write) = nix::unistd::pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).expect("a pipe");
        (read, write.into())
    }

    #[test]
    fn the_first_bytes_are_kept_and_all_are_counted() {
        let (read, mut write) = pipe();
        let mut capture = Capture::new(Some(read), 10);
        let mut buffer = Vec::new();
        write.write_all(b"0123456").expect("there is room");
        capture.read(&mut buffer);
        assert_eq!((capture.total(), capture.fd().is_some()), (7, true));
        write.write_all(&[b'x'; 40_000]).expect("there is room");
        capture.read(&mut buffer);
        assert_eq!((capture.total(), capture.fd().is_some()), (40_007, true));
        drop(write);
        capture.read(&mut buffer);
        assert!(capture.fd().is_none(), "its end was read");
        let captured = capture.finish(&mut buffer);
        assert_eq!((captured.bytes.as_slice(), captured.total), (b"0123456xxx".as_slice(), 40_007));
    }

    #[test]
    fn the_end_is_seen_also_exactly_at_the_limit() {
        let (read, mut write) = pipe();
        let mut capture = Capture::new(Some(read), 4);
        write.write_all(b"four").expect("there is room");
        drop(write);
        capture.read(&mut Vec::new());
        assert_eq!((capture.total(), capture.fd().is_none()), (4, true));
    }
}
