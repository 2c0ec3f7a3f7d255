//! Init: PID 1 of a case. Builds what is fresh, starts the program, reaps, and says how it ended. It
//! is not the program's user where there are two ids, holds the capabilities of the case's
//! namespaces, cannot be traced, and sits outside the case's cgroup, so that nothing the program
//! uses up is taken from init.
//!
//! Order, each neighbour for a reason: parent-death signal first (a case must not outlive its
//! supervisor) → the writable tmpfs (bounded in bytes and inodes, holds everything a program can
//! write) → files and workspace in it → procfs of this PID namespace → pivot, so that the
//! worker's own root is gone → Landlock rules, whose places are those that the program sees → a
//! case from the supervisor, which by now holds our pidfd → program.
//!
//! An init serves another case only if the last one has provably left nothing in what it holds
//! ([`keep`]) and the supervisor has seen no call that could have; else the supervisor kills it.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Component, Path};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::socket::MsgFlags;
use nix::sys::stat::Mode;

use super::copy::{Owner, copy_tree};
use super::gather;
use super::keep::{self, Keeper};
use super::landlock;
use super::program::{self, Entry};
use super::template::{self, ANCHOR, Built, PROGRAM_ID, ROOT, SOURCES, WRITABLE};
use crate::sandbox::fault;
use crate::sandbox::monotonic_nanos;
use crate::sandbox::sys::{self, Birth, Stack, Waited};
use crate::sandbox::wire::{
    self, CasePlan, Exited, FaultRecord, FileFault, FileRecord, FilterPlan, InitPlan, PlacementPlan, Record,
    Step,
};
use crate::units::NoNul;

/// The layer on top of the workspace, which takes what is written.
const UPPER: &str = "writable/workspace";

/// The descriptors of a case.
pub(super) struct CaseFds {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
    pub(super) tasks: Vec<OwnedFd>,
    pub(super) cgroup: Option<OwnedFd>,
}

impl CaseFds {
    /// Sorts the descriptors that came with a plan: see `supervise::case` for the order.
    fn split(plan: &CasePlan, fds: Vec<OwnedFd>) -> Option<Self> {
        let mut fds = fds.into_iter();
        let mut next = || fds.next();
        let (stdin, stdout, stderr) = (next()?, next()?, next()?);
        let (mut tasks, mut cgroup) = (Vec::new(), None);
        match plan.placement {
            PlacementPlan::Nowhere => {}
            PlacementPlan::Into => cgroup = Some(next()?),
            PlacementPlan::Tasks(count) => {
                for _ in 0..count {
                    tasks.push(next()?);
                }
            }
        }
        Some(Self { stdin, stdout, stderr, tasks, cgroup })
    }
}

/// Init's whole life. `case` is the socket to the supervisor, `files` the content of the plan's files.
pub(super) fn run(plan: &InitPlan, case: OwnedFd, files: Option<OwnedFd>, built: &Built) -> ! {
    let _ = nix::sys::prctl::set_name(c"capsule-init");
    if let Err(fault) = live(plan, case.as_fd(), files, built) {
        // If the supervisor is gone there is nobody to tell.
        let _ = wire::send(case.as_fd(), &Record::Fault(fault), &[]);
    }
    sys::exit_now()
}

fn live(
    plan: &InitPlan,
    case: BorrowedFd<'_>,
    files: Option<OwnedFd>,
    built: &Built,
) -> Result<(), FaultRecord> {
    die_with_worker()?;
    let mut world = set_up(plan, files, built)?;
    loop {
        // The supervisor holds our pidfd when it sends a case; if it is gone, so are we.
        let message =
            wire::receive::<CasePlan>(case, MsgFlags::empty()).step(|| "reading a plan".to_owned())?;
        let Some((plan, fds)) = message else { return Ok(()) };
        let Some(fds) = CaseFds::split(&plan, fds) else {
            return Err(FaultRecord {
                step: "reading a plan: descriptors are missing".to_owned(),
                errno: None,
            });
        };
        one_case(&plan, fds, case, &mut world, built)?;
    }
}

