//! The homework example, which is the acceptance of the whole: every submission gets the verdict
//! that it deserves, case by case, and the host is as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use capsule_run::judge::Code;
use serde_json::Value;

#[path = "support/capsule.rs"]
mod capsule;
#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/host.rs"]
mod host;
#[path = "support/left_in_tmp.rs"]
mod left_in_tmp;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use host::Host;
use place::Place;
use run::Done;

/// What one case deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deserved {
    Pass,
    Fail(Code),
    /// A failure at this limit.
    Limit(Code, &'static str),
    /// A crash by the signal with this number.
    Signal(i32),
    /// Not run, because the build failed.
    NotRun,
}

use Deserved::{Fail, Limit, NotRun, Pass, Signal};

/// What one submission deserves.
struct Submission {
    name: &'static str,
    /// The build step.
    build: Deserved,
    /// Every case that `but` does not name.
    cases: Deserved,
    /// Cases that differ.
    but: &'static [(&'static str, Deserved)],
    /// Exit status of capsule-run.
    exit: i32,
    /// Points, of 60.
    score: f64,
}

const DIFFERS: Deserved = Fail(Code::StdoutDiffers);
const CPU: Deserved = Limit(Code::Timeout, "cpu");
const WALL: Deserved = Limit(Code::Timeout, "wall");

/// Inputs with two equal numbers.
const WITH_DUPLICATES: &[(&str, Deserved)] = &[
    ("secret/06-two-equal", CPU),
    ("secret/09-all-equal", CPU),
    ("secret/14-sum-beyond-64-bits", CPU),
    ("secret/17-signs-and-zeros", CPU),
    ("secret/20-duplicates", CPU),
];

/// Inputs with an even count whose two middle numbers differ.
const WITH_TWO_MIDDLES: &[(&str, Deserved)] = &[
    ("sample/half", DIFFERS),
    ("secret/05-two", DIFFERS),
    ("secret/11-negative-half", DIFFERS),
    ("secret/12-mixed-signs", DIFFERS),
    ("secret/13-extremes", DIFFERS),
    ("secret/18-forty", DIFFERS),
    ("secret/21-thousand", DIFFERS),
    ("secret/22-sorted", DIFFERS),
    ("secret/24-twenty-thousand", DIFFERS),
];

/// Inputs with more than 50 numbers, for programs that behave on small ones.
macro_rules! above_fifty {
    ($deserved:expr) => {
        &[
            ("secret/20-duplicates", $deserved),
            ("secret/21-thousand", $deserved),
            ("secret/22-sorted", $deserved),
            ("secret/23-reversed", $deserved),
            ("secret/24-twenty-thousand", $deserved),
        ]
    };
}

#[rustfmt::skip]
const TABLE: &[Submission] = &[
    Submission { name: "correct-c",         build: Pass, cases: Pass, but: &[], exit: 0, score: 60.0 },
    Submission { name: "correct-python",    build: Pass, cases: Pass, but: &[], exit: 0, score: 60.0 },
    Submission { name: "wrong-answer",      build: Pass, cases: Pass, but: WITH_TWO_MIDDLES, exit: 1, score: 40.0 },
    Submission { name: "does-not-compile",  build: Fail(Code::BuildFailed), cases: NotRun, but: &[], exit: 1, score: 0.0 },
    Submission { name: "endless-loop",      build: Pass, cases: Pass, but: WITH_DUPLICATES, exit: 1, score: 47.5 },
    Submission { name: "sleeps",            build: Pass, cases: Pass, but: above_fifty!(WALL), exit: 1, score: 47.5 },
    Submission { name: "memory-hog",        build: Pass, cases: Fail(Code::OomKill), but: &[], exit: 1, score: 0.0 },
    // No fork past the limit succeeds: what is left is sixteen processes that try for ever.
    Submission { name: "fork-bomb",         build: Pass, cases: Pass, but: above_fifty!(CPU), exit: 1, score: 47.5 },
    Submission { name: "fork-bomb-python",  build: Pass, cases: Fail(Code::ProcessLimit), but: &[], exit: 1, score: 0.0 },
    Submission { name: "output-flood",      build: Pass, cases: Fail(Code::OutputLimit), but: &[], exit: 1, score: 0.0 },
    Submission { name: "crashes",           build: Pass, cases: Signal(11)  , but: &[], exit: 1, score: 0.0 },
    Submission { name: "exits-nonzero",     build: Pass, cases: Fail(Code::WrongExit), but: &[], exit: 1, score: 0.0 },
    Submission { name: "reads-answers",     build: Pass, cases: DIFFERS, but: &[], exit: 1, score: 0.0 },
    // It hit nobody, and only what it printed counts: the right answer to this one question.
    Submission { name: "kills-everything",  build: Pass, cases: DIFFERS, but: &[("sample/three", Pass)], exit: 1, score: 0.0 },
    Submission { name: "writes-everywhere", build: Pass, cases: Pass, but: &[], exit: 0, score: 60.0 },
    Submission { name: "calls-home",        build: Pass, cases: DIFFERS, but: &[], exit: 1, score: 0.0 },
];

