//! [`key`]: what a build is known by: everything that it can see.
//!
//! That is the command, its environment, its limits and how it is shut in; every file of its
//! workspace; the bytes of its program; and the state of the toolchain, which is too large to be
//! read: of that, what the file system says of every file where compilers live (the kernel sets the
//! time of a change, no installer and no `touch` does).

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use sha2::{Digest, Sha256};

use crate::resolve::{self, ResolvedCase};
use crate::sandbox::spec::{Network, Stdin, Workspace};

/// What is known of the tools of this host: looked at once in a run.
#[derive(Debug, Default)]
pub(super) struct Tools {
    state: OnceLock<[u8; 32]>,
    /// Hashes of programs, by path, inode and time of change.
    programs: Mutex<HashMap<Program, Vec<u8>>>,
}

/// A program as it was looked at: its path, inode and time of change.
type Program = (PathBuf, u64, i64, i64);

/// What a build is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) [u8; 32]);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Raised when the same inputs could mean another result.
const VERSION: &str = concat!("capsule-run build 1, ", env!("CARGO_PKG_VERSION"));

/// A workspace with more than this is not worth a hash.
const MOST_BYTES: u64 = 256 << 20;
const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 64;

/// The key of a build; `None` when it can see what no hash knows: the network, places of the host
/// that a bind shows, a standard input of ours, or a workspace too large or too odd.
pub(super) fn key(case: &ResolvedCase, outputs: &[PathBuf], tools: &Tools) -> Option<Key> {
    let mut spec = resolve::lower(case, outputs);
    if spec.network != Network::None || !spec.binds.is_empty() || matches!(spec.stdin, Stdin::Inherit) {
        return None;
    }
    let layers = match std::mem::replace(&mut spec.workspace, Workspace::Empty) {
        Workspace::Empty => Vec::new(),
        Workspace::CopyOnWrite(layers) => layers,
    };
    let mut hash = Hash(Sha256::new());
    hash.part(VERSION.as_bytes());
    hash.part(tools.state.get_or_init(|| toolchain(case)));
    // Whatever the engine and the judge are told: a field that is added tomorrow is in it too.
    write!(hash, "{spec:?}\n{:?}\n{:?}", case.expectation, case.outputs).ok()?;
    hash.part(&tools.program(case).unwrap_or_default());
    let mut left = Left { bytes: MOST_BYTES, files: MOST_FILES };
    for layer in layers {
        hash.part(b"layer");
        hash.folder(&layer, Path::new(""), 0, &mut left).ok()?;
    }
    Some(Key(hash.0.finalize().into()))
}

struct Left {
    bytes: u64,
    files: usize,
}

struct Hash(Sha256);

impl fmt::Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

impl Hash {
    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn folder(&mut self, root: &Path, below: &Path, depth: usize, left: &mut Left) -> io::Result<()> {
        let mut names: Vec<_> =
            fs::read_dir(root.join(below))?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            left.files = left.files.checked_sub(1).filter(|_| depth < DEEPEST).ok_or_else(too_much)?;
            let path = below.join(name);
            self.part(path.as_os_str().as_bytes());
            self.entry(root, &path, depth, left)?;
        }
        Ok(())
    }

    fn entry(&mut self, root: &Path, path: &Path, depth: usize, left: &mut Left) -> io::Result<()> {
        let place = root.join(path);
        let meta = fs::symlink_metadata(&place)?;
        if meta.is_dir() {
            self.part(b"folder");
            return self.folder(root, path, depth + 1, left);
        }
        if meta.is_symlink() {
            self.part(b"link");
            self.part(fs::read_link(&place)?.as_os_str().as_bytes());
            return Ok(());
        }
        if !meta.is_file() {
            return Err(too_much());
        }
        let bytes = read(&place, left.bytes)?;
        left.bytes -= bytes.len() as u64;
        self.part(if meta.mode() & 0o100 != 0 { b"program" } else { b"file" });
        self.part(&bytes);
        Ok(())
    }

    /// What the file system says of a place.
    fn state(&mut self, path: &Path, meta: &Metadata) {
        self.part(path.as_os_str().as_bytes());
        for number in [meta.ino(), meta.size(), u64::from(meta.mode())] {
            self.0.update(number.to_le_bytes());
        }
        for number in [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()] {
            self.0.update(number.to_le_bytes());
        }
    }
}

