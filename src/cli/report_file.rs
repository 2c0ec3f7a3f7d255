//! [`ReportFile`]: a report that was asked for. Its place is proved writable before the first
//! case runs, it holds a pessimistic copy while the run goes on, and it is replaced in one step:
//! no reader ever sees half a report, and no crash leaves yesterday's.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::terminal;

/// A report that was asked for.
#[derive(Debug)]
pub(super) struct ReportFile {
    /// As the user named it.
    shown: PathBuf,
    place: ReportPlace,
}

#[derive(Debug)]
enum ReportPlace {
    /// Standard output: written once, at the end.
    Stdout,
    /// A device or FIFO: cannot be replaced, so it is written once, at the end.
    Stream(fs::File),
    /// A file, with links resolved, and the folder that it is in.
    File { target: PathBuf, folder: PathBuf },
}

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report `{}`: {source}", path.display())]
pub(super) struct ReportError {
    path: PathBuf,
    source: io::Error,
}

impl ReportError {
    /// Writing to `path` failed for this reason.
    pub(super) fn new(path: PathBuf, source: io::Error) -> Self {
        Self { path, source }
    }
}

/// Writes a report as a stream.
pub(super) type WriteReport<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

impl ReportFile {
    /// Finds the place of a report.
    ///
    /// # Errors
    /// [`ReportError`] when nothing can be written there.
    pub(super) fn find(path: &Path) -> Result<Self, ReportError> {
        let place = ReportPlace::find(path);
        let place = place.map_err(|source| ReportError { path: path.to_owned(), source })?;
        if let ReportPlace::File { folder, .. } = &place {
            sweep(folder);
        }
        Ok(Self { shown: path.to_owned(), place })
    }

    /// Finds the place of a report and leaves the pessimistic copy there.
    ///
    /// # Errors
    /// [`ReportError`] when it cannot be written.
    pub(super) fn open(path: &Path, pessimistic: WriteReport<'_>) -> Result<Self, ReportError> {
        let file = Self::find(path)?;
        file.leave(pessimistic)?;
        Ok(file)
    }

    /// Writes the pessimistic copy, where it can be replaced later.
    ///
    /// # Errors
    /// [`ReportError`] when it cannot be written.
    pub(super) fn leave(&self, pessimistic: WriteReport<'_>) -> Result<(), ReportError> {
        if self.can_be_replaced() { self.write(pessimistic) } else { Ok(()) }
    }

    /// Whether it may be written more than once: it is a file, and no stream.
    pub(super) fn can_be_replaced(&self) -> bool {
        matches!(self.place, ReportPlace::File { .. })
    }

    /// Writes the report.
    ///
    /// # Errors
    /// [`ReportError`] when it cannot be written; what was there before stays.
    pub(super) fn write(&self, report: WriteReport<'_>) -> Result<(), ReportError> {
        let result = match &self.place {
            ReportPlace::Stdout => terminal::print_stream(report),
            ReportPlace::Stream(file) => report(&mut &*file).and_then(|()| (&*file).flush()),
            ReportPlace::File { target, folder } => replace(target, folder, report),
        };
        result.map_err(|source| ReportError { path: self.shown.clone(), source })
    }

    /// As the user named it.
    pub(super) fn shown(&self) -> &Path {
        &self.shown
    }
}

/// Writes a file in one step: no reader ever sees half of it.
///
/// # Errors
/// [`ReportError`] when it cannot be written.
pub(super) fn write_whole(path: &Path, report: WriteReport<'_>) -> Result<(), ReportError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    replace(path, folder, report).map_err(|source| ReportError { path: path.to_owned(), source })
}

impl ReportPlace {
    fn find(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error),
        };
        match fs::metadata(&target) {
            Ok(meta) if meta.is_dir() => return Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(meta) if !meta.is_file() => {
                return Ok(Self::Stream(fs::OpenOptions::new().write(true).open(&target)?));
            }
            _ => {}
        }
        let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        Ok(Self::File { target, folder })
    }
}

/// How the temporary file beside a report is called.
const PREFIX: &str = ".capsule-run-";
const SUFFIX: &str = ".tmp";
/// One that is younger may be about to be locked.
const SETTLED: Duration = Duration::from_secs(60);

/// Writes a temporary file beside the target and renames it.
fn replace(target: &Path, folder: &Path, report: WriteReport<'_>) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    // As any file that a program makes: cut by the umask.
    builder.prefix(PREFIX).suffix(SUFFIX).permissions(fs::Permissions::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    // Where the file system knows no locks, [`sweep`] cannot lock it either, and leaves it alone.
    let _ = file.as_file().try_lock();
    report(&mut file)?;
    file.flush()?;
    file.as_file().sync_data()?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}

/// Removes the temporary files of runs that were killed while they wrote a report: nobody holds
/// their lock. What cannot be removed stays.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) && is_abandoned(&entry) {
            log::debug!("removing what a killed run has left: {}", entry.path().display());
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(entry: &fs::DirEntry) -> bool {
    let Ok(meta) = entry.metadata() else { return false };
    let age = meta.modified().ok().and_then(|time| time.elapsed().ok());
    if !meta.is_file() || age.is_none_or(|age| age < SETTLED) {
        return false;
    }
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(entry.path());
    file.is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bytes: &'static [u8]) -> impl Fn(&mut dyn Write) -> io::Result<()> {
        move |out| out.write_all(bytes)
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_a_living_one_writes_is_not() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let old = std::time::SystemTime::now() - SETTLED - SETTLED;
        let make = |name: &str| {
            let file = fs::File::create(folder.path().join(name)).expect("writable");
            file.set_modified(old).expect("ours");
            file
        };
        drop((make(".capsule-run-dead.tmp"), make("mine.tmp")));
        let living = make(".capsule-run-living.tmp");
        living.try_lock().expect("free");
        fs::write(folder.path().join(".capsule-run-young.tmp"), "").expect("writable");
        ReportFile::open(&folder.path().join("report"), &bytes(b"x")).expect("writable");
        let mut left: Vec<_> = fs::read_dir(folder.path()).expect("readable").flatten().collect();
        left.sort_by_key(fs::DirEntry::file_name);
        let left: Vec<_> = left.iter().map(fs::DirEntry::file_name).collect();
        assert_eq!(left, [".capsule-run-living.tmp", ".capsule-run-young.tmp", "mine.tmp", "report"]);
    }

    #[test]
    fn a_report_is_replaced_in_one_step_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("report.json");
        let report = ReportFile::open(&path, &bytes(b"pessimistic")).expect("writable");
        assert_eq!(fs::read(&path).expect("readable"), b"pessimistic");
        report.write(&bytes(b"final")).expect("writable");
        assert_eq!(fs::read(&path).expect("readable"), b"final");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_found_before_the_run() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let missing = folder.path().join("no/such/report.json");
        let error = ReportFile::open(&missing, &bytes(b"")).expect_err("no such folder");
        assert!(error.to_string().contains("no/such/report.json"), "{error}");
        assert!(ReportFile::open(folder.path(), &bytes(b"")).is_err(), "a folder is no file");
    }

    #[test]
    fn a_link_is_written_through_and_not_replaced() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, b"old").expect("writable");
        std::os::unix::fs::symlink(&real, &link).expect("a link can be made");
        ReportFile::open(&link, &bytes(b"")).expect("writable").write(&bytes(b"new")).expect("writable");
        assert_eq!(fs::read(&real).expect("readable"), b"new");
        assert!(fs::symlink_metadata(&link).expect("exists").is_symlink());
    }
}
