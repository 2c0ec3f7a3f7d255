//! What the documents say about names agrees with the tables that they are about.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use capsule_run::limits::KEYS;
use serde_json::Value;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every word between backquotes in the first two columns of a document's tables.
fn keys_of_tables(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.flat_map(|row| row.split('|').skip(1).take(2));
    let quoted = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    quoted
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .map(str::to_owned)
        .collect()
}

/// Every name of a property in a JSON Schema, at any depth.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        found.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(map) => map.values().for_each(|value| properties(value, found)),
        Value::Array(list) => list.iter().for_each(|value| properties(value, found)),
        _ => {}
    }
}

#[test]
fn docs_suite_has_every_key_of_the_schema() {
    let schema: Value = serde_json::from_str(&read("schemas/suite.schema.json")).expect("a schema is JSON");
    let mut keys = BTreeSet::new();
    properties(&schema, &mut keys);
    assert!(keys.len() > 40, "the schema has lost its keys: {keys:?}");
    let text = read("docs/suite.md");
    let missing: Vec<_> = keys
        .iter()
        .filter(|key| !text.contains(&format!("`{key}")) && !text.contains(&format!("{key}:")))
        .collect();
    assert!(missing.is_empty(), "docs/suite.md does not mention {missing:?}");
}

#[test]
fn docs_suite_has_every_limit_by_both_names() {
    let documented = keys_of_tables(&read("docs/suite.md"));
    for key in KEYS {
        assert!(
            documented.contains(key.short) && documented.contains(key.long),
            "{} / {}",
            key.short,
            key.long
        );
    }
}

#[test]
fn docs_dependencies_has_every_crate() {
    let text = read("docs/dependencies.md");
    let manifest: toml::Table = read("Cargo.toml").parse().expect("Cargo.toml is TOML");
    for section in ["dependencies", "dev-dependencies"] {
        for name in manifest[section].as_table().expect("a table").keys() {
            assert!(text.contains(&format!("`{name}`")), "docs/dependencies.md says nothing about {name}");
        }
    }
}

#[test]
fn everything_that_docs_escapes_names_exists() {
    let text = read("docs/escapes.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources_below(&root.join("tests")) + &sources_below(&root.join("src"));
    let attacks = attacks(&root.join("suites/attacks"));
    for name in &attacks {
        assert!(text.contains(&format!("`{name}`")), "docs/escapes.md does not list {name}");
    }
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let tried_by = row.split('|').nth(3).unwrap_or_default();
        for name in tried_by.split('`').skip(1).step_by(2) {
            count += 1;
            if name.contains('/') {
                assert!(attacks.contains(name), "docs/escapes.md: no suite of attacks has {name}");
                continue;
            }
            let is_submission = root.join("examples/homework/submissions").join(name).is_dir();
            let is_test =
                sources.contains(&format!("fn {name}(")) || sources.contains(&format!("    {name}: "));
            assert!(is_submission || is_test, "docs/escapes.md: there is no {name}");
        }
    }
    assert!(count > 30, "docs/escapes.md has lost its tests");
}

/// `GROUP/ID` of every case of these suites, as they stand in the text: one case a line.
fn attacks(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for suite in fs::read_dir(folder).expect("a folder of ours").flatten() {
        let text = fs::read_to_string(suite.path()).expect("a suite can be read");
        let mut group = "";
        for line in text.lines().map(str::trim) {
            if let Some((_, name)) = line.split_once("- name: ") {
                group = name;
            } else if let Some(case) = line.strip_prefix("- {id: ") {
                let id = case.split(',').next().unwrap_or_default();
                found.insert(format!("{group}/{id}"));
            }
        }
    }
    assert!(found.len() > 70, "the suites have lost their cases: {found:?}");
    found
}

fn sources_below(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).expect("a folder of ours").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all += &sources_below(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all += &fs::read_to_string(&path).expect("a source can be read");
        }
    }
    all
}
