//! What a worker makes once: its user, network, UTS and IPC namespaces, and the read-only root.
//!
//! Order, each neighbour for a reason: sources are opened while we can still reach them (as root:
//! before we stop being root, owners mapped to the program's id) → user namespace → ids → mount
//! namespace, private → a tmpfs of our own → the root in it → pivot, and the host's files are
//! gone for good → bounding set emptied.

use std::ffi::CString;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::MsgFlags;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::copy::{Owner, copy_tree};
use super::landlock;
use super::tree::Tree;
use crate::sandbox::fault;
use crate::sandbox::sys::{self, Forked};
use crate::sandbox::wire::{self, FaultRecord, Ids, LayerKind, Purpose, Reply, Source, Step, Template};
use crate::units::NoNul;

/// The program's user and group inside.
pub(super) const PROGRAM_ID: u32 = 1000;
/// Where things stand in the worker's own root.
pub(super) const ROOT: &str = "/root";
pub(super) const SOURCES: &str = "/src";
/// Mount point of the writable tmpfs of a case.
pub(super) const WRITABLE: &str = "/writable";
/// A procfs that stays: the kernel lets a user namespace mount a new one only beside an old one.
pub(super) const ANCHOR: &str = "/anchor";
/// Where the worker's own root is put together before the pivot.
const BASE: &str = "/tmp";

const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
const NO_PRIVILEGE: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
const DEVICE: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;

/// What the template came to.
pub(super) struct Built {
    pub(super) layers: Vec<LayerKind>,
    /// Whether layers can be overlaid; else they are copied for each case.
    pub(super) overlay: bool,
    /// Whether the namespace's root is another id than the program.
    pub(super) two_ids: bool,
    /// The version of Landlock that programs are restricted by, if any.
    pub(super) landlock: Option<u32>,
    /// Whether programs see the host's network.
    pub(super) host_network: bool,
}

