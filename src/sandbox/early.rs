//! The supervisor's side of a worker that was forked before there was anything to do.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use super::launch::{Process, packet_pair, write_maps};
use super::sys::{self, Forked};
use super::wire::{self, Ids};
use super::{host, worker};

static WAITING: Mutex<Option<Early>> = Mutex::new(None);

/// How many cases there will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// One and no other: its worker is its init.
    OneCase,
    /// One or more.
    Cases,
}

/// A worker that waits for its template.
pub(super) struct Early {
    pub(super) expected: Expected,
    pub(super) process: Process,
    pub(super) control: OwnedFd,
    pub(super) ids: Ids,
}

/// Forks the first worker from this process, so that it can make what needs no template meanwhile. For
/// the very start of `main`, and only when programs are likely to be run: nothing is lost but time when
/// none is, or when this fails.
///
/// The worker has what this process has in memory now, which is little more than its arguments and
/// its environment; no program can read a worker's memory.
pub fn start_early(expected: Expected) {
    let early = prepare(expected);
    *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = early;
}

/// Ends the worker that was forked early, if nobody has used it.
pub fn end_early() {
    drop(take());
}

pub(super) fn take() -> Option<Early> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn prepare(expected: Expected) -> Option<Early> {
    let ids = host::ids().ok()?;
    let (control, theirs) = packet_pair().ok()?;
    let expected = match ids {
        Ids::Two { .. } => expected,
        // An ordinary user seldom has a cgroup: see `launch::Worker::from_early`.
        Ids::One { .. } => Expected::Cases,
    };
    let namespaces = match expected {
        Expected::OneCase => libc::CLONE_NEWUSER | libc::CLONE_NEWPID,
        Expected::Cases => libc::CLONE_NEWUSER,
    };
    let namespaces = u64::try_from(namespaces).expect("these bits are positive");
    let (pid, pidfd) = match sys::fork(namespaces, None).ok()? {
        Forked::Child => worker::early_worker(ids, expected, theirs),
        Forked::Parent { pid, pidfd } => (pid, pidfd),
    };
    drop(theirs);
    let process = Process::Forked { pid, pidfd };
    if let Ids::Two { .. } = ids {
        write_maps(process.id(), ids.first_of(process.id())?).ok()?;
    }
    wire::send(std::os::fd::AsFd::as_fd(&control), &true, &[]).ok()?;
    Some(Early { expected, process, control, ids })
}
