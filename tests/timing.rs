//! Verdicts on time do not change with the number of jobs.

#![expect(clippy::print_stdout, reason = "the long form says its figures")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use capsule_run::diagnostic::Source;
use capsule_run::judge::{Code, Status};
use capsule_run::report::CaseReport;
use capsule_run::resolve::{self, FileContent, FileKind, Files, Operator, SuiteInputs};
use capsule_run::runner::{self, Again, BuildCache, RunPlan};
use capsule_run::sandbox::Engine;
use capsule_run::sandbox::cancel::Cancel;
use capsule_run::sandbox::outcome::{Captured, End, Enforced, Events, KillReason, Outcome, Ran, Usage};
use capsule_run::sandbox::spec::Spec;
use capsule_run::suite::SuiteFormat;
use serde_json::Value;

#[path = "support/capsule.rs"]
mod capsule;
#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use place::Place;

/// A file system without files.
struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &Path) -> std::io::Result<FileContent> {
        Err(std::io::ErrorKind::NotFound.into())
    }
    fn list(&self, _: &Path) -> std::io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
    fn kind(&self, _: &Path) -> Option<FileKind> {
        None
    }
    fn canonical(&self, path: &Path) -> std::io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

/// A machine on which whoever has company uses more CPU time: a fifth for each neighbour.
#[derive(Default)]
struct Crowded {
    inside: AtomicUsize,
    runs: Mutex<Vec<usize>>,
}

impl Engine for Crowded {
    fn run(&self, spec: &Spec, _: &Cancel) -> Outcome {
        let company = self.inside.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        let company = company.max(self.inside.fetch_sub(1, Ordering::SeqCst) - 1);
        self.runs.lock().expect("no panic").push(company);
        let word = |at: usize| spec.argv[at].to_string().parse::<u32>().expect("a number");
        let cpu =
            Duration::from_millis(u64::from(word(1))) * (100 + 3 * u32::try_from(company).unwrap_or(0)) / 100;
        let hard = spec.limits.cpu.expect("a limit");
        let killed = cpu > hard;
        let words = |text: &str| text.to_owned();
        Outcome::Ran(Box::new(Ran {
            started: SystemTime::UNIX_EPOCH,
            completed: SystemTime::UNIX_EPOCH,
            end: if killed { End::Killed } else { End::Exited(0) },
            killed_by: killed.then_some(KillReason::Cpu),
            usage: Usage { cpu: cpu.min(hard), wall: cpu, ..Usage::default() },
            events: Events::default(),
            stdout: Captured::default(),
            stderr: Captured::default(),
            files: Vec::new(),
            leaked: 0,
            enforced: Enforced {
                namespaces: Vec::new(),
                separate_user: false,
                seccomp: words("default"),
                no_new_privs: true,
                landlock: None,
                cgroup: words("v2"),
                memory: words("memory.max"),
                pids: words("pids.max"),
                cpu: words("cpu.stat"),
                cpu_shares: words("cpu.weight"),
                workspace: words("empty"),
                degraded: Vec::new(),
            },
        }))
    }
}

/// Runs cases that need so many milliseconds of CPU time, with a limit of a second.
fn crowd(needs: &[u32], jobs: usize, retries: u32) -> (Vec<CaseReport>, Vec<usize>) {
    let mut text = "version: 1\ndefaults: {limits: {cpu_time: 1s}}\ncases:\n".to_owned();
    for (n, need) in needs.iter().enumerate() {
        let _ = writeln!(text, "  - {{id: c{n}, run: [spin, '{need}']}}");
    }
    let source = Source { name: "s.yaml".to_owned(), text: text.into() };
    let inputs = SuiteInputs { suite_dir: PathBuf::from("/s"), submission: None, index: 0 };
    let suite = resolve::load_suite(&source, SuiteFormat::Yaml, &Operator::default(), &inputs, &Nothing);
    let plan = RunPlan {
        cases: suite.expect("a good suite").cases,
        jobs: NonZeroUsize::new(jobs).expect("not zero"),
        max_fail: None,
        broken: Vec::new(),
        order: Vec::new(),
        scratch: std::env::temp_dir(),
        builds: Arc::new(BuildCache::off()),
        again: Again { retries: Some(retries), ..Again::default() },
        digest: true,
    };
    let engine = Crowded::default();
    let cancel = Cancel::new().expect("a descriptor");
    let reports = runner::run(&plan, &engine, &cancel, &|_| {});
    let runs = engine.runs.into_inner().expect("no panic");
    (reports, runs)
}

fn statuses(reports: &[CaseReport]) -> Vec<Status> {
    reports.iter().map(|report| report.verdict.status).collect()
}

#[test]
fn company_that_costs_time_changes_no_verdict() {
    let needs: Vec<u32> = (0..60).map(|n| 950 + n % 12 * 10).collect();
    let (serial, _) = crowd(&needs, 1, 0);
    let (parallel, _) = crowd(&needs, 4, 0);
    assert_eq!(statuses(&serial), statuses(&parallel));
    let (right, wrong): (Vec<_>, Vec<_>) = needs.iter().zip(&serial).partition(|(need, _)| **need <= 1000);
    assert!(right.iter().all(|(_, report)| report.verdict.status == Status::Passed));
    assert!(wrong.iter().all(|(_, report)| report.verdict.code == Some(Code::Timeout)));
}

