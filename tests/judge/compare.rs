//! Comparisons and diffs on hostile input.

use std::time::Instant;

use capsule_run::judge::compare::compare;
use capsule_run::judge::{Compare, Difference, FloatTolerance, NearMiss};
use proptest::prelude::*;

const FLOAT: Compare = Compare::Float(FloatTolerance { absolute: 1e-6, relative: 1e-6 });
const ALL: [Compare; 4] = [Compare::Exact, Compare::Trim, Compare::Tokens, FLOAT];

fn exact(expected: &[u8], actual: &[u8]) -> Difference {
    compare(Compare::Exact, expected, actual).expect("they differ")
}

#[test]
fn a_diff_draws_the_blanks_that_differ() {
    let found = exact(b"reading 3 numbers\ntotal:  6\ndone\n", b"reading 3 numbers\ntotal:  5\r\ndone");
    assert_eq!(
        found.unified,
        "--- expected\n\
         +++ actual\n\
         @@ -1,3 +1,3 @@\n \
         reading 3 numbers\n\
         -total:··6⏎\n\
         -done⏎\n\
         +total:··5␍⏎\n\
         +done\n\
         \\ no newline at end of actual\n"
    );
    assert_eq!((found.line, found.column, found.truncated), (2, 9, false));
}

#[test]
fn a_line_of_nothing_but_blanks_is_drawn() {
    let found = compare(Compare::Trim, b"a\n\nb\n", b"a\nb\n").expect("a line is missing");
    assert_eq!(found.unified, "--- expected\n+++ actual\n@@ -1,3 +1,2 @@\n a\n-⏎\n b\n");
    let found = exact(b"a\n", b"a\n \t\n");
    assert_eq!(found.unified, "--- expected\n+++ actual\n@@ -1,1 +1,2 @@\n a\n+·→⏎\n");
}

#[test]
fn a_diff_by_tokens_shows_only_lines_whose_tokens_differ() {
    let found = compare(Compare::Tokens, b"a  b\nc d\ne\n", b"a b\nc x\ne").expect("d is not x");
    assert_eq!(found.unified, "--- expected\n+++ actual\n@@ -1,3 +1,3 @@\n a b\n-c d\n+c x\n e\n");
}

#[test]
fn a_diff_by_numbers_leaves_close_ones_alone() {
    let found =
        compare(FLOAT, b"1.0\n2.0\n3.0\n4.0\n", b"1.0\n2.5\n3.0000000001\n4.5\n").expect("2 is not 2.5");
    assert!(found.unified.contains("-2.0\n+2.5\n 3.0000000001\n-4.0\n+4.5\n"), "{}", found.unified);
}

#[test]
fn a_diff_has_at_most_80_lines() {
    let many = |text: &str| (0..2_000).map(|n| format!("{text}{n}\n")).collect::<String>();
    for mode in ALL {
        let found = compare(mode, many("a").as_bytes(), many("b").as_bytes()).expect("all lines differ");
        assert!(found.unified.lines().count() <= 80, "{}", found.unified);
        assert!(found.truncated && found.unified.contains("-a0\n") && found.unified.contains("+b0\n"));
        assert!(found.unified.contains("1963 more lines of actual"), "{}", found.unified);
    }
    let spread = |text: &str| -> String {
        (0..2_000).map(|n| if n % 9 == 0 { format!("{text}\n") } else { format!("{n}\n") }).collect()
    };
    let found = exact(spread("a").as_bytes(), spread("b").as_bytes());
    assert_eq!(found.unified.lines().count(), 80);
    assert!(found.truncated);
}

#[test]
fn bytes_that_are_no_text_are_dumped() {
    let mut actual: Vec<u8> = (0..=255).cycle().take(4096).collect();
    let expected = actual.clone();
    actual[512] = 0xee;
    let found = exact(&expected, &actual);
    assert!(found.unified.contains("first difference at byte 512"), "{}", found.unified);
    assert!(found.unified.contains("-00000200  00 01") && found.unified.contains("+00000200  ee 01"));
    assert!(found.unified.lines().count() <= 9);
}

