//! What is known of a run as a whole: its id, its command line, its machine.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::ids;
use crate::report::{Host, RunMeta};

/// The run that this process makes; not complete yet.
pub(super) fn of_this_process(cwd: &Path, started: SystemTime, jobs: usize) -> RunMeta {
    RunMeta {
        id: ids::run(),
        argv: std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect(),
        cwd: cwd.to_string_lossy().into_owned(),
        started,
        duration: Duration::ZERO,
        jobs,
        host: host(),
        interrupted_by: None,
        complete: false,
    }
}

fn host() -> Host {
    let kernel = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned());
    Host {
        kernel: kernel.unwrap_or_default(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes: memory(),
    }
}

/// Memory of the machine, from /proc/meminfo; 0 where it is not known.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
