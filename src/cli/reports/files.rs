//! [`Reports`]: the files of the reports that were asked for.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    /// Finds every place, and proves that it can be written.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub(in crate::cli) fn find(args: &ReportArgs) -> Result<Self, ReportError> {
        let find = |(format, path): (Format, &std::path::Path)| Ok((format, ReportFile::find(path)?));
        let files: Result<Vec<_>, ReportError> = args.wanted().into_iter().map(find).collect();
        Ok(Self { files: files? })
    }

    /// The same, and leaves a copy there that says that the run did not end.
    ///
    /// # Errors
    /// A place that cannot be written: nothing is run that could not be reported.
    pub(in crate::cli) fn open(args: &ReportArgs, pessimistic: &RunRecords<'_>) -> Result<Self, ReportError> {
        let reports = Self::find(args)?;
        let copies = each(&reports.files, |(format, file)| file.leave(&|out| format.write(pessimistic, out)));
        copies.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(reports)
    }

    /// Writes every report, also when another one is lost. `view` is the run as it ends with the
    /// status that it is given: where a report is lost, the others say so.
    pub(in crate::cli) fn write<'a>(self, status: u8, view: impl Fn(u8) -> RunRecords<'a>) -> Written {
        let records = view(status);
        let results = each(&self.files, |(format, file)| file.write(&|out| format.write(&records, out)));
        let mut written = Written { status, files: Vec::new() };
        let mut kept = Vec::new();
        for ((format, file), result) in self.files.iter().zip(results) {
            kept.extend(result.is_ok().then_some((format, file)));
            written.add(file.shown().display().to_string(), result);
        }
        if written.status != status {
            let records = view(written.status);
            for (format, file) in kept.into_iter().filter(|(_, file)| file.can_be_replaced()) {
                if let Err(error) = file.write(&|out| format.write(&records, out)) {
                    terminal::say(&format!("error: {error}"));
                }
            }
        }
        written
    }
}

/// What `work` makes of each, in their order; as many at a time as there are processors.
fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(items.len());
    let next = AtomicUsize::new(0);
    let take = &|| {
        let mine = std::iter::from_fn(|| {
            let at = next.fetch_add(1, Ordering::Relaxed);
            Some((at, work(items.get(at)?)))
        });
        mine.collect::<Vec<_>>()
    };
    let mut done = std::thread::scope(|scope| {
        let spawn = |number| {
            let thread = std::thread::Builder::new().name(format!("report {number}"));
            thread.spawn_scoped(scope, take)
        };
        // Where there can be no thread, those that there are do its work.
        let others: Vec<_> = (1..threads).map_while(|number| spawn(number).ok()).collect();
        let mut done = take();
        for other in others {
            match other.join() {
                Ok(theirs) => done.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
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
