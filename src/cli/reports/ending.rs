//! The end of a run: every report from its log, then the log's last line.

use std::io::Write;

use super::args::ReportArgs;
use super::ci::Ci;
use super::files::{Reports, Written};
use crate::cli::recorder::Recorded;
use crate::cli::report_file::ReportFile;
use crate::cli::{exit, terminal};
use crate::diagnostic::Diagnostic;
use crate::report::record::RunFooter;
use crate::report::{RunMeta, sarif};

/// Writes every report from the log, the log's last line after them. `status` and `reason` are what
/// the run ends with if no report is lost.
pub(in crate::cli) fn end(
    reports: Reports,
    recorded: Recorded,
    (meta, status, reason): (&RunMeta, u8, &str),
    ci: &Ci,
) -> Written {
    if let Some(why) = recorded.failure() {
        terminal::say(&format!("error: reports cannot be made, their log could not be written: {why}"));
        return Written { status: exit::REPORT_LOST, files: Vec::new() };
    }
    let footer = |status| RunFooter::new(meta, status, reason);
    let mut written = reports.write(status, |status| recorded.view(&footer(status)));
    if let Err(error) = ci.tell(&recorded.view(&footer(status))) {
        terminal::say(&format!("error: cannot tell the CI service: {error}"));
        written.status = exit::REPORT_LOST;
    }
    match recorded.finish(&footer(written.status)) {
        Ok(log) => written.files.extend(log.map(|log| log.display().to_string())),
        Err(error) => {
            terminal::say(&format!("error: {error}"));
            written.status = exit::REPORT_LOST;
        }
    }
    written
}

/// What is wrong in suite files, for code scanning: the one report of a run that never began. The exit
/// status.
pub(in crate::cli) fn in_sarif(diagnostics: &[Diagnostic], args: &ReportArgs, status: u8) -> u8 {
    let Some(path) = &args.sarif else { return status };
    let write = |out: &mut dyn Write| sarif::write_diagnostics(diagnostics, status, out);
    match ReportFile::open(path, &write).and_then(|file| file.write(&write)) {
        Ok(()) => status,
        Err(error) => {
            terminal::say(&format!("error: {error}"));
            exit::REPORT_LOST
        }
    }
}
