//! [`Journal`]: the rows of submissions that are finished, one line each, on the disk before
//! anything else is done. What a killed run has written there, the next one need not run again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::report::Row;

/// The rows of submissions that are finished.
#[derive(Debug)]
pub(in crate::cli) struct Journal {
    file: File,
    rows: HashMap<String, Row>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// What the result is known by.
    key: String,
    row: Row,
}

/// No journal is longer.
const LONGEST: u64 = 1 << 30;

impl Journal {
    /// Opens the journal and keeps everybody else out of it.
    ///
    /// # Errors
    /// It cannot be written, or another run writes it.
    pub(in crate::cli) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let mut file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    "another capsule-run is grading into this folder",
                ));
            }
            Err(TryLockError::Error(error)) => log::debug!("no lock on the journal: {error}"),
        }
        let mut bytes = Vec::new();
        (&file).take(LONGEST).read_to_end(&mut bytes)?;
        let rows = bytes.split(|byte| *byte == b'\n').filter_map(parse).collect();
        // The line that a killed run did not end.
        if bytes.last().is_some_and(|last| *last != b'\n') {
            file.seek(io::SeekFrom::End(0))?;
            file.write_all(b"\n")?;
        }
        Ok(Self { file, rows })
    }

    /// The row of a submission that is finished.
    pub(in crate::cli) fn get(&self, key: &str) -> Option<&Row> {
        self.rows.get(key)
    }

    /// Writes down that a submission is finished.
    ///
    /// # Errors
    /// The system's.
    pub(in crate::cli) fn add(&mut self, key: &str, row: &Row) -> io::Result<()> {
        let line = Line { key: key.to_owned(), row: row.clone() };
        let json = serde_json::to_string(&line).map_err(io::Error::other)?;
        self.file.write_all(format!("{} {json}\n", sum(json.as_bytes())).as_bytes())?;
        self.file.sync_data()?;
        self.rows.insert(line.key, line.row);
        Ok(())
    }
}

/// A whole line; half of one, or one that somebody has changed, is none.
fn parse(line: &[u8]) -> Option<(String, Row)> {
    let line = std::str::from_utf8(line).ok()?;
    let (found, json) = line.split_once(' ')?;
    let line: Line = serde_json::from_str(json).ok().filter(|_| found == sum(json.as_bytes()))?;
    Some((line.key, line.row))
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::class::{Candidate, empty_row};

    fn row(label: &str) -> Row {
        let candidate = Candidate {
            label: label.to_owned(),
            student_id: label.to_owned(),
            student_name: "ü \"\n".to_owned(),
            late: true,
            parts: Vec::new(),
        };
        Row { score: Some(0.1 + 0.2), ..empty_row(&candidate, 2) }
    }

    #[test]
    fn what_was_written_is_read_again_and_a_torn_or_changed_line_is_not() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("journal");
        let mut journal = Journal::open(&path).expect("writable");
        for label in ["a", "b", "c"] {
            journal.add(label, &row(label)).expect("written");
        }
        drop(journal);
        let whole = std::fs::read_to_string(&path).expect("text");
        // The last line is torn, and in the second somebody has given themselves a point.
        let bent = whole.replacen("\"key\":\"b\"", "\"key\":\"B\"", 1);
        std::fs::write(&path, &bent[..bent.len() - 10]).expect("writable");
        let mut journal = Journal::open(&path).expect("readable");
        assert!(journal.get("a").is_some());
        assert_eq!((journal.get("b"), journal.get("B"), journal.get("c")), (None, None, None));
        journal.add("c", &row("c")).expect("written");
        drop(journal);
        let journal = Journal::open(&path).expect("readable");
        assert!(journal.get("a").is_some() && journal.get("c").is_some());
        assert_eq!(journal.get("c").map(|row| row.student_name.as_str()), Some("ü \"\n"));
    }

    #[test]
    fn two_runs_never_write_one_journal() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("journal");
        let _first = Journal::open(&path).expect("writable");
        assert!(Journal::open(&path).is_err());
    }
}