#[test]
fn a_close_verdict_is_made_again_alone_and_both_runs_are_reported() {
    let (reports, runs) = crowd(&[990; 8], 4, 0);
    assert!(runs.iter().any(|company| *company > 0), "they ran side by side");
    let twice: Vec<_> = reports.iter().filter(|report| report.attempts.len() == 2).collect();
    assert!(!twice.is_empty());
    for report in twice {
        assert_eq!(report.attempts[0].verdict.code, Some(Code::Timeout));
        assert!(report.attempts[1].alone && !report.attempts[0].alone);
        assert_eq!(report.verdict.status, Status::Passed);
        assert!(!report.is_flaky(), "company is no fault of the program");
        let said = report.attempts[0].verdict.notes.join("\n");
        assert!(said.contains("run again alone") && said.contains("CPU pressure"), "{said}");
    }
}

#[test]
fn what_is_far_over_its_limit_is_run_once() {
    let (reports, runs) = crowd(&[5000, 1200], 2, 0);
    assert_eq!(runs.len(), 2);
    for report in reports {
        assert_eq!((report.verdict.code, report.attempts.len()), (Some(Code::Timeout), 1));
        assert!(report.verdict.notes.iter().any(|note| note.contains("CPU pressure")));
    }
}

#[test]
fn the_second_look_takes_no_retry_away() {
    let (reports, runs) = crowd(&[1050], 1, 1);
    assert_eq!(reports[0].attempts.len(), 4, "two tries, each looked at twice");
    assert_eq!(runs.len(), 4);
    assert_eq!(reports[0].verdict.status, Status::Failed);
}

/// Uses so much CPU time by its own clock, and no more.
const SPIN: &str = r#"
#include <stdlib.h>
#include <time.h>
int main(int argc, char **argv) {
    long wanted = atol(argv[1]) * 1000;
    struct timespec now;
    do {
        for (volatile int n = 0; n < 2000; n++) {}
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000000L + now.tv_nsec / 1000 < wanted);
    return 0;
}
"#;

/// Five hundred cases take longer than anything else that is waited for.
fn patiently(place: &Place, arguments: &[&str]) -> run::Done {
    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    let out = command.args(arguments).stdin(std::process::Stdio::null()).output().expect("it starts");
    run::Done {
        status: out.status,
        stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
    }
}

const LIMIT_MS: u64 = 300;

/// `count` cases, in turn 2 to 5 % below and above their limit: the same verdicts side by side as
/// one after the other, and the right ones.
fn close_to_the_limit(count: u64) {
    let place = Place::new();
    std::fs::create_dir(place.work().join("src")).expect("writable");
    std::fs::write(place.work().join("src/spin.c"), SPIN).expect("writable");
    let mut text = format!(
        "version: 1\nsubmission: {{path: src}}\nprofiles: {{p: {{cpu_time: {LIMIT_MS}ms, timeout: 60s, memory: 64M}}}}\n\
         defaults: {{profile: p}}\nbuild: [{{run: [gcc, -O1, -o, spin, spin.c], outputs: [spin]}}]\ncases:\n"
    );
    let mut truth = BTreeMap::new();
    for n in 0..count {
        let away = LIMIT_MS * (20 + n / 2 % 31) / 1000;
        let need = if n % 2 == 0 { LIMIT_MS - away } else { LIMIT_MS + away };
        let _ = writeln!(text, "  - {{id: c{n}, run: [./spin, '{need}']}}");
        truth.insert(format!("c{n}"), n % 2 == 0);
    }
    std::fs::write(place.work().join("s.yaml"), text).expect("writable");
    let verdicts = |jobs: &str| -> BTreeMap<String, bool> {
        let report = format!("report-{jobs}.json");
        let arguments = ["suite", "s.yaml", "--quiet", "--json", &report, "-j", jobs];
        let done = if count > 100 { patiently(&place, &arguments) } else { place.capsule(&arguments) };
        assert_eq!((done.code(), done.stdout.as_str()), (1, ""), "{}", done.stderr);
        let text = std::fs::read_to_string(place.work().join(report)).expect("a report");
        let report: Value = serde_json::from_str(&text).expect("JSON");
        let cases = report["cases"].as_array().expect("cases").iter().filter(|case| case["kind"] == "case");
        let again = cases
            .clone()
            .filter(|case| case["attempts"].as_array().is_some_and(|all| all.len() == 2))
            .count();
        println!("-j {jobs}: {again} of {count} run again alone");
        cases
            .map(|case| {
                let passed = case["status"] == "passed";
                assert!(passed || case["code"] == "E3001", "{case}");
                (case["id"].as_str().expect("an id").to_owned(), passed)
            })
            .collect()
    };
    let (parallel, serial) = (verdicts("4"), verdicts("1"));
    let differ = |one: &BTreeMap<String, bool>, other: &BTreeMap<String, bool>| -> Vec<String> {
        one.iter().filter(|(id, passed)| other.get(*id) != Some(*passed)).map(|(id, _)| id.clone()).collect()
    };
    assert_eq!(differ(&serial, &truth), Vec::<String>::new(), "one after the other");
    assert_eq!(differ(&parallel, &serial), Vec::<String>::new(), "side by side");
}

#[test]
fn cases_close_to_their_limit_get_the_same_verdict_side_by_side_as_one_after_the_other() {
    close_to_the_limit(16);
}

#[test]
#[ignore = "five hundred cases, twice: about ten minutes"]
fn five_hundred_cases_close_to_their_limit() {
    close_to_the_limit(500);
}
