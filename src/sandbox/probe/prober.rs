//! The prober: a small single-threaded process, started from our own binary as workers are, that
//! tries one thing after the other, each in a child of its own.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use nix::sys::socket::MsgFlags;

use super::attempts::attempt;
use super::facts::{ATTEMPTS, Attempt, ProbePlan, Tried};
use crate::sandbox::launch::{WORKER_NAME, packet_pair, write_maps};
use crate::sandbox::sys::{self, Forked};
use crate::sandbox::wire::{self, FaultRecord, Ids, Reply, Step};

/// The argument that makes a worker a prober.
pub(in crate::sandbox) const PROBE: &str = "probe";

/// Ends the prober, whatever becomes of us.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Killing what is dead is no error here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Has everything tried.
pub(super) fn probe(exe: &Path, plan: &ProbePlan) -> io::Result<Vec<Tried>> {
    let (ours, theirs) = packet_pair()?;
    let child = Command::new(exe)
        .arg0(WORKER_NAME)
        .arg(PROBE)
        .env_clear()
        .current_dir("/")
        .stdin(theirs)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let _ended = Ended(child);
    wire::send(ours.as_fd(), plan, &[])?;
    let mut all = Vec::new();
    while let Some((tried, _)) = wire::receive::<Tried>(ours.as_fd(), MsgFlags::empty())? {
        all.push(tried);
    }
    Ok(all)
}

/// The whole life of a prober.
pub(in crate::sandbox) fn prober_main() -> ExitCode {
    if sys::close_from(3).is_err() {
        return ExitCode::FAILURE;
    }
    let Ok(control) = io::stdin().as_fd().try_clone_to_owned() else { return ExitCode::FAILURE };
    match try_all(control.as_fd()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn try_all(control: BorrowedFd<'_>) -> io::Result<()> {
    let Some((plan, _)) = wire::receive::<ProbePlan>(control, MsgFlags::empty())? else { return Ok(()) };
    for attempt in ATTEMPTS {
        // With one id nobody else's files have to be the program's.
        if attempt == Attempt::IdMappedMount && matches!(plan.ids, Ids::One { .. }) {
            continue;
        }
        let failure = try_one(attempt, &plan).err();
        wire::send(control, &Tried { attempt, failure }, &[])?;
    }
    Ok(())
}

fn try_one(which: Attempt, plan: &ProbePlan) -> Result<(), FaultRecord> {
    let trying = || "starting a process to try it in".to_owned();
    let (ours, theirs) = packet_pair().step(trying)?;
    let pid = match sys::fork(0, None).step(trying)? {
        Forked::Child => {
            drop(ours);
            let said = match attempt(which, plan, theirs.as_fd()) {
                Ok(()) => Reply::Started,
                Err(fault) => Reply::Fault(fault),
            };
            // If this fails the other end sees an end of file, which is a failure too.
            let _ = wire::send(theirs.as_fd(), &said, &[]);
            sys::exit_now()
        }
        Forked::Parent { pid, .. } => pid,
    };
    drop(theirs);
    let answer = listen(ours.as_fd(), pid);
    drop(ours);
    // Reaped before the next one, so that nothing of this one is in its way.
    sys::wait_any(false).step(trying)?;
    answer
}

/// Waits for the answer of the process that tries; writes its id maps when it asks.
fn listen(control: BorrowedFd<'_>, pid: i32) -> Result<(), FaultRecord> {
    loop {
        let reply = wire::receive::<Reply>(control, MsgFlags::empty());
        match reply.step(|| "listening to the process that tries".to_owned())? {
            Some((Reply::Started, _)) => return Ok(()),
            Some((Reply::Fault(fault), _)) => return Err(fault),
            Some((Reply::WriteMaps { first }, _)) => {
                write_maps(u32::try_from(pid).unwrap_or(0), first)?;
                wire::send(control, &true, &[]).step(|| "writing the id maps".to_owned())?;
            }
            Some((Reply::Ready { .. }, _)) | None => {
                return Err(FaultRecord {
                    step: "the process that tried it was ended".to_owned(),
                    errno: None,
                });
            }
        }
    }
}
