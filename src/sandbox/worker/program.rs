//! The program's process, from its birth to `execve`.
//!
//! Order, each neighbour for a reason: cgroup first, so that everything from here on is counted →
//! cgroup namespace, which hides where that is → limits, while they may still be raised →
//! standard streams → session of its own (no terminal) → descriptors closed → working folder →
//! securebits, while the capability for it is there → group, then user (the other way round the
//! right to change groups would be gone) → capabilities → no_new_privs → Landlock, which needs
//! that → seccomp, since it would refuse the rest → `Ready`, as late as can be → execve. Signals and
//! the file mode mask are the worker's, which has set them to what a program starts with.

use std::os::fd::{AsFd, BorrowedFd};

use nix::fcntl::{OFlag, openat};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::init::CaseFds;
use super::template::{Built, PROGRAM_ID};
use crate::sandbox::sys::{self, Execution};
use crate::sandbox::wire::{self, CasePlan, FaultRecord, FilterPlan, Record, Rlimit, Step};
use crate::sandbox::{cpu_nanos, monotonic_nanos};
use crate::units::NoNul;

/// How the program comes to be in its version 2 cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is there (`CLONE_INTO_CGROUP`), or there is none.
    BornInside,
    /// It writes its name there.
    Joins,
}

/// What the program's process needs. It shares init's memory and must leave nothing in it: what
/// lasts until `execve` is made before.
pub(super) struct Setup<'a> {
    pub(super) plan: &'a CasePlan,
    pub(super) fds: &'a CaseFds,
    pub(super) case: BorrowedFd<'a>,
    pub(super) built: &'a Built,
    pub(super) execution: &'a Execution,
    pub(super) wall: Option<BorrowedFd<'a>>,
    pub(super) filter: Option<&'a FilterPlan>,
    pub(super) entry: Entry,
}

/// What is to be executed.
pub(super) fn execution(plan: &CasePlan) -> Execution {
    let words = |words: &[NoNul]| words.iter().map(NoNul::to_c_string).collect();
    Execution::new(words(&plan.candidates), words(&plan.argv), words(&plan.env))
}

/// Becomes the program, or returns why not.
pub(super) fn run(setup: &Setup<'_>) -> Record {
    become_program(setup).unwrap_or_else(Record::Fault)
}

fn join(fds: &CaseFds, entry: Entry) -> Result<(), FaultRecord> {
    let joining = || "joining the cgroup".to_owned();
    for tasks in &fds.tasks {
        nix::unistd::write(tasks, b"0").step(joining)?;
    }
    if let (Some(folder), Entry::Joins) = (&fds.cgroup, entry) {
        let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let processes = openat(folder, "cgroup.procs", flags, Mode::empty()).step(joining)?;
        nix::unistd::write(processes, b"0").step(joining)?;
    }
    Ok(())
}

/// Returns only if nothing could be executed: the record that says so.
fn become_program(setup: &Setup<'_>) -> Result<Record, FaultRecord> {
    let Setup { plan, fds, built, .. } = setup;
    join(fds, setup.entry)?;
    unshare(CloneFlags::CLONE_NEWCGROUP).step(|| "making a cgroup namespace".to_owned())?;
    set_limits(plan)?;
    let streams = || "setting up the standard streams".to_owned();
    nix::unistd::dup2_stdin(&fds.stdin).step(streams)?;
    nix::unistd::dup2_stdout(&fds.stdout).step(streams)?;
    nix::unistd::dup2_stderr(&fds.stderr).step(streams)?;
    nix::unistd::setsid().step(|| "starting a session".to_owned())?;
    // What is left is close-on-exec. The listener of the filter must find a number below the limit on
    // open files, however low that is.
    let closing = || "closing descriptors".to_owned();
    match setup.wall {
        Some(wall) => sys::close_all_but(&[setup.case, wall]),
        None => sys::close_all_but(&[setup.case]),
    }
    .step(closing)?;
    sys::close_on_exec_from(3).step(closing)?;
    if let Err(errno) = nix::unistd::chdir(plan.workdir.as_os_str()) {
        return Ok(Record::WorkdirFailed { errno: errno as i32 });
    }
    give_up_privileges(built.two_ids)?;
    if let Some(wall) = setup.wall {
        sys::landlock_restrict(wall).step(|| "restricting by Landlock".to_owned())?;
    }
    lock(setup)?;
    let mut failed = Record::ExecFailed { candidate: 0, errno: libc::ENOENT, found: false };
    for (number, path) in setup.execution.paths().enumerate() {
        let errno = setup.execution.execute(path);
        let found = nix::unistd::access(path, nix::unistd::AccessFlags::F_OK).is_ok();
        if found || !matches!(errno, libc::ENOENT | libc::ENOTDIR) {
            let candidate = u32::try_from(number).unwrap_or(u32::MAX);
            failed = Record::ExecFailed { candidate, errno, found };
            // Like a shell: a file that may not be executed does not hide one further on.
            if errno != libc::EACCES {
                break;
            }
        }
    }
    Ok(failed)
}

