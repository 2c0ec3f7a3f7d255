//! The worker's life: template once, then an init whenever one is asked for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use nix::sys::socket::MsgFlags;

use super::{init, template};
use crate::sandbox::probe;
use crate::sandbox::sys::{self, Forked};
use crate::sandbox::wire::{self, FaultRecord, Reply, Request, Step, Template};

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
    serve_cases(control, &built)
}

/// Whatever is asked for, once the template stands.
pub(super) fn serve_cases(control: BorrowedFd<'_>, built: &template::Built) -> Result<(), FaultRecord> {
    report(control, built)?;
    loop {
        // The end of this socket is the supervisor's, and then ours. Our death is that of every init
        // (PR_SET_PDEATHSIG), and init's is everybody's.
        let Some((request, fds)) = request(control)? else { return Ok(()) };
        while sys::wait_any(true).step(|| "reaping an init".to_owned())?.is_some() {}
        start_init(control, &request, fds, built)?;
    }
}

/// The only case, as its init, once the template stands.
pub(super) fn serve_one(control: BorrowedFd<'_>, built: &template::Built) -> Result<(), FaultRecord> {
    report(control, built)?;
    let Some((request, fds)) = request(control)? else { return Ok(()) };
    let (case, files) = sockets(fds)?;
    init::run(&request.plan, case, files, built)
}

fn report(control: BorrowedFd<'_>, built: &template::Built) -> Result<(), FaultRecord> {
    // Inherited by everything that we start; programs start with the defaults.
    sys::reset_signals().step(|| "resetting signals".to_owned())?;
    let ready =
        Reply::Ready { layers: built.layers.clone(), overlay: built.overlay, landlock: built.landlock };
    wire::send(control, &ready, &[]).step(|| "reporting the template".to_owned())
}

fn request(control: BorrowedFd<'_>) -> Result<Option<(Request, Vec<OwnedFd>)>, FaultRecord> {
    wire::receive(control, MsgFlags::empty()).step(|| "reading a request".to_owned())
}

/// The case's socket and its files, as they come with a request.
fn sockets(fds: Vec<OwnedFd>) -> Result<(OwnedFd, Option<OwnedFd>), FaultRecord> {
    let mut fds = fds.into_iter();
    let missing =
        || FaultRecord { step: "reading a request: descriptors are missing".to_owned(), errno: None };
    Ok((fds.next().ok_or_else(missing)?, fds.next()))
}

fn start_init(
    control: BorrowedFd<'_>,
    request: &Request,
    fds: Vec<OwnedFd>,
    built: &template::Built,
) -> Result<(), FaultRecord> {
    let (case, files) = sockets(fds)?;
    if request.new_network {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET)
            .step(|| "making a network namespace".to_owned())?;
    }
    let namespaces = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC;
    let namespaces = u64::try_from(namespaces).expect("these three bits are positive");
    match sys::fork(namespaces, None).step(|| "making the namespaces of a case".to_owned())? {
        Forked::Child => init::run(&request.plan, case, files, built),
        Forked::Parent { pidfd, .. } => {
            drop((case, files));
            wire::send(control, &Reply::Started, &[pidfd.as_fd()]).step(|| "reporting an init".to_owned())
        }
    }
}
