//! Bounded capture of a stream.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::outcome::Captured;

/// Read at most so much before looking at the clocks again.
const BURST: usize = 1 << 20;
/// The buffer's size: for the many programs that write little, and for those that do not.
const FEW: usize = 4 << 10;
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

    /// Reads what is there. The buffer grows when there is much.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>) {
        if buffer.is_empty() {
            buffer.resize(FEW, 0);
        }
        let mut burst = 0;
        while burst < BURST {
            let Some(pipe) = &mut self.pipe else { return };
            match pipe.read(buffer) {
                Ok(0) => self.pipe = None,
                Ok(count) => {
                    let room = self.limit.saturating_sub(self.kept.bytes.len());
                    self.kept.bytes.extend_from_slice(&buffer[..count.min(room)]);
                    self.kept.total += count as u64;
                    burst += count;
                    if count == buffer.len() && count < MANY {
                        buffer.resize(MANY, 0);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.pipe = None,
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
