//! A worker that is forked from capsule-run itself, first thing, and makes what needs no template while
//! capsule-run reads its command line: a second start of our binary is what it saves.
//!
//! Where there will be one case it is that case's init itself: it was forked into a PID namespace, and
//! makes no root of its own besides the case's.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::socket::MsgFlags;

use super::serve::{serve_cases, serve_one};
use super::sources::{Opened, open_all};
use super::template;
use super::tree::Tree;
use crate::sandbox::early::Expected;
use crate::sandbox::sys;
use crate::sandbox::wire::{self, EarlyPlan, FaultRecord, Ids, Reply, Step};

/// The whole life of an early worker, in a fork that is in a user namespace already. Never returns.
pub(in crate::sandbox) fn early_worker(ids: Ids, expected: Expected, control: OwnedFd) -> ! {
    let _ = nix::sys::prctl::set_name(c"capsule-worker");
    if let Some(control) = alone(control)
        && let Err(fault) = live(ids, expected, control.as_fd())
    {
        // If the supervisor is gone there is nobody to tell.
        let _ = wire::send(control.as_fd(), &Reply::Fault(fault), &[]);
    }
    sys::exit_now()
}

/// Lets go of everything that capsule-run or whoever started it has open, but the control socket.
fn alone(control: OwnedFd) -> Option<OwnedFd> {
    let nothing = File::options().read(true).write(true).open("/dev/null").ok()?;
    nix::unistd::dup2_stdin(&control).ok()?;
    nix::unistd::dup2_stdout(&nothing).ok()?;
    nix::unistd::dup2_stderr(&nothing).ok()?;
    drop((control, nothing));
    // What capsule-run had open is its own: no value of ours stands for it.
    sys::close_from(3).ok()?;
    std::io::stdin().as_fd().try_clone_to_owned().ok()
}

fn live(ids: Ids, expected: Expected, control: BorrowedFd<'_>) -> Result<(), FaultRecord> {
    nix::unistd::setsid().step(|| "starting a session".to_owned())?;
    nix::unistd::chdir("/").step(|| "leaving the caller's folder".to_owned())?;
    match ids {
        Ids::Two { .. } => live_as_root(expected, control),
        // The sources are in the host's file system: it stays in sight until they are open.
        Ids::One { uid, gid } => live_as_user(uid, gid, expected, control),
    }
}

fn live_as_root(expected: Expected, control: BorrowedFd<'_>) -> Result<(), FaultRecord> {
    // These need no ids, which are being given meanwhile.
    let entered = template::enter_namespaces(false)?;
    if !has_ids(control)? {
        return Ok(());
    }
    template::become_root()?;
    let begun = template::begin(entered)?;
    let Some((plan, trees)) = plan(control)? else { return Ok(()) };
    let opened = plan.opened.into_iter().zip(trees);
    let opened: Vec<_> =
        opened.map(|((kind, is_dir), tree)| Opened { tree: Tree::given(tree), kind, is_dir }).collect();
    furnish_and_serve(begun, &plan.template, &opened, expected, control)
}

fn live_as_user(uid: u32, gid: u32, expected: Expected, control: BorrowedFd<'_>) -> Result<(), FaultRecord> {
    if !has_ids(control)? {
        return Ok(());
    }
    template::map_user(uid, gid)?;
    template::private_mounts()?;
    let Some((plan, _)) = plan(control)? else { return Ok(()) };
    let opened = open_all(&plan.template.sources, None)?;
    let begun = template::begin(template::enter_namespaces(false)?)?;
    furnish_and_serve(begun, &plan.template, &opened, expected, control)
}

fn furnish_and_serve(
    begun: template::Begun,
    template: &wire::Template,
    opened: &[Opened],
    expected: Expected,
    control: BorrowedFd<'_>,
) -> Result<(), FaultRecord> {
    match expected {
        Expected::OneCase => serve_one(control, &template::furnish_for_one(begun, template, opened)?),
        Expected::Cases => serve_cases(control, &template::furnish(begun, template, opened)?),
    }
}

/// Waits until the supervisor has given the namespace its ids; `false` if it is gone.
fn has_ids(control: BorrowedFd<'_>) -> Result<bool, FaultRecord> {
    let waiting = || "waiting for the id maps".to_owned();
    Ok(wire::receive::<bool>(control, MsgFlags::empty()).step(waiting)?.is_some())
}

fn plan(control: BorrowedFd<'_>) -> Result<Option<(EarlyPlan, Vec<OwnedFd>)>, FaultRecord> {
    wire::receive(control, MsgFlags::empty()).step(|| "reading the template".to_owned())
}
