//! What a run must not change: a picture of the host before, another one after, and their difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// A picture of what a run could leave behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// Every file below the folder that was asked for: kind, mode, size and content.
    files: BTreeMap<PathBuf, String>,
    /// Names in the folders for temporary files that look like ours.
    temporary: BTreeSet<PathBuf>,
    /// Processes that descend from this one.
    processes: BTreeSet<String>,
    /// Mount points.
    mounts: Vec<String>,
    /// Names and limits of the kernel that a program with too many rights would change.
    kernel: BTreeMap<&'static str, String>,
}

impl Host {
    /// The picture now. Calls to it need this process to itself: it looks at all its children.
    pub(crate) fn now(folder: &Path) -> Self {
        // Whatever a run loses becomes a child of ours, so that it can be found.
        nix::sys::prctl::set_child_subreaper(true).expect("every Linux has subreapers");
        let mut files = BTreeMap::new();
        list(folder, &mut files);
        Self {
            files,
            temporary: ["/tmp", "/var/tmp", "/dev/shm", "/run"]
                .iter()
                .flat_map(|tmp| ours_in(Path::new(tmp)))
                .collect(),
            processes: children(),
            mounts: mounts(),
            kernel: [
                "/proc/sys/kernel/hostname",
                "/proc/sys/kernel/core_pattern",
                "/proc/sys/vm/overcommit_memory",
            ]
            .into_iter()
            .map(|file| (file, fs::read_to_string(file).unwrap_or_default()))
            .collect(),
        }
    }

    /// What has changed since `self` was taken; empty where nothing has. Things that are on their
    /// way out get a moment to go.
    pub(crate) fn difference(&self, folder: &Path) -> String {
        let started = Instant::now();
        loop {
            let difference = self.compare(&Self::now(folder));
            if difference.is_empty() || started.elapsed() > Duration::from_secs(5) {
                return difference;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn compare(&self, after: &Self) -> String {
        let mut lines = Vec::new();
        for (path, before) in &self.files {
            match after.files.get(path) {
                None => lines.push(format!("gone: {}", path.display())),
                Some(now) if now != before => {
                    lines.push(format!("changed: {}: {before} → {now}", path.display()));
                }
                Some(_) => {}
            }
        }
        let new_files = after.files.keys().filter(|path| !self.files.contains_key(*path));
        let new_paths = new_files.chain(after.temporary.difference(&self.temporary));
        lines.extend(new_paths.map(|path| format!("new: {}", path.display())));
        lines.extend(after.processes.difference(&self.processes).map(|name| format!("new process: {name}")));
        if self.mounts != after.mounts {
            lines.push(format!("mounts: {:?} → {:?}", self.mounts, after.mounts));
        }
        if self.kernel != after.kernel {
            lines.push(format!("kernel: {:?} → {:?}", self.kernel, after.kernel));
        }
        lines.join("\n")
    }
}

fn list(folder: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).expect("a folder that can be read").flatten() {
        let path = entry.path();
        let metadata = entry.metadata().expect("a file that was just there");
        let content = if metadata.is_file() {
            Sha256::digest(fs::read(&path).expect("a file that can be read"))
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect()
        } else {
            String::new()
        };
        let facts = format!(
            "{:?} {:o} {}:{} {} {content}",
            metadata.file_type(),
            metadata.permissions().mode(),
            metadata.uid(),
            metadata.gid(),
            if metadata.is_file() { metadata.len() } else { 0 },
        );
        if metadata.is_dir() {
            list(&path, files);
        }
        files.insert(path, facts);
    }
}

fn ours_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| looks_like_ours(path) && !is_in_use(path)).collect()
}

/// Tests give a `TMPDIR` of their own; the folders of a run that stand elsewhere are somebody else's.
fn looks_like_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains("capsule") && !name.starts_with("capsule-run-outputs-")
}

/// Whether a folder of build outputs is in use: another capsule-run holds its lock.
fn is_in_use(folder: &Path) -> bool {
    fs::File::open(folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_err())
}

fn children() -> BTreeSet<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc is mounted").flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(alive)
        .collect()
}

/// A process that runs, with its name; none for one that only waits to be reaped.
fn alive(pid: String) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    (!rest.trim_start().starts_with('Z')).then(|| format!("{pid} ({name})"))
}

fn mounts() -> Vec<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").expect("/proc is mounted");
    let mut points: Vec<_> =
        table.lines().filter_map(|line| line.split(' ').nth(4)).map(str::to_owned).collect();
    points.sort();
    points
}