fn one_case(
    plan: &CasePlan,
    fds: CaseFds,
    case: BorrowedFd<'_>,
    world: &mut World,
    built: &Built,
) -> Result<(), FaultRecord> {
    let execution = program::execution(plan);
    let pid = world.keeper.as_ref().map(Keeper::next_pid).transpose()?;
    let has_clone3 = sys::has_clone3();
    let birth = Birth { cgroup: fds.cgroup.as_ref().map(AsFd::as_fd).filter(|_| has_clone3), pid };
    let setup = program::Setup {
        plan,
        fds: &fds,
        case,
        built,
        execution: &execution,
        wall: world.wall.as_ref().map(AsFd::as_fd),
        filter: world.filter.as_deref(),
        entry: if has_clone3 { Entry::BornInside } else { Entry::Joins },
    };
    let mut failed = None;
    let program = sys::run_borrowed(birth, &mut world.stack, || failed = Some(program::run(&setup)))
        .step(|| "starting the program's process".to_owned())?;
    if let Some(record) = failed {
        wire::send(case, &record, &[]).step(|| "reporting".to_owned())?;
    }
    if plan.streams_are_ours {
        // Ours too until all is told: their end of file would wake the supervisor once more, for nothing.
        watch(plan, program, case, world)
    } else {
        // Somebody else waits for their ends.
        drop(fds);
        watch(plan, program, case, world)
    }
}

/// The worker ends when its supervisor closes the control socket or dies; we end with the worker.
/// (For the worker itself a parent-death signal would be wrong: it fires when the *thread* that
/// started it ends, and workers outlive threads. One that is an init itself was forked by the first
/// thread of capsule-run, which ends with it.)
fn die_with_worker() -> Result<(), FaultRecord> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).step(|| "PR_SET_PDEATHSIG".to_owned())
}

/// What init holds for its cases.
struct World {
    /// Our own `io` file of procfs, opened while that was possible, and what it said before.
    io: Option<(File, (u64, u64))>,
    /// The tmpfs that holds everything writable.
    tmpfs: OwnedFd,
    workspace: OwnedFd,
    /// The Landlock rules, made while every place could still be opened.
    wall: Option<OwnedFd>,
    filter: Option<Cow<'static, FilterPlan>>,
    stack: Stack,
    /// What proves that a case has left nothing, where that can be proven.
    keeper: Option<Keeper>,
}

fn set_up(plan: &InitPlan, files: Option<OwnedFd>, built: &Built) -> Result<World, FaultRecord> {
    let io = own_io_file();
    let last_pid = keep::last_pid_file(plan, built);
    let options = format!("size={},nr_inodes={},mode=755", plan.disk, plan.inodes);
    // Looking into a folder leaves no trace: then one that was only looked into is as it was.
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NODIRATIME;
    mount(Some("tmpfs"), WRITABLE, Some("tmpfs"), flags, Some(options.as_str()))
        .step(|| "mounting the writable tmpfs".to_owned())?;
    for (name, mode) in [("tmp", 0o1777), ("shm", 0o1777), ("workspace", 0o755), ("work", 0o700)] {
        let folder = format!("{WRITABLE}/{name}");
        folder_with(&folder, mode).step(|| format!("making {folder}"))?;
    }
    own(Path::new(UPPER), built.two_ids).step(|| "giving the workspace away".to_owned())?;
    put_files(plan, files, built.two_ids)?;
    let tmpfs = open_folder(WRITABLE).step(|| "opening the writable tmpfs".to_owned())?;
    bind(&format!("{WRITABLE}/tmp"), "tmp")?;
    bind(&format!("{WRITABLE}/shm"), "dev/shm")?;
    workspace(plan, built)?;
    mount_proc()?;
    for (number, dest) in &plan.binds {
        template::bind_source(Path::new(""), Path::new(ROOT), *number, dest)?;
    }
    pivot()?;
    let workspace = open_folder("/workspace").step(|| "opening the workspace".to_owned())?;
    let wall = built.landlock.map(|abi| landlock::wall(abi, built.host_network, &plan.writable));
    let wall = wall.transpose().step(|| "making the Landlock rules".to_owned())?;
    let stack = Stack::new().step(|| "making the program's first stack".to_owned())?;
    let keeper = last_pid.map(|last_pid| Keeper::new(last_pid, &tmpfs)).transpose()?;
    let filter = plan.filter.clone();
    let io = io.map(|file| (file, (0, 0)));
    Ok(World { io, tmpfs, workspace, wall, filter, stack, keeper })
}

/// Opens our `io` file. Files of a process that is not dumpable belong to the host's root, who is
/// nobody here; so we are, for the moment in which nothing but us is in this namespace.
fn own_io_file() -> Option<File> {
    nix::sys::prctl::set_dumpable(true).ok()?;
    let file = File::open(format!("{ANCHOR}/self/io"));
    nix::sys::prctl::set_dumpable(false).ok()?;
    file.ok()
}

fn folder_with(path: &str, mode: u32) -> io::Result<()> {
    fs::DirBuilder::new().mode(mode).create(path)?;
    // Bits that the mask has taken away: it is that of the worker.
    if mode & 0o022 != 0 { fs::set_permissions(path, fs::Permissions::from_mode(mode)) } else { Ok(()) }
}

