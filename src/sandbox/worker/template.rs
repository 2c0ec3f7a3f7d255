//! What a worker makes once: its user, network, UTS and IPC namespaces, and the read-only root.
//!
//! Order, each neighbour for a reason: sources are opened while we can still reach them (as root:
//! before we stop being root, owners mapped to the program's id) → user namespace → ids → mount
//! namespace, private → a tmpfs of our own → the root in it → pivot, and the host's files are
//! gone for good → bounding set emptied.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::MsgFlags;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::copy::Owner;
use super::places::{c_path, inside, place_for, usual_mask};
use super::sources::{Opened, open_all};
use super::system::System;
use super::tree::Tree;
use super::{keep, landlock};
use crate::sandbox::sys;
use crate::sandbox::wire::{self, FaultRecord, Ids, LayerKind, Purpose, Reply, Step, Template};
use crate::units::NoNul;

/// The program's user and group inside.
pub(super) const PROGRAM_ID: u32 = 1000;
/// Where things stand in the worker's own root, which is the working folder of whoever uses these.
pub(super) const ROOT: &str = "root";
pub(super) const SOURCES: &str = "src";
/// Mount point of the writable tmpfs of a case.
pub(super) const WRITABLE: &str = "writable";
/// A procfs that stays: the kernel lets a user namespace mount a new one only beside an old one.
pub(super) const ANCHOR: &str = "anchor";
/// Where the worker's own root is put together, before it is the root.
pub(super) const BASE: &str = "/tmp";

/// What the template came to.
pub(super) struct Built {
    pub(super) layers: Vec<LayerKind>,
    /// Whether layers can be overlaid; else they are copied for each case.
    pub(super) overlay: bool,
    /// Whether the namespace's root is another id than the program.
    pub(super) two_ids: bool,
    /// Whether the times of a tmpfs tell any two changes apart: see [`keep`](super::keep).
    pub(super) fine_times: bool,
    /// The version of Landlock that programs are restricted by, if any.
    pub(super) landlock: Option<u32>,
    /// Whether programs see the host's network.
    pub(super) host_network: bool,
    /// Whether there will be no second case.
    pub(super) for_one_case: bool,
}

/// What a worker has made before it knows its template.
pub(super) struct Begun(());

/// Namespaces that are entered, and nothing else yet.
pub(super) struct Entered(());

/// Everything, for a worker that knows its template from the start.
pub(super) fn build(template: &Template, control: BorrowedFd<'_>) -> Result<Built, FaultRecord> {
    let opened = match template.ids {
        Ids::Two { first, spread } => {
            let first = first + 2 * (std::process::id() % spread);
            // Out of the host's mount table first: nothing that we mount may show there.
            private_mounts()?;
            let opened = open_all(&template.sources, Some(Owner { uid: first + 1, gid: first + 1 }))?;
            enter_as_root(first, control)?;
            opened
        }
        Ids::One { uid, gid } => {
            enter_as_user(uid, gid)?;
            private_mounts()?;
            open_all(&template.sources, None)?
        }
    };
    let begun = begin(enter_namespaces(template.host_network)?)?;
    furnish(begun, template, &opened)
}

/// The worker's namespaces but that of users, in which it is already.
pub(super) fn enter_namespaces(host_network: bool) -> Result<Entered, FaultRecord> {
    let mut namespaces = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC;
    if !host_network {
        namespaces |= CloneFlags::CLONE_NEWNET;
    }
    unshare(namespaces).step(|| "making the worker's namespaces".to_owned())?;
    Ok(Entered(()))
}

/// The root with the host's parts: what needs no template.
pub(super) fn begin(_: Entered) -> Result<Begun, FaultRecord> {
    usual_mask();
    no_more_user_namespaces()?;
    // Whatever keys the caller's session holds stay with the caller.
    sys::join_new_session_keyring().step(|| "starting a session keyring".to_owned())?;
    nix::unistd::sethostname("sandbox").step(|| "setting the host name".to_owned())?;
    propagate_nothing()?;
    begin_root()?;
    sys::drop_bounding_set().step(|| "emptying the capability bounding set".to_owned())?;
    Ok(Begun(()))
}

/// What the template asks for on top, and the host's files are gone for good.
pub(super) fn furnish(_: Begun, template: &Template, opened: &[Opened]) -> Result<Built, FaultRecord> {
    finish_root(template, opened)?;
    pivot()?;
    let fine_times = keep::times_are_fine(WRITABLE);
    Ok(Built { fine_times, ..built(template, opened, || try_overlay(WRITABLE))? })
}