#[test]
fn two_outputs_of_300_000_lines_that_differ_everywhere_take_seconds_at_most() {
    let lines =
        |add: u32| (0..300_000).map(|n: u32| format!("{}\n", n.wrapping_mul(7) + add)).collect::<String>();
    let (expected, actual) = (lines(1), lines(2_000_000_000));
    let started = Instant::now();
    let found = exact(expected.as_bytes(), actual.as_bytes());
    let took = started.elapsed();
    assert!(found.truncated && found.unified.contains("sha256"), "{}", found.unified);
    assert!(found.unified.lines().count() <= 40);
    // The measured time is far below; the rest is for a debug build on a machine that is busy.
    assert!(took.as_secs_f64() < 5.0, "{took:?}");
}

#[test]
fn twenty_thousand_lines_without_two_alike_are_still_diffed_in_bounded_time() {
    let lines = |from: u32| {
        (from..from + 19_000).map(|n: u32| format!("{:x}\n", n.wrapping_mul(0x9E37_79B9))).collect::<String>()
    };
    let started = Instant::now();
    let found = exact(lines(0).as_bytes(), lines(9_500).as_bytes());
    assert!(found.unified.starts_with("--- expected\n+++ actual\n@@ "), "{}", found.unified);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn hostile_megabytes_take_linear_time() {
    let inputs: [(Vec<u8>, Vec<u8>); 5] = [
        (vec![b'\n'; 2 << 20], vec![b' '; 2 << 20]),
        (vec![b'x'; 2 << 20], b"x ".repeat(1 << 20)),
        (b"1 ".repeat(1 << 20), b"2 ".repeat(1 << 20)),
        (vec![b'9'; 2 << 20], vec![b'8'; 2 << 20]),
        (vec![0; 2 << 20], vec![0xff; 2 << 20]),
    ];
    let started = Instant::now();
    for (expected, actual) in &inputs {
        for mode in ALL {
            if let Some(found) = compare(mode, expected, actual) {
                assert!(found.unified.len() < 200_000, "{}", found.unified.len());
            }
        }
    }
    // Quadratic work on any of the twenty would take hours; a slow, busy machine gets its time.
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}

#[test]
fn a_near_miss_is_named_for_the_comparison_that_was_asked_for() {
    let near = |mode, expected: &str, actual: &str| {
        compare(mode, expected.as_bytes(), actual.as_bytes()).and_then(|found| found.near_miss)
    };
    assert_eq!(near(Compare::Exact, "a\n", "a"), Some(NearMiss::FinalNewline));
    assert_eq!(near(Compare::Exact, "a\nb\n", "a\r\nb\r\n"), Some(NearMiss::LineEnds));
    assert_eq!(near(Compare::Trim, "a  b\n", "a b\n"), Some(NearMiss::WhiteSpace));
    assert_eq!(near(Compare::Tokens, "Yes\n", "YES\n"), Some(NearMiss::Case));
    assert_eq!(near(Compare::Tokens, "0.5\n", "0.50\n"), Some(NearMiss::Numeric));
    assert_eq!(near(FLOAT, "1\n2\n", "2\n1\n"), Some(NearMiss::LineOrder));
    assert_eq!(near(Compare::Exact, "6\n", "5\n"), None);
}

proptest! {
    #[test]
    fn a_weaker_comparison_never_finds_what_a_stronger_one_does_not(
        expected in "[ab1.\\r\\n \\t\u{0}é]{0,12}", actual in "[ab1.\\r\\n \\t\u{0}é]{0,12}"
    ) {
        let same = ALL.map(|mode| compare(mode, expected.as_bytes(), actual.as_bytes()).is_none());
        prop_assert!(same.is_sorted(), "{:?}", same);
        prop_assert_eq!(same[0], expected == actual);
    }

    #[test]
    fn a_difference_of_any_bytes_is_shown_safely(expected: Vec<u8>, actual: Vec<u8>) {
        for mode in ALL {
            let Some(found) = compare(mode, &expected, &actual) else { continue };
            prop_assert!(found.offset <= actual.len() && found.line >= 1 && found.column >= 1);
            let unsafe_char = |c: char| c.is_control() && c != '\n' && c != '\t';
            prop_assert!(!found.unified.contains(unsafe_char), "{:?}", found.unified);
            prop_assert!(found.unified.lines().count() <= 80);
        }
    }
}