/// Makes the program the owner, where it is another user than we are.
fn own(path: &Path, two_ids: bool) -> io::Result<()> {
    if two_ids { chown(path, Some(PROGRAM_ID), Some(PROGRAM_ID)) } else { Ok(()) }
}

fn open_folder(path: &str) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    nix::fcntl::open(path, flags, Mode::empty())
}

/// Writes the case's files into the layer that will be on top of the workspace. The folder is
/// empty and ours: no link can stand in the way.
fn put_files(plan: &InitPlan, files: Option<OwnedFd>, two_ids: bool) -> Result<(), FaultRecord> {
    let Some(content) = files.map(File::from) else { return Ok(()) };
    for file in &plan.files {
        put_file(&content, file, two_ids).step(|| format!("putting {} into the workspace", file.path))?;
    }
    Ok(())
}

fn put_file(content: &File, file: &wire::PlannedFile, two_ids: bool) -> io::Result<()> {
    let path = Path::new(UPPER).join(file.path.as_os_str());
    let mut folder = Path::new(UPPER).to_owned();
    let relative = Path::new(file.path.as_os_str()).parent().unwrap_or(Path::new(""));
    for part in relative.components() {
        let Component::Normal(part) = part else { return Err(io::ErrorKind::InvalidFilename.into()) };
        folder.push(part);
        match fs::create_dir(&folder) {
            Ok(()) => own(&folder, two_ids)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    let mode = if file.executable { 0o755 } else { 0o644 };
    let mut target = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
    let mut left = file.length;
    let mut offset = file.offset;
    let mut buffer = vec![0; 64 << 10];
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let got = content.read_at(&mut buffer[..want], offset)?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        io::Write::write_all(&mut target, &buffer[..got])?;
        offset += got as u64;
        left -= got as u64;
    }
    own(&path, two_ids)
}

fn bind(from: &str, to: &str) -> Result<(), FaultRecord> {
    let none: Option<&str> = None;
    let to = format!("{ROOT}/{to}");
    mount(Some(from), to.as_str(), none, MsFlags::MS_BIND, none).step(|| format!("binding {to}"))
}

/// The workspace: an overlay of the case's files and writes over the layers, or a copy of them.
fn workspace(plan: &InitPlan, built: &Built) -> Result<(), FaultRecord> {
    if plan.layers.is_empty() {
        return bind(UPPER, "workspace");
    }
    if !built.overlay {
        let owner = built.two_ids.then_some(Owner { uid: PROGRAM_ID, gid: PROGRAM_ID });
        for layer in &plan.layers {
            copy_tree(Path::new(&format!("{SOURCES}/{layer}")), Path::new(UPPER), owner)
                .step(|| fault::COPYING.to_owned())?;
        }
        return bind(UPPER, "workspace");
    }
    let lower: Vec<String> = plan.layers.iter().map(|layer| format!("{SOURCES}/{layer}")).collect();
    let options = format!("lowerdir={},upperdir={UPPER},workdir={WRITABLE}/work,userxattr", lower.join(":"));
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("overlay"), "root/workspace", Some("overlay"), flags, Some(options.as_str()))
        .step(|| "overlaying the workspace".to_owned())
}

/// Read-only: what a program could write there (its OOM score, its login id) is not its business.
fn mount_proc() -> Result<(), FaultRecord> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
    mount(Some("proc"), "root/proc", Some("proc"), flags, Some("hidepid=2"))
        .step(|| "mounting /proc".to_owned())
}

fn pivot() -> Result<(), FaultRecord> {
    nix::unistd::chdir(ROOT).step(|| "entering the root".to_owned())?;
    nix::unistd::pivot_root(".", ".").step(|| "changing the root".to_owned())?;
    umount2(".", MntFlags::MNT_DETACH).step(|| "letting go of the worker's root".to_owned())?;
    nix::unistd::chdir("/").step(|| "entering the root".to_owned())
}

