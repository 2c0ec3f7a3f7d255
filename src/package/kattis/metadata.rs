//! `problem.yaml`.

use super::groups::groups;
use super::validator;
use crate::package::compare;
use crate::package::folder::{Document, Folder};
use crate::package::problem::{Copied, Problem};
use crate::package::read::{get, number, scalar, words};
use crate::package::timing::{self, Timing};
use crate::suite::{Node, Value};
use crate::units::Bytes;

/// No limit of a package is believed beyond this: seconds, mebibytes.
const MOST_SECONDS: f64 = 3600.0;
const MOST_MIB: f64 = 65536.0;

/// What the format calls typical where a package says nothing.
const MEMORY: f64 = 2048.0;
const OUTPUT: f64 = 8.0;
const VALIDATION_SECONDS: f64 = 60.0;

/// The two formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Legacy,
    /// 2025-09 and its drafts.
    New,
}

/// What `problem.yaml` says.
pub(super) struct Metadata {
    pub(super) document: Document,
    pub(super) format: Format,
    pub(super) scoring: bool,
    pub(super) interactive: bool,
    /// Whether a program of the package judges outputs.
    pub(super) custom: bool,
    /// How often a submission may be run for one case.
    pub(super) passes: u32,
    /// Arguments of every validator (legacy).
    pub(super) flags: Vec<String>,
}

/// Reads a package.
pub(in crate::package) fn read(folder: &mut Folder<'_>) -> Option<Problem> {
    let document = folder.yaml("problem.yaml")?;
    let metadata = metadata(folder, document)?;
    let mut problem = Problem {
        name: name(&metadata).unwrap_or_else(|| "problem".to_owned()),
        what: match metadata.format {
            Format::Legacy => "a Kattis problem package (legacy)".to_owned(),
            Format::New => "a Kattis problem package (2025-09)".to_owned(),
        },
        runs_programs: true,
        ..Problem::default()
    };
    limits(folder, &metadata, &mut problem);
    problem.include = include(folder);
    if metadata.custom || metadata.interactive || metadata.passes > 1 {
        let judge = validator::find(folder, &metadata)?;
        if metadata.interactive { problem.interactor = Some(judge) } else { problem.checker = Some(judge) }
    }
    problem.compare = if problem.checker.is_some() || problem.interactor.is_some() {
        "tokens".to_owned()
    } else {
        default_validator(folder, &metadata, &metadata.flags)?
    };
    problem.groups = groups(folder, &metadata, &problem);
    Some(problem)
}

/// The comparison that the default validator makes with these flags.
pub(super) fn default_validator(
    folder: &mut Folder<'_>,
    metadata: &Metadata,
    flags: &[String],
) -> Option<String> {
    match compare::kattis(flags) {
        Ok(compare) => Some(compare),
        Err(why) => {
            folder.error_at(&metadata.document, &metadata.document.root, why, "");
            None
        }
    }
}

fn metadata(folder: &mut Folder<'_>, document: Document) -> Option<Metadata> {
    let root = &document.root;
    let version = get(root, "problem_format_version").and_then(scalar).unwrap_or_else(|| "legacy".to_owned());
    let format = match version.as_str() {
        "legacy" | "legacy-icpc" => Format::Legacy,
        "2025-09" | "2025-09-draft" | "2023-07" | "2023-07-draft" | "draft" => Format::New,
        _ => {
            let node = get(root, "problem_format_version").unwrap_or(root).clone();
            let help = "known are: legacy, legacy-icpc, 2023-07-draft, 2025-09";
            folder.error_at(&document, &node, "this format of problem packages is not known", help);
            return None;
        }
    };
    let types = get(root, "type").and_then(words).unwrap_or_default();
    if types.iter().any(|word| word == "submit-answer") {
        let node = get(root, "type").unwrap_or(root).clone();
        let message = "problems of the type submit-answer have nothing to run";
        folder.error_at(&document, &node, message, "compare the answers by hand: expect.stdout in a suite");
        return None;
    }
    if !folder.below("static_validator").is_empty() || folder.has("static_validator.py") {
        folder.error(
            "static validators (static_validator/) cannot be run",
            "take it away, or say it as `source` rules in a suite",
        );
    }
    let validation = get(root, "validation").and_then(scalar).unwrap_or_default();
    let validation: Vec<&str> = validation.split_whitespace().collect();
    let flags = get(root, "validator_flags").and_then(scalar).unwrap_or_default();
    let has_validator = !folder.below("output_validator").is_empty() || folder.has("output_validator.py");
    Some(Metadata {
        scoring: types.iter().any(|word| word == "scoring"),
        passes: passes(folder, &document, &types),
        interactive: types.iter().any(|word| word == "interactive") || validation.contains(&"interactive"),
        custom: validation.contains(&"custom") || (format == Format::New && has_validator),
        flags: flags.split_whitespace().map(str::to_owned).collect(),
        format,
        document,
    })
}

/// `limits.validation_passes` of a problem of several passes.
fn passes(folder: &mut Folder<'_>, document: &Document, types: &[String]) -> u32 {
    if !types.iter().any(|word| word == "multi-pass") {
        return 1;
    }
    let limits = get(&document.root, "limits");
    let Some(node) = limits.and_then(|limits| get(limits, "validation_passes")) else { return 2 };
    let passes = scalar(node).and_then(|text| text.parse().ok()).filter(|passes| (2..=100).contains(passes));
    passes.unwrap_or_else(|| {
        folder.error_at(document, node, "`validation_passes` is no number from 2 to 100", "");
        2
    })
}

