//! Good suites, resolved: what the defaults, groups, cases and files come to.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{SuiteInputs, load_suite};
use crate::diagnostic::{Diagnostic, Source};
use crate::judge::{Code, Compare, ExitExpectation, FloatTolerance, StreamExpectation};
use crate::limits::{Origin, Resolved};
use crate::resolve::{
    CaseKind, FileContent, FileKind, Files, GroupScore, Operator, ResolvedCase, ResolvedSuite, Sources,
    Visibility,
};
use crate::sandbox::spec::Stdin;
use crate::suite::SuiteFormat;
use crate::units::Bytes;

/// Files by their absolute path; a folder is there when a file below it is.
struct Map(BTreeMap<PathBuf, Vec<u8>>);

/// `../x` is a file beside the suite's folder.
fn of_map(path: &str) -> PathBuf {
    path.strip_prefix("../").map_or_else(|| Path::new("/s").join(path), |path| Path::new("/").join(path))
}

impl Map {
    fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (of_map(path), text.as_bytes().to_vec()));
        Self(files.chain([(PathBuf::from("/s/suite.yaml"), Vec::new())]).collect())
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.0.keys().any(|file| file != path && file.starts_with(path))
    }
}

impl Files for Map {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        let bytes = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(FileContent { bytes: bytes.as_slice().into(), executable: path.ends_with("tool") })
    }

    fn list(&self, base: &Path) -> io::Result<Vec<PathBuf>> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(base).ok());
        Ok(below.rev().map(Path::to_owned).collect())
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let file = self.0.contains_key(path).then_some(FileKind::File);
        file.or_else(|| self.is_folder(path).then_some(FileKind::Folder))
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        let mut clean = PathBuf::new();
        for part in path.components() {
            if part == std::path::Component::ParentDir {
                clean.pop();
            } else {
                clean.push(part)
            }
        }
        let path = clean;
        self.kind(&path).map(|_| path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

pub(super) fn load_with(
    text: &str,
    files: &[(&str, &str)],
    operator: &Operator,
) -> Result<ResolvedSuite, Vec<Diagnostic>> {
    let source = Source { name: "suite.yaml".to_owned(), text: text.into() };
    let inputs = SuiteInputs { suite_dir: PathBuf::from("/s"), submission: None, index: 3 };
    load_suite(&source, SuiteFormat::Yaml, operator, &inputs, &Map::new(files))
}

fn load(text: &str, files: &[(&str, &str)]) -> Result<ResolvedSuite, Vec<Diagnostic>> {
    let source = Source { name: "suite.yaml".to_owned(), text: text.into() };
    let inputs = SuiteInputs { suite_dir: PathBuf::from("/s"), submission: None, index: 3 };
    load_suite(&source, SuiteFormat::Yaml, &Operator::default(), &inputs, &Map::new(files))
}

pub(super) fn good(text: &str, files: &[(&str, &str)]) -> ResolvedSuite {
    load(text, files).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}

pub(super) fn messages(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    load(text, files).expect_err("a broken suite").into_iter().map(|error| error.message).collect()
}

pub(super) fn case<'s>(suite: &'s ResolvedSuite, id: &str) -> &'s ResolvedCase {
    suite.cases.iter().find(|case| &*case.id.0 == id).unwrap_or_else(|| panic!("no case {id}"))
}

pub(super) fn ids(suite: &ResolvedSuite) -> Vec<&str> {
    suite.cases.iter().map(|case| &*case.id.0).collect()
}

const HOMEWORK: &str = r#"
version: 1
name: hw3
submission: {path: ./submission, required: [sort.py, README]}
profiles:
  std: {inherits: default, timeout: 5s, cpu_time: 2s, memory: 64M, env: {A: profile}}
defaults: {profile: std, compare: tokens, points: 1, env: {B: defaults}}
build:
  - {run: [gcc, -O2, prog.c], outputs: [prog]}
  - {name: link, shell: "ld x", profile: strict}
groups:
  - {name: sample, points: 0, run: [./prog], cases_from: {stdin: "data/sample/*.in"}}
  - name: secret
    points: 60
    score: all-or-nothing
    needs: [sample]
    visibility: hidden
    run: [./prog, --fast]
    args: [last]
    tags: [slow]
    cases_from: {stdin: "data/secret/**/*.in", expect_stdout: "{dir}/{stem}.ans"}
