//! [`Replay`]: a run read again from its event stream, also from that of a run that was killed.

use std::io::{self, BufRead};

use serde::Deserialize;

use super::event::VERSION;
use super::record::{CaseRecord, Moment, PlannedCase, RunFooter, RunHeader};
use super::tally::Tally;

/// A run as its event stream tells it; the cases stay where they are.
#[derive(Debug)]
pub struct Replay {
    /// What was known before the first case.
    pub header: RunHeader,
    /// What was known after the last case; made up for a run that has no end.
    pub footer: RunFooter,
    /// Facts and totals of all cases.
    pub tally: Tally,
    /// The cases that were planned, in suite order.
    pub planned: Vec<PlannedCase>,
    /// Where the event of each case's end is: offset and length in bytes; `None` for a case that has
    /// no end.
    pub places: Vec<Option<(u64, usize)>>,
}

/// A stream from which no run can be made.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line}: {reason}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no run in it.
    #[error("it holds no `run.started`: it is not an event stream of capsule-run, or it was cut at once")]
    Empty,
}

/// What every event has.
#[derive(Deserialize)]
struct Any<'a> {
    v: u8,
    seq: u64,
    t: Moment,
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Started {
    run: RunHeader,
}

#[derive(Deserialize)]
struct Planned {
    cases: Vec<PlannedCase>,
}

/// The end of a case, as [`record_of_line`] reads it again.
#[derive(Deserialize)]
struct CaseEnd {
    case: usize,
    record: CaseRecord,
}

#[derive(Deserialize)]
struct Finished {
    run: RunFooter,
}

/// The record in a `case.finished` line.
///
/// # Errors
/// It is none: the log was changed after it was read for the first time.
pub fn record_of_line(line: &[u8]) -> io::Result<CaseRecord> {
    let end: CaseEnd = serde_json::from_slice(line)?;
    Ok(end.record)
}

impl Replay {
    /// Reads a whole stream. A last line without its newline is what a killed run was writing: it is
    /// left out.
    ///
    /// # Errors
    /// [`ReplayError`] at the first line that is wrong, or where the stream cannot be read.
    pub fn read(stream: &mut dyn BufRead) -> Result<Self, ReplayError> {
        let mut reader = Reader::default();
        let (mut line, mut offset) = (Vec::new(), 0);
        loop {
            line.clear();
            let length = stream.read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                return reader.into_replay();
            }
            reader.number += 1;
            reader.line(&line, offset).map_err(|reason| ReplayError::Line { line: reader.number, reason })?;
            offset += length as u64;
        }
    }

    /// The record of a case without a result; `None` if there is no such case.
    #[must_use]
    pub fn without_result(&self, at: usize) -> Option<CaseRecord> {
        self.planned.get(at).map(PlannedCase::without_result)
    }
}

#[derive(Default)]
struct Reader {
    number: u64,
    header: Option<RunHeader>,
    footer: Option<RunFooter>,
    planned: Vec<PlannedCase>,
    places: Vec<Option<(u64, usize)>>,
    tally: Tally,
    last: Moment,
}

impl Reader {
    fn line(&mut self, line: &[u8], offset: u64) -> Result<(), String> {
        let event: Any<'_> = parse(line)?;
        if event.v != VERSION {
            return Err(format!("version {} of the format; this program reads version {VERSION}", event.v));
        }
        if event.seq != self.number {
            return Err(format!("event {} where {} should be: lines are missing", event.seq, self.number));
        }
        if self.footer.is_some() {
            return Err("an event after `run.finished`".to_owned());
        }
        if self.header.is_none() && event.kind != "run.started" {
            return Err(format!("`{}` before `run.started`", event.kind.escape_debug()));
        }
        self.last = event.t;
        match &*event.kind {
            "run.started" if self.header.is_some() => return Err("a second `run.started`".to_owned()),
            "run.started" => self.header = Some(parse::<Started>(line)?.run),
            "run.planned" => self.plan(parse::<Planned>(line)?.cases),
            "case.finished" => self.case(parse(line)?, (offset, line.len()))?,
            "run.finished" => self.footer = Some(parse::<Finished>(line)?.run),
            // The others say nothing that a report needs, and a newer program may know more.
            _ => {}
        }
        Ok(())
    }

    fn plan(&mut self, cases: Vec<PlannedCase>) {
        for case in &cases {
            self.tally.push(&case.without_result());
        }
        self.places = vec![None; cases.len()];
        self.planned = cases;
    }

    fn case(&mut self, end: CaseEnd, place: (u64, usize)) -> Result<(), String> {
        let Some(old) = self.places.get_mut(end.case) else {
            return Err(format!("case {} is not in the plan", end.case));
        };
        if old.replace(place).is_some() {
            return Err(format!("a second end of case {}", end.case));
        }
        self.tally.set(end.case, &end.record);
        Ok(())
    }

    fn into_replay(self) -> Result<Replay, ReplayError> {
        let header = self.header.ok_or(ReplayError::Empty)?;
        let killed = RunFooter {
            finished_at: self.last,
            duration_ms: self.last.millis().saturating_sub(header.started_at.millis()),
            complete: false,
            interrupted_by: None,
            exit_code: RunFooter::NO_END,
            exit_reason: "the run did not end".to_owned(),
        };
        Ok(Replay {
            footer: self.footer.unwrap_or(killed),
            header,
            tally: self.tally,
            planned: self.planned,
            places: self.places,
        })
    }
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| error.to_string())
}
