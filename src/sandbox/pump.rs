//! The program's standard input.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{FileStat, SFlag, fstat, makedev};

use super::memory_file;
use super::spec::{Handover, Stdin, Stdout};
use super::streams::Pipe;

const CHUNK: usize = 64 << 10;
const FIRST_CHUNK: usize = 4 << 10;

/// What the program gets as descriptor 0, and the pump that fills it if it needs one.
/// `nothing`: an empty file; `owner`: see [`give`].
pub(super) fn open(
    stdin: &Stdin,
    nothing: OwnedFd,
    owner: Option<u32>,
) -> io::Result<(OwnedFd, Option<Pump>)> {
    match stdin {
        Stdin::Empty => Ok((nothing, None)),
        // A file of its own, sealed: it can be mapped and sought in like the redirected file that
        // programs expect, and it cannot be written.
        Stdin::Bytes(bytes) => {
            let file = reopen_read_only(memory_file(c"stdin", bytes)?)?;
            give(file.as_fd(), owner)?;
            Ok((file, None))
        }
        Stdin::Inherit if is_nothing() => Ok((nothing, None)),
        Stdin::Inherit => {
            let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
            give(read.as_fd(), owner)?;
            fcntl(&write, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            let from = io::stdin().as_fd().try_clone_to_owned()?;
            Ok((
                read,
                Some(Pump {
                    from: Some(from.into()),
                    to: Some(write.into()),
                    pending: Vec::new(),
                    chunk: FIRST_CHUNK,
                }),
            ))
        }
        Stdin::Pipe(pipe) => {
            let pipe = taken(pipe)?;
            give(pipe.as_fd(), owner)?;
            Ok((pipe, None))
        }
    }
}

/// Whether our own standard input is `/dev/null`.
fn is_nothing() -> bool {
    let kind = |stat: &FileStat| SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
    fstat(io::stdin()).is_ok_and(|stat| kind(&stat) == SFlag::S_IFCHR && stat.st_rdev == makedev(1, 3))
}

/// What the program gets as descriptor 1, and the end that is captured, if it is.
pub(super) fn open_stdout(
    stdout: &Stdout,
    captured: Pipe,
    owner: Option<u32>,
) -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    match stdout {
        Stdout::Captured => Ok((captured.1, Some(captured.0))),
        Stdout::Pipe(pipe) => {
            let pipe = taken(pipe)?;
            give(pipe.as_fd(), owner)?;
            Ok((pipe, None))
        }
    }
}

fn taken(pipe: &Handover) -> io::Result<OwnedFd> {
    pipe.take().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "its pipe was handed over before"))
}

/// Makes the program the owner of a stream of its own, where it is another user than we are: else
/// it could not open `/dev/stdout` and the like, which programs do. Never for a file that is not
/// ours alone (`/dev/null`).
pub(super) fn give(stream: BorrowedFd<'_>, owner: Option<u32>) -> io::Result<()> {
    match owner {
        Some(id) => std::os::unix::fs::fchown(stream, Some(id), Some(id)),
        None => Ok(()),
    }
}

/// The same file through a descriptor that cannot write, at its start.
fn reopen_read_only(file: OwnedFd) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    Ok(File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))?.into())
}

/// Moves our own standard input to the program, so that it never holds a descriptor of the
/// caller's: a terminal could be written to through it.
pub(super) struct Pump {
    from: Option<File>,
    to: Option<File>,
    pending: Vec<u8>,
    /// What is read at a time.
    chunk: usize,
}

impl Pump {
    /// Whether a read may have to wait although there was something to be read: another reader may take it.
    pub(super) fn may_block(&self) -> bool {
        self.from.as_ref().is_some_and(|from| !from.metadata().is_ok_and(|meta| meta.is_file()))
    }

    /// What to wait for: readable input, or room in the pipe.
    pub(super) fn waits_for(&self) -> Option<(BorrowedFd<'_>, bool)> {
        match (&self.to, &self.from) {
            (Some(to), _) if !self.pending.is_empty() => Some((to.as_fd(), false)),
            (Some(_), Some(from)) => Some((from.as_fd(), true)),
            _ => None,
        }
    }

    /// Moves one chunk.
    pub(super) fn turn(&mut self) {
        if self.pending.is_empty() {
            self.refill();
        }
        let Some(to) = &mut self.to else { return };
        match to.write(&self.pending) {
            Ok(count) => {
                self.pending.drain(..count);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            // The program has closed its end: nobody wants the rest.
            Err(_) => self.to = None,
        }
        if self.from.is_none() && self.pending.is_empty() {
            self.to = None;
        }
    }

    fn refill(&mut self) {
        let Some(from) = &mut self.from else { return };
        self.pending.resize(self.chunk, 0);
        let count = from.read(&mut self.pending).unwrap_or(0);
        // Most commands are given little or nothing, for which no pages need be cleared.
        if count == self.chunk {
            self.chunk = CHUNK;
        }
        self.pending.truncate(count);
        if count == 0 {
            self.from = None;
        }
    }
}
