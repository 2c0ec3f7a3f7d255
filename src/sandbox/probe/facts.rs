//! [`Facts`]: what was tried and what came of it. No opinion: `diagnose` has those.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::wire::{FaultRecord, Ids};
use crate::units::NoNul;

/// Something that the prober tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Attempt {
    UserNamespace,
    IdMaps,
    MountNamespace,
    PidNamespace,
    NetworkNamespace,
    IpcNamespace,
    UtsNamespace,
    CgroupNamespace,
    IdMappedMount,
    Overlay,
    Proc,
    NoNewPrivs,
    Filter,
    Listener,
    Landlock,
    Rlimits,
}

/// All of them, in the order in which they are tried and told.
pub(super) const ATTEMPTS: [Attempt; 16] = [
    Attempt::UserNamespace,
    Attempt::IdMaps,
    Attempt::MountNamespace,
    Attempt::PidNamespace,
    Attempt::NetworkNamespace,
    Attempt::IpcNamespace,
    Attempt::UtsNamespace,
    Attempt::CgroupNamespace,
    Attempt::IdMappedMount,
    Attempt::Overlay,
    Attempt::Proc,
    Attempt::NoNewPrivs,
    Attempt::Filter,
    Attempt::Listener,
    Attempt::Landlock,
    Attempt::Rlimits,
];

impl Attempt {
    /// Whether it is tried in a user namespace of its own, and so needs one and its ids.
    pub(super) fn is_inside(self) -> bool {
        match self {
            Self::MountNamespace
            | Self::PidNamespace
            | Self::NetworkNamespace
            | Self::IpcNamespace
            | Self::UtsNamespace
            | Self::CgroupNamespace
            | Self::Overlay
            | Self::Proc => true,
            Self::UserNamespace
            | Self::IdMaps
            | Self::IdMappedMount
            | Self::NoNewPrivs
            | Self::Filter
            | Self::Listener
            | Self::Landlock
            | Self::Rlimits => false,
        }
    }
}

/// What the prober is to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProbePlan {
    pub(super) ids: Ids,
    /// The folder whose file system is tried with mapped owners.
    pub(super) folder: NoNul,
    pub(super) attempts: Vec<Attempt>,
}

/// One answer of the prober.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tried {
    pub(super) attempt: Attempt,
    pub(super) failure: Option<FaultRecord>,
}

/// Everything that was found out.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) kernel: String,
    pub(super) arch: String,
    pub(super) root: bool,
    pub(super) container: Option<String>,
    /// The ids that programs get, or why there are none.
    pub(super) ids: Result<Ids, String>,
    /// The folder that was tried for mapped owners.
    pub(super) folder: String,
    pub(super) switches: Switches,
    /// What was tried: `None` went well. What is not in here was not tried.
    pub(super) attempts: BTreeMap<Attempt, Option<FaultRecord>>,
    /// The version that the kernel says.
    pub(super) landlock: Option<u32>,
    pub(super) cgroup: CgroupFacts,
    /// Which of our own hard limits is too low for the limits that programs get by default.
    pub(super) too_low: Option<String>,
    /// Whether the user id that we run as exists in our user namespace.
    pub(super) mapped: bool,
    /// Whether we are in a chroot; `None` where that cannot be seen.
    pub(super) chrooted: Option<bool>,
    /// Whether the kernel tells how long tasks wait for memory.
    pub(super) pressure: bool,
    pub(super) live: Live,
}

/// Kernel switches that are known to stand in the way; `None` where the kernel has no such one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Switches {
    /// Debian's.
    pub(super) unprivileged_userns_clone: Option<u64>,
    /// Ubuntu's, from 23.10.
    pub(super) apparmor_restrict_unprivileged_userns: Option<u64>,
    pub(super) max_user_namespaces: Option<u64>,
}

/// The cgroup interface in use.
#[derive(Debug, Clone, Default)]
pub(super) struct CgroupFacts {
    /// 1 or 2; `None` where folders for cases cannot be made.
    pub(super) version: Option<u8>,
    /// Where the folders of cases are made.
    pub(super) folders: Vec<String>,
    /// Controllers in use.
    pub(super) controllers: Vec<String>,
    /// Why there is nothing better.
    pub(super) missing: String,
}

/// Programs that were run through the engine.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    /// Why a program that does nothing did not end well, with what would help; `None`: it did.
    pub(super) broken: Option<(String, String)>,
    pub(super) limits: Vec<LiveLimit>,
}

/// One limit and the program that ran into it.
#[derive(Debug, Clone)]
pub(super) struct LiveLimit {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// Whether the program was stopped at the limit, and is known to have been.
    pub(super) held: bool,
    /// What held it.
    pub(super) by: String,
    /// What came of the program, in words.
    pub(super) seen: String,
}