/// A source, opened.
struct Opened {
    tree: Tree,
    kind: LayerKind,
    is_dir: bool,
}

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
    let mut namespaces = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC;
    if !template.host_network {
        namespaces |= CloneFlags::CLONE_NEWNET;
    }
    unshare(namespaces).step(|| "making the worker's namespaces".to_owned())?;
    no_more_user_namespaces()?;
    // Whatever keys the caller's session holds stay with the caller.
    sys::join_new_session_keyring().step(|| "starting a session keyring".to_owned())?;
    nix::unistd::sethostname("sandbox").step(|| "setting the host name".to_owned())?;
    propagate_nothing()?;
    make_root(template, &opened)?;
    pivot()?;
    let overlay = probe_overlay();
    sys::drop_bounding_set().step(|| "emptying the capability bounding set".to_owned())?;
    nix::sys::prctl::set_dumpable(false).step(|| "PR_SET_DUMPABLE".to_owned())?;
    Ok(Built {
        layers: opened.iter().map(|source| source.kind).collect(),
        overlay,
        two_ids: matches!(template.ids, Ids::Two { .. }),
        landlock: landlock::abi(),
        host_network: template.host_network,
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
    let (root, group) = (Uid::from_raw(0), Gid::from_raw(0));
    setgroups(&[]).step(|| "giving up supplementary groups".to_owned())?;
    setresgid(group, group, group).step(|| "taking the worker's group id".to_owned())?;
    setresuid(root, root, root).step(|| "taking the worker's user id".to_owned())
}

/// An ordinary user: one id, which is our own.
fn enter_as_user(uid: u32, gid: u32) -> Result<(), FaultRecord> {
    unshare(CloneFlags::CLONE_NEWUSER).step(|| "making a user namespace".to_owned())?;
    let write = |path: &str, text: String| fs::write(path, text).step(|| format!("writing {path}"));
    write("/proc/self/setgroups", "deny".to_owned())?;
    write("/proc/self/uid_map", format!("{PROGRAM_ID} {uid} 1"))?;
    write("/proc/self/gid_map", format!("{PROGRAM_ID} {gid} 1"))
}

fn open_all(sources: &[Source], owner: Option<Owner>) -> Result<Vec<Opened>, FaultRecord> {
    sources
        .iter()
        .map(|source| {
            open_source(source, owner).map_err(|error| {
                let too_large = matches!(error.raw_os_error(), Some(libc::EFBIG | libc::ENOSPC));
                let step = if too_large {
                    fault::COPYING.to_owned()
                } else {
                    format!("opening {} for the sandbox", source.path)
                };
                FaultRecord::new(step, &error)
            })
        })
        .collect()
}

/// Opens a source as a detached tree; where the program is another user than the file's owner,
/// maps the owner to the program, or copies what cannot be mapped.
fn open_source(source: &Source, owner: Option<Owner>) -> io::Result<Opened> {
    let path = Path::new(source.path.as_os_str());
    let meta = fs::metadata(path)?;
    let path = source.path.to_c_string();
    let set = if source.purpose == Purpose::ReadWrite { NO_PRIVILEGE } else { READ_ONLY };
    let is_dir = meta.is_dir();
    let Some(owner) = owner.filter(|_| source.purpose != Purpose::ReadOnly) else {
        return Ok(Opened { tree: Tree::open(&path, set)?, kind: LayerKind::Bound, is_dir });
    };
    let map = id_map(meta.uid(), meta.gid(), owner)?;
    match Tree::open_mapped(&path, set, map.as_fd()) {
        Ok(tree) => Ok(Opened { tree, kind: LayerKind::IdMapped, is_dir }),
        // The file system cannot (overlayfs of a container, NFS), a mount inside cannot, or the
        // kernel is older than 5.12.
        Err(_) if source.purpose == Purpose::Layer => copied(&sys::open_tree(&path)?, owner),
        Err(error) => Err(error),
    }
}

/// A private tmpfs with a copy of the folder that belongs to the program. Read through the opened
/// tree: its path may lie below the place that the tmpfs covers meanwhile.
fn copied(from: &OwnedFd, owner: Owner) -> io::Result<Opened> {
    let path = format!("/proc/self/fd/{}", from.as_raw_fd());
    let none: Option<&str> = None;
    mount(Some("tmpfs"), BASE, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=755"))?;
    let copy = || {
        copy_tree(Path::new(&path), Path::new(BASE), Some(owner))?;
        std::os::unix::fs::chown(BASE, Some(owner.uid), Some(owner.gid))?;
        let tree = Tree::open(&CString::new(BASE)?, READ_ONLY)?;
        Ok(Opened { tree, kind: LayerKind::Copied, is_dir: true })
    };
    let opened = copy();
    umount2(BASE, MntFlags::MNT_DETACH)?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    opened
}

/// A user namespace whose only purpose is its map: file owner → the program's host id.
pub(in crate::sandbox) fn id_map(uid: u32, gid: u32, owner: Owner) -> io::Result<OwnedFd> {
    let new_user = u64::try_from(libc::CLONE_NEWUSER).expect("a positive bit");
    let (parent, child) = std::os::unix::net::UnixStream::pair()?;
    match sys::fork(new_user, None)? {
        Forked::Child => {
            drop(parent);
            // Held open by a read that ends with the parent's end of the socket.
            let _ = io::Read::read(&mut &child, &mut [0]);
            sys::exit_now()
        }
        Forked::Parent { pid, .. } => {
            drop(child);
            let map = || {
                fs::write(format!("/proc/{pid}/uid_map"), format!("{uid} {} 1", owner.uid))?;
                fs::write(format!("/proc/{pid}/gid_map"), format!("{gid} {} 1", owner.gid))?;
                fs::File::open(format!("/proc/{pid}/ns/user"))
            };
            let map = map();
            drop(parent);
            sys::wait_any(false)?;
            Ok(map?.into())
        }
    }
}

fn make_root(template: &Template, opened: &[Opened]) -> Result<(), FaultRecord> {
    let system = System::open().step(|| "opening the host's system folders".to_owned())?;
    let anchor = Tree::open(c"/proc", 0).step(|| "opening /proc".to_owned())?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), BASE, Some("tmpfs"), flags, Some("mode=755"))
        .step(|| "mounting the worker's root".to_owned())?;
    let base = Path::new(BASE);
    for folder in [ROOT, SOURCES, WRITABLE, ANCHOR, "/old"] {
        make_folder(&inside(base, folder)).step(|| format!("making {folder}"))?;
    }
    anchor.attach(&inside(base, ANCHOR)).step(|| "keeping a procfs".to_owned())?;
    let root = inside(base, ROOT);
    system.make(&root)?;
    for (number, source) in opened.iter().enumerate() {
        let place = inside(base, &format!("{SOURCES}/{number}"));
        place_for(&place, source.is_dir).step(|| "making a source's place".to_owned())?;
        source.tree.attach(&place).step(|| "attaching a source".to_owned())?;
    }
    for (number, dest) in &template.binds {
        bind_source(base, &root, *number, dest)?;
    }
    // The root is a mount of its own, so that it can be pivoted to, and nobody writes to it.
    let tree = Tree::open(&c_path(&root), 0).step(|| "copying the root".to_owned())?;
    tree.attach(&root).step(|| "attaching the root".to_owned())?;
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

/// Whether an overlay over a tmpfs works here: found out by doing what fails where the kernel's
/// tmpfs has no user attributes (before 6.6), to replace a folder of the lower layer by a new one.
fn probe_overlay() -> bool {
    try_overlay(WRITABLE).inspect_err(|error| log::debug!("no overlay: {error}")).is_ok()
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

/// The host's parts of the root.
struct System {
    /// Name inside and tree.
    trees: Vec<(PathBuf, Tree, bool)>,
    /// Name inside and target.
    links: Vec<(PathBuf, PathBuf)>,
}

/// Files of /etc that a runtime needs: the dynamic loader's, the alternatives that commands are
/// links to, certificates, and what the Java runtimes keep there.
const ETC: &[&str] = &[
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "ssl",
    "pki",
    "ca-certificates",
    "ca-certificates.conf",
    "protocols",
    "services",
    "mime.types",
    "java",
    "localtime",
];
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];

impl System {
    fn open() -> io::Result<Self> {
        let mut system = Self { trees: Vec::new(), links: Vec::new() };
        for name in ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            system.add(name, READ_ONLY)?;
        }
        for name in ETC {
            system.add(&format!("etc/{name}"), READ_ONLY)?;
        }
        for entry in fs::read_dir("/etc")?.flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with("java-")) {
                system.add(&format!("etc/{}", name.to_string_lossy()), READ_ONLY)?;
            }
        }
        for name in DEVICES {
            system.add(&format!("dev/{name}"), DEVICE)?;
        }
        Ok(system)
    }

    fn add(&mut self, name: &str, attributes: u64) -> io::Result<()> {
        let path = Path::new("/").join(name);
        let Ok(meta) = fs::symlink_metadata(&path) else { return Ok(()) };
        if meta.is_symlink() {
            self.links.push((name.into(), fs::read_link(&path)?));
            return Ok(());
        }
        let tree = Tree::open(&c_path(&path), attributes)?;
        self.trees.push((name.into(), tree, meta.is_dir()));
        Ok(())
    }

    fn make(&self, root: &Path) -> Result<(), FaultRecord> {
        for folder in ["etc", "dev", "dev/shm", "proc", "tmp", "workspace", "run", "var"] {
            make_folder(&root.join(folder)).step(|| format!("making /{folder}"))?;
        }
        for (name, tree, is_dir) in &self.trees {
            let place = root.join(name);
            place_for(&place, *is_dir).step(|| format!("making the place /{}", name.display()))?;
            tree.attach(&place).step(|| format!("attaching /{}", name.display()))?;
        }
        let own = [
            ("dev/fd", "/proc/self/fd"),
            ("dev/stdin", "fd/0"),
            ("dev/stdout", "fd/1"),
            ("dev/stderr", "fd/2"),
            ("var/tmp", "../tmp"),
        ];
        let own = own.iter().map(|(name, target)| (PathBuf::from(name), PathBuf::from(target)));
        for (name, target) in self.links.iter().cloned().chain(own) {
            symlink(&target, root.join(&name)).step(|| format!("making the link /{}", name.display()))?;
        }
        for (name, text) in [
            (
                "passwd",
                "root:x:0:0:root:/:/bin/sh\nsandbox:x:1000:1000:sandbox:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
            ),
            ("group", "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n"),
            ("hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"),
            ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
        ] {
            write_file(&root.join("etc").join(name), text.as_bytes())
                .step(|| format!("writing /etc/{name}"))?;
        }
        Ok(())
    }
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?.write_all(content)
}

/// A folder that everybody may enter, whatever the umask.
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Makes an empty file or folder to mount on, with the folders above it, unless it is there.
fn place_for(place: &Path, is_dir: bool) -> io::Result<()> {
    if place.exists() {
        return Ok(());
    }
    let folder = if is_dir { Some(place) } else { place.parent() };
    fs::create_dir_all(folder.unwrap_or(place))?;
    if !is_dir {
        fs::File::create(place)?;
    }
    Ok(())
}

/// `/name` below `base`.
fn inside(base: &Path, name: &str) -> PathBuf {
    base.join(name.trim_start_matches('/'))
}

fn c_path(path: &Path) -> CString {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes())
        .expect("paths come from the kernel, or are NoNul below constants")
}
