//! What is wrong with the files in `fixtures/bad`, code by code. Their whole messages are goldens
//! of the command line.

use std::path::Path;

use super::{ConfigFormat, parse_config, parse_policy, parse_request, source};
use crate::diagnostic::Diagnostic;

fn bytes(folder: &str, name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad").join(folder).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every mistake in a file as `line:column code message`, none if it is good.
fn mistakes(folder: &str, name: &str) -> Vec<String> {
    let source = match source(name, bytes(folder, name)) {
        Ok(source) => source,
        Err(diagnostic) => return vec![line(&diagnostic)],
    };
    let errors = if folder == "config" {
        parse_config(&source, ConfigFormat::of(name)).err()
    } else {
        parse_request(&source).err()
    };
    errors.unwrap_or_default().iter().map(line).collect()
}

fn line(diagnostic: &Diagnostic) -> String {
    let (line, column) = diagnostic.place.as_ref().map_or((0, 0), |place| place.line_column());
    let label = diagnostic.place.as_ref().map_or("", |place| place.label.as_str());
    let label = if label.is_empty() { String::new() } else { format!(" [{label}]") };
    format!("{line}:{column} {} {}{label}", diagnostic.code, diagnostic.message)
}

#[test]
fn dump() {
    for folder in ["config", "request"] {
        let mut names: Vec<_> = std::fs::read_dir(Path::new("fixtures/bad").join(folder))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        for name in names {
            eprintln!("== {folder}/{name}");
            for mistake in mistakes(folder, &name) {
                eprintln!("{mistake}");
            }
        }
    }
}