cases:
  - id: sum
    run: [./prog, 1.50, 010, yes, 2]
    stdin: {text: "3\n"}
    files: {data.txt: {file: fixtures/data.txt}, tool: {file: fixtures/tool}}
    env: {A: case}
    expect:
      exit: [0, 3]
      stdout: {file: expected/sum.out, compare: exact}
      stderr: any
      files: {out.txt: {text: done, compare: {float: {abs: 0.5}}}, log: any}
    limits: {timeout: 1s, memory_bytes: 1048576}
    points: 5
    tags: [basic]
    needs: [build, sample/1]
    visibility: after_due_date
    workdir: sub
"#;

const HOMEWORK_FILES: &[(&str, &str)] = &[
    ("submission/sort.py", ""),
    ("data/sample/1.in", "one"),
    ("data/secret/b/10.in", "ten"),
    ("data/secret/b/10.ans", "TEN"),
    ("data/secret/b/9.in", "nine"),
    ("data/secret/b/9.ans", "NINE"),
    ("data/secret/a.in", "a"),
    ("data/secret/a.ans", "A"),
    ("fixtures/data.txt", "data"),
    ("fixtures/tool", "#!"),
    ("expected/sum.out", "3\n"),
];

#[test]
fn a_suite_becomes_build_steps_and_cases_in_the_order_of_the_file_and_of_numbers() {
    let suite = good(HOMEWORK, HOMEWORK_FILES);
    assert_eq!(
        ids(&suite),
        ["build/1", "build/link", "sample/1", "secret/a", "secret/b/9", "secret/b/10", "sum"]
    );
    assert_eq!(suite.name, "hw3");
    assert_eq!(suite.missing_required, [PathBuf::from("README")]);
    assert_eq!(case(&suite, "build/1").kind, CaseKind::Build);
    assert_eq!(case(&suite, "build/1").profile, "compile");
    assert_eq!(case(&suite, "build/1").outputs, [PathBuf::from("prog")]);
    assert_eq!(case(&suite, "build/link").profile, "strict");
    assert!(case(&suite, "build/link").expectation.build);
    let sum = case(&suite, "sum");
    assert_eq!(sum.sources, Sources::Folders(vec![PathBuf::from("/s/submission")]));
    assert_eq!((sum.suite, &*sum.file), (3, "suite.yaml"));
    assert_eq!(HOMEWORK.lines().nth(sum.line as usize - 1), Some("  - id: sum"));
}

#[test]
fn a_case_goes_before_its_group_and_the_group_before_the_defaults() {
    let suite = good(HOMEWORK, HOMEWORK_FILES);
    let sum = case(&suite, "sum");
    let env = |name: &str| {
        sum.env.iter().find(|(key, _)| key.as_bytes() == name.as_bytes()).map(|it| it.1.to_string())
    };
    assert_eq!((env("A"), env("B")), (Some("case".into()), Some("defaults".into())));
    assert_eq!(sum.limits.wall.value, Duration::from_secs(1));
    assert_eq!(sum.limits.memory.value, Bytes::mib(1));
    assert_eq!(sum.limits.cpu.value, Some(Duration::from_secs(2)));
    let Origin::File { what, line, .. } = &sum.limits.wall.origin else { panic!("no file") };
    assert_eq!(&**what, "case sum");
    assert!(HOMEWORK.lines().nth(*line as usize - 1).is_some_and(|line| line.contains("timeout: 1s")));
    assert_eq!(case(&suite, "sample/1").limits.wall.value, Duration::from_secs(5));
    assert_eq!(sum.workdir, Path::new("/workspace/sub"));
    assert_eq!(sum.visibility, Visibility::AfterDueDate);
    assert_eq!(case(&suite, "secret/a").visibility, Visibility::Hidden);
    assert_eq!(*case(&suite, "secret/a").tags, ["slow"]);
}

