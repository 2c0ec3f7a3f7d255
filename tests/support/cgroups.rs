//! What a run leaves in the control groups.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// The control groups of the process with this number, which carry it in their names. Those that
/// are on their way out get a moment to go.
pub(crate) fn cgroups_of(pid: u32) -> Vec<PathBuf> {
    let started = Instant::now();
    loop {
        let found = cgroups_now(pid);
        if found.is_empty() || started.elapsed() > Duration::from_secs(5) {
            return found;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The same, as they are now.
pub(crate) fn cgroups_now(pid: u32) -> Vec<PathBuf> {
    // `capsule-run-NAMESPACE-PID-START`
    let ours = |name: &str| {
        name.strip_prefix("capsule-run-").is_some_and(|rest| rest.split('-').nth(1) == Some(&pid.to_string()))
    };
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if ours(&entry.file_name().to_string_lossy()) {
                    found.push(entry.path());
                }
                open.push(entry.path());
            }
        }
    }
    found
}
