//! [`Failure`]: why a command of ours ended before it began.

use super::args::{ColorWhen, MessageFormat};
use super::render::{self, RenderOptions};
use super::report_file::ReportError;
use super::terminal;
use crate::diagnostic::Diagnostic;
use crate::judge::Code;

/// Why a command of ours ended before it began.
#[derive(Debug)]
pub(super) enum Failure {
    /// What somebody wrote is wrong.
    Diagnostics(Vec<Diagnostic>),
    /// The command line makes no sense.
    Usage(String),
    /// A report cannot be written.
    Report(ReportError),
    /// This process cannot get what it needs from the OS: descriptors, threads.
    Host(std::io::Error),
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self::Diagnostics(diagnostics)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self::Report(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Host(error)
    }
}

impl Failure {
    /// The code and the message that a result object carries; usage errors have none.
    pub(super) fn code_and_message(&self) -> Option<(Code, String)> {
        match self {
            Self::Diagnostics(all) => all.first().map(|first| (first.code, first.message.clone())),
            Self::Host(error) => Some((Code::Monitoring, error.to_string())),
            Self::Usage(_) | Self::Report(_) => None,
        }
    }

    /// Tells people; `status` is what capsule-run will exit with.
    pub(super) fn tell(&self, color: ColorWhen, format: MessageFormat, status: u8) {
        match self {
            Self::Diagnostics(all) if format == MessageFormat::Json => {
                terminal::say_text(&render::diagnostics_json(all));
            }
            Self::Diagnostics(all) => {
                let options = RenderOptions { color: terminal::colour(color), exit: status };
                terminal::say_text(&render::diagnostics(all, options));
            }
            Self::Usage(message) => terminal::say(&format!("error: {message}")),
            Self::Report(error) => terminal::say(&format!("error: {error}")),
            Self::Host(error) => {
                terminal::say(&format!("error: this machine refuses what a run needs: {error}"))
            }
        }
    }
}

/// A diagnostic without a place in a text.
pub(super) fn plain(code: Code, message: String, help: &str) -> Diagnostic {
    Diagnostic { code, message, place: None, other: None, help: help.to_owned() }
}