fn set_limits(plan: &CasePlan) -> Result<(), FaultRecord> {
    for limit in &plan.limits {
        let resource = match limit.which {
            Rlimit::Core => Resource::RLIMIT_CORE,
            Rlimit::Cpu => Resource::RLIMIT_CPU,
            Rlimit::FileSize => Resource::RLIMIT_FSIZE,
            Rlimit::OpenFiles => Resource::RLIMIT_NOFILE,
            Rlimit::Processes => Resource::RLIMIT_NPROC,
            Rlimit::Stack => Resource::RLIMIT_STACK,
            Rlimit::RealtimePriority => Resource::RLIMIT_RTPRIO,
            Rlimit::Nice => Resource::RLIMIT_NICE,
            Rlimit::AddressSpace => Resource::RLIMIT_AS,
            Rlimit::Data => Resource::RLIMIT_DATA,
        };
        let step = || format!("setting the limit {:?}", limit.which);
        let (soft, highest) = getrlimit(resource).step(step)?;
        // That the highest is enough was seen to before: `host::allows`.
        let hard = limit.hard.unwrap_or(highest).min(highest);
        let wanted = (limit.soft.min(hard), hard);
        if wanted != (soft, highest) {
            setrlimit(resource, wanted.0, wanted.1).step(step)?;
        }
    }
    Ok(())
}

fn give_up_privileges(two_ids: bool) -> Result<(), FaultRecord> {
    sys::lock_securebits().step(|| "locking the securebits".to_owned())?;
    if two_ids {
        let (user, group) = (Uid::from_raw(PROGRAM_ID), Gid::from_raw(PROGRAM_ID));
        setgroups(&[]).step(|| "giving up supplementary groups".to_owned())?;
        setresgid(group, group, group).step(|| "taking the program's group id".to_owned())?;
        setresuid(user, user, user).step(|| "taking the program's user id".to_owned())?;
    }
    sys::drop_capabilities().step(|| "dropping capabilities".to_owned())?;
    nix::sys::prctl::set_no_new_privs().step(|| "PR_SET_NO_NEW_PRIVS".to_owned())
}

/// Puts the filter on and says `Ready`: next to each other, so that what is measured from `Ready` on
/// is the program's.
fn lock(setup: &Setup<'_>) -> Result<(), FaultRecord> {
    let installing = || "installing the system-call filter".to_owned();
    let listener = match setup.filter {
        None => None,
        Some(FilterPlan { reporting, killing }) => match sys::install_filter(reporting, true) {
            Ok(listener) => listener,
            // Whoever started us has a listening filter already, and there can be one only: then
            // forbidden calls kill without a name.
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                sys::install_filter(killing, false).step(installing)?
            }
            Err(error) => return Err(FaultRecord::new(installing(), &error)),
        },
    };
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF);
    let resident_kib = usage.map_or(u64::MAX, |usage| u64::try_from(usage.max_rss()).unwrap_or(u64::MAX));
    let listener = listener.as_ref().map(AsFd::as_fd);
    let ready = Record::Ready { at_nanos: monotonic_nanos(), cpu_nanos: cpu_nanos(), resident_kib };
    wire::send(setup.case, &ready, listener.as_slice())
        .step(|| "reporting that the sandbox is ready".to_owned())
}
