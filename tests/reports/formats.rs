//! Every format: against its golden, read again from the event stream, and for students.

use std::io;

use capsule_run::judge::{CheckTarget, Code, Status};
use capsule_run::report::event::{Event, Plan, What};
use capsule_run::report::junit::JunitStyle;
use capsule_run::report::record::{Audience, CaseRecord, PlannedCase};
use capsule_run::report::{CaseSource, Format, RecordedRun, Replay, ReplayError, RunRecords, record_of_line};
use capsule_run::report::{RunReport, event_schema};
use capsule_run::resolve::{CaseId, Visibility};
use capsule_run::sandbox::outcome::End;
use proptest::prelude::*;
use serde_json::Value;

use crate::builder::{self, case};
use crate::{golden, runs};

/// The name of a report in this format.
pub(crate) fn file_name(format: Format) -> &'static str {
    match format {
        Format::Json => "report.json",
        Format::Junit(JunitStyle::Extended) => "junit-extended.xml",
        Format::Junit(JunitStyle::Strict) => "junit.xml",
        Format::Junit(JunitStyle::Ant) => "junit-ant.xml",
        Format::Tap => "report.tap",
        Format::Ctrf => "ctrf.json",
        Format::Sarif => "report.sarif",
        Format::Markdown => "summary.md",
        Format::Gradescope => "results.json",
        Format::Classroom => "classroom.json",
        Format::Csv => "report.csv",
        Format::Trace => "trace.json",
        Format::Html => "report.html",
    }
}

pub(crate) fn written(run: &RunRecords<'_>, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    format.write(run, &mut out).expect("a vector takes everything");
    out
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("valid JSON")
}

#[test]
fn every_new_format_agrees_with_its_golden() {
    for (name, run) in [
        ("ordinary", runs::ordinary()),
        ("empty", runs::empty()),
        ("interrupted", runs::interrupted()),
        ("hostile", runs::hostile()),
    ] {
        let run = run.records(1, "cases failed");
        for &format in Format::ALL {
            if !matches!(format, Format::Json | Format::Junit(_) | Format::Html) {
                let file = file_name(format);
                golden(
                    &format!("fixtures/expected/report/{name}-{file}"),
                    &written(&run.view(Audience::Staff), format),
                );
            }
        }
    }
}

/// The event stream of a run, as the command line writes it.
pub(crate) fn events(run: &RecordedRun) -> Vec<u8> {
    let mut out = Vec::new();
    let mut seq = 0;
    let mut add = |what: What<'_>| {
        seq += 1;
        out.extend(Event::new(seq, run.header.started_at.plus_millis(seq), what).line());
    };
    let planned = |at: usize| planned(&run.cases[at]);
    let count = run.cases.len();
    add(What::RunStarted { run: &run.header, audience: Audience::Staff });
    add(What::RunPlanned { selected: count, cases: Plan { count, case: &planned } });
    // Cases end in another order than that of the suite.
    for (done, at) in (0..count).rev().enumerate() {
        let record = &run.cases[at];
        if !record.attempts.is_empty() {
            add(What::CaseStarted { case: at, id: &record.id, attempt: 1 });
        }
        add(What::CaseFinished { case: at, done: done + 1, total: count, record });
    }
    add(What::finished(&run.footer, &run.view(Audience::Staff)).expect("in memory"));
    out
}

fn planned(case: &CaseRecord) -> PlannedCase {
    PlannedCase {
        alias: case.alias.clone(),
        id: case.id.clone(),
        suite: case.suite.clone(),
        suite_index: case.suite_index,
        kind: case.kind,
        name: case.name.clone(),
        group: case.group.clone(),
        params: case.params.clone(),
        file: case.file.clone(),
        line: case.line,
        tags: case.tags.clone(),
        max_score: case.max_score,
        group_score: case.group_score,
        group_points: case.group_points,
        group_share: case.group_share,
        extra_credit: case.extra_credit,
        penalty: case.penalty,
        visibility: case.visibility,
    }
}

/// A stream in memory.
struct Log<'a> {
    bytes: &'a [u8],
    replay: Replay,
}

impl<'a> Log<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ReplayError> {
        Ok(Self { bytes, replay: Replay::read(&mut &bytes[..])? })
    }

    fn view(&self, audience: Audience) -> RunRecords<'_> {
        let Replay { header, footer, tally, .. } = &self.replay;
        RunRecords::new(header, footer, tally, self, audience)
    }
}

