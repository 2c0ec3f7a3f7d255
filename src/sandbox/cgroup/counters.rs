//! [`Counters`] and the parsing of cgroup files.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::units::Bytes;

/// What a cgroup counted while one case ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct Counters {
    pub(in crate::sandbox) cpu_micros: u64,
    pub(in crate::sandbox) user_micros: u64,
    pub(in crate::sandbox) kernel_micros: u64,
    /// `None`: the kernel has no such counter (v2 before 5.19).
    pub(in crate::sandbox) memory_peak: Option<Bytes>,
    pub(in crate::sandbox) memory_cache_left: Bytes,
    pub(in crate::sandbox) oom_kills: u64,
    /// Whether the OOM kills came without the case's own limit having been hit: a cgroup further up
    /// or the machine ran out of memory.
    pub(in crate::sandbox) oom_elsewhere: bool,
    pub(in crate::sandbox) memory_limit_hits: u64,
    pub(in crate::sandbox) pids_limit_hits: u64,
    /// Whether a process was refused although the case had fewer than it may: a cgroup further up has
    /// run out of them.
    pub(in crate::sandbox) pids_elsewhere: bool,
    pub(in crate::sandbox) pids_peak: Option<u32>,
    /// Bytes read from and written to block devices; `None` where no controller counts them.
    pub(in crate::sandbox) io: Option<(Bytes, Bytes)>,
}

/// Reads a small file from its start, in one call: the kernel makes its text anew for each.
pub(super) fn read(file: &File) -> io::Result<String> {
    let mut usual = [0; 1 << 10];
    let length = file.read_at(&mut usual, 0)?;
    if length < usual.len() {
        return String::from_utf8(usual[..length].to_vec()).map_err(io::Error::other);
    }
    let mut room = vec![0; 64 << 10];
    let length = file.read_at(&mut room, 0)?;
    room.truncate(length);
    String::from_utf8(room).map_err(io::Error::other)
}

/// The only number of a file.
pub(super) fn number(text: &str) -> io::Result<u64> {
    text.trim()
        .parse()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("not a number: {text:?}")))
}

/// The number behind `key` in a file of `key value` lines.
pub(super) fn field(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// The sums of `rbytes=` and `wbytes=` over the devices of an `io.stat`.
pub(super) fn device_bytes(text: &str) -> (Bytes, Bytes) {
    let sum = |key: &str| {
        let words = text.split_whitespace().filter_map(|word| word.strip_prefix(key));
        Bytes(words.filter_map(|number| number.parse::<u64>().ok()).fold(0, u64::saturating_add))
    };
    (sum("rbytes="), sum("wbytes="))
}

/// Writes one value to a cgroup file, in one write.
pub(super) fn write(path: &Path, value: &str) -> io::Result<()> {
    std::fs::write(path, value).map_err(|error| with_path(&error, path))
}

/// The error, with the path that it is about.
pub(super) fn with_path(error: &io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_all_devices_are_added_up() {
        let text = "8:0 rbytes=4096 wbytes=1 rios=1 wios=1 dbytes=9 dios=0\n254:16 rbytes=4 wbytes=2\n";
        assert_eq!(device_bytes(text), (Bytes(4100), Bytes(3)));
        assert_eq!(device_bytes(""), (Bytes(0), Bytes(0)));
    }

    #[test]
    fn a_field_is_found_by_its_whole_name_only() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(field(text, "oom_kill"), Some(3));
        assert_eq!(field(text, "oom"), None);
        assert_eq!(number("12\n").expect("a number"), 12);
        assert!(number("max\n").is_err());
    }
}
