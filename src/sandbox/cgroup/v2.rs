//! Version 2: one folder a case.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::poll::{PollFd, PollFlags, poll};

use super::counters::{Counters, device_bytes, field, number, read, with_path, write};
use super::{Gauge, Layout, MEMORY_MARGIN, Names};
use crate::sandbox::spec::Limits;
use crate::units::Bytes;

static NEXT: AtomicU64 = AtomicU64::new(0);
/// Of ten milliseconds each, for the last processes of a case to be gone.
const MOST_WAITS: u32 = 200;

/// Where a worker that is another user than we are lives, and its cases below it.
///
/// To be born into a cgroup takes the right to write `cgroup.procs` there and in the nearest folder
/// that holds both cgroups. So the worker gets a folder of its own, a leaf in it to live in, and
/// these files; everything else stays ours.
pub(in crate::sandbox) struct Home {
    path: PathBuf,
    owner: u32,
}

impl Home {
    pub(super) fn create(layout: &Layout, worker: u32, owner: u32) -> io::Result<Self> {
        let parent = layout
            .v2()
            .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "no version 2 hierarchy"))?;
        let path = layout.ours(parent)?.join(format!("worker-{worker}"));
        std::fs::create_dir(&path).map_err(|error| with_path(&error, &path))?;
        let home = Self { path, owner };
        super::layout::enable_controllers(&home.path)?;
        let leaf = home.path.join("self");
        std::fs::create_dir(&leaf).map_err(|error| with_path(&error, &leaf))?;
        write(&leaf.join("cgroup.procs"), &worker.to_string())?;
        home.give(&home.path)?;
        Ok(home)
    }

    fn give(&self, folder: &Path) -> io::Result<()> {
        let procs = folder.join("cgroup.procs");
        std::os::unix::fs::chown(&procs, Some(self.owner), None).map_err(|error| with_path(&error, &procs))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        super::owner::remove(&self.path);
    }
}

/// The folder of one case.
pub(in crate::sandbox) struct V2 {
    path: PathBuf,
    folder: File,
    cpu: File,
    weighted: bool,
    pids: u64,
}