#[test]
fn a_case_with_limits_of_its_own_has_the_same_settings_behind_others_and_alone() {
    let suite = |before: &str| {
        format!(
            "version: 1\nprofiles: {{p: {{cpu_time: 2s, memory: 99M}}}}\n\
             defaults: {{run: [x], profile: p, limits: {{max_pids: 7, timeout: 9s}}, env: {{A: b}}}}\n\
             groups: [{{name: g, limits: {{timeout: 8s}}, workdir: sub}}]\ncases:\n{before}\n\
             \x20 - {{id: y, group: g, limits: {{cpu_time: 3s}}}}\n  - {{id: z, limits: {{memory: 5M}}}}\n"
        )
    };
    let others =
        "  - {id: v, group: g, limits: {memory: 1M}}\n  - {id: w, limits: {timeout: 1s, max_pids: 3}}";
    let mut operator = Operator::default();
    operator.overrides.settings.limits.open_files = Some(Resolved::builtin(77));
    for factor in [None, Some(2_500)] {
        operator.overrides.time_factor = factor.map(Resolved::builtin);
        let of = |before| load_with(&suite(before), &[], &operator).expect("no mistakes");
        let (behind, alone) = (of(others), of("#\n#"));
        for id in ["g/y", "z"] {
            assert_eq!(case(&behind, id).settings, case(&alone, id).settings, "{id}");
        }
        assert_eq!(case(&behind, "z").limits.memory.value, Bytes::mib(5));
        assert_eq!(case(&behind, "g/y").limits.open_files.value, 77);
    }
}

#[test]
fn a_matrix_that_not_everybody_may_see_has_ids_without_its_parameters() {
    let suite = good(
        "
version: 1
defaults: {run: [x]}
groups: [{name: g, visibility: hidden}]
cases:
  - {id: s, matrix: {n: [5, 6]}, visibility: hidden}
  - {id: s, group: g, matrix: {n: [7, 8]}}
  - {id: o, matrix: {n: [1]}}
  - {id: 'p-${n}', matrix: {n: [1]}, visibility: hidden}
",
        &[],
    );
    let alias = |id: &str| case(&suite, id).alias.clone();
    assert_eq!((alias("s[n=5]").as_deref(), alias("s[n=6]").as_deref()), (Some("s[#1]"), Some("s[#2]")));
    assert_eq!(alias("g/s[n=8]").as_deref(), Some("g/s[#2]"));
    // What everybody may see has its own name, and so has what the author has named himself.
    assert_eq!((alias("o[n=1]"), alias("p-1")), (None, None));
}

#[test]
fn arguments_keep_their_spelling_and_those_of_args_come_last() {
    let suite = good(HOMEWORK, HOMEWORK_FILES);
    let argv = |id: &str| case(&suite, id).argv.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(argv("sum"), ["./prog", "1.50", "010", "yes", "2"]);
    assert_eq!(argv("secret/a"), ["./prog", "--fast", "last"]);
    assert_eq!(argv("build/link"), ["/bin/sh", "-c", "ld x"]);
}

#[test]
fn inputs_and_answers_are_read_and_compared_as_the_defaults_say() {
    let suite = good(HOMEWORK, HOMEWORK_FILES);
    let nine = case(&suite, "secret/b/9");
    assert!(matches!(&nine.stdin, Stdin::Bytes(bytes) if &**bytes == b"nine"));
    let StreamExpectation::Like(expected) = &nine.expectation.stdout else { panic!("no answer") };
    assert_eq!((&*expected.bytes, expected.source.as_str()), (&b"NINE"[..], "data/secret/b/9.ans"));
    assert_eq!(expected.compare, Compare::Tokens);
    assert_eq!(nine.expectation.exit, ExitExpectation::OneOf(vec![0]));
    let sum = case(&suite, "sum");
    let StreamExpectation::Like(expected) = &sum.expectation.stdout else { panic!("no stdout") };
    assert_eq!(expected.compare, Compare::Exact);
    assert_eq!(sum.expectation.stderr, StreamExpectation::Any);
    assert_eq!(sum.expectation.files[1].expected, None);
    let file = sum.expectation.files[0].expected.as_ref().expect("a text");
    assert_eq!(file.compare, Compare::Float(FloatTolerance { absolute: 0.5, relative: 0.0 }));
    let tools: Vec<_> = sum.files.iter().map(|file| (file.path.to_string_lossy(), file.executable)).collect();
    assert_eq!(tools, [("data.txt".into(), false), ("tool".into(), true)]);
}

#[test]
fn every_case_needs_the_build_and_what_it_and_its_group_say() {
    let suite = good(HOMEWORK, HOMEWORK_FILES);
    let needs = |id: &str| case(&suite, id).needs.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(needs("build/1"), Vec::<String>::new());
    assert_eq!(needs("build/link"), ["build/1"]);
    assert_eq!(needs("sample/1"), ["build/1", "build/link"]);
    assert_eq!(needs("secret/a"), ["build/1", "build/link", "sample/1"]);
    assert_eq!(needs("sum"), ["build/1", "build/link", "sample/1"]);
}

