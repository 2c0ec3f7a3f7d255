//! Broken suites, through the library: each gets exactly the text beside it, quickly, and without
//! a panic. The same through the binary is in `bad_input.rs`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use capsule_run::cli::render::{RenderOptions, diagnostics};
use capsule_run::diagnostic::Source;
use capsule_run::policy::{ConfigFormat, parse_config};
use capsule_run::resolve::{FileContent, FileKind, Files, Operator, SuiteInputs, load_suite};
use capsule_run::suite::SuiteFormat;

/// The real file system below one folder, as the resolver sees it.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        Ok(FileContent { bytes: fs::read(path)?.into(), executable: false })
    }

    fn list(&self, base: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let mut folders = vec![base.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(base).expect("listed below the base").to_owned());
                }
            }
        }
        Ok(found)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let kind = fs::symlink_metadata(path).ok()?.file_type();
        Some(match (kind.is_file(), kind.is_dir()) {
            (true, _) => FileKind::File,
            (_, true) => FileKind::Folder,
            _ => FileKind::Other,
        })
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad/suite")
}

fn fixtures() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the fixtures are there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "yaml" || it == "toml" || it == "json"));
    files.sort();
    files
}

/// What the operator says for this fixture: `NAME.args` may name a configuration.
fn operator(path: &Path) -> Operator {
    let mut operator = Operator { cwd: folder(), ..Operator::default() };
    if let Ok(args) = fs::read_to_string(path.with_extension("args")) {
        let name = args.lines().nth(1).expect("--config and its file");
        let text = fs::read_to_string(folder().join(name)).expect("the configuration is there");
        let source = Source { name: name.to_owned(), text: text.into() };
        operator.config = parse_config(&source, ConfigFormat::Toml).expect("a good configuration");
    }
    operator
}

fn rendered(path: &Path) -> String {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let text = fs::read_to_string(path).expect("fixtures are UTF-8");
    let source = Source { name: name.clone(), text: Arc::from(text) };
    let inputs = SuiteInputs { suite_dir: folder(), submission: None, index: 0 };
    let errors = load_suite(&source, SuiteFormat::of(&name), &operator(path), &inputs, &Disk)
        .expect_err(&format!("{name} is broken"));
    diagnostics(&errors, RenderOptions::default())
}

#[test]
fn every_broken_suite_is_refused_with_the_text_beside_it() {
    let update = std::env::var_os("CAPSULE_UPDATE_GOLDENS").is_some();
    let mut wrong = Vec::new();
    for path in fixtures() {
        let start = Instant::now();
        let text = rendered(&path);
        assert!(start.elapsed() < Duration::from_secs(20), "{} took too long", path.display());
        let golden = PathBuf::from(format!("{}.expected", path.display()));
        if update {
            fs::write(&golden, &text).expect("goldens can be written");
        } else if fs::read_to_string(&golden).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_message_sends_control_characters_to_the_terminal() {
    for path in fixtures() {
        let text = rendered(&path);
        let bad = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.contains(bad), "{}", path.display());
    }
}
