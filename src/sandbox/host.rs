//! What this process is on this host: read once, plain data.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::time::Duration;

use nix::sched::CpuSet;
use nix::sys::resource::{Resource, getrlimit};

use super::procfs;
use super::spec::Limits;
use super::wire::Ids;
use crate::units::Bytes;

/// The stack that programs get, as a login gives it.
pub(super) const STACK: u64 = 8 << 20;

/// The first host id that workers use. Nothing hands out ids from here on (systemd's containers
/// end below); an id is only a name for "nobody else".
const FIRST_ID: u32 = 0x7000_0000;
/// As many workers as there can be process numbers.
const SPREAD: u32 = 1 << 22;
/// Ids that a worker uses: one for its namespace's root, one for the program.
const IDS_EACH: u32 = 2;

/// The ids that workers on this host get.
///
/// # Errors
/// Why there are none to be had: root in a user namespace with too few ids.
pub(super) fn ids() -> Result<Ids, String> {
    static IDS: OnceLock<Result<Ids, String>> = OnceLock::new();
    IDS.get_or_init(find_ids).clone()
}

fn find_ids() -> Result<Ids, String> {
    let uid = nix::unistd::geteuid();
    if !uid.is_root() {
        return Ok(Ids::One { uid: uid.as_raw(), gid: nix::unistd::getegid().as_raw() });
    }
    let map = procfs::text("/proc/self/uid_map").unwrap_or_default();
    spare_ids(&map).ok_or_else(|| {
        "this root has too few user ids to give the program one of its own (uid_map); run as an ordinary user instead"
            .to_owned()
    })
}

/// A range that this user namespace has and nobody in it is likely to use.
fn spare_ids(uid_map: &str) -> Option<Ids> {
    let ranges = uid_map.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (inside, _outside, count) = (fields.next()?, fields.next()?, fields.next()?);
        Some((inside.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
    });
    let room = |first: u32, spread: u32| {
        let end = u64::from(first) + u64::from(IDS_EACH) * u64::from(spread);
        ranges.clone().any(|(inside, count)| inside <= u64::from(first) && end <= inside + count)
    };
    if room(FIRST_ID, SPREAD) {
        return Some(Ids::Two { first: FIRST_ID, spread: SPREAD });
    }
    // A container's 65,536 ids: from above those that distributions give to people and services,
    // and below "nobody".
    room(20_000, 20_000).then_some(Ids::Two { first: 20_000, spread: 20_000 })
}

/// Whether this user may have so many more processes: those of a program count as ours as well,
/// whatever its id is in the user namespace that we made.
///
/// # Errors
/// There are too many already. A fork that failed for that would be held against the program.
pub(super) fn room_for(pids: u32) -> Result<(), String> {
    let limit = getrlimit(Resource::RLIMIT_NPROC).map_or(u64::MAX, |(soft, _)| soft);
    // A worker and its init, for each.
    let wanted = u64::from(pids) + 2;
    // All tasks of the machine are counted at no cost; those of this user only when it matters.
    if limit == u64::MAX || all_tasks().saturating_add(wanted) <= limit {
        return Ok(());
    }
    let there = tasks_of(nix::unistd::getuid().as_raw());
    if there.saturating_add(wanted) <= limit {
        return Ok(());
    }
    Err(format!(
        "the program may have {pids} processes, but this user only {limit} in all (ulimit -u), and has {there}"
    ))
}

/// Whether our own hard limits let a program have what it is promised: it inherits them, nobody can raise
/// them again, and what it met there would be held against it.
///
/// # Errors
/// Which limit is too low.
pub(super) fn allows(limits: &Limits) -> Result<(), String> {
    let hard = |resource| getrlimit(resource).map_or(u64::MAX, |(_, hard)| hard);
    too_low(limits, hard)
}