fn too_much() -> io::Error {
    io::Error::other("not worth a hash")
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_much()) } else { Ok(bytes) }
}

impl Tools {
    /// The hash of the program itself, where it is one of the host's: one of the workspace is
    /// hashed with that.
    fn program(&self, case: &ResolvedCase) -> Option<Vec<u8>> {
        let name = Path::new(case.argv.first()?.as_os_str());
        let place = if name.is_absolute() {
            name.to_owned()
        } else if name.components().count() == 1 {
            search_path(case).into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())?
        } else {
            return None;
        };
        let place = fs::canonicalize(place).ok()?;
        let meta = fs::metadata(&place).ok()?;
        let known = (place.clone(), meta.ino(), meta.ctime(), meta.ctime_nsec());
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hash) = programs.get(&known) {
            return Some(hash.clone());
        }
        let hash = Sha256::digest(read(&place, MOST_BYTES).ok()?).to_vec();
        programs.insert(known, hash.clone());
        Some(hash)
    }
}

fn search_path(case: &ResolvedCase) -> Vec<PathBuf> {
    let path = case.env.iter().find(|(name, _)| name.as_bytes() == b"PATH").map(|(_, path)| path.as_bytes());
    let folders = path.unwrap_or(b"/usr/bin:/bin").split(|byte| *byte == b':');
    folders.map(|folder| PathBuf::from(OsStr::from_bytes(folder))).filter(|path| path.is_absolute()).collect()
}

/// Where compilers, their parts, their headers and their libraries live.
const TOOLS: &[&str] = &[
    "/etc/alternatives",
    "/usr/include",
    "/usr/lib/gcc",
    "/usr/libexec/gcc",
    "/usr/lib/gcc-cross",
    "/usr/lib/jvm",
    "/usr/lib/rustlib",
    "/usr/lib/go",
    "/usr/share/go",
    "/usr/local",
];
/// Folders whose own entries are looked at: libraries, and packages by their names.
const NAMES: &[&str] = &[
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/share",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
];
/// Where package managers write down what is installed.
const PACKAGES: &[&str] = &[
    "/var/lib/dpkg/status",
    "/var/lib/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/lib/apk/db/installed",
    "/var/lib/pacman/local",
];
const MOST_ENTRIES: usize = 200_000;

/// The state of the tools of this host.
fn toolchain(case: &ResolvedCase) -> [u8; 32] {
    let mut hash = Hash(Sha256::new());
    let mut left = MOST_ENTRIES;
    let deep: BTreeSet<PathBuf> = TOOLS.iter().map(PathBuf::from).collect();
    let flat: BTreeSet<PathBuf> = NAMES
        .iter()
        .map(PathBuf::from)
        .chain(search_path(case))
        .filter(|path| !deep.contains(path))
        .collect();
    for path in PACKAGES.iter().map(Path::new) {
        if let Ok(meta) = fs::metadata(path) {
            hash.state(path, &meta);
        }
    }
    for folder in flat {
        hash.states(&folder, 0, &mut left);
    }
    for folder in deep {
        hash.states(&folder, DEEPEST, &mut left);
    }
    hash.0.finalize().into()
}

impl Hash {
    fn states(&mut self, folder: &Path, depth: usize, left: &mut usize) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            *left = left.saturating_sub(1);
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            self.state(&path, &meta);
            if meta.is_symlink() {
                if let Ok(meta) = fs::metadata(&path) {
                    self.state(&path, &meta);
                }
            } else if meta.is_dir() && depth > 0 && *left > 0 {
                self.states(&path, depth - 1, left);
            }
        }
    }
}
