//! [`examine`]: gathers the facts, and has them judged.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::diagnose::diagnose;
use super::facts::{ATTEMPTS, Attempt, CgroupFacts, Facts, ProbePlan, Switches};
use super::layer::Diagnosis;
use super::live::{limits, live};
use super::prober::{PATIENCE, probe};
use crate::sandbox::cgroup::{CgroupVersion, Layout};
use crate::sandbox::spec::CgroupChoice;
use crate::sandbox::wire::{FaultRecord, Ids};
use crate::sandbox::{EngineOptions, LinuxEngine, host, sys};
use crate::units::{NoNul, visible_line};

/// Tries everything on this host. `folder` is where copy-on-write views will be of: whether its
/// owners can be mapped depends on its file system.
#[must_use]
pub fn examine(options: EngineOptions, folder: &Path) -> Diagnosis {
    let ids = host::ids();
    let attempts = match NoNul::new(folder.as_os_str().as_encoded_bytes()) {
        Ok(folder) => attempts(&options, plan_of(&ids, folder)),
        Err(_) => BTreeMap::new(),
    };
    let name = nix::sys::utsname::uname();
    let uname = |field: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
        name.as_ref().map(|name| field(name).to_string_lossy().into_owned()).unwrap_or_default()
    };
    let cgroup = cgroup(options.cgroup_folder.as_deref());
    diagnose(&Facts {
        kernel: uname(nix::sys::utsname::UtsName::release),
        arch: uname(nix::sys::utsname::UtsName::machine),
        root: nix::unistd::geteuid().is_root(),
        container: container(),
        ids,
        folder: visible_line(folder.as_os_str().as_encoded_bytes()),
        switches: switches(),
        attempts,
        landlock: sys::landlock_abi(),
        cgroup,
        too_low: host::allows(&limits()).err(),
        mapped: is_mapped(&fs::read_to_string("/proc/self/uid_map").unwrap_or_default()),
        chrooted: is_chrooted(),
        pressure: pressure(),
        live: live(&LinuxEngine::new(options)),
    })
}

/// Everything, or what needs no ids where there are none.
fn plan_of(ids: &Result<Ids, String>, folder: NoNul) -> ProbePlan {
    match ids {
        Ok(ids) => ProbePlan { ids: *ids, folder, attempts: ATTEMPTS.to_vec() },
        Err(_) => {
            let needs_none = |attempt: &Attempt| {
                !attempt.is_inside() && !matches!(attempt, Attempt::IdMaps | Attempt::IdMappedMount)
            };
            let attempts = ATTEMPTS.into_iter().filter(needs_none).collect();
            ProbePlan { ids: Ids::One { uid: 0, gid: 0 }, folder, attempts }
        }
    }
}

/// What the prober says; where it said nothing of an attempt, that it was ended.
fn attempts(options: &EngineOptions, plan: ProbePlan) -> BTreeMap<Attempt, Option<FaultRecord>> {
    let wanted = plan.attempts.clone();
    match probe(&options.worker_exe, plan, PATIENCE) {
        Ok(tried) => tried.into_iter().map(|tried| (tried.attempt, tried.failure)).collect(),
        Err(error) => {
            let failure = FaultRecord::new("starting a process that tries", &error);
            wanted.into_iter().map(|attempt| (attempt, Some(failure.clone()))).collect()
        }
    }
}

fn cgroup(given: Option<&Path>) -> CgroupFacts {
    let layout = Layout::probe(CgroupChoice::Auto, given);
    let version = match layout.version() {
        CgroupVersion::V1 => Some(1),
        CgroupVersion::V2 => Some(2),
        CgroupVersion::None => None,
    };
    let folders = layout.folders();
    let controllers = match (version, folders.first()) {
        (Some(2), Some(own)) => {
            let names = fs::read_to_string(own.join("cgroup.controllers")).unwrap_or_default();
            names.split_whitespace().map(str::to_owned).collect()
        }
        (Some(_), _) => layout.v1_controllers(),
        (None, _) => Vec::new(),
    };
    let folders = folders.iter().map(|folder| visible_line(folder.as_os_str().as_encoded_bytes()));
    CgroupFacts { version, folders: folders.collect(), controllers, missing: layout.missing.clone() }
}

fn switches() -> Switches {
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/{name}")).ok()?.trim().parse().ok();
    Switches {
        unprivileged_userns_clone: read("kernel/unprivileged_userns_clone"),
        apparmor_restrict_unprivileged_userns: read("kernel/apparmor_restrict_unprivileged_userns"),
        max_user_namespaces: read("user/max_user_namespaces"),
    }
}

/// Whether the user that we are is one of the user namespace's.
fn is_mapped(uid_map: &str) -> bool {
    let uid = u64::from(nix::unistd::geteuid().as_raw());
    uid_map.lines().any(|line| {
        let mut fields = line.split_whitespace().map(|field| field.parse::<u64>().unwrap_or(0));
        let (first, _outside, count) = (fields.next(), fields.next(), fields.next());
        first.zip(count).is_some_and(|(first, count)| (first..first.saturating_add(count)).contains(&uid))
    })
}

/// Whether the first process has the same mounts and another root.
fn is_chrooted() -> Option<bool> {
    let mounts = |process: &str| fs::read_link(format!("/proc/{process}/ns/mnt")).ok();
    let first = place("/proc/1/root/.")?;
    (mounts("1")? == mounts("self")?).then_some(first != place("/")?)
}

/// A folder by its mount and its number there: the same folder, bound elsewhere, is another place.
fn place(path: &str) -> Option<(String, u64)> {
    let folder = fs::File::options().read(true).custom_flags(libc::O_PATH).open(path).ok()?;
    let told = fs::read_to_string(format!("/proc/self/fdinfo/{}", folder.as_raw_fd())).ok()?;
    let mount = told.lines().find(|line| line.starts_with("mnt_id:"))?.to_owned();
    Some((mount, folder.metadata().ok()?.ino()))
}

/// What a container says of itself.
fn container() -> Option<String> {
    if Path::new("/.dockerenv").exists() {
        return Some("docker".to_owned());
    }
    if Path::new("/run/.containerenv").exists() {
        return Some("podman".to_owned());
    }
    let told = fs::read_to_string("/run/systemd/container").ok()?;
    Some(visible_line(told.trim().as_bytes()))
}

/// Read, and not only opened: a kernel that was started without it has the files.
fn pressure() -> bool {
    let mut first = [0];
    fs::File::open("/proc/pressure/memory").and_then(|mut file| file.read(&mut first)).is_ok_and(|n| n > 0)
}
