//! What is wrong with the files in `fixtures/bad`, code by code. Their whole messages are goldens
//! of the command line.

use std::path::Path;

use capsule_run::diagnostic::{Diagnostic, Source};
use capsule_run::policy::{ConfigFormat, default_config_text, parse_config, parse_policy, parse_request};
use capsule_run::units::visible_line;

fn bytes(folder: &str, name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad").join(folder).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every mistake in a file, none if it is good.
fn mistakes(folder: &str, name: &str) -> Vec<Diagnostic> {
    let Ok(text) = String::from_utf8(bytes(folder, name)) else { return Vec::new() };
    let source = Source { name: name.to_owned(), text: text.into() };
    let errors = if folder == "config" {
        let format = if name.ends_with(".json") { ConfigFormat::Json } else { ConfigFormat::Toml };
        parse_config(&source, format).err()
    } else {
        parse_request(&source).err()
    };
    errors.unwrap_or_default()
}

fn place(diagnostic: &Diagnostic) -> String {
    let (line, column) = diagnostic.place.as_ref().map_or((0, 0), |place| place.line_column());
    format!("{line}:{column} {}", diagnostic.code)
}

/// Where each mistake is and what code it has; None: it is no text at
/// all, or what is wrong comes out when the layers meet.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("config", "above-ceiling.toml", ""),
    (
        "config",
        "astray-binds.toml",
        "2:16 E2004, 2:30 E2004, 2:44 E2004, 2:69 E2004, 2:78 E2004, 2:96 E2004, 3:19 E1003, 4:21 E1003",
    ),
    ("config", "bad-choices.toml", "2:19 E1003, 3:18 E1003, 6:18 E1003"),
    ("config", "bad-units.toml", "2:14 E1001, 5:16 E1001, 6:20 E1001, 7:19 E1001"),
    ("config", "binary.toml", "1:1 E1001, 1:5 E1001, 1:18 E1001, 2:3 E1001, 2:4 E1001, 2:30 E1001"),
    ("config", "inherits-in-a-circle.toml", "2:12 E1001"),
    ("config", "inherits-unknown.toml", "2:12 E1004"),
    ("config", "key-twice.json", "3:3 E1001"),
    ("config", "key-twice.toml", "3:1 E1001"),
    ("config", "limit-in-two-tables.toml", "5:1 E1001"),
    ("config", "missing-comma.toml", "2:26 E1001"),
    ("config", "missing-header.toml", "1:1 E1001, 2:1 E1001"),
    ("config", "missing-quotes.toml", "3:21 E1001"),
    ("config", "nesting-bomb-of-tables.toml", "2:1 E1001"),
    ("config", "nesting-bomb.json", "1:140 E1001"),
    ("config", "nesting-bomb.toml", "2:94 E1001"),
    ("config", "not-an-object.json", "1:1 E1001"),
    ("config", "not-utf8.toml", ""),
    ("config", "nul-in-environment.toml", "3:7 E2004, 4:1 E2004, 5:1 E2004"),
    (
        "config",
        "out-of-range.toml",
        "2:14 E1003, 5:16 E1003, 6:12 E1003, 7:18 E1003, 8:20 E1003, 9:14 E1003, 12:23 E1003",
    ),
    ("config", "relative-commands.toml", "2:21 E1003, 2:31 E1003, 3:21 E1003"),
    ("config", "table-twice.toml", "4:2 E1001"),
    ("config", "terminal-escapes.toml", "2:1 E1001, 5:12 E1004"),
    ("config", "trailing-comma.json", "4:3 E1001"),
    ("config", "two-names.toml", "3:1 E1001"),
    ("config", "unknown-keys.toml", "2:1 E1001, 5:1 E1001, 6:1 E1001, 8:2 E1001, 12:1 E1001"),
    ("config", "utf16.toml", ""),
    ("config", "wrong-everywhere.json", "2:28 E1001, 2:64 E1001, 2:86 E1001, 3:24 E1001, 4:3 E1001"),
    (
        "config",
        "wrong-types.toml",
        "1:12 E1001, 4:14 E1001, 7:12 E1001, 10:11 E1001, 11:18 E1001, 14:9 E1001, 17:29 E1001",
    ),
    ("request", "bad-base64.json", "1:37 E1001, 1:73 E1001"),
    ("request", "bad-binds.json", "1:31 E2004, 1:40 E2004, 1:54 E2004, 1:71 E2004, 1:89 E2004"),
    ("request", "bad-environment.json", "1:31 E2004, 1:43 E2004, 1:57 E2004, 1:73 E1001"),
    ("request", "bad-id.json", "1:38 E1003, 1:66 E1003, 1:91 E1003"),
    ("request", "bad-limits.json", "3:14 E1001, 4:13 E1001, 5:15 E1003, 6:17 E1001, 7:15 E1001"),
    ("request", "command-is-a-number.json", "1:14 E1001, 1:25 E1001"),
    ("request", "empty-command.json", "1:14 E2004"),
    ("request", "empty-program.json", "1:14 E2004"),
    ("request", "empty.json", "1:1 E1001"),
    (
        "request",
        "files-astray.json",
        "3:14 E1003, 3:47 E1003, 3:67 E1003, 3:83 E1003, 3:104 E1002, 3:147 E1002",
    ),
    ("request", "huge-number.json", "1:32 E1001"),
    ("request", "key-twice.json", "4:3 E1001, 6:3 E1001"),
    ("request", "lone-surrogate.json", "1:23 E1001"),
    ("request", "nesting-bomb.json", "1:139 E1001"),
    ("request", "no-command.json", "1:1 E1002"),
    ("request", "not-an-object.json", "1:1 E1001"),
    ("request", "not-utf8.json", ""),
    ("request", "nul-in-command.json", "1:15 E2004, 1:29 E2004"),
    ("request", "two-requests.json", "2:1 E1001"),
    ("request", "two-stdins.json", "1:51 E1001"),
    ("request", "unknown-keys.json", "2:3 E1001, 4:3 E1001, 5:3 E1001"),
    ("request", "unknown-profile.json", ""),
    ("request", "unterminated.json", "3:1 E1001"),
    ("request", "utf16.json", ""),
    (
        "request",
        "wrong-types.json",
        "2:23 E1001, 2:26 E1001, 3:14 E1001, 4:10 E1001, 5:12 E1001, 6:12 E1001, 7:15 E1001",
    ),
];

