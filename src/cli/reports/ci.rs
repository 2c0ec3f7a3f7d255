//! [`Ci`]: what the CI service that this runs in gets: folded sections, annotations, a job summary.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use super::args::CiArg;
use crate::cli::{ids, terminal};
use crate::judge::Status;
use crate::report::ci::{self, MOST_ANNOTATIONS, Service};
use crate::report::{Format, RunRecords};

/// Bytes of a job summary; GitHub shows none that is larger than 1 MiB.
const LARGEST_SUMMARY: usize = 1024 * 1024;

/// What the CI service that this runs in gets.
pub(in crate::cli) struct Ci {
    service: Option<Service>,
    /// A secret of this run.
    token: String,
}

impl Ci {
    /// The service that was asked for, or that this runs in.
    pub(in crate::cli) fn new(arg: CiArg) -> Self {
        let is =
            |name, value: &str| std::env::var_os(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
        let service = match arg {
            CiArg::Github => Some(Service::Github),
            CiArg::Gitlab => Some(Service::Gitlab),
            CiArg::Azure => Some(Service::Azure),
            CiArg::None => None,
            CiArg::Auto if is("GITHUB_ACTIONS", "true") => Some(Service::Github),
            CiArg::Auto if is("GITLAB_CI", "true") => Some(Service::Gitlab),
            CiArg::Auto if is("TF_BUILD", "true") => Some(Service::Azure),
            CiArg::Auto => None,
        };
        Self { service, token: ids::secret() }
    }

    /// Says a block of text about a case, as the log is to show it.
    pub(in crate::cli) fn say_block(&self, title: &str, text: &str) {
        match self.service {
            Some(service) => {
                terminal::say_to_ci(&format!("{}\n", ci::section(service, title, text, &self.token)));
            }
            None => terminal::say_text(&format!("{text}\n")),
        }
    }

    /// Says the annotations and writes the job summary.
    ///
    /// # Errors
    /// Those of reading the run's log, or of writing the summary; annotations were said.
    pub(in crate::cli) fn tell(&self, run: &RunRecords<'_>) -> io::Result<()> {
        let Some(service) = self.service else { return Ok(()) };
        annotate(service, run)?;
        if service == Service::Github {
            summarise(run)?;
        }
        Ok(())
    }
}

fn annotate(service: Service, run: &RunRecords<'_>) -> io::Result<()> {
    let bad = |status| matches!(status, Status::Failed | Status::Error | Status::Cancelled);
    let briefs = run.tally().briefs().iter().enumerate();
    let bad: Vec<usize> = briefs.filter(|(_, brief)| bad(brief.status)).map(|(at, _)| at).collect();
    for &at in bad.iter().take(MOST_ANNOTATIONS) {
        if let Some(line) = ci::annotation(service, &run.case(at)?) {
            terminal::say_to_ci(&line);
        }
    }
    if bad.len() > MOST_ANNOTATIONS
        && let Some(line) = ci::more(service, bad.len() - MOST_ANNOTATIONS)
    {
        terminal::say_to_ci(&line);
    }
    Ok(())
}

/// Adds the run to the summary of the job, unless what is there already leaves no room: too much, and
/// nothing at all would be shown.
fn summarise(run: &RunRecords<'_>) -> io::Result<()> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let mut file = OpenOptions::new().append(true).create(true).open(PathBuf::from(path))?;
    let mut summary = Vec::new();
    Format::Markdown.write(run, &mut summary)?;
    let there = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if there.saturating_add(summary.len()) > LARGEST_SUMMARY {
        terminal::say("  note: the job summary has no room for this run");
        return Ok(());
    }
    file.write_all(&summary)
}