/// The name, in English if there is one.
fn name(metadata: &Metadata) -> Option<String> {
    let node = get(&metadata.document.root, "name")?;
    let name = match &node.value {
        Value::Map(entries) => {
            let english = entries.iter().find(|entry| entry.key == "en").or_else(|| entries.first())?;
            scalar(&english.value)?
        }
        _ => scalar(node)?,
    };
    let name = crate::units::visible_line(name.trim().as_bytes());
    crate::suite::bad_name(&name).is_none().then_some(name)
}

fn limits(folder: &mut Folder<'_>, metadata: &Metadata, problem: &mut Problem) {
    let none = Node { span: 0..0, value: Value::Null };
    let limits = get(&metadata.document.root, "limits").unwrap_or(&none).clone();
    let mib =
        |folder: &mut Folder<'_>, key: &str| bounded(folder, metadata, &limits, key, MOST_MIB).map(as_mib);
    problem.memory = Some(mib(folder, "memory").unwrap_or_else(|| as_mib(MEMORY)));
    problem.output = Some(mib(folder, "output").unwrap_or_else(|| as_mib(OUTPUT)));
    problem.compile_memory = mib(folder, "compilation_memory");
    problem.compile_time =
        bounded(folder, metadata, &limits, "compilation_time", MOST_SECONDS).map(|time| whole(time.ceil()));
    problem.time =
        bounded(folder, metadata, &limits, "time_limit", MOST_SECONDS).or_else(|| file_limit(folder));
    let (timing, wrong) = timing::factors(&limits, metadata.format == Format::Legacy);
    for (node, key) in wrong {
        let message = format!("`{key}` is no factor from 1 and no step of time");
        folder.error_at(&metadata.document, &node, message, "");
    }
    problem.timing = Some(Timing { stated: problem.time, ..timing });
    if problem.time.is_none() {
        problem.time = Some(10.0);
        problem.notes.push(
            "The package states no time limit: 10 s of CPU time are assumed. Its reference solutions \
             (suite --submissions) tell what it should be."
                .to_owned(),
        );
    }
}

/// Beside `problem.yaml`, as ICPC packages have it: seconds.
fn file_limit(folder: &mut Folder<'_>) -> Option<f64> {
    let (path, text) = if folder.has(".timelimit") {
        (".timelimit", folder.text(".timelimit")?.text.trim().to_owned())
    } else {
        // `timelimit='2.5'`, as DOMjudge keeps it.
        let path = "domjudge-problem.ini";
        let source = folder.has(path).then(|| folder.text(path)).flatten()?;
        let line = source.text.lines().find_map(|line| line.trim().strip_prefix("timelimit"))?.to_owned();
        (path, line.trim_matches(|c: char| c.is_whitespace() || "='\"".contains(c)).to_owned())
    };
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= MOST_SECONDS);
    if seconds.is_none() {
        folder.error(format!("`{path}` is no time limit"), "write seconds, at most 3600");
    }
    seconds
}

/// The limits of a validator: seconds, memory, output.
pub(super) fn validation_limits(
    folder: &mut Folder<'_>,
    metadata: &Metadata,
) -> (u64, Option<Bytes>, Option<Bytes>) {
    let none = Node { span: 0..0, value: Value::Null };
    let limits = get(&metadata.document.root, "limits").unwrap_or(&none).clone();
    let seconds = bounded(folder, metadata, &limits, "validation_time", MOST_SECONDS);
    let memory = bounded(folder, metadata, &limits, "validation_memory", MOST_MIB).unwrap_or(MEMORY);
    let output = bounded(folder, metadata, &limits, "validation_output", MOST_MIB).unwrap_or(OUTPUT);
    (whole(seconds.unwrap_or(VALIDATION_SECONDS).ceil()), Some(as_mib(memory)), Some(as_mib(output)))
}

fn bounded(folder: &mut Folder<'_>, metadata: &Metadata, limits: &Node, key: &str, most: f64) -> Option<f64> {
    let node = get(limits, key)?;
    let value = number(node).filter(|value| *value > 0.0 && *value <= most);
    if value.is_none() {
        let message = format!("`{key}` is no limit from 0 to {most}");
        folder.error_at(&metadata.document, node, message, "");
    }
    value
}

fn as_mib(mib: f64) -> Bytes {
    Bytes(whole(mib * 1_048_576.0))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded far below 2^53, from 0")]
fn whole(number: f64) -> u64 {
    number as u64
}

/// `include/LANGUAGE/`: what is there for all first, so that what is there for one replaces it.
fn include(folder: &Folder<'_>) -> Vec<(String, Vec<Copied>)> {
    let mut languages: Vec<String> = folder.entries("include").into_iter().collect();
    languages.sort_by_key(|language| (language != "default", language.clone()));
    let files = |language: String| {
        let prefix = format!("include/{language}/");
        let below = folder.below(&format!("include/{language}"));
        let copied = below.into_iter().filter_map(|path| {
            Some(Copied { from: path.to_owned(), to: path.strip_prefix(&prefix)?.to_owned() })
        });
        let copied: Vec<_> = copied.collect();
        (language, copied)
    };
    languages.into_iter().map(files).filter(|(_, files)| !files.is_empty()).collect()
}