impl CaseSource for Log<'_> {
    fn case(&self, at: usize) -> io::Result<CaseRecord> {
        match self.replay.places[at] {
            Some((offset, length)) => {
                let offset = usize::try_from(offset).expect("in memory");
                record_of_line(&self.bytes[offset..offset + length])
            }
            None => Ok(self.replay.without_result(at).expect("planned")),
        }
    }
}

#[test]
fn every_report_made_again_from_the_events_is_the_same_byte_for_byte() {
    for run in [runs::ordinary(), runs::hostile(), runs::interrupted(), runs::long_line(), runs::many(200)] {
        let run = run.records(1, "cases failed");
        let stream = events(&run);
        let log = Log::read(&stream).expect("a stream of ours");
        for audience in [Audience::Staff, Audience::Student] {
            for &format in Format::ALL {
                let (live, again) =
                    (written(&run.view(audience), format), written(&log.view(audience), format));
                assert!(live == again, "{format:?} for {audience:?} differs");
            }
        }
    }
}

#[test]
fn a_stream_that_ends_anywhere_gives_reports_that_are_not_green() {
    let run = runs::ordinary().records(1, "cases failed");
    let stream = events(&run);
    let whole_lines: Vec<usize> =
        stream.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for (lines, &end) in (1..).zip(&whole_lines[..whole_lines.len() - 1]) {
        // Also in the middle of the next line.
        for end in [end, end + 20] {
            let log = Log::read(&stream[..end]).expect("a stream of ours");
            let report = json(&written(&log.view(Audience::Staff), Format::Json));
            assert_eq!(report["run"]["complete"], false, "after {lines} lines");
            assert_eq!(report["run"]["outcome"], "interrupted");
            assert_eq!(report["run"]["exit_code"], 4);
            let cases = report["cases"].as_array().expect("a list").len();
            let planned = if lines < 2 { 0 } else { run.cases.len() };
            assert_eq!(cases, planned + 1, "every planned case, and one that says it is unfinished");
            let xml = written(&log.view(Audience::Staff), Format::Junit(JunitStyle::Strict));
            assert!(String::from_utf8_lossy(&xml).contains("run not finished"));
        }
    }
    assert!(Log::read(&stream).expect("whole").replay.footer.complete);
}

