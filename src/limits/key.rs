//! The table of limit keys: the short names are those of the command line's options, the long
//! ones those of the configuration.

/// Which limit a key sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitField {
    /// Wall-clock time.
    Wall,
    /// CPU time.
    Cpu,
    /// Memory.
    Memory,
    /// Processes.
    Pids,
    /// Output.
    Output,
    /// Size of one file.
    FileSize,
    /// All writable places.
    Disk,
    /// Open files.
    OpenFiles,
    /// CPU weight.
    CpuShares,
}

/// One limit: its names and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Which limit.
    pub field: LimitField,
    /// As suites and the command line spell it.
    pub short: &'static str,
    /// As the configuration spells it.
    pub long: &'static str,
    /// What it limits, for the documentation.
    pub meaning: &'static str,
}

/// Every limit.
pub const KEYS: &[Key] = &[
    Key {
        field: LimitField::Wall,
        short: "timeout",
        long: "timeout_ms",
        meaning: "wall-clock time from the start of the program",
    },
    Key {
        field: LimitField::Cpu,
        short: "cpu_time",
        long: "max_cpu_time_ms",
        meaning: "CPU time of all its processes together",
    },
    Key {
        field: LimitField::Memory,
        short: "memory",
        long: "memory_bytes",
        meaning: "memory of all its processes together, temporary files included",
    },
    Key {
        field: LimitField::Pids,
        short: "max_pids",
        long: "max_processes",
        meaning: "processes and threads at one time",
    },
    Key {
        field: LimitField::Output,
        short: "max_output",
        long: "max_output_bytes",
        meaning: "standard output and standard error together",
    },
    Key {
        field: LimitField::FileSize,
        short: "max_file_size",
        long: "max_file_bytes",
        meaning: "size of any one file",
    },
    Key {
        field: LimitField::Disk,
        short: "max_disk",
        long: "max_disk_bytes",
        meaning: "all writable places together",
    },
    Key {
        field: LimitField::OpenFiles,
        short: "open_files",
        long: "max_open_files",
        meaning: "open descriptors of one process",
    },
    Key {
        field: LimitField::CpuShares,
        short: "cpu",
        long: "cpu_shares",
        meaning: "relative CPU weight, 1024 is normal",
    },
];

impl Key {
    /// The limit that `name` sets, by either of its names; `-` counts as `_`.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        let name = name.replace('-', "_");
        KEYS.iter().find(|key| key.short == name || key.long == name)
    }

    /// All names, short and long.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KEYS.iter().flat_map(|key| [key.short, key.long])
    }
}
