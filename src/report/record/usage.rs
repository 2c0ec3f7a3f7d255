//! [`Resources`]: what a program used, and what the kernel counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::clock::millis;
use crate::sandbox::outcome::Ran;

/// What the program used, and what the kernel counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resources {
    /// CPU time of all its processes.
    pub cpu_time_ms: u64,
    /// User part.
    pub user_time_ms: u64,
    /// Kernel part.
    pub kernel_time_ms: u64,
    /// From its start to its end.
    pub wall_time_ms: u64,
    /// Highest memory use of all its processes together.
    pub max_memory_bytes: u64,
    /// Of what was charged when it had ended, page cache that could have been reclaimed.
    pub memory_cache_left_bytes: u64,
    /// Most processes and threads at one time; null where it is not counted.
    pub peak_pids: Option<u32>,
    /// Bytes written to standard output and standard error together.
    pub output_bytes: u64,
    /// Bytes read from block devices; null where it is not counted.
    pub io_bytes_read: Option<u64>,
    /// Bytes written to block devices; null where it is not counted.
    pub io_bytes_written: Option<u64>,
    /// Bytes in writable places when it had ended.
    pub disk_bytes: u64,
    /// Voluntary context switches of the first process.
    pub voluntary_switches: u64,
    /// Involuntary context switches of the first process.
    pub involuntary_switches: u64,
    /// Processes killed by the kernel's OOM killer.
    pub oom_kills: u64,
    /// How often the memory limit was run into.
    pub memory_limit_hits: u64,
    /// Forks refused at the process limit.
    pub pids_limit_hits: u64,
    /// Whether a writable place was full when it had ended.
    pub disk_full: bool,
}

impl Resources {
    pub(super) fn new(ran: &Ran) -> Self {
        let (usage, events) = (&ran.usage, &ran.events);
        Self {
            cpu_time_ms: millis(usage.cpu),
            user_time_ms: millis(usage.user),
            kernel_time_ms: millis(usage.kernel),
            wall_time_ms: millis(usage.wall),
            max_memory_bytes: usage.memory_peak.0,
            memory_cache_left_bytes: usage.memory_cache_left.0,
            peak_pids: usage.pids_peak,
            output_bytes: usage.output.0,
            io_bytes_read: usage.io_read.map(|bytes| bytes.0),
            io_bytes_written: usage.io_written.map(|bytes| bytes.0),
            disk_bytes: usage.disk.0,
            voluntary_switches: usage.context_switches.0,
            involuntary_switches: usage.context_switches.1,
            oom_kills: events.oom_kills,
            memory_limit_hits: events.memory_limit_hits,
            pids_limit_hits: events.pids_limit_hits,
            disk_full: events.disk_full,
        }
    }
}
