//! The worker's life: template once, then a case after the other.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::MsgFlags;

use super::init::{self, CaseFds};
use super::template;
use crate::sandbox::probe;
use crate::sandbox::sys::{self, Forked};
use crate::sandbox::wire::{self, CasePlan, FaultRecord, PlacementPlan, Reply, Step, Template};

/// The whole life of a worker process: `capsule-run` calls this, first thing, when its own name
/// (`argv[0]`) is `capsule-run-worker`. Its control socket is its standard input.
///
/// Ends when the supervisor closes the socket or dies.
#[must_use]
pub fn worker_main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == probe::PROBE) {
        return probe::prober_main();
    }
    // So that `pgrep capsule-run` finds the supervisor and nobody else. A name that cannot be set
    // harms nobody.
    let _ = nix::sys::prctl::set_name(c"capsule-worker");
    // Inherited descriptors of whoever started capsule-run must not be there to be found. Nothing
    // has been opened yet in this process.
    if sys::close_from(3).is_err() {
        return ExitCode::FAILURE;
    }
    let Ok(control) = io::stdin().as_fd().try_clone_to_owned() else { return ExitCode::FAILURE };
    match serve(control.as_fd()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            // If the supervisor is gone there is nobody to tell.
            let _ = wire::send(control.as_fd(), &Reply::Fault(fault), &[]);
            ExitCode::FAILURE
        }
    }
}

fn serve(control: BorrowedFd<'_>) -> Result<(), FaultRecord> {
    // A session of our own: Ctrl-C in the caller's terminal is the supervisor's to handle.
    nix::unistd::setsid().step(|| "starting a session".to_owned())?;
    let Some((template, _)) =
        wire::receive::<Template>(control, MsgFlags::empty()).step(|| "reading the template".to_owned())?
    else {
        return Ok(());
    };
    let built = template::build(&template, control)?;
    let ready =
        Reply::Ready { layers: built.layers.clone(), overlay: built.overlay, landlock: built.landlock };
    wire::send(control, &ready, &[]).step(|| "reporting the template".to_owned())?;
    loop {
        let message =
            wire::receive::<CasePlan>(control, MsgFlags::empty()).step(|| "reading a plan".to_owned())?;
        let Some((plan, fds)) = message else { return Ok(()) };
        run_case(control, &plan, fds, &built)?;
    }
}

fn run_case(
    control: BorrowedFd<'_>,
    plan: &CasePlan,
    fds: Vec<OwnedFd>,
    built: &template::Built,
) -> Result<(), FaultRecord> {
    let Some(fds) = CaseFds::split(plan, fds) else {
        return Err(FaultRecord { step: "reading a plan: descriptors are missing".to_owned(), errno: None });
    };
    let namespaces = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC;
    let namespaces = u64::try_from(namespaces).expect("these three bits are positive");
    match sys::fork(namespaces, None).step(|| "making the namespaces of a case".to_owned())? {
        Forked::Child => init::run(plan, fds, built),
        Forked::Parent { pidfd, .. } => {
            drop(fds);
            wire::send(control, &Reply::Started, &[pidfd.as_fd()]).step(|| "reporting a case".to_owned())?;
            reap(control, &pidfd)
        }
    }
}

/// Waits for init's end. If the supervisor goes first, so do we, and init with us.
fn reap(control: BorrowedFd<'_>, pidfd: &OwnedFd) -> Result<(), FaultRecord> {
    loop {
        let mut watched =
            [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN), PollFd::new(control, PollFlags::empty())];
        match poll(&mut watched, PollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => continue,
            other => other.step(|| "waiting for a case".to_owned())?,
        };
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR;
        if watched[1].revents().is_some_and(|events| events.intersects(gone)) {
            // Our death is init's (PR_SET_PDEATHSIG), and init's is everybody's.
            return Err(FaultRecord { step: "the supervisor is gone".to_owned(), errno: None });
        }
        if watched[0].revents().is_some_and(|events| events.contains(PollFlags::POLLIN)) {
            while sys::wait_any(true).step(|| "reaping init".to_owned())?.is_some() {}
            return Ok(());
        }
    }
}

impl CaseFds {
    /// Sorts the descriptors that came with a plan: see `launch` for the order.
    fn split(plan: &CasePlan, fds: Vec<OwnedFd>) -> Option<Self> {
        let mut fds = fds.into_iter();
        let mut next = || fds.next();
        let (stdin, stdout, stderr, fault, status) = (next()?, next()?, next()?, next()?, next()?);
        let files = if plan.files.is_empty() { None } else { Some(next()?) };
        let mut tasks = Vec::new();
        let mut cgroup = None;
        match plan.placement {
            PlacementPlan::Nowhere => {}
            PlacementPlan::Into => cgroup = Some(next()?),
            PlacementPlan::Tasks(count) => {
                for _ in 0..count {
                    tasks.push(next()?);
                }
            }
        }
        Some(Self { stdin, stdout, stderr, fault, status, files, tasks, cgroup })
    }
}
