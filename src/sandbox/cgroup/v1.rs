//! Version 1: a folder in each of the memory, pids and cpuacct hierarchies, and in cpu where a
//! weight was asked for.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::counters::{Counters, field, number, read, with_path, write};
use super::{Gauge, Layout, MEMORY_MARGIN, Names};
use crate::sandbox::spec::Limits;
use crate::units::Bytes;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The folders of one case.
pub(in crate::sandbox) struct V1 {
    folders: Vec<PathBuf>,
    tasks: Vec<File>,
    peak: File,
    failcnt: File,
    oom: File,
    stat: File,
    pids_events: File,
    /// Kernels from 6.1 on.
    pids_peak: Option<File>,
    pids_max: u64,
    /// The declared limit; the kernel's is above it.
    memory: Bytes,
    cpu: File,
    cpu_user: File,
    cpu_kernel: File,
    hybrid: bool,
    weighted: bool,
}

impl V1 {
    pub(super) fn create(layout: &Layout, limits: &Limits) -> io::Result<Self> {
        let (memory, pids, cpuacct, cpu) = layout
            .v1()
            .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "no version 1 hierarchy"))?;
        let name = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let mut made = Folders(Vec::new());
        let memory = made.make(&layout.ours(memory)?.join(&name))?;
        let pids = made.make(&layout.ours(pids)?.join(&name))?;
        let cpuacct = made.make(&layout.ours(cpuacct)?.join(&name))?;
        let weighted = limits.cpu_shares != 1024;
        if let (true, Some(cpu)) = (weighted, cpu) {
            let cpu = made.make(&layout.ours(cpu)?.join(&name))?;
            write(&cpu.join("cpu.shares"), &limits.cpu_shares.to_string())?;
        }
        set_memory(&memory, limits.memory)?;
        write(&pids.join("pids.max"), &limits.pids.to_string())?;
        let tasks =
            made.0.iter().map(|folder| open(&folder.join("tasks"), true)).collect::<io::Result<_>>()?;
        Ok(Self {
            tasks,
            peak: open(&memory.join("memory.max_usage_in_bytes"), false)?,
            failcnt: open(&memory.join("memory.failcnt"), false)?,
            oom: open(&memory.join("memory.oom_control"), false)?,
            stat: open(&memory.join("memory.stat"), false)?,
            pids_events: open(&pids.join("pids.events"), false)?,
            pids_peak: open(&pids.join("pids.peak"), false).ok(),
            pids_max: limits.pids.into(),
            memory: limits.memory,
            cpu: open(&cpuacct.join("cpuacct.usage"), false)?,
            cpu_user: open(&cpuacct.join("cpuacct.usage_user"), false)?,
            cpu_kernel: open(&cpuacct.join("cpuacct.usage_sys"), false)?,
            hybrid: layout.hybrid,
            weighted: weighted && cpu.is_some(),
            folders: std::mem::take(&mut made.0),
        })
    }

    pub(super) fn tasks(&self) -> Vec<BorrowedFd<'_>> {
        self.tasks.iter().map(AsFd::as_fd).collect()
    }

    pub(super) fn gauge(&self) -> Gauge {
        Gauge::V1(self.folders.clone())
    }

    pub(super) fn cpu_micros(&self) -> io::Result<u64> {
        Ok(number(&read(&self.cpu)?)? / 1_000)
    }

    pub(super) fn counters(&self) -> io::Result<Counters> {
        let stat = read(&self.stat)?;
        let pids_peak =
            self.pids_peak.as_ref().and_then(|file| read(file).ok()).and_then(|text| number(&text).ok());
        let cache = field(&stat, "cache").unwrap_or(0).saturating_sub(field(&stat, "shmem").unwrap_or(0));
        let oom_kills = field(&read(&self.oom)?, "oom_kill").unwrap_or(0);
        let peak = Bytes(number(&read(&self.peak)?)?);
        let refused = field(&read(&self.pids_events)?, "max").unwrap_or(0);
        // A limit further up counts here too, and is not the program's doing.
        let pids_elsewhere = refused > 0 && pids_peak.is_some_and(|peak| peak < self.pids_max);
        Ok(Counters {
            cpu_micros: self.cpu_micros()?,
            user_micros: number(&read(&self.cpu_user)?)? / 1_000,
            kernel_micros: number(&read(&self.cpu_kernel)?)? / 1_000,
            memory_peak: Some(peak),
            memory_cache_left: Bytes(cache),
            // Never failcnt: page cache runs into the limit and is reclaimed, and nobody is hurt.
            oom_kills,
            oom_elsewhere: oom_kills > 0 && peak < self.memory,
            memory_limit_hits: number(&read(&self.failcnt)?)?,
            pids_limit_hits: if pids_elsewhere { 0 } else { refused },
            pids_elsewhere,
            pids_peak: pids_peak.and_then(|peak| u32::try_from(peak).ok()),
            io: None,
        })
    }

    pub(super) fn names(&self) -> Names {
        Names {
            cgroup: if self.hybrid { "hybrid" } else { "v1" },
            memory: "memory.limit_in_bytes",
            pids: "pids.max",
            cpu: "cpuacct.usage",
            cpu_shares: if self.weighted { "cpu.shares" } else { "not held" },
        }
    }
}

impl Drop for V1 {
    fn drop(&mut self) {
        drop(Folders(std::mem::take(&mut self.folders)));
    }
}

/// Folders to be removed, also when making the next one failed.
struct Folders(Vec<PathBuf>);

impl Folders {
    fn make(&mut self, folder: &Path) -> io::Result<PathBuf> {
        // cpu and cpuacct may be one hierarchy, and then one folder.
        if !self.0.iter().any(|made| made == folder) {
            std::fs::create_dir(folder).map_err(|error| with_path(&error, folder))?;
            self.0.push(folder.to_owned());
        }
        Ok(folder.to_owned())
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        for folder in &self.0 {
            super::owner::remove(folder);
        }
    }
}

fn set_memory(folder: &Path, limit: Bytes) -> io::Result<()> {
    let hard = limit.0.saturating_add(MEMORY_MARGIN.0).to_string();
    write(&folder.join("memory.limit_in_bytes"), &hard)?;
    // Memory and swap together, where the kernel counts swap: else a program swaps past its limit.
    let with_swap = folder.join("memory.memsw.limit_in_bytes");
    if with_swap.exists() {
        write(&with_swap, &hard)?;
    }
    Ok(())
}

fn open(path: &Path, writing: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    if writing {
        options.write(true)
    } else {
        options.read(true)
    };
    options.open(path).map_err(|error| with_path(&error, path))
}