impl V2 {
    pub(super) fn create(layout: &Layout, limits: &Limits, home: Option<&Home>) -> io::Result<Self> {
        let parent = layout
            .v2()
            .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "no version 2 hierarchy"))?;
        let parent = home.map_or_else(|| layout.ours(parent), |home| Ok(home.path.clone()))?;
        let path = parent.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        std::fs::create_dir(&path).map_err(|error| with_path(&error, &path))?;
        let made = Self::set_up(&path, limits)
            .and_then(|made| home.map_or(Ok(()), |home| home.give(&path)).map(|()| made));
        if made.is_err() {
            super::owner::remove(&path);
        }
        made
    }

    fn set_up(path: &Path, limits: &Limits) -> io::Result<Self> {
        // Whoever is left after the kernel has ended one process of several would only be confused.
        let group = path.join("memory.oom.group");
        if group.exists() {
            write(&group, "1")?;
        }
        let hard = limits.memory.0.saturating_add(MEMORY_MARGIN.0).to_string();
        write(&path.join("memory.max"), &hard)?;
        let swap = path.join("memory.swap.max");
        if swap.exists() {
            write(&swap, "0")?;
        }
        write(&path.join("pids.max"), &limits.pids.to_string())?;
        let weight = path.join("cpu.weight");
        let weighted = limits.cpu_shares != 1024 && weight.exists();
        if weighted {
            write(&weight, &cpu_weight(limits.cpu_shares).to_string())?;
        }
        let folder = File::open(path).map_err(|error| with_path(&error, path))?;
        let cpu = path.join("cpu.stat");
        let cpu = File::open(&cpu).map_err(|error| with_path(&error, &cpu))?;
        Ok(Self { path: path.to_owned(), folder, cpu, weighted, pids: limits.pids.into() })
    }

    /// See [`Cgroup::renew`](super::Cgroup::renew): the kernel's records of the most memory and the
    /// most processes cannot be set back for all kernels, so every case gets a folder.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same shape as version 1")]
    pub(super) fn renew(&mut self, _limits: &Limits) -> io::Result<bool> {
        Ok(false)
    }

    pub(super) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    pub(super) fn gauge(&self) -> Gauge {
        Gauge::V2(self.path.clone())
    }

    pub(super) fn cpu_micros(&self) -> io::Result<u64> {
        field(&read(&self.cpu)?, "usage_usec")
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "cpu.stat without usage_usec"))
    }

    /// Memory in use now, where the kernel does not keep the peak (before 5.19).
    pub(super) fn memory_to_watch(&self) -> Option<u64> {
        if self.path.join("memory.peak").exists() {
            return None;
        }
        number(&self.text("memory.current").ok()?).ok()
    }

    /// Ends all processes at once, also one that is just being born (Linux 5.14). Without that the
    /// death of init does it.
    pub(super) fn kill(&self) {
        super::owner::kill(&self.path);
    }

    /// Waits until the folder is empty: a process that was reaped may still be on its way out, and
    /// what it used is not all counted before.
    fn wait_until_empty(&self) -> io::Result<()> {
        let path = self.path.join("cgroup.events");
        let events = File::open(&path).map_err(|error| with_path(&error, &path))?;
        for _ in 0..MOST_WAITS {
            if field(&read(&events)?, "populated") == Some(0) {
                return Ok(());
            }
            // The kernel says POLLPRI when the file changes; the time-out is for a change that came
            // between reading and waiting.
            let _ = poll(&mut [PollFd::new(events.as_fd(), PollFlags::POLLPRI)], 10_u8);
        }
        log::debug!("{} is not empty", self.path.display());
        Ok(())
    }

    pub(super) fn counters(&self) -> io::Result<Counters> {
        self.wait_until_empty()?;
        let cpu = read(&self.cpu)?;
        let events = self.text("memory.events")?;
        let stat = self.text("memory.stat")?;
        let cache = field(&stat, "file").unwrap_or(0).saturating_sub(field(&stat, "shmem").unwrap_or(0));
        let refused = field(&self.text("pids.events")?, "max").unwrap_or(0);
        let optional = |name: &str| self.text(name).ok().and_then(|text| number(&text).ok());
        let oom_kills = field(&events, "oom_kill").unwrap_or(0);
        let pids_peak = optional("pids.peak");
        // Before 6.11 a limit further up counts here too, and is not the program's doing.
        let pids_elsewhere = refused > 0 && pids_peak.is_some_and(|peak| peak < self.pids);
        Ok(Counters {
            cpu_micros: field(&cpu, "usage_usec").unwrap_or(0),
            user_micros: field(&cpu, "user_usec").unwrap_or(0),
            kernel_micros: field(&cpu, "system_usec").unwrap_or(0),
            memory_peak: optional("memory.peak").map(Bytes),
            memory_cache_left: Bytes(cache),
            oom_kills,
            oom_elsewhere: oom_kills > 0 && field(&events, "oom") == Some(0),
            memory_limit_hits: field(&events, "max").unwrap_or(0),
            pids_limit_hits: if pids_elsewhere { 0 } else { refused },
            pids_elsewhere,
            pids_peak: pids_peak.and_then(|peak| u32::try_from(peak).ok()),
            io: self.text("io.stat").ok().map(|text| device_bytes(&text)),
        })
    }

    pub(super) fn names(&self) -> Names {
        Names {
            cgroup: "v2",
            memory: "memory.max",
            pids: "pids.max",
            cpu: "cpu.stat",
            cpu_shares: if self.weighted { "cpu.weight" } else { "not held" },
        }
    }

    fn text(&self, name: &str) -> io::Result<String> {
        let path = self.path.join(name);
        std::fs::read_to_string(&path).map_err(|error| with_path(&error, &path))
    }
}

