//! `[monitoring] log_executions`: one line of JSON for each execution, appended to a file or
//! said on standard error.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Mutex;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::terminal;
use crate::policy::Monitoring;
use crate::report::CaseReport;
use crate::sandbox::outcome::{End, Outcome};
use crate::units::visible_line;

/// Where executions are logged.
pub(super) enum Journal {
    /// Nowhere.
    Off,
    /// On standard error.
    Stderr,
    /// In a file.
    File(Mutex<File>),
}

impl Journal {
    /// Opens the log that the configuration asks for.
    ///
    /// # Errors
    /// The log file cannot be opened: nothing is run that could not be logged.
    pub(super) fn open(monitoring: &Monitoring) -> std::io::Result<Self> {
        match &monitoring.log_file {
            _ if !monitoring.log_executions => Ok(Self::Off),
            None => Ok(Self::Stderr),
            Some(path) => {
                let mut options = OpenOptions::new();
                let file = options.append(true).create(true).mode(0o600).open(path).map_err(|error| {
                    let reason = format!("the log of executions '{}': {error}", path.display());
                    std::io::Error::new(error.kind(), reason)
                })?;
                Ok(Self::File(Mutex::new(file)))
            }
        }
    }

    /// Logs one execution. A case that did not run is none.
    pub(super) fn log(&self, run: &str, report: &CaseReport) {
        if matches!(self, Self::Off) || report.attempts.is_empty() {
            return;
        }
        let line = line(run, report);
        match self {
            Self::Off => {}
            Self::Stderr => terminal::say(&line),
            Self::File(file) => {
                let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // One write for a line: those of other processes do not get into it.
                if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
                    log::warn!("the log of executions cannot be written: {error}");
                }
            }
        }
    }
}

/// `enable_io_statistics = false`: what was read and written is not reported.
pub(super) fn forget_io(reports: &mut [CaseReport]) {
    for attempt in reports.iter_mut().flat_map(|report| &mut report.attempts) {
        if let Outcome::Ran(ran) = &mut attempt.outcome {
            (ran.usage.io_read, ran.usage.io_written) = (None, None);
        }
    }
}

fn line(run: &str, report: &CaseReport) -> String {
    let argv: Vec<_> = report.case.argv.iter().map(|word| visible_line(word.as_bytes())).collect();
    json!({
        "time": jiff::Timestamp::try_from(SystemTime::now()).map(|now| format!("{now:.3}")).unwrap_or_default(),
        "execution_id": run,
        "case": &*report.case.id.0,
        "argv": argv,
        "profile": report.case.profile,
        "status": report.verdict.status,
        "code": report.verdict.code,
        "ended": report.attempts.last().map(|attempt| end(&attempt.outcome)),
    })
    .to_string()
}

fn end(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::NotStarted(fault) => json!({"not_started": fault.step}),
        Outcome::Ran(ran) => {
            let (exit_code, signal) = match ran.end {
                End::Exited(status) => (Some(status), None),
                End::Signaled { signal, .. } => (None, Some(signal)),
                End::Killed => (None, None),
            };
            json!({
                "exit_code": exit_code,
                "signal": signal,
                "wall_time_ms": u64::try_from(ran.usage.wall.as_millis()).unwrap_or(u64::MAX),
                "cpu_time_ms": u64::try_from(ran.usage.cpu.as_millis()).unwrap_or(u64::MAX),
                "max_memory_bytes": ran.usage.memory_peak.0,
            })
        }
    }
}
