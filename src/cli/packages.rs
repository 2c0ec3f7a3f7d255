//! Packages as the command line meets them: a folder that is no suite, a submission that is one
//! file.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::failure::plain;
use super::files::RealFiles;
use crate::diagnostic::{Diagnostic, Source};
use crate::judge::Code;
use crate::package::{self, Imported, Kind, Overlay, Program, Timing};
use crate::resolve::{self, Files, Operator, ResolvedSuite, SuiteInputs};
use crate::suite::SuiteFormat;

/// Whether the folder holds a package.
pub(super) fn is_package(folder: &Path) -> bool {
    package::detect(folder, &RealFiles).is_some()
}

/// What the package in `folder` says about its limit of time, where there is one that can be read.
pub(super) fn timing(folder: &Path) -> Option<Timing> {
    package::import(folder, None, &RealFiles).ok()?.timing
}

/// The suite that the package in `folder` amounts to, for one submission.
pub(super) fn load(
    folder: &Path,
    index: usize,
    operator: &Operator,
    submission: Option<&Path>,
    entry: Option<&str>,
) -> Result<ResolvedSuite, Vec<Diagnostic>> {
    let place = operator.cwd.join(folder);
    let kind = package::detect(&place, &RealFiles);
    let submission = match submission {
        Some(submission) => operator.cwd.join(submission),
        // The student's repository is both.
        None if kind == Some(Kind::Classroom) => place.clone(),
        None => {
            let message =
                format!("the package '{}' judges a submission, and there is none", folder.display());
            let help = "name a file or folder with --submission, or run the package's own: --submissions 'submissions/**'";
            return Err(vec![plain(Code::MissingField, message, help)]);
        }
    };
    let program = match kind {
        Some(Kind::Classroom) => None,
        _ => Some(program_in(&submission, entry)?),
    };
    let imported = package::import(&place, program.as_ref(), &RealFiles)?;
    for note in &imported.notes {
        log::info!("{}: {note}", folder.display());
    }
    resolve_imported(&imported, folder, &place, operator, (submission, index))
}

fn resolve_imported(
    imported: &Imported,
    folder: &Path,
    place: &Path,
    operator: &Operator,
    (submission, index): (PathBuf, usize),
) -> Result<ResolvedSuite, Vec<Diagnostic>> {
    let source = Source { name: folder.display().to_string(), text: Arc::from(imported.document.as_str()) };
    // A suite that reads nothing beside itself stands nowhere: its folder must not be one that the
    // submission contains.
    let suite_dir = if imported.needs_folder { place.to_owned() } else { PathBuf::from("/dev/null") };
    let files = Overlay::new(&RealFiles, place, &imported.files);
    let inputs = SuiteInputs { suite_dir, submission: Some(submission), index };
    resolve::load_suite(&source, SuiteFormat::Yaml, operator, &inputs, &files)
}

/// The program that a submission is, by the names of its files.
pub(super) fn program_in(submission: &Path, entry: Option<&str>) -> Result<Program, Vec<Diagnostic>> {
    let wrong =
        |message: String| vec![plain(Code::OutOfRange, message, "name a file or a folder of sources")];
    let name = submission.display();
    let listed = RealFiles
        .list(submission)
        .map_err(|error| wrong(format!("the submission '{name}' cannot be listed: {error}")))?;
    let names: Vec<&str> = listed.iter().filter_map(|path| path.to_str()).collect();
    let program =
        Program::of_files(&names).map_err(|why| wrong(format!("the submission '{name}' has {why}")))?;
    Ok(match entry {
        Some(entry) => program.with_entry(entry),
        None => program,
    })
}

/// A submission that is one file becomes a folder with that file in it, which goes with the value.
pub(super) fn stage(submission: &Path, scratch: &Path) -> io::Result<Option<TempDir>> {
    if !submission.is_file() {
        return Ok(None);
    }
    let folder = folder_for_submissions(scratch)?;
    copy_into(submission, folder.path())?;
    Ok(Some(folder))
}

/// A folder that is ours, and that the program (which may be another user) can look into.
pub(super) fn folder_for_submissions(scratch: &Path) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("capsule-run-submission-").tempdir_in(scratch)?;
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
    Ok(folder)
}

/// Copies one file into a folder, under its own name.
pub(super) fn copy_into(file: &Path, folder: &Path) -> io::Result<()> {
    let name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let (bytes, executable) = super::files::read_bounded(file, 64 << 20)?;
    let target = folder.join(name);
    fs::write(&target, bytes)?;
    fs::set_permissions(target, PermissionsExt::from_mode(if executable { 0o755 } else { 0o644 }))
}
