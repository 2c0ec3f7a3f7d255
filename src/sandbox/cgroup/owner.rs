//! Whose folder is it: names that say which process made a folder, and the sweep of folders whose
//! maker is gone.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::sandbox::procfs;

const PREFIX: &str = "capsule-run-";

/// `capsule-run-NAMESPACE-PID-START`: a process number can come again, together with its start it
/// cannot; and it means something in its PID namespace only.
pub(super) fn folder_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let pid = std::process::id();
        format!("{PREFIX}{}-{pid}-{}", pid_namespace(), start_ticks(pid).unwrap_or(0))
    })
}

/// The number of our PID namespace; 0 where procfs does not tell.
fn pid_namespace() -> u64 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |meta| meta.ino())
}

/// When a process was started, in ticks since boot: field 22 of its `stat`. `None` when it is gone, also
/// where nobody has reaped it yet.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = procfs::text(format!("/proc/{pid}/stat")).ok()?;
    // The name, field 2, stands in parentheses and may hold anything, also `)`.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let is_gone = matches!(state, "Z" | "X");
    fields.nth(18).filter(|_| !is_gone)?.parse().ok()
}

/// Whether a folder with this name has lost its maker.
fn is_orphan(name: &str) -> bool {
    let parts: Vec<&str> = name.strip_prefix(PREFIX).unwrap_or("").split('-').collect();
    let [namespace, pid, start] = parts.as_slice() else { return false };
    match (namespace.parse::<u64>(), pid.parse(), start.parse::<u64>()) {
        (Ok(namespace), Ok(pid), Ok(start)) => {
            namespace == pid_namespace() && start_ticks(pid) != Some(start)
        }
        _ => false,
    }
}

/// How far the sweep looks: far enough for sessions, services and jobs, and bounded on a host
/// with thousands of cgroups.
const DEEPEST: u32 = 6;
const MOST_FOLDERS: u32 = 2_000;

/// Removes what killed capsule-runs left: their processes are dead (they die with their
/// supervisor), so the folders are empty or about to be. The whole hierarchy is looked at, not our
/// own cgroup only: the killed one may have lived in another session.
pub(in crate::sandbox) fn sweep() {
    let mut budget = MOST_FOLDERS;
    for root in mount_points(&procfs::text("/proc/self/mountinfo").unwrap_or_default()) {
        sweep_below(&root, DEEPEST, &mut budget);
    }
}

/// Whether a killed capsule-run has left anything in this folder itself.
pub(super) fn has_orphans(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| name != folder_name() && is_orphan(&name))
}

/// Where the hierarchies in which we make folders are mounted.
fn mount_points(mountinfo: &str) -> Vec<PathBuf> {
    const OURS: [&str; 4] = ["memory", "pids", "cpuacct", "cpu"];
    let point = |line: &str| {
        let (left, right) = line.split_once(" - ")?;
        let mut right = right.split(' ');
        let (kind, options) = (right.next()?, right.nth(1).unwrap_or(""));
        let ours =
            kind == "cgroup2" || kind == "cgroup" && options.split(',').any(|name| OURS.contains(&name));
        ours.then(|| left.split(' ').nth(4).map(PathBuf::from)).flatten()
    };
    mountinfo.lines().filter_map(point).collect()
}

fn sweep_below(folder: &Path, depth: u32, budget: &mut u32) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let Some(left) = budget.checked_sub(1) else { return };
        *budget = left;
        let name = entry.file_name();
        if name.to_str().is_some_and(is_orphan) {
            remove(&entry.path());
        } else if depth > 1 && !name.to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            sweep_below(&entry.path(), depth - 1, budget);
        }
    }
}

/// Of ten milliseconds each, for processes that were just killed to be gone.
const MOST_TRIES: u32 = 100;

/// Removes a cgroup folder and those in it: where the kernel can end the processes in one, with
/// whoever is in there, elsewhere as far as they are empty.
pub(super) fn remove(folder: &Path) {
    if fs::remove_dir(folder).is_ok() {
        return;
    }
    let children: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| {
            entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()).collect()
        })
        .unwrap_or_default();
    for child in children {
        remove(&child);
    }
    let mut removed = fs::remove_dir(folder);
    for _ in 0..MOST_TRIES {
        match &removed {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) && kill(folder) => {
                std::thread::sleep(Duration::from_millis(10));
                removed = fs::remove_dir(folder);
            }
            _ => break,
        }
    }
    if let Err(error) = removed {
        log::debug!("{} is left for the next sweep: {error}", folder.display());
    }
}

/// Ends all processes of a version 2 folder and of those below; whether this kernel can (5.14).
pub(super) fn kill(folder: &Path) -> bool {
    let switch = fs::OpenOptions::new().write(true).open(folder.join("cgroup.kill"));
    switch.and_then(|mut switch| switch.write_all(b"1")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_dead_and_not_reaped_has_no_folders_any_more() {
        let mut dead = std::process::Command::new("/bin/cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("cat is on every host");
        let start = start_ticks(dead.id()).expect("it waits for its input");
        let name = format!("capsule-run-{}-{}-{start}", pid_namespace(), dead.id());
        assert!(!is_orphan(&name));
        dead.kill().expect("our own child");
        let stat = || fs::read_to_string(format!("/proc/{}/stat", dead.id())).expect("not reaped");
        while !stat().contains(") Z ") {
            std::thread::yield_now();
        }
        assert!(is_orphan(&name));
        dead.wait().expect("our own child");
    }

    #[test]
    fn our_own_folder_is_no_orphan_and_a_reused_number_does_not_save_one() {
        let own = folder_name();
        assert!(!is_orphan(own));
        let (stem, _) = own.rsplit_once('-').expect("has a start");
        assert!(is_orphan(&format!("{stem}-1")));
        assert!(is_orphan(&format!("capsule-run-{}-4194305-77", pid_namespace())));
        assert!(!is_orphan("capsule-run-1-4194305-77"), "another namespace's number means nothing here");
        assert!(!is_orphan("capsule-run-x-y"));
        assert!(!is_orphan("somebody-else"));
    }
}
