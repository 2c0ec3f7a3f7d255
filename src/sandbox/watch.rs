//! Watching the process tree of a sandbox, for hosts where no cgroup counts.
//!
//! Every process of a case is a descendant of its init, also when its parent has died, so the
//! kernel's own lists of children find all of them.

use std::fs;

use super::sys;

/// What the processes of a tree use now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TreeUse {
    /// Bytes of all processes together, page tables included; what several share counts once.
    pub(super) memory: u64,
    /// CPU microseconds of the living and of those that were reaped.
    pub(super) cpu_micros: u64,
    /// Processes and their threads (init not counted).
    pub(super) tasks: u32,
}

/// Looks at all descendants of init.
pub(super) fn tree(init: i32) -> TreeUse {
    let mut found = TreeUse::default();
    // With whom each shares its memory, if it does: its parent.
    let mut left = vec![(init, None)];
    while let Some((pid, parent)) = left.pop() {
        let mut memory_of = None;
        if let Some(stat) = stat_of(pid) {
            found.cpu_micros +=
                ticks_to_micros(if pid == init { stat.reaped } else { stat.own + stat.reaped });
            if pid != init {
                // A child of vfork has its parent's memory until it executes something: once is enough. Asked
                // first: what is its own now stays its own.
                let is_counted = parent.is_some_and(|parent| sys::have_one_memory(parent, pid));
                // Where the kernel does not show it, what is mapped: looked at anew, as what has ended
                // meanwhile has none.
                let resident = || Some((pid, stat_of(pid)?.resident_pages * page_size()));
                let memory = memory(pid, stat.threads).or_else(resident);
                found.memory += memory.filter(|_| !is_counted).map_or(0, |(_, bytes)| bytes);
                memory_of = memory.map(|(task, _)| task);
                found.tasks += stat.threads;
            }
        }
        left.extend(children(pid).into_iter().map(|child| (child, memory_of)));
    }
    found
}

/// All descendants of a process.
pub(super) fn below(root: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut left = children(root);
    while let Some(pid) = left.pop() {
        found.push(pid);
        left.extend(children(pid));
    }
    found
}

/// The parent of a process that is there.
pub(super) fn parent(pid: i32) -> Option<i32> {
    state_and_parent(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?).map(|(_, parent)| parent)
}

/// Whether a process is stopped, or gone.
pub(super) fn is_stopped(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state_and_parent(&stat).is_none_or(|(state, _)| matches!(state, 'T' | 't' | 'Z' | 'X'))
}

fn state_and_parent(stat: &str) -> Option<(char, i32)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Proportional bytes of a process, and the thread that shows them. A first thread that has ended has
/// no memory any more, and with it its process seems to have none, while the others go on.
fn memory(pid: i32, threads: u32) -> Option<(i32, u64)> {
    let of = |task: i32| Some((task, memory_in(&format!("/proc/{pid}/task/{task}"))?));
    of(pid).or_else(|| if threads > 1 { tasks(pid).into_iter().find_map(of) } else { None })
}

fn tasks(pid: i32) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Of a page that four share, a quarter; and the page tables, which can be far larger than what they
/// show. `None` where the kernel does not say.
fn memory_in(folder: &str) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).ok();
    let tables = read("status").and_then(|text| kib(&text, "VmPTE:")).unwrap_or(0);
    Some(kib(&read("smaps_rollup")?, "Pss:")? + tables)
}

/// A line `key N kB`, in bytes.
fn kib(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}

fn children(pid: i32) -> Vec<i32> {
    tasks(pid)
        .into_iter()
        .filter_map(|task| fs::read_to_string(format!("/proc/{pid}/task/{task}/children")).ok())
        .flat_map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

struct Stat {
    own: u64,
    reaped: u64,
    threads: u32,
    resident_pages: u64,
}

fn stat_of(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name stands in parentheses and may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Stat {
        own: field(14)? + field(15)?,
        reaped: field(16)? + field(17)?,
        threads: field(20)?.try_into().ok()?,
        resident_pages: field(24)?,
    })
}

fn sysconf(name: nix::unistd::SysconfVar, otherwise: u64) -> u64 {
    nix::unistd::sysconf(name).ok().flatten().and_then(|n| u64::try_from(n).ok()).unwrap_or(otherwise)
}

fn ticks_to_micros(ticks: u64) -> u64 {
    ticks * 1_000_000 / sysconf(nix::unistd::SysconfVar::CLK_TCK, 100)
}

fn page_size() -> u64 {
    sysconf(nix::unistd::SysconfVar::PAGE_SIZE, 4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let text = "42 (a ) b) S 1 42 42 0 -1 4194304 100 0 0 0 7 8 9 10 20 0 1 0 555 1000000 321 0 0";
        let stat = parse_stat(text).expect("parses");
        assert_eq!((stat.own, stat.reaped, stat.threads, stat.resident_pages), (15, 19, 1, 321));
    }

    #[test]
    fn proportional_memory_and_page_tables_are_read_in_bytes() {
        assert_eq!(kib("Rss:  9 kB\nPss:  3 kB\nPss_Anon: 1 kB\n", "Pss:"), Some(3072));
        assert_eq!(kib("", "Pss:"), None);
        let own = i32::try_from(std::process::id()).expect("fits");
        let (task, bytes) = memory(own, 1).expect("our own is readable");
        assert!(task == own && bytes > 1 << 20);
    }

    #[test]
    fn our_own_tree_has_this_process_in_it() {
        let parent = i32::try_from(std::os::unix::process::parent_id()).expect("fits");
        assert!(tree(parent).tasks >= 1);
    }
}
