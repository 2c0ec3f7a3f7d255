//! The program's process, from fork to `execve`.
//!
//! Order, each neighbour for a reason: cgroup first, so that everything from here on is counted →
//! cgroup namespace, which hides where that is → limits, while they may still be raised →
//! standard streams → session of its own (no terminal) → descriptors closed → working folder →
//! securebits, while the capability for it is there → group, then user (the other way round the
//! right to change groups would be gone) → capabilities → no_new_privs → Landlock, whose rules
//! were made while every place could still be opened → signals → `Ready` → seccomp last, since it would refuse the rest → execve.

use std::fs::File;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::init::CaseFds;
use super::landlock;
use super::template::{Built, PROGRAM_ID};
use crate::sandbox::sys;
use crate::sandbox::wire::{self, CasePlan, FaultRecord, FilterPlan, Record, Rlimit, Step};
use crate::sandbox::{cpu_nanos, monotonic_nanos};

/// How the program comes to be in its version 2 cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is there (`CLONE_INTO_CGROUP`), or there is none.
    BornInside,
    /// It writes its name there.
    Joins,
}

/// Becomes the program, or says why not.
pub(super) fn run(plan: &CasePlan, fds: &CaseFds, built: &Built, entry: Entry) -> ! {
    let record = match join(fds, entry).and_then(|()| become_program(plan, fds, built)) {
        Ok(failed) => failed,
        Err(fault) => Record::Fault(fault),
    };
    // If this fails the supervisor sees an end of file without `Ready`, which is a fault of ours.
    let _ = wire::send(fds.fault.as_fd(), &record, &[]);
    sys::exit_now()
}

fn join(fds: &CaseFds, entry: Entry) -> Result<(), FaultRecord> {
    let joining = || "joining the cgroup".to_owned();
    for tasks in &fds.tasks {
        let mut file = File::from(tasks.try_clone().step(|| "opening tasks".to_owned())?);
        std::io::Write::write_all(&mut file, b"0").step(joining)?;
    }
    if let (Some(folder), Entry::Joins) = (&fds.cgroup, entry) {
        let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let processes = openat(folder, "cgroup.procs", flags, Mode::empty()).step(joining)?;
        nix::unistd::write(processes, b"0").step(joining)?;
    }
    Ok(())
}

/// Returns only if nothing could be executed: the record that says so.
fn become_program(plan: &CasePlan, fds: &CaseFds, built: &Built) -> Result<Record, FaultRecord> {
    unshare(CloneFlags::CLONE_NEWCGROUP).step(|| "making a cgroup namespace".to_owned())?;
    set_limits(plan)?;
    let streams = || "setting up the standard streams".to_owned();
    nix::unistd::dup2_stdin(&fds.stdin).step(streams)?;
    nix::unistd::dup2_stdout(&fds.stdout).step(streams)?;
    nix::unistd::dup2_stderr(&fds.stderr).step(streams)?;
    nix::unistd::setsid().step(|| "starting a session".to_owned())?;
    // Every descriptor of ours was opened close-on-exec; this is the second line.
    sys::close_on_exec_from(3).step(|| "closing descriptors".to_owned())?;
    if let Err(errno) = nix::unistd::chdir(plan.workdir.as_os_str()) {
        return Ok(Record::WorkdirFailed { errno: errno as i32 });
    }
    nix::sys::stat::umask(Mode::from_bits_truncate(0o022));
    let wall = built.landlock.map(|abi| landlock::wall(abi, built.host_network, &plan.writable));
    let wall = wall.transpose().step(|| "making the Landlock rules".to_owned())?;
    give_up_privileges()?;
    if let Some(wall) = wall {
        sys::landlock_restrict(wall.as_fd()).step(|| "restricting by Landlock".to_owned())?;
    }
    sys::reset_signals().step(|| "resetting signals".to_owned())?;
    let candidates: Vec<_> = plan.candidates.iter().map(crate::units::NoNul::to_c_string).collect();
    let argv: Vec<_> = plan.argv.iter().map(crate::units::NoNul::to_c_string).collect();
    let env: Vec<_> = plan.env.iter().map(crate::units::NoNul::to_c_string).collect();
    lock(plan, fds)?;
    let mut failed = Record::ExecFailed { candidate: 0, errno: Errno::ENOENT as i32, found: false };
    for (number, path) in candidates.iter().enumerate() {
        let Err(errno) = nix::unistd::execve(path, &argv, &env);
        let found = nix::unistd::access(path.as_c_str(), nix::unistd::AccessFlags::F_OK).is_ok();
        if found || !matches!(errno, Errno::ENOENT | Errno::ENOTDIR) {
            let candidate = u32::try_from(number).unwrap_or(u32::MAX);
            failed = Record::ExecFailed { candidate, errno: errno as i32, found };
            // Like a shell: a file that may not be executed does not hide one further on.
            if errno != Errno::EACCES {
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
        };
        let step = || format!("setting the limit {:?}", limit.which);
        let (_, highest) = getrlimit(resource).step(step)?;
        let hard = limit.hard.unwrap_or(highest).min(highest);
        // A soft limit that the host's own hard limit does not allow is the caller's to hear of.
        if limit.soft > highest && limit.which == Rlimit::OpenFiles {
            return Err(FaultRecord {
                step: format!("open_files is {} but this host allows {highest} (ulimit -Hn)", limit.soft),
                errno: None,
            });
        }
        setrlimit(resource, limit.soft.min(hard), hard).step(step)?;
    }
    Ok(())
}

fn give_up_privileges() -> Result<(), FaultRecord> {
    sys::lock_securebits().step(|| "locking the securebits".to_owned())?;
    let (user, group) = (Uid::from_raw(PROGRAM_ID), Gid::from_raw(PROGRAM_ID));
    if Uid::current() != user {
        setgroups(&[]).step(|| "giving up supplementary groups".to_owned())?;
        setresgid(group, group, group).step(|| "taking the program's group id".to_owned())?;
        setresuid(user, user, user).step(|| "taking the program's user id".to_owned())?;
    }
    sys::drop_capabilities().step(|| "dropping capabilities".to_owned())?;
    nix::sys::prctl::set_no_new_privs().step(|| "PR_SET_NO_NEW_PRIVS".to_owned())
}

/// Says `Ready`, then puts the filter on.
fn lock(plan: &CasePlan, fds: &CaseFds) -> Result<(), FaultRecord> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF);
    let resident_kib = usage.map_or(u64::MAX, |usage| u64::try_from(usage.max_rss()).unwrap_or(u64::MAX));
    let ready = |reporting| Record::Ready {
        at_nanos: monotonic_nanos(),
        cpu_nanos: cpu_nanos(),
        resident_kib,
        reporting,
    };
    let say = |reporting| {
        wire::send(fds.fault.as_fd(), &ready(reporting), &[])
            .step(|| "reporting that the sandbox is ready".to_owned())
    };
    let Some(FilterPlan { reporting, killing }) = &plan.filter else { return say(false) };
    say(true)?;
    match sys::install_filter(reporting, true) {
        Ok(listener) => {
            let listener = listener.expect("a filter installed with a listener returns it");
            wire::send(fds.fault.as_fd(), &Record::Listener, &[listener.as_fd()])
                .step(|| "handing over the filter's listener".to_owned())
        }
        // Whoever started us has a listening filter already, and there can be one only: then
        // forbidden calls kill without a name.
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
            sys::install_filter(killing, false).step(|| "installing the system-call filter".to_owned())?;
            say(false)
        }
        Err(error) => Err(FaultRecord::new("installing the system-call filter", &error)),
    }
}
