//! Bounded capture of a stream.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, fcntl};
use sha2::{Digest as _, Sha256};

use super::kept::{Kept, rooms};
use super::outcome::Captured;
use super::sys::prefer_huge_pages;

/// Read at most so much before looking at the clocks again.
const BURST: usize = 1 << 20;
/// What a pipe holds, in bytes.
const ORDINARY: u64 = 64 << 10;
/// What the pipe of a program that writes much holds, so that it and we wake each other less often. It
/// is memory of the program's, as the kernel counts.
const ROOMY: i32 = 256 << 10;
/// What is read at a time where nothing is kept any more.
const MANY: usize = 64 << 10;

/// The reading end of a stream of the program.
pub(super) struct Capture {
    pipe: Option<File>,
    /// What is kept is the first `kept` bytes of it.
    room: Vec<u8>,
    kept: usize,
    total: u64,
    limit: usize,
    /// Of what is kept, where it is to be made as it comes.
    digest: Option<Sha256>,
}

impl Capture {
    /// Captures what comes through `pipe`, which does not block, keeping the first `limit` bytes;
    /// nothing without one.
    pub(super) fn new(pipe: Option<OwnedFd>, limit: u64, digest: bool) -> Self {
        Self {
            pipe: pipe.map(File::from),
            room: Vec::new(),
            kept: 0,
            total: 0,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            digest: digest.then(Sha256::new),
        }
    }

    /// The pipe, until its end of file.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Bytes so far.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Reads what is there. `buffer` is for what is counted and not kept.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>) {
        let mut burst = 0;
        while burst < BURST {
            let Some(pipe) = &mut self.pipe else { return };
            let wanted = self.limit.saturating_sub(self.kept);
            let to = if wanted > 0 {
                if self.kept == self.room.len() {
                    rooms::grow(&mut self.room, self.kept, prefer_huge_pages);
                }
                let to = &mut self.room[self.kept..];
                let most = to.len().min(wanted);
                &mut to[..most]
            } else {
                buffer.resize(MANY, 0);
                buffer.as_mut_slice()
            };
            match pipe.read(to) {
                Ok(0) => self.pipe = None,
                Ok(count) => {
                    if wanted > 0 {
                        // It is in the processor's cache now.
                        if let Some(digest) = &mut self.digest {
                            digest.update(&to[..count]);
                        }
                        self.kept += count;
                    }
                    if self.total < ORDINARY && self.total + count as u64 >= ORDINARY {
                        // Who has too many pipes keeps what there is.
                        let _ = fcntl(pipe, FcntlArg::F_SETPIPE_SZ(ROOMY));
                    }
                    self.total += count as u64;
                    burst += count;
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
        let mut room = std::mem::take(&mut self.room);
        rooms::fit(&mut room, self.kept);
        let bytes = Kept::captured(room, self.kept, self.digest.take());
        Captured { bytes, total: self.total }
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
        let mut capture = Capture::new(Some(read), 10, true);
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
        assert_eq!((&*captured.bytes, captured.total), (b"0123456xxx".as_slice(), 40_007));
        assert_eq!(captured.bytes.sha256(), Some(Sha256::digest(b"0123456xxx").into()));
    }

    #[test]
    fn the_end_is_seen_also_exactly_at_the_limit() {
        let (read, mut write) = pipe();
        let mut capture = Capture::new(Some(read), 4, false);
        write.write_all(b"four").expect("there is room");
        drop(write);
        capture.read(&mut Vec::new());
        assert_eq!((capture.total(), capture.fd().is_none()), (4, true));
    }
}
