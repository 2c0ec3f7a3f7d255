//! What is tried, each in a process of its own that ends afterwards: nothing stays changed.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::facts::{Attempt, ProbePlan};
use crate::sandbox::sys::{self, Forked, Instruction, MountAttr};
use crate::sandbox::wire::{FaultRecord, Ids, Step};
use crate::sandbox::worker::{Owner, landlock, sources, template};
use crate::units::NoNul;

/// Tries one thing. May go on in a child of this process, which then is the one that returns.
pub(super) fn attempt(
    attempt: Attempt,
    plan: &ProbePlan,
    control: BorrowedFd<'_>,
) -> Result<(), FaultRecord> {
    let inside = |flags: CloneFlags, name: &str| {
        template::enter(plan.ids, control)?;
        unshare(flags).step(|| format!("making a {name} namespace"))
    };
    match attempt {
        Attempt::UserNamespace => {
            unshare(CloneFlags::CLONE_NEWUSER).step(|| "making a user namespace".to_owned())
        }
        Attempt::IdMaps => template::enter(plan.ids, control).map(|_| ()),
        Attempt::MountNamespace => inside(CloneFlags::CLONE_NEWNS, "mount"),
        Attempt::PidNamespace => {
            inside(CloneFlags::CLONE_NEWPID, "PID")?;
            go_on_as_child()?;
            held(nix::unistd::getpid().as_raw() == 1, "the first process of a PID namespace is not number 1")
        }
        Attempt::NetworkNamespace => inside(CloneFlags::CLONE_NEWNET, "network"),
        Attempt::IpcNamespace => inside(CloneFlags::CLONE_NEWIPC, "IPC"),
        Attempt::UtsNamespace => inside(CloneFlags::CLONE_NEWUTS, "UTS"),
        Attempt::CgroupNamespace => inside(CloneFlags::CLONE_NEWCGROUP, "cgroup"),
        Attempt::IdMappedMount => map_owners(plan.ids, &plan.folder),
        Attempt::Overlay => {
            inside(CloneFlags::CLONE_NEWNS, "mount")?;
            template::propagate_nothing()?;
            template::try_overlay("/tmp").step(|| "mounting an overlay".to_owned())
        }
        Attempt::Proc => {
            inside(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID, "mount and PID")?;
            template::propagate_nothing()?;
            go_on_as_child()?;
            let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
            mount(Some("proc"), "/tmp", Some("proc"), flags, Some("hidepid=2"))
                .step(|| "mounting /proc".to_owned())
        }
        Attempt::NoNewPrivs => no_new_privs(),
        Attempt::Filter => filter(false),
        Attempt::Listener => filter(true),
        Attempt::Landlock => restrict(),
        Attempt::Rlimits => lower_limits(),
    }
}

fn held(is_held: bool, otherwise: &str) -> Result<(), FaultRecord> {
    if is_held { Ok(()) } else { Err(FaultRecord { step: otherwise.to_owned(), errno: None }) }
}

/// A new PID namespace begins with the next child. We wait for it and end; it goes on.
fn go_on_as_child() -> Result<(), FaultRecord> {
    match sys::fork(0, None).step(|| "starting the first process of a PID namespace".to_owned())? {
        Forked::Child => Ok(()),
        Forked::Parent { .. } => {
            // Nothing to be told: the child has said all, or its end of the socket closes.
            let _ = sys::wait_any(false);
            sys::exit_now()
        }
    }
}

/// Maps the owner of a folder to the id that a program would have.
fn map_owners(ids: Ids, folder: &NoNul) -> Result<(), FaultRecord> {
    let Ids::Two { first, .. } = ids else { return Ok(()) };
    let mapping = || format!("mapping the owners of {folder}");
    template::private_mounts()?;
    let tree = sys::open_tree(&folder.to_c_string()).step(|| format!("opening {folder}"))?;
    let meta = std::fs::metadata(folder.as_os_str()).step(mapping)?;
    let program = Owner { uid: first + 1, gid: first + 1 };
    let map = sources::id_map(meta.uid(), meta.gid(), program).step(mapping)?;
    let id_map = Some(sys::IdMap(map.as_fd()));
    sys::set_mount_attr(tree.as_fd(), MountAttr { set: 0, private: true, id_map }).step(mapping)
}

fn no_new_privs() -> Result<(), FaultRecord> {
    nix::sys::prctl::set_no_new_privs().step(|| "PR_SET_NO_NEW_PRIVS".to_owned())
}

/// A filter that refuses `getsid` only, with an error number that it never gives by itself.
fn filter(listen: bool) -> Result<(), FaultRecord> {
    const TELLTALE: Errno = Errno::EMSGSIZE;
    let refused = u32::try_from(libc::SYS_getsid).expect("system call numbers are small");
    let program = [
        Instruction { code: 0x20, jt: 0, jf: 0, k: 0 }, // load the number
        Instruction { code: 0x15, jt: 0, jf: 1, k: refused }, // is it the one?
        Instruction { code: 0x06, jt: 0, jf: 0, k: 0x0005_0000 | TELLTALE as u32 },
        Instruction { code: 0x06, jt: 0, jf: 0, k: 0x7FFF_0000 },
    ];
    no_new_privs()?;
    let what = if listen { "installing a filter with a listener" } else { "installing a filter" };
    sys::install_filter(&program, listen).step(|| what.to_owned())?;
    held(nix::unistd::getsid(None) == Err(TELLTALE), "a filter is installed and does not act")
}

fn restrict() -> Result<(), FaultRecord> {
    let Some(abi) = landlock::abi() else {
        let absent = std::io::Error::from_raw_os_error(libc::ENOSYS);
        return Err(FaultRecord::new("asking for Landlock", &absent));
    };
    no_new_privs()?;
    landlock::restrict_to_reading(abi).step(|| "restricting by Landlock".to_owned())?;
    held(File::options().write(true).open("/dev/null").is_err(), "a Landlock ruleset does not act")
}

/// Lowers each limit that programs get, and looks whether it is so.
fn lower_limits() -> Result<(), FaultRecord> {
    for (resource, value) in [
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_CPU, 1000),
        (Resource::RLIMIT_FSIZE, 1 << 20),
        (Resource::RLIMIT_NOFILE, 64),
        (Resource::RLIMIT_NPROC, 64),
        (Resource::RLIMIT_STACK, 1 << 20),
    ] {
        let setting = || format!("setting {resource:?}");
        let (_, highest) = getrlimit(resource).step(setting)?;
        let value = highest.min(value);
        setrlimit(resource, value, value).step(setting)?;
        held(getrlimit(resource).step(setting)? == (value, value), "a lowered limit is not in force")?;
    }
    Ok(())
}