#[test]
fn a_stream_that_was_changed_is_refused_with_its_line() {
    let stream = events(&runs::ordinary().records(1, "cases failed"));
    let text = String::from_utf8(stream).expect("UTF-8");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().concat();
    let cases = [
        (without(5), "line 6: event 7 where 6 should be"),
        (without(0), "line 1: event 2 where 1 should be"),
        (text.replacen("\"v\":1", "\"v\":2", 1), "line 1: version 2 of the format"),
        ([&lines[..3], &["nonsense\n"]].concat().concat(), "line 4: expected"),
        (text.clone() + lines[3], "line"),
        (String::new(), "holds no `run.started`"),
    ];
    for (stream, expected) in cases {
        let error = Log::read(stream.as_bytes()).err().expect("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_event_schema_in_the_repository_is_that_of_the_types() {
    golden("schemas/event.schema.json", event_schema().as_bytes());
}

pub(crate) const SECRET: &str = "xyzzy";

/// A run of visible and hidden cases. Whatever students may not see of a hidden one has a word of its
/// own in it.
pub(crate) fn secrets() -> RunReport {
    let mut cases =
        vec![case("open/one", 1).failed(Code::StdoutDiffers, "stdout differs").stdout(b"seen\n").report()];
    for (line, visibility) in
        (2..).zip([Visibility::Hidden, Visibility::AfterDueDate, Visibility::AfterPublished])
    {
        let word = |what: &str| format!("{SECRET}-{what}-{line}");
        for (status, code) in [
            (Status::Failed, Some(Code::StdoutDiffers)),
            (Status::Failed, Some(Code::Signal)),
            (Status::Error, Some(Code::SandboxSetup)),
            (Status::Passed, None),
            (Status::Skipped, None),
            (Status::NotRun, None),
            (Status::Cancelled, None),
        ] {
            let name = format!("{line}-{status:?}-{code:?}");
            let report = case(&format!("closed/{name}"), line)
                .with(|case| {
                    case.visibility = visibility;
                    // As a matrix makes it: its id tells its parameters.
                    case.name = format!("{name}[n={}]", word("in-id")).into();
                    case.id = CaseId(format!("closed/{}", case.name).into());
                    case.alias = Some(format!("closed/{name}[#1]").into());
                    case.tags = [word("tag")].into();
                    case.params = [(word("param"), word("value"))].into();
                })
                .argv(&[word("argv").as_bytes(), b"x"])
                .failed_once(Code::StderrDiffers, &word("first-try"))
                .verdict(status, code, &word("message"))
                .stdout(word("stdout").as_bytes())
                .stderr(word("stderr").as_bytes())
                .outcome(|ran| ran.end = End::Exited(97))
                .details(|details| {
                    details.help = Some(word("help"));
                    details.expected = Some(word("expected"));
                    details.actual = Some(word("actual"));
                    details.file = Some(word("file"));
                    details.command = Some(word("command"));
                    details.searched = Some(vec![word("searched")]);
                    details.step = Some(word("step"));
                    details.needs = Some(word("needs"));
                    details.syscall = Some(word("syscall"));
                    details.signal_name = Some(word("signal"));
                })
                .check(CheckTarget::Stdout, false, &word("check"))
                .difference(&format!("-{}\n+{}\n", word("wanted"), word("found")), None)
                .check(CheckTarget::File(word("path")), false, &word("file-check"))
                .took(3217)
                .report();
            cases.push(report);
        }
    }
    let mut run = builder::run(cases);
    for case in &mut run.cases {
        case.verdict.notes.push(if case.case.visibility == Visibility::Visible {
            "open note".to_owned()
        } else {
            format!("{SECRET}-note")
        });
    }
    run.meta.argv.push(format!("--var={SECRET}-argument"));
    run.meta.cwd = format!("/{SECRET}-folder");
    run
}

#[test]
fn students_read_nothing_of_a_hidden_case_in_any_format() {
    let run = secrets().records(1, "cases failed");
    let stream = events(&run);
    let log = Log::read(&stream).expect("a stream of ours");
    for &format in Format::ALL {
        for view in [run.view(Audience::Student), log.view(Audience::Student)] {
            let text = String::from_utf8(written(&view, format)).expect("UTF-8");
            let at = text.find(SECRET).map(|at| &text[at.saturating_sub(200)..(at + 60).min(text.len())]);
            assert_eq!(at, None, "{format:?}");
            // The time of a case can be chosen by the program that was given the secret, as its status.
            assert!(!text.contains("3217") && !text.contains("3.217"), "{format:?}: {text}");
            if !matches!(format, Format::Trace) {
                assert!(text.contains("2-Failed"), "{format:?}: the name is told");
            }
        }
        let staff = String::from_utf8(written(&run.view(Audience::Staff), format)).expect("UTF-8");
        let is_for_students = matches!(format, Format::Gradescope | Format::Classroom);
        assert_eq!(staff.contains(SECRET), !is_for_students, "{format:?}");
    }
}

#[test]
fn gradescope_is_told_when_students_may_see_a_case() {
    let run = secrets().records(1, "cases failed");
    let results = json(&written(&run.view(Audience::Staff), Format::Gradescope));
    let of = |at: usize| results["tests"][at]["visibility"].as_str();
    assert_eq!(
        (of(0), of(1), of(8), of(15)),
        (Some("visible"), Some("hidden"), Some("after_due_date"), Some("after_published"))
    );
    assert_eq!(results["tests"][0]["output"].as_str().map(|output| output.contains("seen")), Some(true));
    assert_eq!(results["tests"][1]["output"].as_str().map(|output| output.contains("E6002")), Some(true));
}

/// Numbers that every format tells: cases, failed, errors (with those that were cancelled), not run.
fn counts(format: Format, bytes: &[u8]) -> Option<[usize; 4]> {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let tests = |list: &Value, of: &dyn Fn(&Value) -> [bool; 3]| {
        let list = list.as_array().expect("a list").clone();
        let flags: Vec<[bool; 3]> = list.iter().map(of).collect();
        let count = |at: usize| flags.iter().filter(|flags| flags[at]).count();
        [flags.len(), count(0), count(1), count(2)]
    };
    let is = |value: &Value, words: &[&str]| value.as_str().is_some_and(|word| words.contains(&word));
    match format {
        Format::Json => Some(tests(&json(bytes)["cases"], &|case| {
            let status = &case["status"];
            [
                is(status, &["failed"]),
                is(status, &["error", "cancelled"]),
                is(status, &["not_run", "skipped"]),
            ]
        })),
        Format::Ctrf => Some(tests(&json(bytes)["results"]["tests"], &|test| {
            let status = &test["status"];
            [is(status, &["failed"]), is(status, &["other"]), is(status, &["pending", "skipped"])]
        })),
        Format::Junit(_) => {
            let count = |of: &str| text.lines().filter(|line| line.trim_start().starts_with(of)).count();
            Some([count("<testcase "), count("<failure "), count("<error "), count("<skipped ")])
        }
        Format::Tap => {
            let count = |of: &dyn Fn(&str) -> bool| text.lines().filter(|line| of(line)).count();
            let errors = count(&|line| line == "  severity: error");
            let bad = count(&|line| line.starts_with("not ok "));
            let skipped = count(&|line| line.starts_with("ok ") && line.contains("# SKIP"));
            Some([bad + count(&|line| line.starts_with("ok ")), bad - errors, errors, skipped])
        }
        Format::Csv => {
            let count = |word: &str| text.lines().filter(|line| line.contains(word)).count();
            let none = [",failed,", ",error,", ",cancelled,", ",not_run,", ",skipped,"].map(count);
            Some([text.lines().count() - 1, none[0], none[1] + none[2], none[3] + none[4]])
        }
        Format::Gradescope => None,
        Format::Sarif | Format::Markdown | Format::Classroom | Format::Trace | Format::Html => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn all_formats_count_the_same_live_and_made_again(
        plan in prop::collection::vec((0_usize..7, "[a-c#|<>&\\[\\]/ \u{1b}é\"'%:,=-]{1,12}", prop::collection::vec(any::<u8>(), 0..80)), 0..25),
        interrupted in any::<bool>(),
    ) {
        let statuses = [
            (Status::Passed, None), (Status::Failed, Some(Code::StdoutDiffers)), (Status::Failed, Some(Code::Timeout)),
            (Status::Error, Some(Code::SandboxSetup)), (Status::NotRun, None), (Status::Skipped, None), (Status::Cancelled, None),
        ];
        let cases = plan.iter().enumerate().map(|(at, (status, name, output))| {
            let (status, code) = statuses[*status];
            let case = case(&format!("{at}{name}"), 1).verdict(status, code, name).stdout(output);
            if status == Status::NotRun || status == Status::Skipped { case.not_run().report() } else { case.report() }
        });
        let mut run = builder::run(cases.collect());
        run.meta.interrupted_by = interrupted.then(|| "SIGINT".to_owned());
        let run = run.records(1, "cases failed");
        let stream = events(&run);
        let log = Log::read(&stream).expect("a stream of ours");
        let expected = counts(Format::Json, &written(&run.view(Audience::Staff), Format::Json)).expect("counted");
        for &format in Format::ALL {
            let (live, again) = (written(&run.view(Audience::Staff), format), written(&log.view(Audience::Staff), format));
            prop_assert!(live == again, "{format:?}");
            if let Some(found) = counts(format, &live) {
                prop_assert_eq!(found, expected, "{:?}: {}", format, String::from_utf8_lossy(&live));
            }
            let results = match format {
                Format::Sarif => Some((json(&live)["runs"][0]["results"].as_array().map_or(0, Vec::len), expected[1] + expected[2])),
                Format::Gradescope => Some((json(&live)["tests"].as_array().map_or(0, Vec::len), expected[0])),
                Format::Classroom => Some((json(&live)["tests"].as_array().map_or(0, Vec::len), expected[0])),
                _ => None,
            };
            if let Some((found, expected)) = results {
                prop_assert_eq!(found, expected, "{:?}", format);
            }
        }
    }
}

#[test]
fn a_summary_for_github_fits_however_much_failed() {
    let run = runs::many(30_000).records(1, "cases failed");
    let markdown = written(&run.view(Audience::Staff), Format::Markdown);
    assert!(markdown.len() < 1024 * 1024, "{} bytes", markdown.len());
    let text = String::from_utf8(markdown).expect("UTF-8");
    assert!(text.contains("…and ") && text.contains("3000 of 30000 failed"), "{}", &text[..300]);
}
