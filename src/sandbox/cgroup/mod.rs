//! Cgroups: one folder (v2) or three (v1) for each case; limits in, counters out.
//!
//! A folder serves a worker's cases one after the other, as long as it can be made to look new: nobody
//! in it, counters taken as differences or set back, and next to nothing charged to it. The folders stand below our own cgroup, in one named after our process and its
//! start, so that whatever a killed capsule-run left behind can be told from what lives
//! ([`sweep`]).

mod counters;
mod gauge;
mod layout;
mod owner;
mod v1;
mod v2;

pub(super) use counters::Counters;
pub(super) use gauge::Gauge;
pub(super) use layout::{CgroupVersion, Layout};
pub(super) use owner::sweep;
pub(super) use v2::Home;

use std::io;
use std::os::fd::BorrowedFd;

use super::spec::Limits;
use crate::units::Bytes;

/// The hard limit is set this much above the declared one, so that a peak over the declared one
/// can be seen, and told from one that the kernel cut off (E4001 and E4002).
pub(super) const MEMORY_MARGIN: Bytes = Bytes::mib(1);

/// What is said when a fork was refused, and not for the case's own limit.
pub(super) const NO_MORE_PROCESSES: &str = "the kernel refused a process, but not because of the case's own limit: \
     a cgroup above has run out of them (raise its pids.max, or run fewer cases at a time)";

/// How the program gets into its cgroup.
pub(super) enum Placement<'a> {
    /// Born there: the folder, for `CLONE_INTO_CGROUP`.
    Into(BorrowedFd<'a>),
    /// Writes `0` to each of these `tasks` files itself. (`cgroup.procs` would wait for an RCU
    /// grace period, several milliseconds, whenever nobody used it for a while.)
    Tasks(Vec<BorrowedFd<'a>>),
    /// Not at all.
    Nowhere,
}

/// Where a case's folders are made.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// Beside those of other cases.
    Beside,
    /// In the home of a worker (version 2).
    In(&'a Home),
    /// There are no other cases: our own folders serve (version 1).
    Alone,
}

/// The cgroup of one case. Dropping it removes the folders.
pub(super) enum Cgroup {
    V1(Box<v1::V1>),
    V2(v2::V2),
    None,
}

/// Makes a home for a worker, where it needs one: version 2, and the worker another user.
pub(super) fn home(layout: &Layout, worker: u32, owner: Option<u32>) -> io::Result<Option<Home>> {
    match (layout.version(), owner) {
        (CgroupVersion::V2, Some(owner)) => Home::create(layout, worker, owner).map(Some),
        _ => Ok(None),
    }
}

/// What a back end is called in reports: see `outcome::Enforced`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) cgroup: &'static str,
    pub(super) memory: &'static str,
    pub(super) pids: &'static str,
    pub(super) cpu: &'static str,
    pub(super) cpu_shares: &'static str,
}

impl Cgroup {
    /// Makes the folders and sets the limits.
    pub(super) fn create(layout: &Layout, limits: &Limits, place: Place<'_>) -> io::Result<Self> {
        let home = match place {
            Place::In(home) => Some(home),
            Place::Beside | Place::Alone => None,
        };
        let alone = matches!(place, Place::Alone);
        match layout.version() {
            CgroupVersion::V1 => v1::V1::create(layout, limits, alone).map(|v1| Self::V1(Box::new(v1))),
            CgroupVersion::V2 => v2::V2::create(layout, limits, home).map(Self::V2),
            CgroupVersion::None => Ok(Self::None),
        }
    }

    /// Makes the last case's cgroup the next one's: limits set, counters begun anew. `false` where it
    /// cannot be: another interface was asked for, or what the last case left cannot be taken off.
    pub(super) fn renew(&mut self, layout: &Layout, limits: &Limits) -> io::Result<bool> {
        match (self, layout.version()) {
            (Self::V1(v1), CgroupVersion::V1) => v1.renew(layout, limits),
            (Self::V2(v2), CgroupVersion::V2) => v2.renew(limits),
            _ => Ok(false),
        }
    }

    pub(super) fn placement(&self) -> Placement<'_> {
        match self {
            Self::V1(v1) => Placement::Tasks(v1.tasks()),
            Self::V2(v2) => Placement::Into(v2.folder()),
            Self::None => Placement::Nowhere,
        }
    }

    /// CPU time so far, in microseconds; `None` where no cgroup counts.
    pub(super) fn cpu_micros(&self) -> io::Result<Option<u64>> {
        match self {
            Self::V1(v1) => v1.cpu_micros().map(Some),
            Self::V2(v2) => v2.cpu_micros().map(Some),
            Self::None => Ok(None),
        }
    }

    /// Where its counters are.
    pub(super) fn gauge(&self) -> Gauge {
        match self {
            Self::V1(v1) => v1.gauge(),
            Self::V2(v2) => v2.gauge(),
            Self::None => Gauge::Tree,
        }
    }

    /// Ends all processes at once, where the kernel has a switch for that.
    pub(super) fn kill(&self) {
        if let Self::V2(v2) = self {
            v2.kill();
        }
    }

    /// Memory in use now, where nothing keeps the peak of the cgroup.
    pub(super) fn memory_to_watch(&self) -> Option<u64> {
        match self {
            Self::V2(v2) => v2.memory_to_watch(),
            Self::V1(_) | Self::None => None,
        }
    }

    /// Everything that was counted. To be called when all processes are gone.
    pub(super) fn counters(&self) -> io::Result<Counters> {
        match self {
            Self::V1(v1) => v1.counters(),
            Self::V2(v2) => v2.counters(),
            Self::None => Ok(Counters::default()),
        }
    }

    pub(super) fn names(&self) -> Names {
        match self {
            Self::V1(v1) => v1.names(),
            Self::V2(v2) => v2.names(),
            Self::None => Names {
                cgroup: "none",
                memory: "watch",
                pids: "RLIMIT_NPROC",
                cpu: "process tree",
                cpu_shares: "not held",
            },
        }
    }
}