const HIDDEN: usize = 24;
const VISIBLE: usize = 3;

#[test]
fn the_table_has_every_submission_of_the_example_and_no_other() {
    let mut folders = names_in(&example().join("submissions"));
    let mut table: Vec<_> = TABLE.iter().map(|row| row.name.to_owned()).collect();
    folders.sort();
    table.sort();
    assert_eq!(folders, table);
}

#[test]
fn every_hidden_input_has_its_answer_beside_it() {
    let mut inputs = 0;
    for name in names_in(&example().join("data/secret")) {
        if let Some(stem) = name.strip_suffix(".in") {
            inputs += 1;
            assert!(example().join(format!("data/secret/{stem}.ans")).is_file(), "{stem} has no answer");
        }
    }
    assert_eq!(inputs, HIDDEN);
}

/// One test for all, one submission after the other: pictures of the host are taken between them.
#[test]
fn every_submission_gets_the_verdict_that_it_deserves_and_the_host_is_as_it_was() {
    let home = Home::listen();
    let before = Host::now(&example());
    let mut wrong = Vec::new();
    for row in TABLE {
        let place = Place::new();
        let (done, report) = grade(&place, row.name);
        for complaint in complaints(row, &done, &report).into_iter().chain(particulars(row.name, &report)) {
            wrong.push(format!("{}: {complaint}", row.name));
        }
        if let Some(left) = place.left_in_tmp() {
            wrong.push(format!("{}: left behind: {left}", row.name));
        }
        let difference = before.difference(&example());
        if !difference.is_empty() {
            wrong.push(format!("{}: the host has changed:\n{difference}", row.name));
        }
    }
    for visitor in home.visitors() {
        wrong.push(format!("calls-home: somebody arrived at {visitor}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn grade(place: &Place, name: &str) -> (Done, Value) {
    let suite = example().join("grade.yaml");
    let submission = example().join("submissions").join(name);
    let report = place.work().join("report.json");
    let done = place.capsule(&[
        "suite",
        &suite.to_string_lossy(),
        "--submission",
        &submission.to_string_lossy(),
        "--json",
        &report.to_string_lossy(),
        "-j",
        // Sleepers need no CPU: they may rest side by side.
        if name == "sleeps" { "8" } else { "2" },
    ]);
    let text =
        std::fs::read_to_string(&report).unwrap_or_else(|error| panic!("no report: {error}\n{done:#?}"));
    let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (done, report)
}

fn complaints(row: &Submission, done: &Done, report: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    if done.code() != row.exit {
        complaints.push(format!("exit status {} instead of {}: {}", done.code(), row.exit, done.stderr));
    }
    if !done.stdout.is_empty() {
        complaints.push(format!("standard output belongs to reports, but there is {}", done.stdout));
    }
    let score = report["summary"]["score"].as_f64();
    if score != Some(row.score) {
        complaints.push(format!("score {score:?} instead of {}", row.score));
    }
    let cases = by_id(report);
    if cases.len() != 1 + VISIBLE + HIDDEN {
        complaints.push(format!("{} cases in the report: {:?}", cases.len(), cases.keys()));
    }
    for (id, case) in &cases {
        let deserved = if id.starts_with("build") {
            row.build
        } else {
            row.but.iter().find(|(name, _)| name == id).map_or(row.cases, |(_, deserved)| *deserved)
        };
        if let Err(found) = compare(case, deserved) {
            complaints.push(format!("{id}: deserves {deserved:?}, got {found}"));
        }
    }
    for (id, _) in row.but {
        if !cases.contains_key(*id) {
            complaints.push(format!("{id}: not in the report"));
        }
    }
    complaints
}

/// What else must hold for some of them.
fn particulars(name: &str, report: &Value) -> Vec<String> {
    match name {
        "reads-answers" => cases(report)
            .filter(|case| last_attempt(case)["stderr"].to_string().contains("found:"))
            .map(|case| format!("{} found something: {}", case["id"], last_attempt(case)["stderr"]))
            .collect(),
        "fork-bomb" => above_fifty!(CPU)
            .iter()
            .map(|(id, _): &(&str, Deserved)| by_id(report)[id])
            .filter(|case| last_attempt(case)["resources"]["pids_limit_hits"].as_u64().unwrap_or(0) == 0)
            .map(|case| format!("{}: the refused forks are not in the report", case["id"]))
            .collect(),
        _ => Vec::new(),
    }
}

fn last_attempt(case: &Value) -> &Value {
    case["attempts"].as_array().and_then(|attempts| attempts.last()).unwrap_or(&Value::Null)
}

fn compare(case: &Value, deserved: Deserved) -> Result<(), String> {
    let status = case["status"].as_str().unwrap_or_default();
    let code = case["code"].as_str();
    let failed = |wanted: Code| status == "failed" && code == Some(wanted.number());
    let fits = match deserved {
        Pass => status == "passed" && code.is_none(),
        Fail(wanted) => failed(wanted),
        Limit(wanted, limit) => failed(wanted) && case["details"]["limit"] == limit,
        Signal(signal) => failed(Code::Signal) && case["details"]["signal"] == signal,
        NotRun => status == "not_run" && code == Some(Code::PrerequisiteFailed.number()),
    };
    if fits { Ok(()) } else { Err(format!("{status} {} {}", case["code"], case["reason"]["message"])) }
}

fn cases(report: &Value) -> impl Iterator<Item = &Value> {
    report["cases"].as_array().into_iter().flatten()
}

fn by_id(report: &Value) -> BTreeMap<&str, &Value> {
    cases(report).map(|case| (case["id"].as_str().unwrap_or_default(), case)).collect()
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/homework")
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder of the example").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Where calls-home wants to go: the host's loopback and an abstract socket.
struct Home {
    tcp: Option<std::net::TcpListener>,
    local: Option<std::os::unix::net::UnixListener>,
}

impl Home {
    fn listen() -> Self {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixListener};
        // Where somebody else listens there already, they are the ones who would be called.
        let tcp = std::net::TcpListener::bind("127.0.0.1:48123").ok();
        let name = SocketAddr::from_abstract_name("capsule-home").expect("a short name");
        let local = UnixListener::bind_addr(&name).ok();
        Self { tcp, local }
    }

    fn visitors(&self) -> Vec<String> {
        let mut visitors = Vec::new();
        if let Some(tcp) = &self.tcp {
            tcp.set_nonblocking(true).expect("a socket of ours");
            visitors.extend(tcp.accept().ok().map(|(_, address)| format!("the loopback, from {address}")));
        }
        if let Some(local) = &self.local {
            local.set_nonblocking(true).expect("a socket of ours");
            visitors.extend(local.accept().ok().map(|_| "the abstract socket".to_owned()));
        }
        visitors
    }
}
