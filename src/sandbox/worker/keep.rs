//! The proof that a case has left nothing in what its init holds, so that the init can serve the
//! next one: [`Keeper`].
//!
//! What a case could leave, and what shows it:
//!
//! - processes: `kill(-1)` finds nobody. It is atomic against fork, which fails where a signal waits;
//! - anything in the writable folders, or done to them: the times of change of the folders
//!   themselves, which no program can set, their sizes, links, owners and modes, and the numbers of
//!   blocks and files in use. Kept only where the kernel's times are so fine that no change can hide
//!   within a tick (tmpfs since Linux 6.13), which the worker has tried;
//! - process numbers: the counter is set back before each case, and the program asks for its number;
//! - files that are in no folder, IPC objects, sockets: the filter notes their making, for the
//!   supervisor.
//!
//! A workspace that shows folders or files of the host's is never kept: an overlay numbers the
//! folders that were looked at.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

use super::template::{ANCHOR, Built};
use crate::sandbox::sys;
use crate::sandbox::wire::{FaultRecord, InitPlan, Step};

/// The program's process number, as in a PID namespace where nobody has been.
const PROGRAM: i32 = 2;
/// The folders of the writable tmpfs that a program can reach.
const FOLDERS: [&str; 3] = ["tmp", "shm", "workspace"];

/// What is compared.
pub(super) struct Keeper {
    last_pid: File,
    folders: Vec<OwnedFd>,
    before: Vec<State>,
}

/// Everything about a folder that a program could change.
#[derive(Debug, PartialEq, Eq)]
struct State {
    changed: (i64, i64),
    modified: (i64, i64),
    accessed: (i64, i64),
    size: i64,
    blocks: i64,
    links: u64,
    mode: u32,
    owner: (u32, u32),
    /// Blocks and files free in the whole tmpfs.
    free: (u64, u64),
}

/// The counter of process numbers, opened while that can be done; `None`: this init is for one case.
pub(super) fn last_pid_file(plan: &InitPlan, built: &Built) -> Option<File> {
    // With one id the program could change init's limits and priority, and the next case would have
    // them.
    let provable = !built.for_one_case
        && built.two_ids
        && built.fine_times
        && sys::has_clone3()
        && plan.layers.is_empty()
        && plan.files.is_empty();
    let open = || File::options().write(true).open(format!("{ANCHOR}/sys/kernel/ns_last_pid")).ok();
    provable.then(open).flatten()
}

impl Keeper {
    pub(super) fn new(last_pid: File, tmpfs: &OwnedFd) -> Result<Self, FaultRecord> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let open = |name| nix::fcntl::openat(tmpfs, name, flags, Mode::empty());
        let looking = || "looking at the writable folders".to_owned();
        let folders = FOLDERS.map(open).into_iter().collect::<Result<Vec<_>, _>>().step(looking)?;
        let before = states(&folders, tmpfs.as_fd()).step(looking)?;
        Ok(Self { last_pid, folders, before })
    }

    /// Sets the counter back, and says the number that the program is to have.
    pub(super) fn next_pid(&self) -> Result<i32, FaultRecord> {
        self.last_pid
            .write_all_at(PROGRAM.to_string().as_bytes(), 0)
            .step(|| "setting back the process numbers".to_owned())?;
        Ok(PROGRAM)
    }

    /// Whether the case that has just been ended has left nothing.
    pub(super) fn nothing_left(&self, tmpfs: &OwnedFd) -> bool {
        let nobody = nix::sys::signal::kill(nix::unistd::Pid::from_raw(-1), None) == Err(Errno::ESRCH);
        nobody && states(&self.folders, tmpfs.as_fd()).is_ok_and(|now| now == self.before)
    }
}

fn states(folders: &[OwnedFd], tmpfs: BorrowedFd<'_>) -> nix::Result<Vec<State>> {
    let space = nix::sys::statvfs::fstatvfs(tmpfs)?;
    let free = (space.blocks_free(), space.files_free());
    folders
        .iter()
        .map(|folder| {
            let stat = nix::sys::stat::fstat(folder)?;
            Ok(State {
                changed: (stat.st_ctime, stat.st_ctime_nsec),
                modified: (stat.st_mtime, stat.st_mtime_nsec),
                accessed: (stat.st_atime, stat.st_atime_nsec),
                size: stat.st_size,
                blocks: stat.st_blocks,
                links: stat.st_nlink,
                mode: stat.st_mode,
                owner: (stat.st_uid, stat.st_gid),
                free,
            })
        })
        .collect()
}

/// Whether two changes in a row can always be told apart by their times: tried on a folder of a
/// tmpfs of ours, often enough that no tick of a coarse clock can look like it.
pub(super) fn times_are_fine(folder: &str) -> bool {
    const TRIES: usize = 8;
    let change = || -> nix::Result<(i64, i64)> {
        nix::sys::stat::fchmodat(
            nix::fcntl::AT_FDCWD,
            folder,
            Mode::from_bits_truncate(0o755),
            nix::sys::stat::FchmodatFlags::FollowSymlink,
        )?;
        let stat = nix::sys::stat::stat(folder)?;
        Ok((stat.st_ctime, stat.st_ctime_nsec))
    };
    let times: Result<Vec<_>, _> = (0..TRIES).map(|_| change()).collect();
    times.is_ok_and(|times| times.windows(2).all(|pair| pair[0] < pair[1]))
}
