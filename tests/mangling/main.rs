//! Fixtures, mangled: bytes changed, cut, doubled and spliced. The same properties are what the
//! fuzz targets in `fuzz/` look for with more patience.

#[expect(dead_code, reason = "written for the tests of the reports, which use all of it")]
#[path = "../reports/builder.rs"]
mod builder;
mod properties;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// How one byte string becomes another.
#[derive(Debug, Clone)]
enum Change {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize, usize),
    Cut(prop::sample::Index),
}

/// Words that mean something to one parser or another.
const WORDS: &[&str] = &[
    "\u{1b}[2J",
    "\u{202e}",
    "]]>",
    "<testcase/>",
    "&",
    "\0",
    "\r\n",
    "\u{feff}",
    "&a *a",
    "<<: *a",
    "!!binary ",
    "---\n",
    "- ",
    ": ",
    "{",
    "[",
    "\"",
    "'''",
    "99999999999999999999",
    "-1",
    "1e999",
    "0x1p3",
    "nan",
    "𝔸",
    "\t",
];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let word = prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec());
    let junk = prop::collection::vec(any::<u8>(), 1..8);
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), prop_oneof![word, junk]).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at(), 1..40usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (at(), 1..40usize, 1..60usize).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        at().prop_map(Change::Cut),
    ]
}

fn apply(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len();
        let place = |at: &prop::sample::Index| at.index(length + 1);
        match change {
            Change::Set(at, byte) if length > 0 => bytes[at.index(length)] = *byte,
            Change::Set(_, byte) => bytes.push(*byte),
            Change::Insert(at, more) => drop(bytes.splice(place(at)..place(at), more.iter().copied())),
            Change::Remove(at, n) => drop(bytes.drain(place(at)..(place(at) + n).min(length))),
            Change::Repeat(at, n, times) => {
                let again = bytes[place(at)..(place(at) + n).min(length)].repeat(*times);
                drop(bytes.splice(place(at)..place(at), again));
            }
            Change::Cut(at) => bytes.truncate(place(at)),
        }
    }
    bytes
}

fn mangled(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(seeds), prop::collection::vec(change(), 0..6))
        .prop_map(|(seed, changes)| apply(seed, &changes))
}

/// Every file below a folder of the project whose name ends so.
fn files(folder: &str, extensions: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| extensions.iter().any(|wanted| it == *wanted)) {
                found.push(fs::read(&path).expect("readable"));
            }
        }
    }
    found.retain(|bytes| bytes.len() < 64 << 10);
    assert!(!found.is_empty(), "no fixtures in {folder}");
    found
}

fn suites() -> Vec<Vec<u8>> {
    let mut all = files("fixtures/bad/suite", &["yaml", "toml", "json"]);
    all.extend(files("examples", &["yaml"]));
    all
}

/// Pairs of outputs, and the five parts of a hostile report.
fn outputs() -> Vec<Vec<u8>> {
    let texts: &[&[u8]] = &[
        b"1 2 3\n4.0 5\n\xFF1 2 3\n4.00000001 6\n",
        b"a\r\nb  \n\n\xFFa\nb\n",
        b"\x00\x01\x02\xFF\x00\x01\x03",
        b"name\xFEout ]]> <x>\xFE\x1b[31merr\xFEexpected\xFEargument & \"quotes\"",
        b"same\xFFsame",
        b"",
    ];
    texts.iter().map(|text| text.to_vec()).collect()
}

/// How many of each: `CAPSULE_MANGLINGS`, or few enough for every day.
fn cases() -> u32 {
    std::env::var("CAPSULE_MANGLINGS").ok().and_then(|text| text.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mangled_suite_is_read_or_refused(bytes in mangled(suites())) {
        properties::suite(&bytes);
    }

    #[test]
    fn a_mangled_configuration_is_read_or_refused(
        bytes in mangled(files("fixtures/bad/config", &["toml", "json"]))
    ) {
        properties::config(&bytes);
    }

    #[test]
    fn a_mangled_request_is_read_or_refused(bytes in mangled(files("fixtures/bad/request", &["json"]))) {
        properties::request(&bytes);
    }

    #[test]
    fn comparisons_of_mangled_outputs_keep_their_order(bytes in mangled(outputs())) {
        properties::compare_any(&bytes);
    }

    #[test]
    fn differences_of_mangled_outputs_are_bounded_and_harmless(bytes in mangled(outputs())) {
        properties::diff(&bytes);
    }

    #[test]
    fn reports_of_mangled_outputs_stay_well_formed(bytes in mangled(outputs())) {
        properties::junit(&bytes);
    }
}