#[test]
fn the_points_of_a_group_are_shared_out_and_all_or_nothing_carries_the_whole() {
    let suite = good(HOMEWORK, HOMEWORK_FILES);
    let points = |id: &str| (case(&suite, id).points, case(&suite, id).group_score);
    assert_eq!(points("secret/a"), (20.0, Some(GroupScore::AllOrNothing { points: 60.0 })));
    assert_eq!(points("sample/1"), (0.0, Some(GroupScore::Sum)));
    assert_eq!(points("sum"), (5.0, None));
    assert_eq!(points("build/1"), (0.0, None));
}

#[test]
fn a_level_that_gives_only_cpu_time_gets_three_times_as_much_wall_time_and_a_second() {
    let text = "
version: 1
profiles: {p: {cpu_time: 2s}, q: {inherits: p, timeout: 20s}}
defaults: {run: [x], profile: p}
cases:
  - {id: a}
  - {id: b, limits: {cpu_time: 10s}}
  - {id: c, limits: {cpu_time: 10s, timeout: 11s}}
  - {id: d, profile: q}
  - {id: e, profile: native}
";
    let suite = good(text, &[]);
    let wall = |id: &str| case(&suite, id).limits.wall.clone();
    assert_eq!(wall("a").value, Duration::from_secs(7));
    assert!(matches!(wall("a").origin, Origin::Derived(_)));
    assert_eq!(wall("b").value, Duration::from_secs(31));
    assert_eq!(wall("c").value, Duration::from_secs(11));
    assert_eq!(wall("d").value, Duration::from_secs(20));
    assert_eq!(wall("e").value, Duration::from_secs(10));
}

#[test]
fn files_of_the_submission_make_no_cases_and_are_no_answers() {
    let files =
        &[("sub/evil.in", ""), ("sub/evil.ans", "x"), ("a.in", ""), ("a.ans", "y"), ("sub/x.out", "z")];
    let text = "
version: 1
submission: {path: sub}
groups: [{name: g, run: [x], cases_from: {stdin: '**/*.in', expect_stdout: '{dir}/{stem}.ans'}}]
";
    assert_eq!(ids(&good(text, files)), ["g/a"]);
    let text = "
version: 1
submission: {path: sub}
cases: [{id: a, run: [x], expect: {stdout: {file: sub/x.out}}}]
";
    let found = messages(text, files);
    assert!(found.len() == 1 && found[0].contains("is part of the submission"), "{found:?}");
}

#[test]
fn an_expected_code_and_a_signal_are_taken() {
    let text = "
version: 1
defaults: {run: [x]}
cases:
  - {id: loop, expect: {code: E3001}}
  - {id: crash, expect: {exit: {signal: SEGV}}}
  - {id: nonzero, expect: {exit: nonzero, stdout: ''}}
  - {id: reads-any, expect: {exit: any, stdout: {text: any}}}
";
    let suite = good(text, &[]);
    assert_eq!(case(&suite, "loop").expectation.code, Some(Code::Timeout));
    assert_eq!(case(&suite, "crash").expectation.exit, ExitExpectation::Signal(11));
    let StreamExpectation::Like(any) = &case(&suite, "reads-any").expectation.stdout else { panic!() };
    assert_eq!(&*any.bytes, b"any");
    let StreamExpectation::Like(empty) = &case(&suite, "nonzero").expectation.stdout else { panic!() };
    assert_eq!(&*empty.bytes, b"");
}

#[test]
fn without_a_submission_the_workspace_is_empty() {
    let suite = good("version: 1\ncases: [{id: a, run: [x]}]", &[]);
    assert_eq!(suite.cases[0].sources, Sources::Empty);
    assert_eq!(suite.name, "suite");
    assert!(matches!(suite.cases[0].stdin, Stdin::Empty));
}

#[test]
fn yaml_toml_and_json_mean_the_same() {
    let yaml = "version: 1\ncases:\n  - {id: a, run: [x, '1'], points: 2.5, expect: {exit: 3}}\n";
    let toml = "version = 1\n[[cases]]\nid = 'a'\nrun = ['x', '1']\npoints = 2.5\nexpect = {exit = 3}\n";
    let json =
        r#"{"version": 1, "cases": [{"id": "a", "run": ["x", "1"], "points": 2.5, "expect": {"exit": 3}}]}"#;
    let of = |name: &str, text: &str| {
        let source = Source { name: name.to_owned(), text: text.into() };
        let inputs = SuiteInputs { suite_dir: PathBuf::from("/s"), submission: None, index: 0 };
        let suite = load_suite(&source, SuiteFormat::of(name), &Operator::default(), &inputs, &Map::new(&[]));
        let case = Arc::unwrap_or_clone(suite.expect("good").cases.remove(0));
        (case.id, case.argv, case.points, case.expectation)
    };
    assert_eq!(of("s.yaml", yaml), of("s.toml", toml));
    assert_eq!(of("s.yaml", yaml), of("s.json", json));
}

