//! [`EventLog`]: the file, and who is to get a copy of it.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::pump::Pump;
use super::target::{EventTarget, Opened};
use crate::cli::report_file::ReportError;
use crate::report::event::{Event, What};

/// Offset and length of a line in the log.
pub(in crate::cli) type Place = (u64, usize);

/// The event log of a run.
pub(in crate::cli) struct EventLog {
    file: File,
    /// What `--events` named; a log of our own has no name.
    shown: Option<PathBuf>,
    pump: Option<Pump>,
    seq: u64,
    end: u64,
    failed: Option<io::Error>,
}

impl EventLog {
    /// Opens the log. `scratch` is the folder of one without a name.
    ///
    /// # Errors
    /// It cannot be written.
    pub(in crate::cli) fn open(target: Option<&EventTarget>, scratch: &Path) -> Result<Self, ReportError> {
        let shown = target.map(EventTarget::shown);
        let failed = |source| ReportError::new(shown.clone().unwrap_or_else(|| scratch.to_owned()), source);
        let private = || tempfile::tempfile_in(scratch).or_else(|error| in_memory().map_err(|_| error));
        let (file, pump) = match target.map(EventTarget::open).transpose().map_err(failed)? {
            None => (private().map_err(failed)?, None),
            Some(Opened::File(file)) => (file, None),
            Some(Opened::Stream(open)) => {
                let file = private().map_err(failed)?;
                let copy = file.try_clone().map_err(failed)?;
                (file, Some(Pump::start(copy, open).map_err(failed)?))
            }
        };
        Ok(Self { file, shown, pump, seq: 0, end: 0, failed: None })
    }

    /// Appends an event. Its place; `None` once the log cannot be written (see [`Self::finish`]): the
    /// run goes on.
    pub(in crate::cli) fn append(&mut self, what: What<'_>) -> Option<Place> {
        if self.failed.is_some() {
            return None;
        }
        let line = Event::new(self.seq + 1, SystemTime::now().into(), what).line();
        // One write for a line: who reads the file meanwhile sees whole lines, but for the last.
        if let Err(error) = self.file.write_all(&line) {
            log::warn!("the event log cannot be written: {error}");
            self.failed = Some(error);
            return None;
        }
        let place = (self.end, line.len());
        self.seq += 1;
        self.end += line.len() as u64;
        if let Some(pump) = &self.pump {
            pump.advance(self.end);
        }
        Some(place)
    }

    /// The line at this place.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(in crate::cli) fn line(&self, place: Place) -> io::Result<Vec<u8>> {
        read_line(&self.file, place)
    }

    /// Why it could not be written, if so.
    pub(in crate::cli) fn failure(&self) -> Option<String> {
        self.failed.as_ref().map(ToString::to_string)
    }

    /// Nothing more comes. Waits for whoever reads a copy. The name, if `--events` gave one.
    ///
    /// # Errors
    /// Events were lost.
    pub(in crate::cli) fn finish(self) -> Result<Option<PathBuf>, ReportError> {
        let name = self.shown.clone().unwrap_or_else(|| PathBuf::from("(the event log)"));
        let copied = self.pump.map_or(Ok(()), Pump::finish);
        match self.failed.map_or(copied, Err) {
            Ok(()) => Ok(self.shown),
            Err(source) => Err(ReportError::new(name, source)),
        }
    }
}

/// A log of our own where no file can be made: a run must not depend on a temporary directory.
fn in_memory() -> io::Result<File> {
    let memory = nix::sys::memfd::memfd_create(c"events", nix::sys::memfd::MFdFlags::MFD_CLOEXEC)?;
    Ok(File::from(memory))
}

/// The line at this place of a log.
///
/// # Errors
/// Those of reading the file.
pub(in crate::cli) fn read_line(file: &File, (offset, length): Place) -> io::Result<Vec<u8>> {
    let mut line = vec![0; length];
    file.read_exact_at(&mut line, offset)?;
    Ok(line)
}
