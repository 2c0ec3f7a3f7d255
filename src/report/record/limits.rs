//! [`LimitsRecord`]: the limits that were in force, each with its origin.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::judge::{Code, Family, Verdict};
use crate::limits::Resolved;
use crate::report::clock::millis;
use crate::resolve::ResolvedLimits;

/// The limits that were in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Limits")]
pub struct LimitsRecord {
    /// Wall-clock time.
    pub wall_ms: LimitRecord<u64>,
    /// CPU time; null is unlimited.
    pub cpu_ms: LimitRecord<Option<u64>>,
    /// Memory of all processes together.
    pub memory_bytes: LimitRecord<u64>,
    /// Processes and threads at one time.
    pub pids: LimitRecord<u32>,
    /// Standard output and standard error together.
    pub output_bytes: LimitRecord<u64>,
    /// Any one file.
    pub file_bytes: LimitRecord<u64>,
    /// All writable places together.
    pub disk_bytes: LimitRecord<u64>,
    /// Open files of one process.
    pub open_files: LimitRecord<u32>,
    /// Relative CPU weight.
    pub cpu_shares: LimitRecord<u32>,
    /// The limit that decided the verdict: `wall`, `cpu`, `memory`, `processes`…
    pub hit: Option<String>,
}

/// A limit and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Limit_for_{T}")]
pub struct LimitRecord<T> {
    /// Its value.
    pub value: T,
    /// Its origin: a file and line, an option, `built in`.
    pub origin: String,
}

impl LimitsRecord {
    pub(super) fn new(limits: &ResolvedLimits, verdict: &Verdict) -> Self {
        Self {
            wall_ms: limit(&limits.wall, |&wall| millis(wall)),
            cpu_ms: limit(&limits.cpu, |cpu: &Option<Duration>| cpu.map(millis)),
            memory_bytes: limit(&limits.memory, |bytes| bytes.0),
            pids: limit(&limits.pids, |&pids| pids),
            output_bytes: limit(&limits.output, |bytes| bytes.0),
            file_bytes: limit(&limits.file_size, |bytes| bytes.0),
            disk_bytes: limit(&limits.disk, |bytes| bytes.0),
            open_files: limit(&limits.open_files, |&files| files),
            cpu_shares: limit(&limits.cpu_shares, |&shares| shares),
            hit: hit(verdict),
        }
    }
}

fn limit<T, U>(resolved: &Resolved<T>, value: impl Fn(&T) -> U) -> LimitRecord<U> {
    LimitRecord { value: value(&resolved.value), origin: resolved.origin.to_string() }
}

/// The limit that decided; the details of other codes name none.
fn hit(verdict: &Verdict) -> Option<String> {
    let code = verdict.code?;
    let is_limit = code == Code::Timeout || code.family() == Family::Resource;
    if is_limit { verdict.details.limit.clone() } else { None }
}