/// Reaps until the program is gone, ends whatever it left, and tells.
fn watch(plan: &CasePlan, program: i32, case: BorrowedFd<'_>, world: &mut World) -> Result<(), FaultRecord> {
    let reaping = || "reaping".to_owned();
    let mut cpu = std::time::Duration::ZERO;
    let mut resident_kib = 0;
    let mut add = |waited: &Waited| {
        cpu += waited.cpu.0 + waited.cpu.1;
        resident_kib = waited.resident_kib.max(resident_kib);
    };
    let ended = loop {
        match sys::wait_any(false).step(reaping)? {
            Some(waited) => {
                add(&waited);
                if waited.pid == program {
                    break waited;
                }
            }
            None => {
                return Err(FaultRecord { step: "the program was reaped by nobody".to_owned(), errno: None });
            }
        }
    };
    let at_nanos = monotonic_nanos();
    // What has ended by itself is not left over.
    while let Some(waited) = sys::wait_any(true).step(reaping)? {
        add(&waited);
    }
    let mut leaked = 0;
    // Everything but us; a fork that is under way sees the pending signal and fails.
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(-1), nix::sys::signal::Signal::SIGKILL);
    while let Some(waited) = sys::wait_any(false).step(reaping)? {
        add(&waited);
        leaked += 1;
    }
    let (disk_used, disk_full) = disk(&world.tmpfs);
    let exited = Exited {
        status: ended.status,
        at_nanos,
        switches: ended.switches,
        leaked,
        resident_kib,
        disk_used,
        disk_full,
        io: world.io.as_mut().and_then(|(file, before)| block_io(file, before)),
        reaped_cpu_micros: u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX),
        untouched: leaked == 0
            && world.keeper.as_ref().is_some_and(|keeper| keeper.nothing_left(&world.tmpfs)),
    };
    wire::send(case, &Record::Exited(exited), &[]).step(|| "reporting the end".to_owned())?;
    for (index, wanted) in plan.collect.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        match wanted.below {
            None => send_file(case, index, open_left(&world.workspace, &wanted.path, wanted.max))?,
            Some(how) => gather::send_folder(case, (index, wanted), how, &world.workspace)?,
        }
    }
    Ok(())
}

fn disk(tmpfs: &OwnedFd) -> (u64, bool) {
    let Ok(stat) = nix::sys::statvfs::fstatvfs(tmpfs) else { return (0, false) };
    let used = (stat.blocks() - stat.blocks_free()) * stat.fragment_size();
    (used, stat.blocks_free() == 0 || stat.files_free() == 0)
}

/// Bytes that we and all that we reaped moved from and to block devices, since the last time.
fn block_io(file: &File, before: &mut (u64, u64)) -> Option<(u64, u64)> {
    let mut buffer = [0; 1024];
    let length = file.read_at(&mut buffer, 0).ok()?;
    let text = std::str::from_utf8(buffer.get(..length)?).ok()?;
    let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok());
    let now: (u64, u64) = (field("read_bytes:")?, field("write_bytes:")?);
    let before = std::mem::replace(before, now);
    Some((now.0.saturating_sub(before.0), now.1.saturating_sub(before.1)))
}

fn send_file(
    status: BorrowedFd<'_>,
    index: u32,
    opened: Result<(OwnedFd, FileRecord), FileFault>,
) -> Result<(), FaultRecord> {
    let reporting = || "reporting a file".to_owned();
    match opened {
        Ok((file, record)) => {
            wire::send(status, &Record::File { index, result: Ok(record) }, &[file.as_fd()]).step(reporting)
        }
        Err(fault) => wire::send(status, &Record::File { index, result: Err(fault) }, &[]).step(reporting),
    }
}

/// How anything that the program left is opened: below the workspace, through no link, without waiting
/// for a FIFO.
pub(super) fn what_is_left() -> OpenHow {
    OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NOCTTY)
        .resolve(
            ResolveFlag::RESOLVE_BENEATH
                | ResolveFlag::RESOLVE_NO_SYMLINKS
                | ResolveFlag::RESOLVE_NO_MAGICLINKS,
        )
}

/// Opens a file that the program left: below the workspace, through no link, without waiting for a
/// FIFO, regular files only.
pub(super) fn open_left(
    workspace: &OwnedFd,
    path: &NoNul,
    max: u64,
) -> Result<(OwnedFd, FileRecord), FileFault> {
    let file = match openat2(workspace, path.as_os_str(), what_is_left()) {
        Ok(file) => File::from(file),
        Err(nix::errno::Errno::ENOENT | nix::errno::Errno::ENOTDIR) => return Err(FileFault::Missing),
        Err(nix::errno::Errno::ELOOP | nix::errno::Errno::EXDEV) => return Err(FileFault::Link),
        Err(nix::errno::Errno::ENXIO) => return Err(FileFault::NotRegular),
        Err(errno) => return Err(FileFault::Unreadable(errno as i32)),
    };
    let meta = file.metadata().map_err(|error| FileFault::Unreadable(error.raw_os_error().unwrap_or(0)))?;
    if !meta.is_file() {
        return Err(FileFault::NotRegular);
    }
    if meta.len() > max {
        return Err(FileFault::TooLarge(meta.len()));
    }
    Ok((file.into(), FileRecord { size: meta.len(), executable: meta.mode() & 0o100 != 0 }))
}
