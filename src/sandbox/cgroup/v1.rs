//! Version 1: a folder in each of the memory, pids and cpuacct hierarchies, and in cpu where a
//! weight was asked for.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::counters::{Counters, field, number, read, with_path, write};
use super::{Gauge, Layout, MEMORY_MARGIN, Names};
use crate::sandbox::spec::Limits;
use crate::units::Bytes;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// What may be charged to the memory folder between two cases, at most: the kernel charges in
/// batches that it keeps for a while, and small objects of its own outlive a process.
const LITTLE: u64 = 1 << 20;

/// The folders of a case.
pub(in crate::sandbox) struct V1 {
    memory: Memory,
    pids: Pids,
    cpu: Cpu,
    hybrid: bool,
}

impl V1 {
    /// `alone`: there are no other cases, and will be none.
    pub(super) fn create(layout: &Layout, limits: &Limits, alone: bool) -> io::Result<Self> {
        let name = if alone { String::new() } else { next_name() };
        let created = Self {
            memory: Memory::create(layout, limits, &name)?,
            pids: Pids::create(layout, limits, &name)?,
            cpu: Cpu::create(layout, limits, &name)?,
            hybrid: layout.hybrid,
        };
        if alone {
            layout.hand_over();
        }
        Ok(created)
    }

    /// See [`Cgroup::renew`](super::Cgroup::renew). All processes are dead and reaped.
    pub(super) fn renew(&mut self, layout: &Layout, limits: &Limits) -> io::Result<bool> {
        if self.pids.in_use()? || !self.cpu.fits(layout, limits) || !self.memory.renew(limits)? {
            return Ok(false);
        }
        // The kernel's record of the most processes cannot be set back.
        if self.pids.had_several() {
            self.pids = Pids::create(layout, limits, &next_name())?;
        } else {
            self.pids.renew(limits)?;
        }
        self.cpu.renew()?;
        self.hybrid = layout.hybrid;
        Ok(true)
    }

    pub(super) fn tasks(&self) -> Vec<BorrowedFd<'_>> {
        let parts = [&self.memory.tasks, &self.pids.tasks].into_iter().chain(&self.cpu.tasks);
        parts.map(AsFd::as_fd).collect()
    }

    pub(super) fn gauge(&self) -> Gauge {
        let folders = [self.memory.folder.0.clone(), self.cpu.folders[0].0.clone()];
        Gauge::V1 { folders, cpu_before: self.cpu.before.0 / 1_000 }
    }

    pub(super) fn cpu_micros(&self) -> io::Result<u64> {
        self.cpu.micros()
    }

    pub(super) fn counters(&self) -> io::Result<Counters> {
        let memory = &self.memory;
        let stat = read(&memory.stat)?;
        let cache = field(&stat, "cache").unwrap_or(0).saturating_sub(field(&stat, "shmem").unwrap_or(0));
        let oom_kills = memory.oom_kills.read()?.saturating_sub(memory.oom_kills_before);
        let peak = Bytes(number(&read(&memory.peak)?)?.saturating_sub(memory.not_the_cases()?));
        let pids_peak = self.pids.peak.as_ref().and_then(|peak| peak.read().ok());
        let (user, kernel) = (self.cpu.user.read()?, self.cpu.kernel.read()?);
        let refused = self.pids.hits.read()?.saturating_sub(self.pids.hits_before);
        // A limit further up counts here too, and is not the program's doing.
        let pids_elsewhere = refused > 0 && pids_peak.is_some_and(|peak| peak < self.pids.most);
        Ok(Counters {
            cpu_micros: self.cpu.micros()?,
            user_micros: user.saturating_sub(self.cpu.before.1) / 1_000,
            kernel_micros: kernel.saturating_sub(self.cpu.before.2) / 1_000,
            memory_peak: Some(peak),
            memory_cache_left: Bytes(cache.saturating_sub(memory.before)),
            // Never failcnt: page cache runs into the limit and is reclaimed, and nobody is hurt.
            oom_kills,
            oom_elsewhere: oom_kills > 0 && peak < memory.limit,
            memory_limit_hits: number(&read(&memory.failcnt)?)?,
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
            cpu_shares: if self.cpu.weight.is_some() { "cpu.shares" } else { "not held" },
        }
    }
}

fn next_name() -> String {
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

fn hierarchies(layout: &Layout) -> io::Result<(&Path, &Path, &Path, Option<&Path>)> {
    layout.v1().ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "no version 1 hierarchy"))
}

