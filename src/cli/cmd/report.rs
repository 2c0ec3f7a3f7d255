//! `capsule-run report EVENTS`: makes any report of a run again from its event stream.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::Path;

use crate::cli::args::ReportCommandArgs;
use crate::cli::event_log::read_line;
use crate::cli::failure::Failure;
use crate::cli::load::Places;
use crate::cli::reports::Reports;
use crate::cli::{exit, terminal};
use crate::report::record::CaseRecord;
use crate::report::{CaseSource, Replay, RunRecords, record_of_line};
use crate::units::visible_line;

/// Makes reports again.
pub(in crate::cli) fn run(args: &ReportCommandArgs, places: &Places) -> u8 {
    remake(args, places).unwrap_or_else(|failure| {
        let status = if matches!(failure, Failure::Report(_)) { exit::REPORT_LOST } else { exit::USAGE };
        failure.tell(args.color, crate::cli::args::MessageFormat::Human, status);
        status
    })
}

fn remake(args: &ReportCommandArgs, places: &Places) -> Result<u8, Failure> {
    args.reports.check(None)?;
    if args.reports.wanted().is_empty() {
        return Err(Failure::Usage("say which report to make: --json FILE, --junit FILE, …".to_owned()));
    }
    let shown = visible_line(args.events.as_os_str().as_encoded_bytes());
    let bad = |reason: String| Failure::Usage(format!("{shown}: {reason}"));
    let file = open(&args.events, &places.scratch).map_err(|error| bad(error.to_string()))?;
    let replay = Replay::read(&mut BufReader::new(&file)).map_err(|error| bad(error.to_string()))?;
    let log = Log { file, replay };
    let view = || {
        let Replay { header, footer, tally, .. } = &log.replay;
        RunRecords::new(header, footer, tally, &log, args.reports.audience.into())
    };
    let reports = Reports::find(&args.reports)?;
    let written = reports.write(exit::OK, |_| view());
    let complete = log.replay.footer.complete;
    if !complete {
        terminal::say("  note: this run did not end; cases without a result are reported as not run");
    }
    Ok(written.status)
}

/// The log as a file that can be read at any place: what is none is copied.
fn open(path: &Path, scratch: &Path) -> io::Result<File> {
    let mut file = File::open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let mut copy = tempfile::tempfile_in(scratch)?;
    io::copy(&mut file, &mut copy)?;
    copy.rewind()?;
    Ok(copy)
}

struct Log {
    file: File,
    replay: Replay,
}

impl CaseSource for Log {
    fn case(&self, at: usize) -> io::Result<CaseRecord> {
        match self.replay.places.get(at).copied().flatten() {
            Some(place) => record_of_line(&read_line(&self.file, place)?),
            None => self
                .replay
                .without_result(at)
                .ok_or_else(|| io::Error::other(format!("there is no case {at}"))),
        }
    }
}
