//! `capsule-run import`: a package as the suite it amounts to.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::args::{ColorWhen, ImportArgs, MessageFormat};
use crate::cli::failure::{Failure, plain};
use crate::cli::files::RealFiles;
use crate::cli::{exit, packages, terminal};
use crate::judge::Code;
use crate::package::{self, Imported, Kind, Program};
use crate::units::visible_line;

/// Writes the suite.
pub(in crate::cli) fn run(args: &ImportArgs) -> u8 {
    match import(args) {
        Ok(status) => status,
        Err(failure) => {
            let status = if matches!(failure, Failure::Host(_)) { exit::REPORT_LOST } else { exit::USAGE };
            failure.tell(ColorWhen::Auto, MessageFormat::Human, status);
            status
        }
    }
}

fn import(args: &ImportArgs) -> Result<u8, Failure> {
    let kind = package::detect(&args.package, &RealFiles);
    let program = program(args, kind)?;
    let imported = package::import(&args.package, program.as_ref(), &RealFiles)?;
    for note in &imported.notes {
        terminal::say(&format!("note: {}", visible_line(note.as_bytes())));
    }
    match &args.output {
        Some(path) if path.as_os_str() != "-" => write(args, &imported, path),
        _ => {
            if !imported.files.is_empty() {
                let from = args.package.display();
                terminal::say(&format!(
                    "note: the suite needs files out of an archive: import with -o {from}/capsule.yaml"
                ));
            }
            let done = terminal::print(imported.document.as_bytes());
            Ok(if done.is_ok() { exit::OK } else { exit::REPORT_LOST })
        }
    }
}

/// What the suite is to build and run: what was asked for, else what the first accepted solution is.
fn program(args: &ImportArgs, kind: Option<Kind>) -> Result<Option<Program>, Failure> {
    if kind == Some(Kind::Classroom) || kind.is_none() {
        return Ok(None);
    }
    if let Some(name) = &args.language {
        let program = Program::of_language(name);
        return program.map(Some).ok_or_else(|| {
            let known = Program::languages().join(", ");
            Failure::Usage(format!("--language: `{}` is none of {known}", visible_line(name.as_bytes())))
        });
    }
    let accepted = package::references(&args.package, "submissions/accepted/**", &RealFiles);
    if let Some(first) = accepted.ok().and_then(|all| all.into_iter().next()) {
        let path = args.package.join(&first.path);
        if path.is_dir() {
            return Ok(Some(packages::program_in(&path, first.entry.as_deref())?.of_any_files()));
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if let Ok(program) = Program::of_files(&[&name]) {
            return Ok(Some(program.of_any_files()));
        }
    }
    terminal::say("note: nothing says the language of submissions: C++ is assumed (--language)");
    Ok(None)
}

fn write(args: &ImportArgs, imported: &Imported, path: &Path) -> Result<u8, Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let same = || Some(fs::canonicalize(folder).ok()? == fs::canonicalize(&args.package).ok()?);
    if imported.needs_folder && same() != Some(true) {
        let message =
            format!("the suite reads files of the package, so it must stand in '{}'", args.package.display());
        let help = format!("write it to {}", args.package.join("capsule.yaml").display());
        return Err(Failure::Diagnostics(vec![plain(Code::OutOfRange, message, &help)]));
    }
    create(path, imported.document.as_bytes()).map_err(|error| named(path, &error))?;
    for (name, bytes) in &imported.files {
        let target: PathBuf = folder.join(name);
        if let Some(parent) = target.parent() {
            DirBuilder::new().recursive(true).create(parent).map_err(|error| named(parent, &error))?;
        }
        create(&target, bytes).map_err(|error| named(&target, &error))?;
    }
    terminal::say(&format!("wrote {}", visible_line(path.as_os_str().as_encoded_bytes())));
    Ok(exit::OK)
}

/// Never overwrites: what stands there may be somebody's work.
fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
}

fn named(path: &Path, error: &io::Error) -> Failure {
    let message = format!("'{}' cannot be written: {error}", path.display());
    let help = if error.kind() == io::ErrorKind::AlreadyExists {
        "name another file, or remove that one"
    } else {
        ""
    };
    Failure::Diagnostics(vec![plain(Code::OutOfRange, message, help)])
}
