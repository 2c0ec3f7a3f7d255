//! Version 2: one folder a case.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::poll::{PollFd, PollFlags, poll};

use super::counters::{Counters, field, number, read, with_path, write};
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
        // Without memory.oom.group, as version 1 has it: the kernel ends one process, and the facts
        // say so whatever becomes of the others.
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
        let pids_limit_hits = field(&self.text("pids.events")?, "max").unwrap_or(0);
        let optional = |name: &str| self.text(name).ok().and_then(|text| number(&text).ok());
        let oom_kills = field(&events, "oom_kill").unwrap_or(0);
        let pids_peak = optional("pids.peak");
        Ok(Counters {
            cpu_micros: field(&cpu, "usage_usec").unwrap_or(0),
            user_micros: field(&cpu, "user_usec").unwrap_or(0),
            kernel_micros: field(&cpu, "system_usec").unwrap_or(0),
            memory_peak: optional("memory.peak").map(Bytes),
            memory_cache_left: Bytes(cache),
            oom_kills,
            oom_elsewhere: oom_kills > 0 && field(&events, "oom") == Some(0),
            memory_limit_hits: field(&events, "max").unwrap_or(0),
            // Before 6.11 a limit further up counts here too, and is not the program's doing.
            pids_limit_hits: match pids_peak {
                Some(peak) if peak < self.pids => 0,
                _ => pids_limit_hits,
            },
            pids_peak: pids_peak.and_then(|peak| u32::try_from(peak).ok()),
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

    #[test]
    fn normal_shares_are_the_normal_weight() {
        assert_eq!(cpu_weight(1024), 100);
        assert_eq!(cpu_weight(2), 1);
        assert_eq!(cpu_weight(262_144), 10_000);
        assert_eq!(cpu_weight(2048), 200);
    }
}
