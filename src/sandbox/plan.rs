//! `Spec` × host → what the worker keeps ([`Template`]), what an init makes ([`InitPlan`]) and what it
//! does for one case ([`CasePlan`]). Pure.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::host;
use super::seccomp::{self, Arch, Asked};
use super::spec::{Access, Network, SeccompPolicy, Spec, Stdin, Stdout, Workspace};
use super::wire::{
    CasePlan, FilterPlan, Ids, InitPlan, PlacementPlan, PlannedFile, Purpose, Rlimit, RlimitPlan, Source,
    Template, Wanted,
};
use crate::units::NoNul;

/// A plan and the bytes that go with it.
pub(super) struct Planned {
    pub(super) template: Template,
    pub(super) init: InitPlan,
    pub(super) case: CasePlan,
    /// The content of all input files, one after the other.
    pub(super) file_bytes: Vec<u8>,
}

/// Places that are fresh for each case: what is bound below them is bound after them.
const FRESH: &[&str] = &["/workspace", "/tmp", "/dev/shm", "/proc"];

/// Makes the plan; the engine adds the placement when it has the cgroup. `by_rlimit`: no cgroup
/// counts processes here.
///
/// # Errors
/// A path that cannot be given to the kernel, in words.
pub(super) fn plan(spec: &Spec, ids: Ids, by_rlimit: bool) -> Result<Planned, String> {
    let mut sources = Vec::new();
    let mut source = |path: &Path, purpose| -> Result<u32, String> {
        let source = Source { path: no_nul(path)?, purpose };
        let found = sources.iter().position(|known| *known == source).unwrap_or_else(|| {
            sources.push(source);
            sources.len() - 1
        });
        u32::try_from(found).map_err(|_| "too many host paths".to_owned())
    };
    let layers = match &spec.workspace {
        Workspace::Empty => Vec::new(),
        Workspace::CopyOnWrite(folders) => {
            folders.iter().map(|folder| source(folder, Purpose::Layer)).collect::<Result<_, _>>()?
        }
    };
    let (mut kept, mut fresh, mut writable) = (Vec::new(), Vec::new(), Vec::new());
    for bind in &spec.binds {
        let purpose = match bind.access {
            Access::ReadOnly => Purpose::ReadOnly,
            Access::ReadWrite => Purpose::ReadWrite,
        };
        let late = FRESH.iter().any(|place| bind.dest.starts_with(place));
        let entry = (source(&bind.source, purpose)?, no_nul(&bind.dest)?);
        if bind.access == Access::ReadWrite {
            writable.push(no_nul(&bind.dest)?);
        }
        if late { fresh.push(entry) } else { kept.push(entry) }
    }
    let (files, file_bytes) = files(spec)?;
    let collect = spec.collect.iter().map(|file| {
        let below = file.below.map(|below| (below.most, below.names_only));
        Ok(Wanted { path: no_nul(&file.path)?, max: file.max.0, below })
    });
    let arch = Arch::native().ok_or("no system-call filter for this architecture")?;
    let case = CasePlan {
        argv: spec.argv.clone(),
        candidates: candidates(spec),
        env: spec.env.iter().map(|(name, value)| entry(name, value)).collect(),
        workdir: no_nul(&spec.workdir)?,
        collect: collect.collect::<Result<_, String>>()?,
        limits: rlimits(spec, ids, by_rlimit),
        placement: PlacementPlan::Nowhere,
        streams_are_ours: matches!(spec.stdin, Stdin::Empty | Stdin::Bytes(_))
            && matches!(spec.stdout, Stdout::Captured),
    };
    let host_network = spec.network == Network::Host;
    let asked = Asked { policy: spec.seccomp, counted: !by_rlimit, host_network };
    let init = InitPlan {
        layers,
        binds: fresh,
        writable,
        files,
        disk: spec.limits.disk.0,
        // An inode costs the kernel about 1 KiB that no size counts.
        inodes: (spec.limits.disk.0 / 4096).clamp(256, 1 << 20),
        filter: filter(asked, arch).as_ref().map(Cow::Borrowed),
    };
    let template = Template { ids, sources, binds: kept, host_network };
    Ok(Planned { template, init, case, file_bytes })
}

