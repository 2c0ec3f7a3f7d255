//! [`Store`]: the folder of a build cache. An entry is one file, written beside its place and
//! renamed, with a hash over itself: half an entry, a bent one, or one of another name is none.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

use super::cache::Stored;
use super::fingerprint::Key;

/// The folder of a build cache.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    most: u64,
}

/// The right to make a build: nobody else makes the same one meanwhile.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "held, and given back when it is dropped")] Flock<File>);

const MAGIC: &[u8] = b"capsule-run build cache 1\n";
const HASH: usize = 32;
/// No entry is larger.
const LARGEST: u64 = 512 << 20;
/// After a clean-up there is room again.
const KEPT: f64 = 0.8;
/// A temporary file of a process that was killed.
const ABANDONED: Duration = Duration::from_secs(3600);
const WAIT: Duration = Duration::from_millis(20);

impl Store {
    pub(super) fn open(folder: &Path, most: u64) -> io::Result<Self> {
        private(folder)?;
        private(&folder.join("locks"))?;
        Ok(Self { folder: folder.to_owned(), most })
    }

    /// Waits for the right to make this build. `None` when `stop` says so, or where the file system
    /// knows no locks.
    pub(super) fn turn(&self, key: &Key, stop: &dyn Fn() -> bool) -> Option<Turn> {
        // By the first bytes of the key: the files need never be removed, which is what makes
        // locks on files go wrong.
        let path = self.folder.join("locks").join(&key.to_string()[..3]);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let mut file = options.open(path).ok()?;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => return Some(Turn(lock)),
                Err((_, errno)) if errno != nix::errno::Errno::EWOULDBLOCK || stop() => return None,
                Err((back, _)) => file = back,
            }
            std::thread::sleep(WAIT);
        }
    }

    /// The build of this key, if a whole one is there. What is there and is not whole is removed.
    pub(super) fn read(&self, key: &Key) -> Option<Stored> {
        let path = self.path(key);
        let file = open_own(&path).ok()?;
        let found = entry(&file).and_then(|bytes| decode(&bytes, key));
        if found.is_none() {
            log::warn!("the build cache had a damaged entry, which is made again: {}", path.display());
            let _ = fs::remove_file(&path);
            return None;
        }
        // What was used last is removed last.
        let _ = file.set_modified(SystemTime::now());
        found
    }

    /// Keeps a build. A cache that cannot be written is none, and no fault of the build.
    pub(super) fn write(&self, key: &Key, stored: &Stored) {
        if let Err(error) = self.try_write(key, stored) {
            log::warn!("the build cache cannot be written: {error}");
        }
        self.make_room();
    }

    fn try_write(&self, key: &Key, stored: &Stored) -> io::Result<()> {
        let bytes = encode(key, stored)?;
        if bytes.len() as u64 > LARGEST.min(self.most) {
            return Ok(());
        }
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(&self.folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_data()?;
        file.persist(self.path(key)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes what was used longest ago while there is too much.
    fn make_room(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files = Vec::new();
        for entry in entries.flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let age = used.elapsed().unwrap_or_default();
            let half_written = entry.file_name().as_encoded_bytes().starts_with(b".new-");
            if meta.is_file() && half_written && age > ABANDONED {
                let _ = fs::remove_file(entry.path());
            } else if meta.is_file() && !half_written {
                files.push((used, meta.len(), entry.path()));
            }
        }
        let mut all: u64 = files.iter().map(|(_, size, _)| size).sum();
        if all <= self.most {
            return;
        }
        files.sort();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a size that need not be exact"
        )]
        let kept = (self.most as f64 * KEPT) as u64;
        for (_, size, path) in files {
            if all <= kept {
                break;
            }
            if fs::remove_file(path).is_ok() {
                all -= size;
            }
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(key.to_string())
    }
}

fn encode(key: &Key, stored: &Stored) -> io::Result<Vec<u8>> {
    let payload = postcard::to_allocvec(stored).map_err(io::Error::other)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(hash(key, &payload));
    bytes.extend(payload);
    Ok(bytes)
}

fn decode(bytes: &[u8], key: &Key) -> Option<Stored> {
    let (found, payload) = bytes.strip_prefix(MAGIC)?.split_at_checked(HASH)?;
    if found != hash(key, payload) {
        return None;
    }
    postcard::from_bytes(payload).ok()
}

/// Over the key too: an entry under another name is none.
fn hash(key: &Key, payload: &[u8]) -> [u8; HASH] {
    let mut hash = Sha256::new();
    hash.update(key.0);
    hash.update(payload);
    hash.finalize().into()
}

fn entry(file: &File) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = file.take(LARGEST + 1);
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A regular file of this user that nobody else may write.
fn open_own(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || meta.uid() != nix::unistd::geteuid().as_raw() || meta.mode() & 0o022 != 0 {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    Ok(file)
}

/// Makes a folder that only this user may enter, or proves that it is one.
fn private(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let meta = fs::symlink_metadata(folder)?;
    let refuse = |why: &str| {
        let message = format!("{} {why}", folder.display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
    };
    if !meta.is_dir() {
        return refuse("is no folder");
    }
    if meta.uid() != nix::unistd::geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    if meta.permissions().mode() & 0o022 != 0 {
        return refuse("may be written by other users");
    }
    if meta.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, PermissionsExt::from_mode(0o700))?;
    }
    Ok(())
}