/// The folder of the memory controller.
struct Memory {
    folder: Folder,
    tasks: File,
    usage: File,
    peak: File,
    failcnt: File,
    oom_kills: Counter,
    stat: File,
    hard: File,
    /// Memory and swap together, where the kernel counts swap: else a program swaps past its limit.
    with_swap: Option<File>,
    /// The declared limit; the kernel's is above it.
    limit: Bytes,
    /// What the kernel's limit is now.
    held: u64,
    /// Charged before the case began.
    before: u64,
    oom_kills_before: u64,
}

impl Memory {
    /// What was charged before the case and counts in its peak: no more than is charged now, since the
    /// kernel may have taken back what it had kept at any time.
    fn not_the_cases(&self) -> io::Result<u64> {
        if self.before == 0 {
            return Ok(0);
        }
        Ok(number(&read(&self.usage)?)?.min(self.before))
    }

    fn create(layout: &Layout, limits: &Limits, name: &str) -> io::Result<Self> {
        let folder = Folder::make(layout, hierarchies(layout)?.0, name)?;
        let with_swap = match folder.open("memory.memsw.limit_in_bytes", true) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened?),
        };
        let mut memory = Self {
            tasks: folder.open("tasks", true)?,
            usage: folder.open("memory.usage_in_bytes", false)?,
            peak: folder.open_both("memory.max_usage_in_bytes")?,
            failcnt: folder.open_both("memory.failcnt")?,
            oom_kills: Counter::new(folder.open("memory.oom_control", false)?, Some("oom_kill")),
            stat: folder.open("memory.stat", false)?,
            hard: folder.open("memory.limit_in_bytes", true)?,
            with_swap,
            folder,
            limit: limits.memory,
            held: u64::MAX,
            before: 0,
            oom_kills_before: 0,
        };
        memory.hold(limits.memory.0)?;
        Ok(memory)
    }

    /// Sets the kernel's limit to what was declared, the margin, and what was there before.
    fn hold(&mut self, declared: u64) -> io::Result<()> {
        let hard = declared.saturating_add(MEMORY_MARGIN.0).saturating_add(self.before);
        if hard == self.held {
            return Ok(());
        }
        let value = hard.to_string();
        // The limit with swap is never below the one without.
        match &self.with_swap {
            Some(with_swap) if hard > self.held => {
                put(with_swap, &value)?;
                put(&self.hard, &value)?;
            }
            with_swap => {
                put(&self.hard, &value)?;
                with_swap.iter().try_for_each(|file| put(file, &value))?;
            }
        }
        self.held = hard;
        Ok(())
    }

    /// `false`: the last case has left too much here.
    fn renew(&mut self, limits: &Limits) -> io::Result<bool> {
        self.before = number(&read(&self.usage)?)?;
        if self.before > LITTLE {
            return Ok(false);
        }
        self.limit = limits.memory;
        self.hold(limits.memory.0)?;
        put(&self.peak, "0")?;
        put(&self.failcnt, "0")?;
        self.oom_kills_before = self.oom_kills.last()?;
        Ok(true)
    }
}

/// The folder of the process controller.
struct Pids {
    _folder: Folder,
    tasks: File,
    current: File,
    max: File,
    /// Forks that were refused.
    hits: Counter,
    /// Kernels from 6.1 on.
    peak: Option<Counter>,
    most: u64,
    hits_before: u64,
}

impl Pids {
    fn create(layout: &Layout, limits: &Limits, name: &str) -> io::Result<Self> {
        let folder = Folder::make(layout, hierarchies(layout)?.1, name)?;
        let pids = Self {
            tasks: folder.open("tasks", true)?,
            current: folder.open("pids.current", false)?,
            max: folder.open("pids.max", true)?,
            hits: Counter::new(folder.open("pids.events", false)?, Some("max")),
            peak: folder.open("pids.peak", false).ok().map(|file| Counter::new(file, None)),
            _folder: folder,
            most: limits.pids.into(),
            hits_before: 0,
        };
        put(&pids.max, &limits.pids.to_string())?;
        Ok(pids)
    }

    fn in_use(&self) -> io::Result<bool> {
        Ok(number(&read(&self.current)?)? > 0)
    }

    fn had_several(&self) -> bool {
        self.peak.as_ref().and_then(|peak| peak.last().ok()).is_none_or(|peak| peak > 1)
    }

    fn renew(&mut self, limits: &Limits) -> io::Result<()> {
        let most = u64::from(limits.pids);
        if self.most != most {
            put(&self.max, &most.to_string())?;
            self.most = most;
        }
        self.hits_before = self.hits.last()?;
        Ok(())
    }
}