impl Drop for V2 {
    fn drop(&mut self) {
        super::owner::remove(&self.path);
    }
}

/// Version 1 shares (2 to 262144, 1024 normal) as a version 2 weight (1 to 10000, 100 normal): the
/// mapping that keeps both the ratio near the middle and the ends within range.
fn cpu_weight(shares: u32) -> u64 {
    (u64::from(shares) * 100 / 1024).clamp(1, 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with what a kernel would say in it.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let always = [
            ("cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\n"),
            ("cgroup.events", "populated 0\nfrozen 0\n"),
            ("memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\n"),
            ("memory.stat", "anon 5\nfile 4096\nshmem 96\n"),
            ("pids.events", "max 3\n"),
        ];
        for (name, text) in always.iter().chain(files) {
            std::fs::write(folder.path().join(name), text).expect("ours");
        }
        folder
    }

    fn limits() -> Limits {
        let second = std::time::Duration::from_secs(1);
        Limits {
            wall: second,
            cpu: None,
            memory: Bytes::mib(16),
            pids: 8,
            output: Bytes(0),
            file_size: Bytes(0),
            disk: Bytes(0),
            open_files: 8,
            cpu_shares: 1024,
            setup: second,
            watch_interval: second,
        }
    }

    #[test]
    fn an_old_kernel_has_neither_peaks_nor_a_kill_switch_and_is_watched_instead() {
        let folder = folder(&[("memory.current", "4096\n")]);
        let group = V2::set_up(folder.path(), &limits()).expect("nothing that is missing is needed");
        assert_eq!(group.memory_to_watch(), Some(4096));
        group.kill();
        assert!(!folder.path().join("cgroup.kill").exists(), "nothing is made that the kernel has not");
        assert!(!folder.path().join("memory.oom.group").exists());
        let counters = group.counters().expect("the rest is there");
        assert_eq!((counters.memory_peak, counters.pids_peak, counters.io), (None, None, None));
        assert_eq!((counters.oom_kills, counters.memory_limit_hits, counters.pids_limit_hits), (2, 7, 3));
        assert!(!counters.pids_elsewhere, "without a peak nobody knows");
        assert_eq!((counters.cpu_micros, counters.memory_cache_left), (30, Bytes(4000)));
    }

    #[test]
    fn a_new_kernel_is_asked_for_everything_it_has() {
        let folder = folder(&[
            ("memory.peak", "8192\n"),
            ("memory.oom.group", "0\n"),
            ("memory.swap.max", "max\n"),
            ("cgroup.kill", ""),
            ("pids.peak", "5\n"),
            ("io.stat", "8:0 rbytes=10 wbytes=20\n"),
        ]);
        let group = V2::set_up(folder.path(), &limits()).expect("all is there");
        assert_eq!(group.memory_to_watch(), None);
        let said = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("there");
        let written = ["memory.oom.group", "memory.swap.max", "memory.max", "pids.max"].map(said);
        assert_eq!(written, ["1", "0", "17825792", "8"]);
        group.kill();
        assert_eq!(said("cgroup.kill"), "1");
        let counters = group.counters().expect("all is there");
        assert_eq!(counters.memory_peak, Some(Bytes(8192)));
        assert_eq!((counters.io, counters.pids_peak), (Some((Bytes(10), Bytes(20))), Some(5)));
        // The limit was hit, and by somebody else: never more than five were in here.
        assert_eq!((counters.pids_limit_hits, counters.pids_elsewhere), (0, true));
    }

    #[test]
    fn normal_shares_are_the_normal_weight() {
        assert_eq!(cpu_weight(1024), 100);
        assert_eq!(cpu_weight(2), 1);
        assert_eq!(cpu_weight(262_144), 10_000);
        assert_eq!(cpu_weight(2048), 200);
    }
}
