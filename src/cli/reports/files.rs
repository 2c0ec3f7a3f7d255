//! [`Reports`]: the files of the reports that were asked for.

use super::args::ReportArgs;
use crate::cli::report_file::{ReportError, ReportFile};
use crate::cli::{exit, terminal};
use crate::report::{Format, RunRecords};

/// The reports that were asked for, each with its place.
pub(in crate::cli) struct Reports {
    files: Vec<(Format, ReportFile)>,
}

/// What became of the reports so far.
pub(in crate::cli) struct Written {
    /// The exit status: another one where a report was lost.
    pub(in crate::cli) status: u8,
    /// The names of those that were written.
    pub(in crate::cli) files: Vec<String>,
}

impl Reports {
    /// Opens every place, and leaves a copy there that says that the run did not end.
    ///
    /// # Errors
    /// A place that cannot be written: nothing is run that could not be reported.
    pub(in crate::cli) fn open(args: &ReportArgs, pessimistic: &RunRecords<'_>) -> Result<Self, ReportError> {
        let open = |(format, path): (Format, &std::path::Path)| {
            Ok((format, ReportFile::open(path, &|out| format.write(pessimistic, out))?))
        };
        let files: Result<Vec<_>, ReportError> = args.wanted().into_iter().map(open).collect();
        Ok(Self { files: files? })
    }

    /// Writes every report, also when another one is lost. `view` is the run as it ends with the
    /// status that it is given.
    pub(in crate::cli) fn write<'a>(self, status: u8, view: impl Fn(u8) -> RunRecords<'a>) -> Written {
        let mut written = Written { status, files: Vec::new() };
        for (format, file) in self.files {
            let records = view(written.status);
            let name = file.shown().display().to_string();
            written.add(name, file.write(&|out| format.write(&records, out)));
        }
        written
    }
}

impl Written {
    /// Takes the fate of one more report.
    pub(in crate::cli) fn add(&mut self, name: String, result: Result<(), ReportError>) {
        match result {
            Ok(()) => self.files.push(name),
            Err(error) => {
                terminal::say(&format!("error: {error}"));
                self.status = exit::REPORT_LOST;
            }
        }
    }
}