#[test]
fn every_mistake_of_every_bad_file_is_found_at_its_place() {
    for (folder, name, wanted) in MISTAKES {
        let found: Vec<_> = mistakes(folder, name).iter().map(place).collect();
        assert_eq!(found.join(", "), *wanted, "{folder}/{name}");
    }
}

#[test]
fn every_bad_file_is_in_the_table() {
    for folder in ["config", "request"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad").join(folder);
        for entry in std::fs::read_dir(&path).expect("the folder is there") {
            let name = entry.expect("readable").file_name().into_string().expect("text");
            let in_table = MISTAKES.iter().any(|row| (row.0, row.1) == (folder, name.as_str()));
            let is_golden = name.ends_with(".expected");
            assert!(in_table || is_golden || name == "many-mistakes.toml", "{folder}/{name}");
        }
    }
}

#[test]
fn of_many_mistakes_in_many_mistakes_toml_fifty_are_shown_and_the_rest_counted() {
    let mistakes = mistakes("config", "many-mistakes.toml");
    assert_eq!(mistakes.len(), 51);
    assert_eq!(mistakes[50].message, "10 more mistakes are not shown");
}

#[test]
fn a_syntax_error_reads_as_in_the_troubleshooting_guide() {
    let mistakes = mistakes("config", "missing-quotes.toml");
    let message = &mistakes[0].message;
    assert!(message.starts_with("TOML parse error at line 3, column 21: "), "{message}");
}

#[test]
fn an_unknown_key_offers_the_nearest_name_and_lists_the_others() {
    let mistakes = mistakes("config", "unknown-keys.toml");
    let label = |at: usize| mistakes[at].place.as_ref().map_or("", |place| place.label.as_str());
    assert_eq!(mistakes[0].message, "unknown key `timeuot_ms` in [defaults]");
    assert_eq!(label(0), "did you mean `timeout_ms`?");
    assert_eq!(label(2), "");
    assert!(mistakes[2].help.starts_with("[defaults.resources] may have: cpu, cpu_shares, "));
    assert_eq!(mistakes[4].message, "unknown key `netwrk` in [profiles.web.isolation]");
}

