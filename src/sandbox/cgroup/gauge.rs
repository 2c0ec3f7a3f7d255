//! [`Gauge`]: where the counters of a case that runs are, to be read by whoever shows progress. It
//! holds names and no descriptors: a case costs a few copies of a path, and a folder that is gone
//! has nothing to say any more.

use std::fs;
use std::path::PathBuf;

use super::counters::{field, number};

/// Where the counters of a case that runs are.
pub(in crate::sandbox) enum Gauge {
    /// Folders of version 1, those of the memory and of the counting controller, and the CPU
    /// microseconds of earlier cases in them.
    V1 { folders: [PathBuf; 2], cpu_before: u64 },
    /// The folder of version 2.
    V2(PathBuf),
    /// No cgroup counts.
    Tree,
}

impl Gauge {
    /// CPU microseconds and bytes of memory in use now; `None` where no cgroup says.
    pub(in crate::sandbox) fn read(&self) -> Option<(u64, u64)> {
        match self {
            Self::V1 { folders, cpu_before } => {
                let file =
                    |name: &str| folders.iter().find_map(|folder| fs::read_to_string(folder.join(name)).ok());
                let cpu = number(&file("cpuacct.usage")?).ok()? / 1_000;
                let memory = number(&file("memory.usage_in_bytes")?).ok()?;
                Some((cpu.saturating_sub(*cpu_before), memory))
            }
            Self::V2(folder) => {
                let file = |name: &str| fs::read_to_string(folder.join(name)).ok();
                let cpu = field(&file("cpu.stat")?, "usage_usec")?;
                Some((cpu, number(&file("memory.current")?).ok()?))
            }
            Self::Tree => None,
        }
    }

    /// Freezes or thaws everything in the cgroup; whether the kernel took it. Version 1 is not
    /// asked: its freezer does not let go of a frozen process that is killed, so that a SIGKILL for
    /// capsule-run would leave cases behind that nobody can end.
    pub(in crate::sandbox) fn freeze(&self, frozen: bool) -> bool {
        match self {
            Self::V2(folder) => {
                fs::write(folder.join("cgroup.freeze"), if frozen { "1" } else { "0" }).is_ok()
            }
            Self::V1 { .. } | Self::Tree => false,
        }
    }
}
