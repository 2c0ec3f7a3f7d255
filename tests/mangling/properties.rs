//! What must hold for any bytes at all. Used twice: by the tests beside this file, with mangled
//! fixtures, and by the fuzz targets in `fuzz/`. Each function panics when its property is broken.

use capsule_run::cli::render::{self, RenderOptions};
use capsule_run::diagnostic::{Diagnostic, Source};
use capsule_run::judge::compare::compare;
use capsule_run::judge::{Code, Compare, FloatTolerance, Status};
use capsule_run::policy::{ConfigFormat, parse_config, parse_policy, parse_request};
use capsule_run::report::junit::{self, JunitStyle};
use capsule_run::report::text::{self, Audience, TextStyle};
use capsule_run::report::{RunReport, json};
use capsule_run::suite::{self, SuiteFormat};

use crate::builder::{self, case};

fn source(bytes: &[u8]) -> Source {
    Source { name: "fuzz".to_owned(), text: String::from_utf8_lossy(bytes).into() }
}

/// A refusal says something, at a place that exists, and can be shown on a terminal.
fn refusals(refused: &[Diagnostic], source: &Source) {
    assert!(!refused.is_empty(), "refused without a reason");
    for diagnostic in refused {
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
        if let Some(place) = &diagnostic.place {
            let (line, column) = place.line_column();
            assert!(line >= 1 && column >= 1, "{diagnostic:?}");
            assert!(line <= source.text.lines().count() + 1, "{diagnostic:?}");
        }
    }
    harmless(&render::diagnostics(refused, RenderOptions::default()));
    for line in render::diagnostics_json(refused).lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON");
    }
}

/// Nothing that moves a terminal or turns the direction of text.
fn harmless(text: &str) {
    let control =
        |c: char| (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(control), "{text:?}");
}

/// A suite file in each of the three syntaxes.
pub(crate) fn suite(bytes: &[u8]) {
    let source = source(bytes);
    for format in [SuiteFormat::Yaml, SuiteFormat::Toml, SuiteFormat::Json] {
        if let Err(refused) = suite::parse(&source, format) {
            refusals(&refused, &source);
        }
    }
}

/// A configuration and a policy.
pub(crate) fn config(bytes: &[u8]) {
    let source = source(bytes);
    for format in [ConfigFormat::Toml, ConfigFormat::Json] {
        if let Err(refused) = parse_config(&source, format) {
            refusals(&refused, &source);
        }
    }
    if let Err(refused) = parse_policy(&source) {
        refusals(&refused, &source);
    }
}

/// A request on standard input.
pub(crate) fn request(bytes: &[u8]) {
    let source = source(bytes);
    if let Err(refused) = parse_request(&source) {
        refusals(&refused, &source);
    }
}

const MODES: [Compare; 4] = [
    Compare::Exact,
    Compare::Trim,
    Compare::Tokens,
    Compare::Float(FloatTolerance { absolute: 1e-6, relative: 1e-6 }),
];

/// Two byte strings, divided at the first 0xFF.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0xFF).unwrap_or(bytes.len() / 2);
    let (left, right) = bytes.split_at(at);
    (left, right.strip_prefix(&[0xFF]).unwrap_or(right))
}

/// Comparisons: everything equals itself, exact is equality, and each mode forgives what the
/// stricter one before it forgives.
pub(crate) fn compare_any(bytes: &[u8]) {
    let (expected, actual) = halves(bytes);
    let same = MODES.map(|mode| compare(mode, expected, actual).is_none());
    assert_eq!(same[0], expected == actual);
    for (stricter, laxer) in [(0, 1), (1, 2), (2, 3)] {
        assert!(!same[stricter] || same[laxer], "{expected:?} {actual:?}: {same:?}");
    }
    // Without tolerance, which is relative to the expected side, order does not matter.
    for (mode, same) in MODES.into_iter().zip(same).take(3) {
        assert_eq!(compare(mode, actual, expected).is_none(), same, "{mode:?} {expected:?} {actual:?}");
    }
    for mode in MODES {
        assert!(compare(mode, expected, expected).is_none(), "{mode:?} {expected:?}");
    }
}

/// The text of a difference: bounded, harmless, at a place that exists.
pub(crate) fn diff(bytes: &[u8]) {
    let (expected, actual) = halves(bytes);
    for mode in MODES {
        let Some(found) = compare(mode, expected, actual) else { continue };
        assert!(found.offset <= actual.len() && found.line >= 1 && found.column >= 1, "{found:?}");
        assert!(found.unified.len() < 1 << 20, "{} bytes", found.unified.len());
        assert!(!found.unified.is_empty(), "{mode:?} {expected:?} {actual:?}");
        harmless(&found.unified);
    }
}