#[test]
fn mistakes_of_the_file_and_of_what_it_names_come_in_one_go_and_in_order() {
    let text = "
version: 1
defaults: {run: [x]}
cases:
  - {id: a, profile: nope}
  - {id: b, colour: red}
  - {id: b, expect: {stdout: {file: none.out}}}
";
    let lines: Vec<usize> = load(text, &[])
        .expect_err("broken")
        .iter()
        .map(|error| error.place.as_ref().expect("all have places").line_column().0)
        .collect();
    assert_eq!(lines, [5, 6, 7, 7]);
}

#[test]
fn what_was_not_understood_is_not_called_missing() {
    let text = "
version: 1
groups: [{name: g, cases_from: {stdin: ../x}}]
cases:
  - {id: a, run: x}
";
    assert_eq!(messages(text, &[]).len(), 2);
}

#[test]
fn aliases_and_merge_keys_of_yaml_work() {
    let text = "
version: 1
defaults: &base {run: [x], env: {A: b}}
cases:
  - {<<: {run: [y]}, id: a}
  - {id: b, env: {C: &v 1.50, D: *v}}
";
    let suite = good(text, &[]);
    assert_eq!(case(&suite, "a").argv[0].to_string(), "y");
    let env: Vec<_> = case(&suite, "b").env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert!(env.contains(&"D=1.50".to_owned()), "{env:?}");
}

#[test]
fn ten_thousand_cases_with_input_and_expectation_are_all_there_in_order() {
    use std::fmt::Write as _;
    let mut text = "version: 1\ndefaults: {run: [./prog], points: 1}\ncases:\n".to_owned();
    for n in 0..10_000 {
        let _ = write!(
            text,
            "  - id: case-{n}\n    stdin: {{text: \"{n}\\n\"}}\n    expect: {{stdout: \"{n}\"}}\n"
        );
    }
    let suite = good(&text, &[]);
    let ids: Vec<_> = suite.cases.iter().map(|case| case.id.0.to_string()).collect();
    let expected: Vec<_> = (0..10_000).map(|n| format!("case-{n}")).collect();
    assert_eq!(ids, expected);
}

/// A suite with a few of its bytes replaced, removed or doubled.
fn mangled() -> impl Strategy<Value = String> {
    let edits = proptest::collection::vec((0usize..2000, 0u8..4, "[ -~\n\t\u{0}é]{1,3}"), 0..8);
    edits.prop_map(|edits| {
        let mut chars: Vec<char> = HOMEWORK.chars().collect();
        for (at, kind, text) in edits {
            let at = at % chars.len();
            match kind {
                0 => drop(chars.remove(at)),
                1 => drop(chars.splice(at..at, text.chars())),
                2 => drop(chars.splice(at..(at + 3).min(chars.len()), text.chars())),
                _ => {
                    let again: Vec<char> = chars[at..(at + 20).min(chars.len())].to_vec();
                    drop(chars.splice(at..at, again));
                }
            }
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_mangled_suite_never_panics_and_says_why_it_is_refused(text in mangled()) {
        for name in ["x.yaml", "x.toml", "x.json"] {
            let source = Source { name: name.to_owned(), text: text.as_str().into() };
            let inputs = SuiteInputs { suite_dir: PathBuf::from("/s"), submission: None, index: 0 };
            let files = Map::new(HOMEWORK_FILES);
            let format = SuiteFormat::of(name);
            if let Err(errors) = load_suite(&source, format, &Operator::default(), &inputs, &files) {
                prop_assert!(!errors.is_empty());
                prop_assert!(!crate::suite::shown(&errors[0].message).is_empty());
            }
        }
    }

    #[test]
    fn any_text_at_all_never_panics(text in "[\\[\\]{}:,&*!|>'\"%@`#\\- a1\n\t?<\\\\]{0,200}") {
        for name in ["x.yaml", "x.toml", "x.json"] {
            let source = Source { name: name.to_owned(), text: text.as_str().into() };
            let _ = crate::suite::parse(&source, SuiteFormat::of(name));
        }
    }
}