/// The filter, compiled for the first case that asks for it and kept for all others. `native` is the
/// architecture of this binary, so it need not be told apart.
fn filter(asked: Asked, native: Arch) -> &'static Option<FilterPlan> {
    static KEPT: [OnceLock<Option<FilterPlan>>; 12] = [const { OnceLock::new() }; 12];
    let policy = match asked.policy {
        SeccompPolicy::Default => 0,
        SeccompPolicy::Strict => 1,
        SeccompPolicy::Off => 2,
    };
    let slot = policy + 3 * usize::from(asked.counted) + 6 * usize::from(asked.host_network);
    KEPT[slot].get_or_init(|| seccomp::filter(asked, native))
}

fn no_nul(path: &Path) -> Result<NoNul, String> {
    use std::os::unix::ffi::OsStrExt;
    NoNul::new(path.as_os_str().as_bytes()).map_err(|error| format!("{}: {error}", path.display()))
}

fn entry(name: &NoNul, value: &NoNul) -> NoNul {
    let joined = [name.as_bytes(), b"=", value.as_bytes()].concat();
    NoNul::new(joined).expect("neither half has a NUL")
}

/// The paths that are tried: the command itself if it has a slash, else every folder of `PATH`.
fn candidates(spec: &Spec) -> Vec<NoNul> {
    let Some(command) = spec.argv.first() else { return Vec::new() };
    if command.as_bytes().contains(&b'/') {
        return vec![command.clone()];
    }
    let path =
        spec.env.iter().find(|(name, _)| name.as_bytes() == b"PATH").map(|(_, value)| value.as_bytes());
    path.unwrap_or(b"/usr/bin:/bin")
        .split(|&byte| byte == b':')
        .filter(|folder| !folder.is_empty())
        .map(|folder| {
            NoNul::new([folder, b"/", command.as_bytes()].concat()).expect("neither part has a NUL")
        })
        .collect()
}

fn files(spec: &Spec) -> Result<(Vec<PlannedFile>, Vec<u8>), String> {
    let mut bytes = Vec::new();
    let mut planned = Vec::new();
    for file in &spec.files {
        planned.push(PlannedFile {
            path: no_nul(&file.path)?,
            offset: bytes.len() as u64,
            length: file.content.len() as u64,
            executable: file.executable,
        });
        bytes.extend_from_slice(&file.content);
    }
    Ok((planned, bytes))
}

fn rlimits(spec: &Spec, ids: Ids, by_rlimit: bool) -> Vec<RlimitPlan> {
    let limits = &spec.limits;
    let both = |which, value| RlimitPlan { which, soft: value, hard: Some(value) };
    let mut all = vec![
        // Not 0: with a core_pattern that is a pipe, 0 would still start the host's crash handler
        // and feed it the program's memory. 1 stops it, and is too little for any file.
        both(Rlimit::Core, 1),
        both(Rlimit::FileSize, limits.file_size.0),
        both(Rlimit::OpenFiles, u64::from(limits.open_files)),
        both(Rlimit::RealtimePriority, 0),
        both(Rlimit::Nice, 0),
        RlimitPlan { which: Rlimit::Stack, soft: host::STACK, hard: None },
        // What whoever started us has lowered is not the program's limit: see `host::allows`.
        as_high_as_may_be(Rlimit::AddressSpace),
        as_high_as_may_be(Rlimit::Data),
    ];
    all.push(match limits.cpu {
        // Whole seconds and one process only: a backstop. The supervisor's timer is the limit.
        Some(cpu) => {
            let seconds = host::backstop(cpu);
            RlimitPlan { which: Rlimit::Cpu, soft: seconds, hard: Some(seconds + 1) }
        }
        None => as_high_as_may_be(Rlimit::Cpu),
    });
    if by_rlimit {
        // Counted per user: with one id the worker and init are counted too.
        let ours = if matches!(ids, Ids::One { .. }) { 2 } else { 0 };
        // The kernel does not say when it refused one. One more than allowed is let through, so that
        // it can be seen that there were too many.
        all.push(both(Rlimit::Processes, u64::from(limits.pids) + ours + 1));
    }
    all
}

fn as_high_as_may_be(which: Rlimit) -> RlimitPlan {
    RlimitPlan { which, soft: u64::MAX, hard: None }
}

/// The folders of a workspace, for messages.
pub(super) fn layers(spec: &Spec) -> &[PathBuf] {
    match &spec.workspace {
        Workspace::Empty => &[],
        Workspace::CopyOnWrite(folders) => folders,
    }
}
