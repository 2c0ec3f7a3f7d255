//! [`Streams`]: a program's standard streams where nothing else was asked for. Those of a next case
//! are made while nobody waits for them.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::pump::give;

/// A pipe of the program's own: the end that we read, which does not block, and the program's.
pub(super) type Pipe = (OwnedFd, OwnedFd);

/// An empty standard input and two pipes, never used before.
pub(super) struct Streams {
    pub(super) nothing: OwnedFd,
    pub(super) stdout: Pipe,
    pub(super) stderr: Pipe,
}

impl Streams {
    /// `owner`: see [`give`].
    pub(super) fn new(owner: Option<u32>) -> io::Result<Self> {
        Ok(Self { nothing: File::open("/dev/null")?.into(), stdout: pipe(owner)?, stderr: pipe(owner)? })
    }
}

fn pipe(owner: Option<u32>) -> io::Result<Pipe> {
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    fcntl(&read, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    give(write.as_fd(), owner)?;
    Ok((read, write))
}
