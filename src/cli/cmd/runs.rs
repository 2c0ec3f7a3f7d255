//! `capsule-run runs`.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::cli::args::{RunsArgs, RunsCommand};
use crate::cli::history::{History, Known, Record};
use crate::cli::load::Places;
use crate::cli::{exit, terminal};
use crate::units::{format_duration, visible_line};

/// Lists, shows or forgets runs.
pub(in crate::cli) fn run(args: &RunsArgs, places: &Places) -> u8 {
    let history = History::new(places.runs.clone(), places.cwd.clone());
    let text = match args.what.as_ref().unwrap_or(&RunsCommand::List) {
        RunsCommand::List => history.all().iter().map(line).collect(),
        RunsCommand::Show { run } => match history.record(run) {
            Some(record) => shown(&record),
            None => {
                let run = visible_line(run.as_bytes());
                terminal::say(&format!("error: no run `{run}` is known here\n  help: capsule-run runs list"));
                return exit::USAGE;
            }
        },
        RunsCommand::Prune { keep } => match history.prune(*keep) {
            Ok(gone) => format!("{gone} forgotten\n"),
            Err(error) => {
                terminal::say(&format!("error: a run cannot be forgotten: {error}"));
                return exit::HARNESS;
            }
        },
    };
    match terminal::print(text.as_bytes()) {
        Ok(()) => exit::OK,
        Err(_) => exit::REPORT_LOST,
    }
}

/// `ID  when  how long  status  passed/all  suites`
fn line(record: &Record) -> String {
    let of_this_run = || record.cases.iter().filter(|case| case.4);
    let passed = of_this_run().filter(|case| &*case.2 == "passed").count();
    let suites: Vec<_> = record.suites.iter().map(|suite| visible_line(suite.as_bytes())).collect();
    format!(
        "{}  {}  {:>8}  exit {}  {passed}/{} passed  {}\n",
        visible_line(record.id.as_bytes()),
        when(record.started_ms),
        format_duration(Duration::from_millis(record.duration_ms)),
        record.exit_code,
        of_this_run().count(),
        suites.join(" ")
    )
}

fn shown(record: &Record) -> String {
    let mut text = line(record);
    let argv: Vec<_> = record.argv.iter().map(|word| visible_line(word.as_bytes())).collect();
    let _ = writeln!(text, "capsule-run {}", argv.join(" "));
    for Known(_, id, status, took, of_this_run) in &record.cases {
        let took = took.map_or_else(String::new, |took| format_duration(Duration::from_millis(took)));
        let earlier = if *of_this_run { "" } else { "  (of an earlier run)" };
        let _ = writeln!(
            text,
            "  {:<9}  {took:>8}  {}{earlier}",
            visible_line(status.as_bytes()),
            visible_line(id.as_bytes())
        );
    }
    text
}

fn when(milliseconds: u64) -> String {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds));
    let time = time.and_then(|time| jiff::Timestamp::try_from(time).ok());
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}"))
}
