//! [`History`]: what became of the cases of earlier runs of this user, for `--failed`, `--order
//! smart` and `capsule-run runs`. Private, bounded, and never a reason for a run to fail.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::files;
use super::select::{Before, Chosen, Previous, Words};
use crate::judge::Status;
use crate::report::{RunMeta, SuiteInfo, Tally};
use crate::resolve::ResolvedCase;

/// How many runs are kept.
const KEPT: usize = 50;

/// The longest record that is read.
const LONGEST: u64 = 256 << 20;

/// The form of the records; others are left alone.
const SCHEMA: &str = "capsule-run/history/1";

/// Where the records are; nowhere with `--no-history`, or without a home.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    folder: Option<PathBuf>,
    /// What suite files are relative to.
    cwd: PathBuf,
}

/// One run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    schema: String,
    /// The id of the run.
    pub(super) id: String,
    /// Milliseconds since 1970.
    pub(super) started_ms: u64,
    pub(super) duration_ms: u64,
    pub(super) argv: Vec<String>,
    pub(super) exit_code: u8,
    /// The suite files, absolute.
    pub(super) suites: Vec<String>,
    pub(super) cases: Vec<Known>,
}

/// What is known of a case: its suite's number, its id, its status, how long it took, and whether
/// that is of this run and not of an earlier one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Known(
    pub(super) usize,
    pub(super) Box<str>,
    pub(super) Box<str>,
    pub(super) Option<u64>,
    pub(super) bool,
);

impl History {
    /// The history in `folder`, if there is one.
    pub(super) fn new(folder: Option<PathBuf>, cwd: PathBuf) -> Self {
        Self { folder, cwd }
    }

    /// What became of the cases of these suite files when they were last run.
    ///
    /// # Errors
    /// There is no such run.
    pub(super) fn latest(&self, suites: &[&str]) -> Result<Previous, String> {
        let mut previous = Previous::default();
        let mut left: HashMap<String, usize> =
            suites.iter().enumerate().map(|(at, file)| (self.key(file), at)).collect();
        for path in self.records() {
            if left.is_empty() {
                break;
            }
            let Some(record) = read(&path) else { continue };
            let found: HashMap<usize, usize> = record
                .suites
                .iter()
                .enumerate()
                .filter_map(|(theirs, file)| Some((theirs, left.remove(file)?)))
                .collect();
            fill(&mut previous, record, &found);
        }
        if previous.is_empty() {
            return Err("--failed: no earlier run of these suites is known here; name a JSON report: \
                        --failed=REPORT.json"
                .to_owned());
        }
        Ok(previous)
    }

    /// What became of them in the run `id`.
    pub(super) fn run(&self, id: &str, suites: &[&str]) -> Option<Previous> {
        let record = self.record(id)?;
        let mine: HashMap<String, usize> =
            suites.iter().enumerate().map(|(at, file)| (self.key(file), at)).collect();
        let theirs = record.suites.iter().enumerate();
        let found = theirs.filter_map(|(theirs, file)| Some((theirs, *mine.get(file)?))).collect();
        let mut previous = Previous::default();
        fill(&mut previous, record, &found);
        Some(previous)
    }

    /// The record of the run `id`.
    pub(super) fn record(&self, id: &str) -> Option<Record> {
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let suffix = format!("-{id}.json");
        let path = self.records().into_iter().find(|path| {
            is_id && path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&suffix))
        })?;
        read(&path)
    }

    /// Every record that can be read, the newest first.
    pub(super) fn all(&self) -> Vec<Record> {
        self.records().iter().filter_map(|path| read(path)).collect()
    }

    /// Keeps what became of a run. What goes wrong is only logged.
    pub(super) fn keep(
        &self,
        meta: &RunMeta,
        suites: &[SuiteInfo],
        cases: (&[Arc<ResolvedCase>], &Tally),
        chosen: &Chosen,
        exit_code: u8,
    ) {
        let Some(folder) = &self.folder else { return };
        if let Err(error) = self.write(folder, (meta, suites), cases, chosen, exit_code) {
            log::debug!("no history of this run in {}: {error}", folder.display());
        }
    }

    /// Removes all records but the newest `keep`. Returns how many were removed.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn prune(&self, keep: usize) -> io::Result<usize> {
        let old: Vec<_> = self.records().into_iter().skip(keep).collect();
        old.iter().try_for_each(fs::remove_file)?;
        Ok(old.len())
    }

    fn write(
        &self,
        folder: &Path,
        (meta, suites): (&RunMeta, &[SuiteInfo]),
        (cases, tally): (&[Arc<ResolvedCase>], &Tally),
        chosen: &Chosen,
        exit_code: u8,
    ) -> io::Result<()> {
        let suites: Vec<&str> = suites.iter().map(|suite| suite.file.as_str()).collect();
        let before = if chosen.left_out.is_empty() { None } else { self.latest(&suites).ok() };
        let of_this_run = cases.iter().zip(tally.briefs()).map(|(case, brief)| {
            Known(case.suite, case.id.0.as_ref().into(), word(brief.status), brief.duration_ms, true)
        });
        let carried = chosen.left_out.iter().filter_map(|(suite, id)| {
            let before = before.as_ref()?.of(*suite, &id.0)?;
            Some(Known(
                *suite,
                id.0.as_ref().into(),
                before.status.as_ref().into(),
                before.duration_ms,
                false,
            ))
        });
        let record = Record {
            schema: SCHEMA.to_owned(),
            id: meta.id.clone(),
            started_ms: milliseconds(meta.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()),
            duration_ms: milliseconds(meta.duration),
            argv: meta.argv.clone(),
            exit_code,
            suites: suites.iter().map(|file| self.key(file)).collect(),
            cases: of_this_run.chain(carried).collect(),
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // A temporary file is its owner's alone.
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
        serde_json::to_writer(io::BufWriter::new(&mut file), &record)?;
        file.flush()?;
        let name = format!("{:013}-{}.json", record.started_ms, record.id);
        file.persist(folder.join(name)).map_err(|error| error.error)?;
        self.prune(KEPT).map(drop)
    }

    /// The records, the newest first: their names begin with their time.
    fn records(&self) -> Vec<PathBuf> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut records: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.ends_with(".json") && name.starts_with(|first: char| first.is_ascii_digit())
            })
            .collect();
        records.sort_unstable_by(|left, right| right.cmp(left));
        records
    }

    /// One name for a suite file, wherever it is named from.
    fn key(&self, file: &str) -> String {
        let path = self.cwd.join(file);
        fs::canonicalize(&path).unwrap_or(path).to_string_lossy().into_owned()
    }
}

/// Puts what `record` knows of the suites in `found` (theirs to ours) into `previous`.
fn fill(previous: &mut Previous, record: Record, found: &HashMap<usize, usize>) {
    let mut words = Words::default();
    for Known(suite, id, status, duration_ms, _) in record.cases {
        if let Some(&suite) = found.get(&suite) {
            previous.add(suite, id, Before { status: words.once(&status), duration_ms });
        }
    }
}

fn read(path: &Path) -> Option<Record> {
    let bytes = files::read_bounded(path, LONGEST).ok()?.0;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    (record.schema == SCHEMA).then_some(record)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn word(status: Status) -> Box<str> {
    let word = serde_json::to_value(status).ok();
    word.as_ref().and_then(serde_json::Value::as_str).unwrap_or("error").into()
}
