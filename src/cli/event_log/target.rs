//! [`EventTarget`]: where `--events` goes.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where `--events` goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum EventTarget {
    /// A file, or a FIFO or device by its name.
    Path(PathBuf),
    /// A descriptor that this process was given.
    Descriptor(u32),
    /// Standard output.
    Stdout,
}

/// What a target turned out to be.
pub(super) enum Opened {
    /// A file: the log itself.
    File(File),
    /// Something that is read while it is written: the log is copied to it. Opening a FIFO waits for
    /// its reader, so that it is left to the copying thread.
    Stream(OpenStream),
}

/// Opens what is read while it is written.
pub(super) type OpenStream = Box<dyn FnOnce() -> io::Result<Box<dyn io::Write + Send>> + Send>;

impl EventTarget {
    /// The target with this name: `FILE`, `fd:N` or `-`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::cli) fn parse(text: &OsStr) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Stdout);
        }
        let Some(number) = text.as_bytes().strip_prefix(b"fd:") else {
            return Ok(Self::Path(PathBuf::from(text)));
        };
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        match number {
            Some(1) => Ok(Self::Stdout),
            Some(number) if number > 2 => {
                // Looked at before anything of ours is opened: its number would be free.
                let open = std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok();
                if open {
                    Ok(Self::Descriptor(number))
                } else {
                    Err(format!("descriptor {number} is not open"))
                }
            }
            _ => Err("after `fd:` comes the number of an open descriptor, 1 or from 3".to_owned()),
        }
    }

    /// How it is called in messages.
    pub(super) fn shown(&self) -> PathBuf {
        match self {
            Self::Path(path) => path.clone(),
            Self::Descriptor(number) => PathBuf::from(format!("fd:{number}")),
            Self::Stdout => PathBuf::from("-"),
        }
    }

    pub(super) fn open(&self) -> io::Result<Opened> {
        match self {
            Self::Stdout => Ok(Opened::Stream(Box::new(|| Ok(Box::new(io::stdout()))))),
            Self::Descriptor(number) => {
                let path = format!("/proc/self/fd/{number}");
                let file = OpenOptions::new().append(true).open(path)?;
                Ok(Opened::Stream(Box::new(|| Ok(Box::new(file)))))
            }
            Self::Path(path) => open_path(path),
        }
    }
}

fn open_path(path: &Path) -> io::Result<Opened> {
    let is_stream = std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir());
    if is_stream {
        let path = path.to_owned();
        return Ok(Opened::Stream(Box::new(|| Ok(Box::new(OpenOptions::new().write(true).open(path)?)))));
    }
    let mut options = OpenOptions::new();
    Ok(Opened::File(options.read(true).write(true).create(true).truncate(true).open(path)?))
}
