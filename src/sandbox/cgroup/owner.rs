//! Whose folder is it: names that say which process made a folder, and the sweep of folders whose
//! maker is gone.

use std::fs;
use std::path::{Path, PathBuf};

use super::Layout;

const PREFIX: &str = "capsule-run-";

/// `capsule-run-PID-START`: a process number can come again, together with its start it cannot.
pub(super) fn folder_name() -> String {
    let pid = std::process::id();
    format!("{PREFIX}{pid}-{}", start_ticks(pid).unwrap_or(0))
}

/// When a process was started, in ticks since boot: field 22 of its `stat`.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, field 2, stands in parentheses and may hold anything, also `)`.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Whether a folder with this name has lost its maker.
fn is_orphan(name: &str) -> bool {
    let Some((pid, start)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    match (pid.parse(), start.parse::<u64>()) {
        (Ok(pid), Ok(start)) => start_ticks(pid) != Some(start),
        _ => false,
    }
}

/// Removes what killed capsule-runs left in our cgroup: their processes are dead (they die with
/// their supervisor), so the folders are empty or about to be.
pub(in crate::sandbox) fn sweep(layout: &Layout) {
    for parent in layout.parents() {
        let Ok(entries) = fs::read_dir(&parent) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(is_orphan) {
                remove(&entry.path());
            }
        }
    }
}

/// Removes a cgroup folder and those in it, as far as they are empty.
pub(super) fn remove(folder: &Path) {
    let children: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| {
            entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()).collect()
        })
        .unwrap_or_default();
    for child in children {
        remove(&child);
    }
    if let Err(error) = fs::remove_dir(folder) {
        log::debug!("{} is left for the next sweep: {error}", folder.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_folder_is_no_orphan_and_a_reused_number_does_not_save_one() {
        let own = folder_name();
        assert!(!is_orphan(&own));
        let (stem, _) = own.rsplit_once('-').expect("has a start");
        assert!(is_orphan(&format!("{stem}-1")));
        assert!(is_orphan("capsule-run-4194305-77"));
        assert!(!is_orphan("capsule-run-x-y"));
        assert!(!is_orphan("somebody-else"));
    }
}
