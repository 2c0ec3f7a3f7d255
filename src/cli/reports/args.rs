//! The options for reports.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::event_log::EventTarget;
use crate::cli::failure::Failure;
use crate::report::Format;
use crate::report::junit::JunitStyle;
use crate::report::record::Audience;

/// Which reports.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub(in crate::cli) struct ReportArgs {
    /// Write the JSON report to FILE (- is standard output, here and below)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) json: Option<PathBuf>,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// Which JUnit
    #[arg(long, value_enum, default_value_t, value_name = "STYLE")]
    pub(in crate::cli) junit_style: JunitStyleArg,
    /// Write TAP 13
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) tap: Option<PathBuf>,
    /// Write a CTRF report
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ctrf: Option<PathBuf>,
    /// Write SARIF: cases that did not pass, or what is wrong in a suite file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) sarif: Option<PathBuf>,
    /// Write Markdown, as for the summary of a job
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) markdown: Option<PathBuf>,
    /// Write one HTML page, complete in itself
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) html: Option<PathBuf>,
    /// Write Gradescope's results.json
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) gradescope: Option<PathBuf>,
    /// Write the result of a GitHub Classroom grader, version 1
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) classroom: Option<PathBuf>,
    /// Write CSV, one line for each case
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) csv: Option<PathBuf>,
    /// Write Chrome's trace events, for chrome://tracing and Perfetto
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) trace: Option<PathBuf>,
    /// Who reads the reports: of a case that students may not see, theirs hold name, verdict and hint
    #[arg(long, value_enum, default_value_t, value_name = "WHO")]
    pub(in crate::cli) audience: AudienceArg,
}

/// The event stream, and what a CI service gets.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub(in crate::cli) struct StreamArgs {
    /// Write every event as a line of JSON while the run goes on, to a file, an open descriptor or
    /// standard output; `capsule-run report` makes any report from it
    #[arg(long, value_name = "FILE|fd:N|-")]
    pub(in crate::cli) events: Option<OsString>,
    /// Folded sections, annotations and a job summary for a CI service
    #[arg(long, value_enum, default_value_t, value_name = "SERVICE")]
    pub(in crate::cli) ci: CiArg,
}

/// `--junit-style`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum JunitStyleArg {
    /// With file and line of each case
    #[default]
    Extended,
    /// Nothing that the schema of the Jenkins plugin does not know
    Strict,
    /// As Ant writes it
    Ant,
}

impl From<JunitStyleArg> for JunitStyle {
    fn from(style: JunitStyleArg) -> Self {
        match style {
            JunitStyleArg::Extended => Self::Extended,
            JunitStyleArg::Strict => Self::Strict,
            JunitStyleArg::Ant => Self::Ant,
        }
    }
}

/// `--audience`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum AudienceArg {
    /// People who may see everything
    #[default]
    Staff,
    /// Students
    Student,
}

impl From<AudienceArg> for Audience {
    fn from(audience: AudienceArg) -> Self {
        match audience {
            AudienceArg::Staff => Self::Staff,
            AudienceArg::Student => Self::Student,
        }
    }
}

/// `--ci`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CiArg {
    /// The one that this runs in, if it is one of these
    #[default]
    Auto,
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// Azure Pipelines
    Azure,
    /// None
    None,
}

impl ReportArgs {
    /// Every report that was asked for, the JSON report last: it tells the exit status, and that can
    /// change when another one is lost.
    pub(in crate::cli) fn wanted(&self) -> Vec<(Format, &Path)> {
        let all = [
            (Format::Junit(self.junit_style.into()), &self.junit),
            (Format::Tap, &self.tap),
            (Format::Ctrf, &self.ctrf),
            (Format::Sarif, &self.sarif),
            (Format::Markdown, &self.markdown),
            (Format::Html, &self.html),
            (Format::Gradescope, &self.gradescope),
            (Format::Classroom, &self.classroom),
            (Format::Csv, &self.csv),
            (Format::Trace, &self.trace),
            (Format::Json, &self.json),
        ];
        all.into_iter().filter_map(|(format, path)| Some((format, path.as_deref()?))).collect()
    }

    /// Refuses two reports in one place.
    ///
    /// # Errors
    /// [`Failure::Usage`] that names the place.
    pub(in crate::cli) fn check(&self, events: Option<&EventTarget>) -> Result<(), Failure> {
        let mut taken: Vec<PathBuf> = Vec::new();
        match events {
            Some(EventTarget::Path(path)) => taken.push(path.clone()),
            Some(EventTarget::Stdout) => taken.push(PathBuf::from("-")),
            Some(EventTarget::Descriptor(_)) | None => {}
        }
        for (_, path) in self.wanted() {
            if taken.iter().any(|other| other == path) {
                let shown = crate::units::visible_line(path.as_os_str().as_encoded_bytes());
                return Err(Failure::Usage(format!("two reports name the same file: {shown}")));
            }
            taken.push(path.to_owned());
        }
        Ok(())
    }
}

impl StreamArgs {
    /// Where the events go.
    ///
    /// # Errors
    /// [`Failure::Usage`] where that makes no sense.
    pub(in crate::cli) fn target(&self) -> Result<Option<EventTarget>, Failure> {
        let parse = |text: &OsString| {
            EventTarget::parse(text).map_err(|why| Failure::Usage(format!("--events: {why}")))
        };
        self.events.as_ref().map(parse).transpose()
    }
}