#[test]
fn a_limit_without_a_header_is_told_where_it_belongs() {
    let mistakes = mistakes("config", "missing-header.toml");
    assert!(mistakes[1].help.starts_with("a limit stands under a header, such as [defaults.resources]"));
}

#[test]
fn nothing_of_a_bad_file_reaches_a_message_raw() {
    for (folder, name, _) in MISTAKES {
        for Diagnostic { message, help, place, .. } in mistakes(folder, name) {
            let label = place.map_or_else(String::new, |place| place.label);
            for text in [message, help, label] {
                assert_eq!(visible_line(text.as_bytes()), text, "{folder}/{name}");
                assert!(text.len() < 2000, "{folder}/{name}");
            }
        }
    }
}

#[test]
fn a_second_mistake_of_the_same_key_points_at_the_first() {
    let mistakes = mistakes("request", "key-twice.json");
    let other = mistakes[0].other.as_ref().expect("there is a first one");
    assert_eq!((other.line_column(), other.label.as_str()), ((3, 3), "first here"));
}

fn parse_text(text: &str) -> [usize; 4] {
    let source = Source { name: "x".to_owned(), text: text.into() };
    [
        parse_config(&source, ConfigFormat::Toml).err().map_or(0, |errors| errors.len()),
        parse_config(&source, ConfigFormat::Json).err().map_or(0, |errors| errors.len()),
        parse_policy(&source).err().map_or(0, |errors| errors.len()),
        parse_request(&source).err().map_or(0, |errors| errors.len()),
    ]
}

#[test]
fn a_text_that_is_too_large_is_not_parsed() {
    let source = Source { name: "big.toml".to_owned(), text: "#".repeat((16 << 20) + 1).into() };
    let errors = parse_config(&source, ConfigFormat::Toml).expect_err("too large");
    assert_eq!(errors[0].message, "too large: 16.0 MiB, and at most 16 MiB are read");
}

#[test]
fn a_large_file_of_mistakes_costs_seconds_at_most() {
    let started = std::time::Instant::now();
    let keys: String = (0..100_000).map(|i| format!("key_{i} = {i}\n")).collect();
    let long = format!("{} = 1\n", "k".repeat(1 << 20));
    let mut chain: String =
        (0..5_000).map(|i| format!("[profiles.p{i}]\ninherits = \"p{}\"\n", i + 1)).collect();
    chain.push_str("[profiles.p5000]\n");
    for text in [keys, long, chain] {
        assert!(parse_text(&text)[0] > 0);
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    assert_eq!(parse_text("\u{feff}[defaults]\ntimeout_ms = 5\n")[0], 0);
    assert_eq!(parse_text("\u{feff}{ \"command\": \"true\" }")[3], 0);
}

#[test]
fn a_policy_file_may_have_its_header_or_not_but_nothing_beside_it() {
    let errors = |text: &str| parse_text(text)[2];
    assert_eq!(errors("max_pids = 5\nallow_network = false"), 0);
    assert_eq!(errors("[policy]\nmax_pids = 5"), 0);
    assert_eq!(errors("max_pids = 5\n[policy]\nmax_timeout_ms = 5\n"), 1);
    assert_eq!(errors("[defaults]\ntimeout_ms = 5\n"), 1);
}

proptest::proptest! {
    /// Whatever is thrown at them, the parsers answer.
    #[test]
    fn no_text_makes_a_parser_panic(text in "(\\PC|[\\[\\]{}\"'=,.#\\\\\n\u{0}]){0,200}") {
        parse_text(&text);
    }

    /// A good file with a few bytes cut out or doubled.
    #[test]
    fn no_damage_to_a_good_file_makes_a_parser_panic(at in 0usize..4000, len in 1usize..40) {
        let good = default_config_text().replace("\n#", "\n");
        let cut: String = good.chars().enumerate().filter(|(i, _)| !(at..at + len).contains(i)).map(|(_, c)| c).collect();
        parse_text(&cut);
    }
}