fn too_low(limits: &Limits, hard: impl Fn(Resource) -> u64) -> Result<(), String> {
    let longest = |cpus: usize| limits.wall.saturating_mul(u32::try_from(cpus).unwrap_or(u32::MAX));
    let most = |cpus| backstop(limits.cpu.unwrap_or_else(|| longest(cpus)));
    let mut seconds = most(cpus());
    if hard(Resource::RLIMIT_CPU) < seconds {
        // A cgroup's quota lets it use less; to read it takes longer than all the rest.
        seconds = most(std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    }
    let (memory, files) = (limits.memory.0, u64::from(limits.open_files));
    let bytes = |bytes| Bytes(bytes).to_string();
    for (resource, option, name, wanted) in [
        (Resource::RLIMIT_NOFILE, 'n', "open files", files),
        (Resource::RLIMIT_FSIZE, 'f', "the size of a file", limits.file_size.0),
        (Resource::RLIMIT_AS, 'v', "memory", memory),
        (Resource::RLIMIT_DATA, 'd', "memory", memory),
        (Resource::RLIMIT_STACK, 's', "the stack", STACK),
        (Resource::RLIMIT_CPU, 't', "CPU time", seconds),
    ] {
        let highest = hard(resource);
        if highest < wanted {
            let shown = match resource {
                Resource::RLIMIT_NOFILE => [wanted, highest].map(|files| files.to_string()),
                Resource::RLIMIT_CPU => [wanted, highest].map(|seconds| format!("{seconds} s")),
                _ => [wanted, highest].map(bytes),
            };
            let [wanted, highest] = shown;
            return Err(format!(
                "the limit on {name} is to be {wanted}, and capsule-run itself may have no more than {highest} (ulimit -H{option})"
            ));
        }
    }
    Ok(())
}

/// CPUs that a program may run on. A quota of a cgroup's is not in this.
pub(super) fn cpus() -> usize {
    static CPUS: OnceLock<usize> = OnceLock::new();
    *CPUS.get_or_init(|| {
        let may = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0));
        let count = may.map(|may| (0..CpuSet::count()).filter(|cpu| may.is_set(*cpu) == Ok(true)).count());
        // A host with more of them than the set has room for.
        count
            .unwrap_or_else(|_| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
            .max(1)
    })
}

/// `RLIMIT_CPU` for a limit on CPU time: whole seconds, and never before the limit itself.
pub(super) fn backstop(cpu: Duration) -> u64 {
    cpu.saturating_add(Duration::from_millis(1999)).as_secs()
}

/// Processes and threads of the whole machine, also of what is outside our PID namespace.
fn all_tasks() -> u64 {
    static LOAD: OnceLock<Option<File>> = OnceLock::new();
    let load = LOAD.get_or_init(|| File::open("/proc/loadavg").ok());
    let mut text = [0; 128];
    let length = load.as_ref().and_then(|load| load.read_at(&mut text, 0).ok()).unwrap_or(0);
    let text = String::from_utf8_lossy(&text[..length]);
    let tasks = || text.split_whitespace().nth(3)?.split_once('/')?.1.parse().ok();
    tasks().unwrap_or(u64::MAX)
}

/// Processes and threads of a user.
fn tasks_of(uid: u32) -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let statuses = processes.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    statuses.filter_map(|status| threads_if_of(&status, uid)).sum()
}

fn threads_if_of(status: &str, uid: u32) -> Option<u64> {
    let first = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next());
    (first("Uid:")?.parse() == Ok(uid)).then(|| first("Threads:")?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_range_gives_every_worker_ids_of_its_own() {
        let all = spare_ids("         0          0 4294967295\n");
        assert_eq!(all, Some(Ids::Two { first: FIRST_ID, spread: SPREAD }));
    }

    #[test]
    fn a_container_gives_fewer_and_a_single_id_none() {
        assert_eq!(spare_ids("0 100000 65536\n"), Some(Ids::Two { first: 20_000, spread: 20_000 }));
        assert_eq!(spare_ids("0 1000 1\n"), None);
    }

    #[test]
    fn every_hard_limit_that_a_program_would_meet_is_told() {
        let limits = Limits {
            wall: Duration::from_secs(9),
            cpu: Some(Duration::from_millis(1500)),
            memory: Bytes::mib(256),
            pids: 8,
            output: Bytes::mib(1),
            file_size: Bytes::mib(64),
            disk: Bytes::mib(64),
            open_files: 64,
            cpu_shares: 1024,
            setup: Duration::from_secs(9),
            watch_interval: Duration::from_millis(20),
        };
        assert_eq!(too_low(&limits, |_| u64::MAX), Ok(()));
        for (resource, enough, words) in [
            (Resource::RLIMIT_NOFILE, 64, "ulimit -Hn"),
            (Resource::RLIMIT_FSIZE, 64 << 20, "ulimit -Hf"),
            (Resource::RLIMIT_AS, 256 << 20, "ulimit -Hv"),
            (Resource::RLIMIT_DATA, 256 << 20, "ulimit -Hd"),
            (Resource::RLIMIT_STACK, 8 << 20, "ulimit -Hs"),
            (Resource::RLIMIT_CPU, 3, "ulimit -Ht"),
        ] {
            let hard = |limit| move |which| if which == resource { limit } else { u64::MAX };
            assert_eq!(too_low(&limits, hard(enough)), Ok(()), "{resource:?}");
            let told = too_low(&limits, hard(enough - 1)).expect_err("it is too low");
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn the_tasks_of_a_user_are_threads_too_and_nobody_else_s() {
        let status = "Name:\tx y\nUid:\t7\t0\t0\t0\nThreads:\t3\n";
        assert_eq!(threads_if_of(status, 7), Some(3));
        assert_eq!(threads_if_of(status, 0), None);
        let own = tasks_of(nix::unistd::getuid().as_raw());
        assert!(own >= 1 && own <= all_tasks() + 64, "{own} of {}", all_tasks());
    }
}
