//! The prober: a small single-threaded process, started from our own binary as workers are, that
//! tries one thing after the other, each in a child of its own.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::socket::MsgFlags;
use nix::unistd::Pid;

use super::attempts::attempt;
use super::facts::{Attempt, ProbePlan, Tried};
use crate::sandbox::launch::{WORKER_NAME, packet_pair, write_maps};
use crate::sandbox::sys::{self, Forked};
use crate::sandbox::wire::{self, FaultRecord, Ids, Reply, Step};

/// The argument that makes a worker a prober.
pub(in crate::sandbox) const PROBE: &str = "probe";

/// Ends the prober, whatever becomes of us.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It leads a process group: what hangs in it may be a child of its own. Not reaped yet, so its
        // number is still its own. Killing what is dead is no error here.
        if let Ok(group) = i32::try_from(self.0.id()) {
            let _ = nix::sys::signal::killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// How long one thing may take: far longer than any takes on a busy host.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// So many things may hang; after that nothing more is tried.
const MOST_HANGS: usize = 2;

/// Has everything tried. What hangs is ended and told, and the rest is tried by another prober.
pub(super) fn probe(exe: &Path, mut plan: ProbePlan, patience: Duration) -> io::Result<Vec<Tried>> {
    let wanted = plan.attempts.clone();
    let mut all: Vec<Tried> = Vec::new();
    for _ in 0..MOST_HANGS {
        let Some(hung) = probe_once(exe, &plan, patience, &mut all)? else { return Ok(all) };
        let step = format!("trying it: no answer within {} s", patience.as_secs_f32());
        all.push(Tried { attempt: hung, failure: Some(FaultRecord { step, errno: None }) });
        plan.attempts.retain(|attempt| all.iter().all(|tried| tried.attempt != *attempt));
    }
    let step = "not tried: what was tried before it hung".to_owned();
    let left = wanted.into_iter().filter(|attempt| plan.attempts.contains(attempt));
    let failure = FaultRecord { step, errno: None };
    all.extend(left.map(|attempt| Tried { attempt, failure: Some(failure.clone()) }));
    Ok(all)
}

/// One prober's life; what it was at when it took too long.
fn probe_once(
    exe: &Path,
    plan: &ProbePlan,
    patience: Duration,
    all: &mut Vec<Tried>,
) -> io::Result<Option<Attempt>> {
    let (ours, theirs) = packet_pair()?;
    let child = Command::new(exe)
        .arg0(WORKER_NAME)
        .arg(PROBE)
        .env_clear()
        .process_group(0)
        .current_dir("/")
        .stdin(theirs)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let _ended = Ended(child);
    wire::send(ours.as_fd(), plan, &[])?;
    let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    loop {
        match poll(&mut [PollFd::new(ours.as_fd(), PollFlags::POLLIN)], patience) {
            Err(nix::errno::Errno::EINTR) => continue,
            other if other? == 0 => {
                let is_open = |attempt: &&Attempt| all.iter().all(|tried| tried.attempt != **attempt);
                return Ok(plan.attempts.iter().find(is_open).copied());
            }
            _ => {}
        }
        match wire::receive::<Tried>(ours.as_fd(), MsgFlags::empty())? {
            Some((tried, _)) => all.push(tried),
            None => return Ok(None),
        }
    }
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
    for &attempt in &plan.attempts {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::units::NoNul;

    fn is_running(pid: &str) -> bool {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
    }

    #[test]
    fn a_prober_that_hangs_is_ended_and_what_it_did_not_say_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let exe = folder.path().join("hangs");
        let child = folder.path().join("child");
        let script = format!("#!/bin/sh\nsleep 1000 & echo $! > {}; wait\n", child.display());
        fs::write(&exe, script).expect("ours");
        fs::set_permissions(&exe, fs::Permissions::from_mode(0o755)).expect("ours");
        let attempts = vec![Attempt::UserNamespace, Attempt::Overlay, Attempt::Rlimits];
        let plan = ProbePlan {
            ids: Ids::One { uid: 1, gid: 1 },
            folder: NoNul::new("/").expect("no NUL"),
            attempts: attempts.clone(),
        };
        let tried = probe(&exe, plan, Duration::from_millis(100)).expect("it can be started");
        let child = fs::read_to_string(&child).expect("it has started one");
        let ends_within = std::time::Instant::now() + Duration::from_secs(10);
        while is_running(child.trim()) {
            assert!(std::time::Instant::now() < ends_within, "its child lives on");
            std::thread::sleep(Duration::from_millis(5));
        }
        let said: Vec<_> =
            tried.iter().map(|tried| (tried.attempt, tried.failure.clone().expect("failed").step)).collect();
        let hung = "trying it: no answer within 0.1 s";
        let wanted = [hung, hung, "not tried: what was tried before it hung"].map(str::to_owned);
        assert_eq!(said, attempts.into_iter().zip(wanted).collect::<Vec<_>>());
    }
}