/// The same for a worker that will be the init of its only case: the host's files are gone with the
/// pivot to that case's root, and until then its own root is where it works.
pub(super) fn furnish_for_one(
    _: Begun,
    template: &Template,
    opened: &[Opened],
) -> Result<Built, FaultRecord> {
    finish_root(template, opened)?;
    nix::unistd::chdir(BASE).step(|| "entering the worker's root".to_owned())?;
    // Not taken away again, for which one waits: it goes with the worker's root.
    Ok(Built { for_one_case: true, ..built(template, opened, || replace_in_overlay(WRITABLE))? })
}

/// `try_overlay`: whether an overlay over a tmpfs works here, found out by doing what fails where the
/// kernel's tmpfs has no user attributes (before 6.6), to replace a folder of the lower layer by a new one.
fn built(
    template: &Template,
    opened: &[Opened],
    try_overlay: impl FnOnce() -> io::Result<()>,
) -> Result<Built, FaultRecord> {
    let layered = template.sources.iter().any(|source| source.purpose == Purpose::Layer);
    let works = || try_overlay().inspect_err(|error| log::debug!("no overlay: {error}")).is_ok();
    let overlay = layered && works();
    nix::sys::prctl::set_dumpable(false).step(|| "PR_SET_DUMPABLE".to_owned())?;
    Ok(Built {
        layers: opened.iter().map(|source| source.kind).collect(),
        overlay,
        two_ids: matches!(template.ids, Ids::Two { .. }),
        fine_times: false,
        landlock: landlock::abi(),
        host_network: template.host_network,
        for_one_case: false,
    })
}

/// A second wall behind the filter's: inside, nobody can make a user namespace to be root in.
fn no_more_user_namespaces() -> Result<(), FaultRecord> {
    match fs::write("/proc/sys/user/max_user_namespaces", "0") {
        // /proc/sys is read-only in some containers; the filter is the first wall.
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EROFS | libc::ENOENT | libc::EACCES | libc::EPERM)
            ) =>
        {
            Ok(())
        }
        other => other.step(|| "forbidding more user namespaces".to_owned()),
    }
}

pub(in crate::sandbox) fn private_mounts() -> Result<(), FaultRecord> {
    unshare(CloneFlags::CLONE_NEWNS).step(|| "making a mount namespace".to_owned())?;
    propagate_nothing()
}

pub(in crate::sandbox) fn propagate_nothing() -> Result<(), FaultRecord> {
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .step(|| "making mounts private".to_owned())
}

/// Enters a user namespace with the ids of a program, as a worker does.
pub(in crate::sandbox) fn enter(ids: Ids, control: BorrowedFd<'_>) -> Result<(), FaultRecord> {
    match ids {
        Ids::Two { first, spread } => enter_as_root(first + 2 * (std::process::id() % spread), control),
        Ids::One { uid, gid } => enter_as_user(uid, gid),
    }
}

/// Root: the supervisor writes the maps, since only it has both ids.
fn enter_as_root(first: u32, control: BorrowedFd<'_>) -> Result<(), FaultRecord> {
    unshare(CloneFlags::CLONE_NEWUSER).step(|| "making a user namespace".to_owned())?;
    wire::send(control, &Reply::WriteMaps { first }, &[]).step(|| "asking for the id maps".to_owned())?;
    let go =
        wire::receive::<bool>(control, MsgFlags::empty()).step(|| "waiting for the id maps".to_owned())?;
    if go.is_none() {
        return Err(FaultRecord {
            step: "waiting for the id maps: the supervisor is gone".to_owned(),
            errno: None,
        });
    }
    become_root()
}

/// The worker's own user, once the maps are written.
pub(super) fn become_root() -> Result<(), FaultRecord> {
    let (root, group) = (Uid::from_raw(0), Gid::from_raw(0));
    setgroups(&[]).step(|| "giving up supplementary groups".to_owned())?;
    setresgid(group, group, group).step(|| "taking the worker's group id".to_owned())?;
    setresuid(root, root, root).step(|| "taking the worker's user id".to_owned())
}

/// An ordinary user: one id, which is our own.
fn enter_as_user(uid: u32, gid: u32) -> Result<(), FaultRecord> {
    unshare(CloneFlags::CLONE_NEWUSER).step(|| "making a user namespace".to_owned())?;
    map_user(uid, gid)
}

/// Gives the user namespace that we are alone in its one id.
pub(super) fn map_user(uid: u32, gid: u32) -> Result<(), FaultRecord> {
    let write = |path: &str, text: String| fs::write(path, text).step(|| format!("writing {path}"));
    write("/proc/self/setgroups", "deny".to_owned())?;
    write("/proc/self/uid_map", format!("{PROGRAM_ID} {uid} 1"))?;
    write("/proc/self/gid_map", format!("{PROGRAM_ID} {gid} 1"))
}