/// The folders of the CPU controllers: one that counts, and one that weighs where that was asked for.
struct Cpu {
    folders: Vec<Folder>,
    tasks: Vec<File>,
    usage: Counter,
    user: Counter,
    kernel: Counter,
    /// Set where it is held.
    weight: Option<u32>,
    asked: u32,
    /// All three, in nanoseconds, before the case began.
    before: (u64, u64, u64),
}

impl Cpu {
    fn create(layout: &Layout, limits: &Limits, name: &str) -> io::Result<Self> {
        let (_, _, cpuacct, cpu) = hierarchies(layout)?;
        let counting = Folder::make(layout, cpuacct, name)?;
        let mut tasks = vec![counting.open("tasks", true)?];
        let (usage, user, kernel) = (
            Counter::new(counting.open("cpuacct.usage", false)?, None),
            Counter::new(counting.open("cpuacct.usage_user", false)?, None),
            Counter::new(counting.open("cpuacct.usage_sys", false)?, None),
        );
        let mut folders = vec![counting];
        let asked = limits.cpu_shares;
        let mut weight = None;
        if let Some(cpu) = cpu.filter(|_| asked != 1024) {
            // cpu and cpuacct may be one hierarchy, and then one folder.
            if cpu == cpuacct {
                write(&folders[0].0.join("cpu.shares"), &asked.to_string())?;
                weight = Some(asked);
            } else if let Ok(weighing) = Folder::make(layout, cpu, name).inspect_err(|error| {
                // It may be somebody else's, and is told as not held.
                log::debug!("no CPU weight: {error}");
            }) {
                tasks.push(weighing.open("tasks", true)?);
                write(&weighing.0.join("cpu.shares"), &asked.to_string())?;
                folders.push(weighing);
                weight = Some(asked);
            }
        }
        Ok(Self { folders, tasks, usage, user, kernel, weight, asked, before: (0, 0, 0) })
    }

    fn fits(&self, layout: &Layout, limits: &Limits) -> bool {
        self.asked == limits.cpu_shares && (self.asked == 1024 || layout.v1().is_some())
    }

    fn renew(&mut self) -> io::Result<()> {
        // Who is reaped still uses a moment to be gone: not the last reading.
        self.before = (self.usage.read()?, self.user.last()?, self.kernel.last()?);
        Ok(())
    }

    fn micros(&self) -> io::Result<u64> {
        Ok(self.usage.read()?.saturating_sub(self.before.0) / 1_000)
    }
}

/// A number that the kernel counts up, and what it was when it was last read: nothing counts between
/// the end of a case, when everybody is dead, and the beginning of the next.
struct Counter {
    file: File,
    /// The line that it stands in; `None`: it is all there is.
    key: Option<&'static str>,
    last: Cell<Option<u64>>,
}

impl Counter {
    fn new(file: File, key: Option<&'static str>) -> Self {
        Self { file, key, last: Cell::new(None) }
    }

    fn read(&self) -> io::Result<u64> {
        let text = read(&self.file)?;
        let value = match self.key {
            Some(key) => field(&text, key).unwrap_or(0),
            None => number(&text)?,
        };
        self.last.set(Some(value));
        Ok(value)
    }

    fn last(&self) -> io::Result<u64> {
        self.last.get().map_or_else(|| self.read(), Ok)
    }
}

/// A folder of ours; dropping it removes it.
struct Folder(PathBuf);

impl Folder {
    /// Without a name it is our own folder itself.
    fn make(layout: &Layout, hierarchy: &Path, name: &str) -> io::Result<Self> {
        let ours = layout.ours(hierarchy)?;
        if name.is_empty() {
            return Ok(Self(ours));
        }
        let folder = ours.join(name);
        let made = match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                layout.ours_anew(hierarchy).and_then(|_| std::fs::create_dir(&folder))
            }
            made => made,
        };
        made.map_err(|error| with_path(&error, &folder))?;
        Ok(Self(folder))
    }

    fn open(&self, name: &str, writing: bool) -> io::Result<File> {
        open(&self.0.join(name), writing)
    }

    fn open_both(&self, name: &str) -> io::Result<File> {
        let path = self.0.join(name);
        OpenOptions::new().read(true).write(true).open(&path).map_err(|error| with_path(&error, &path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        super::owner::remove(&self.0);
    }
}

/// Writes one value to an open file of a cgroup, in one write.
fn put(file: &File, value: &str) -> io::Result<()> {
    file.write_all_at(value.as_bytes(), 0)
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
