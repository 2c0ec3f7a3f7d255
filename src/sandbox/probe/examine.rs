//! [`examine`]: gathers the facts, and has them judged.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use super::diagnose::diagnose;
use super::facts::{ATTEMPTS, CgroupFacts, Facts, ProbePlan, Switches};
use super::layer::Diagnosis;
use super::live::live;
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
    let attempts = match (&ids, NoNul::new(folder.as_os_str().as_encoded_bytes())) {
        (Ok(ids), Ok(folder)) => attempts(&options, *ids, folder),
        _ => BTreeMap::new(),
    };
    let name = nix::sys::utsname::uname();
    let uname = |field: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
        name.as_ref().map(|name| field(name).to_string_lossy().into_owned()).unwrap_or_default()
    };
    let open_files = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE);
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
        open_files: open_files.map_or(0, |(_, hard)| hard),
        pressure: pressure(),
        live: live(&LinuxEngine::new(options)),
    })
}

/// What the prober says; where it said nothing of an attempt, that it was ended.
fn attempts(
    options: &EngineOptions,
    ids: Ids,
    folder: NoNul,
) -> BTreeMap<super::facts::Attempt, Option<FaultRecord>> {
    let plan = ProbePlan { ids, folder, attempts: ATTEMPTS.to_vec() };
    match probe(&options.worker_exe, plan, PATIENCE) {
        Ok(tried) => tried.into_iter().map(|tried| (tried.attempt, tried.failure)).collect(),
        Err(error) => {
            let failure = FaultRecord::new("starting a process that tries", &error);
            ATTEMPTS.into_iter().map(|attempt| (attempt, Some(failure.clone()))).collect()
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