fn begin_root() -> Result<(), FaultRecord> {
    let system = System::open().step(|| "opening the host's system folders".to_owned())?;
    let anchor = Tree::open(c"/proc", 0).step(|| "opening /proc".to_owned())?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), BASE, Some("tmpfs"), flags, Some("mode=755"))
        .step(|| "mounting the worker's root".to_owned())?;
    let base = Path::new(BASE);
    for folder in [ROOT, SOURCES, WRITABLE, ANCHOR, "old"] {
        fs::create_dir(inside(base, folder)).step(|| format!("making {folder}"))?;
    }
    anchor.attach(&inside(base, ANCHOR)).step(|| "keeping a procfs".to_owned())?;
    // The root is a mount of its own, so that it can be pivoted to: while it is empty, since everything
    // that is attached in it would have to be copied along.
    let (root, none) = (inside(base, ROOT), None::<&str>);
    mount(Some(&root), &root, none, MsFlags::MS_BIND, none).step(|| "attaching the root".to_owned())?;
    system.make(&root)
}

fn finish_root(template: &Template, opened: &[Opened]) -> Result<(), FaultRecord> {
    let base = Path::new(BASE);
    let root = inside(base, ROOT);
    for (number, source) in opened.iter().enumerate() {
        let place = inside(base, &format!("{SOURCES}/{number}"));
        place_for(&place, source.is_dir).step(|| "making a source's place".to_owned())?;
        source.tree.attach(&place).step(|| "attaching a source".to_owned())?;
    }
    for (number, dest) in &template.binds {
        bind_source(base, &root, *number, dest)?;
    }
    // Nobody writes to it.
    let none: Option<&str> = None;
    let flags =
        MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(none, &root, none, flags, none).step(|| "making the root read-only".to_owned())
}

/// Shows source `number` at `dest` inside `root`, making the place if it is not there.
pub(super) fn bind_source(base: &Path, root: &Path, number: u32, dest: &NoNul) -> Result<(), FaultRecord> {
    let source = inside(base, &format!("{SOURCES}/{number}"));
    let is_dir = source.is_dir();
    let mut place = root.to_owned();
    for part in Path::new(dest.as_os_str()).components() {
        if let std::path::Component::Normal(part) = part {
            place.push(part);
        }
        // A symbolic link on the way would lead out of the root that we are building.
        if fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_symlink()) {
            let problem = io::Error::from_raw_os_error(libc::ELOOP);
            return Err(FaultRecord::new(
                format!("binding to {dest}: {} is a link", place.display()),
                &problem,
            ));
        }
    }
    place_for(&place, is_dir).step(|| format!("making the place {dest} inside the sandbox"))?;
    let tree = sys::open_tree(&c_path(&source)).step(|| format!("opening the source of {dest}"))?;
    sys::move_mount(tree.as_fd(), &c_path(&place)).step(|| format!("binding to {dest}"))
}

fn pivot() -> Result<(), FaultRecord> {
    let base = Path::new(BASE);
    nix::unistd::pivot_root(base, &base.join("old")).step(|| "changing the worker's root".to_owned())?;
    nix::unistd::chdir("/").step(|| "entering the worker's root".to_owned())?;
    umount2("/old", MntFlags::MNT_DETACH).step(|| "letting go of the host's files".to_owned())
}

/// Mounts a tmpfs at `base`, an overlay in it, uses it, and takes both away again.
pub(in crate::sandbox) fn try_overlay(base: &str) -> io::Result<()> {
    let none: Option<&str> = None;
    mount(Some("tmpfs"), base, Some("tmpfs"), MsFlags::empty(), Some("size=64k"))?;
    let result = replace_in_overlay(base);
    umount2(base, MntFlags::MNT_DETACH)?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    result
}

fn replace_in_overlay(base: &str) -> io::Result<()> {
    for name in ["lower", "lower/folder", "lower/folder/old", "upper", "work", "merged"] {
        fs::create_dir(format!("{base}/{name}"))?;
    }
    let options = format!("lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work,userxattr");
    let merged = Path::new(base).join("merged");
    mount(Some("overlay"), &merged, Some("overlay"), MsFlags::empty(), Some(options.as_str()))?;
    let folder = merged.join("folder");
    fs::remove_dir_all(&folder)?;
    fs::create_dir(&folder)?;
    if fs::read_dir(&folder)?.next().is_some() {
        return Err(io::Error::other("a new folder shows the old one's files"));
    }
    Ok(())
}