/// Reports about a program that controls its name, its message, its output and its difference:
/// JUnit stays XML with one test case, JSON stays JSON, the terminal stays as it was.
pub(crate) fn junit(bytes: &[u8]) {
    let run = hostile_run(bytes);
    for style in [JunitStyle::Strict, JunitStyle::Extended, JunitStyle::Ant] {
        let mut xml = Vec::new();
        junit::write(&run.records(1, "a case failed").view(Audience::Staff), style, &mut xml)
            .expect("a vector takes every byte");
        let xml = String::from_utf8(xml).expect("JUnit is UTF-8");
        let cases = well_formed(&xml).iter().filter(|name| *name == "testcase").count();
        assert_eq!(cases, run.cases.len(), "{xml}");
    }
    let mut report = Vec::new();
    json::write(&run.records(1, "a case failed").view(Audience::Staff), &mut report)
        .expect("a vector takes every byte");
    serde_json::from_slice::<serde_json::Value>(&report).expect("the report is JSON");
    let style = TextStyle {
        width: 80,
        audience: Audience::Staff,
        rerun: "capsule-run suite".to_owned(),
        ..TextStyle::default()
    };
    harmless(&text::failure(&run.cases[0], &style));
    harmless(&text::summary(&run, &run.records(1, "a case failed").view(Audience::Staff), &style));
}

fn hostile_run(bytes: &[u8]) -> RunReport {
    let part = |n: usize| bytes.split(|byte| *byte == 0xFE).nth(n).unwrap_or_default();
    let words = |n: usize| String::from_utf8_lossy(part(n)).into_owned();
    let difference = compare(Compare::Exact, part(3), part(1)).map_or(String::new(), |found| found.unified);
    let argument: Vec<u8> = part(4).iter().copied().filter(|byte| *byte != 0).collect();
    let hostile = case(&format!("g/{}", words(0)), 3)
        .argv(&[b"prog", &argument])
        .failed(Code::StdoutDiffers, &words(2))
        .stdout(part(1))
        .stderr(part(2))
        .check(capsule_run::judge::CheckTarget::Stdout, false, &words(4))
        .difference(&difference, None);
    let passed = case("g/other", 4).verdict(Status::Passed, None, "").stdout(part(3));
    builder::run(vec![hostile.report(), passed.report()])
}

/// The names of all elements of a document; panics where it is not well-formed. Knows what our
/// writer may use: one declaration, elements, double-quoted attributes, text, CDATA, the five
/// named entities and character references.
fn well_formed(xml: &str) -> Vec<String> {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    assert!(xml.chars().all(allowed), "{xml:?}");
    let (mut open, mut names) = (Vec::new(), Vec::new());
    let mut rest = xml.trim_start();
    if let Some(after) = rest.strip_prefix("<?xml ") {
        rest = after.split_once("?>").expect("the declaration ends").1;
    }
    while let Some(at) = rest.find('<') {
        character_data(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("<![CDATA[") {
            rest = after.split_once("]]>").expect("the CDATA section ends").1;
        } else if let Some(after) = rest.strip_prefix("</") {
            let (name, after) = after.split_once('>').expect("the tag ends");
            assert_eq!(open.pop().as_deref(), Some(name), "{xml}");
            rest = after;
        } else {
            let (name, closed, after) = start_tag(&rest[1..]);
            names.push(name.clone());
            if !closed {
                open.push(name);
            }
            rest = after;
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{xml}");
    names
}

/// Name, whether it is empty, and what follows.
fn start_tag(text: &str) -> (String, bool, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/').expect("the tag ends");
    let (name, mut rest) = text.split_at(end);
    assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '-'), "{name:?}");
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return (name.to_owned(), true, after);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (name.to_owned(), false, after);
        }
        let (attribute, after) = rest.split_once("=\"").expect("an attribute has a value");
        assert!(attribute.chars().all(|c| c.is_ascii_alphanumeric() || "-:_".contains(c)), "{attribute:?}");
        let (value, after) = after.split_once('"').expect("the value ends");
        assert!(!value.contains('<'), "{value:?}");
        character_data(value);
        rest = after;
    }
}

fn character_data(text: &str) {
    for after in text.split('&').skip(1) {
        let (entity, _) = after.split_once(';').expect("a reference ends");
        let known = ["amp", "lt", "gt", "quot", "apos"].contains(&entity);
        assert!(known || entity.starts_with('#'), "&{entity};");
    }
    assert!(!text.contains("]]>"), "{text:?}");
}
