//! The runner against an engine that only pretends: order, prerequisites, build outputs,
//! cancellation, panics. No sandbox is needed.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use capsule_run::judge::{Code, ExitExpectation, Expectation, Status, StreamExpectation};
use capsule_run::limits::Resolved;
use capsule_run::report::CaseReport;
use capsule_run::resolve::{
    Blame, CaseId, CaseKind, CaseSettings, ResolvedCase, ResolvedLimits, SettingOrigins, Sources,
    Surroundings, Terms, Visibility, Xfail,
};
use capsule_run::runner::{self, Again, BrokenSuite, BuildCache, Event, Flaky, RunPlan};
use capsule_run::sandbox::Engine;
use capsule_run::sandbox::cancel::{Cancel, CancelLevel};
use capsule_run::sandbox::outcome::{
    Captured, CollectedFile, End, Enforced, Events, FileContent, Outcome, Ran, Usage,
};
use capsule_run::sandbox::spec::{CgroupChoice, Network, Require, SeccompPolicy, Spec, Stdin, Workspace};
use capsule_run::units::{Bytes, NoNul};

/// What a command does is in its name: `pass`, `fail`, `panic`, `slow`, `build`, `cancel`;
/// `meet` waits until another one does.
#[derive(Default)]
struct Pretend {
    ran: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    layers: Mutex<Vec<Vec<PathBuf>>>,
    met: Mutex<usize>,
    meeting: Condvar,
}

impl Pretend {
    /// Waits for another who meets; whether one came.
    fn meet(&self) -> bool {
        let mut met = self.met.lock().expect("no test panics while it holds this");
        *met += 1;
        self.meeting.notify_all();
        let alone = |met: &mut usize| *met % 2 == 1;
        let long = Duration::from_secs(60);
        let waited = self.meeting.wait_timeout_while(met, long, alone);
        !waited.expect("no test panics while it holds this").1.timed_out()
    }
}

impl Engine for Pretend {
    fn run(&self, spec: &Spec, cancel: &Cancel) -> Outcome {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let word = |at: usize| spec.argv[at].to_string();
        self.ran.lock().expect("no test panics while it holds this").push(word(1));
        if let Workspace::CopyOnWrite(layers) = &spec.workspace {
            self.layers.lock().expect("no test panics while it holds this").push(layers.clone());
        }
        let outcome = match word(0).as_str() {
            "pass" => ended(0, Vec::new()),
            "slow" => {
                std::thread::sleep(Duration::from_millis(30));
                ended(0, Vec::new())
            }
            "meet" => ended(i32::from(!self.meet()), Vec::new()),
            "cancel" => {
                cancel.raise(CancelLevel::NoNewCases);
                ended(0, Vec::new())
            }
            "cancel-and-fail" => {
                cancel.raise(CancelLevel::NoNewCases);
                ended(1, Vec::new())
            }
            "third" => {
                let ran = self.ran.lock().expect("no test panics while it holds this").clone();
                let tries = ran.iter().filter(|id| **id == word(1)).count();
                ended(i32::from(tries < 3), Vec::new())
            }
            "build" => ended(0, spec.collect.iter().map(|file| built(&file.path)).collect()),
            "panic" => {
                self.at_once.fetch_sub(1, Ordering::SeqCst);
                panic!("a bug in the engine")
            }
            _ => ended(1, Vec::new()),
        };
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        outcome
    }
}

fn built(path: &Path) -> CollectedFile {
    let content = FileContent { bytes: b"#!".to_vec(), executable: true };
    CollectedFile { path: path.to_owned(), content: Ok(content) }
}

fn ended(status: i32, files: Vec<CollectedFile>) -> Outcome {
    let now = SystemTime::now();
    Outcome::Ran(Box::new(Ran {
        started: now,
        completed: now,
        end: End::Exited(status),
        killed_by: None,
        usage: Usage::default(),
        events: Events::default(),
        stdout: Captured::default(),
        stderr: Captured::default(),
        files,
        leaked: 0,
        enforced: Enforced {
            namespaces: Vec::new(),
            separate_user: false,
            seccomp: "default".to_owned(),
            no_new_privs: true,
            landlock: None,
            cgroup: "none".to_owned(),
            memory: "watch".to_owned(),
            pids: "RLIMIT_NPROC".to_owned(),
            cpu: "process tree".to_owned(),
            cpu_shares: "not held".to_owned(),
            workspace: "empty".to_owned(),
            degraded: Vec::new(),
        },
    }))
}

fn case(id: &str, what: &str) -> ResolvedCase {
    let word = |text: &str| NoNul::new(text).expect("no NUL in it");
    ResolvedCase {
        id: CaseId(Arc::from(id)),
        alias: None,
        kind: CaseKind::Case,
        suite: 0,
        name: Arc::from(id),
        group: None,
        file: Arc::from("suite.yaml"),
        line: 1,
        params: BTreeMap::new(),
        tags: Arc::default(),
        points: 1.0,
        visibility: Visibility::Visible,
        settings: Arc::new(CaseSettings {
            limits: limits(),
            surroundings: Arc::new(Surroundings {
                profile: "default".to_owned(),
                env: Vec::new(),
                workdir: PathBuf::from("/workspace"),
                sources: Sources::Folders(vec![PathBuf::from("/submission")]),
                binds: Vec::new(),
                network: Network::None,
                seccomp: SeccompPolicy::Default,
                cgroup: CgroupChoice::Auto,
                require: Require::Strict,
                setup_timeout: Duration::from_secs(1),
                watch_interval: Duration::from_millis(50),
                origins: SettingOrigins::default(),
            }),
        }),
        argv: Arc::from([word(what), word(id)]),
        files: Arc::default(),
        outputs: Vec::new(),
        stdin: Stdin::Empty,
        blocked: None,
        expectation: Expectation {
            exit: ExitExpectation::OneOf(vec![0]),
            stdout: StreamExpectation::Any,
            stderr: StreamExpectation::Any,
            files: Vec::new(),
            code: None,
            build: false,
            ..Expectation::default()
        },
        needs: Arc::default(),
        group_score: None,
        written: capsule_run::resolve::WrittenAt::default(),
        terms: Arc::default(),
        judging: None,
        for_judge: false,
    }
}

fn limits() -> ResolvedLimits {
    ResolvedLimits {
        wall: Resolved::builtin(Duration::from_secs(1)),
        cpu: Resolved::builtin(None),
        memory: Resolved::builtin(Bytes::mib(64)),
        pids: Resolved::builtin(16),
        output: Resolved::builtin(Bytes::mib(1)),
        file_size: Resolved::builtin(Bytes::mib(1)),
        disk: Resolved::builtin(Bytes::mib(1)),
        open_files: Resolved::builtin(64),
        cpu_shares: Resolved::builtin(1024),
    }
}

fn build(id: &str, what: &str) -> ResolvedCase {
    let mut build = case(id, what);
    build.kind = CaseKind::Build;
    build.expectation.build = true;
    build
}

fn needing(mut case: ResolvedCase, needs: &[&str]) -> ResolvedCase {
    case.needs = needs.iter().map(|id| CaseId(Arc::from(*id))).collect();
    case
}

fn plan(cases: Vec<ResolvedCase>, jobs: usize) -> RunPlan {
    RunPlan {
        builds: Arc::new(BuildCache::off()),
        cases: cases.into_iter().map(Arc::new).collect(),
        jobs: NonZeroUsize::new(jobs).expect("at least one"),
        max_fail: None,
        broken: Vec::new(),
        scratch: std::env::temp_dir(),
        order: Vec::new(),
        again: Again::default(),
        digest: true,
    }
}

fn run(plan: &RunPlan, engine: &Pretend) -> Vec<CaseReport> {
    let cancel = Cancel::new().expect("a descriptor is free");
    runner::run(plan, engine, &cancel, &|_| {})
}

fn codes(reports: &[CaseReport]) -> Vec<(&str, Status, Option<Code>)> {
    reports.iter().map(|report| (&*report.case.id.0, report.verdict.status, report.verdict.code)).collect()
}

#[test]
fn reports_are_in_suite_order_whatever_ends_first() {
    let cases = (0..40).map(|n| case(&format!("c{n}"), if n % 7 == 0 { "slow" } else { "pass" })).collect();
    let engine = Pretend::default();
    let reports = run(&plan(cases, 4), &engine);
    let ids: Vec<_> = reports.iter().map(|report| report.case.id.to_string()).collect();
    assert_eq!(ids, (0..40).map(|n| format!("c{n}")).collect::<Vec<_>>());
    assert!(reports.iter().all(|report| report.verdict.status == Status::Passed));
    let most = engine.most_at_once.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} ran at once");
}

#[test]
fn one_job_runs_one_case_at_a_time_and_in_order() {
    let engine = Pretend::default();
    let _ = run(&plan(vec![case("a", "slow"), case("b", "pass"), case("c", "pass")], 1), &engine);
    assert_eq!(*engine.ran.lock().expect("free"), ["a", "b", "c"]);
    assert_eq!(engine.most_at_once.load(Ordering::SeqCst), 1);
}

#[test]
fn a_failed_build_blocks_every_case_of_its_suite_and_of_no_other() {
    let mut other = case("d", "pass");
    other.suite = 1;
    let cases = vec![build("b1", "fail"), build("b2", "build"), case("c", "pass"), other];
    let engine = Pretend::default();
    let reports = run(&plan(cases, 2), &engine);
    assert_eq!(
        codes(&reports),
        [
            ("b1", Status::Failed, Some(Code::BuildFailed)),
            ("b2", Status::NotRun, Some(Code::PrerequisiteFailed)),
            ("c", Status::NotRun, Some(Code::PrerequisiteFailed)),
            ("d", Status::Passed, None),
        ]
    );
    assert_eq!(reports[2].verdict.details.needs.as_deref(), Some("b1"));
    assert!(reports[2].attempts.is_empty());
}

fn of_suite(suite: usize, mut case: ResolvedCase) -> ResolvedCase {
    case.suite = suite;
    case
}

#[test]
fn suites_are_built_side_by_side_and_beside_the_cases_of_others() {
    let all_passed = |cases: Vec<ResolvedCase>| {
        let reports = run(&plan(cases, 2), &Pretend::default());
        assert!(
            reports.iter().all(|report| report.verdict.status == Status::Passed),
            "{:?}",
            codes(&reports)
        );
    };
    all_passed(vec![
        build("b", "meet"),
        case("c", "pass"),
        of_suite(1, build("b", "meet")),
        of_suite(1, case("c", "pass")),
    ]);
    all_passed(vec![build("b", "pass"), case("c", "meet"), of_suite(1, build("b", "meet"))]);
}

#[test]
fn the_builds_of_a_suite_wait_for_each_other_and_its_cases_for_them() {
    for jobs in [1, 4] {
        let mut cases = Vec::new();
        for suite in 0..5 {
            let steps = ["b1", "b2"].map(|id| build(&format!("{suite}-{id}"), "slow"));
            cases.extend(
                steps.into_iter().chain([case(&format!("{suite}-c"), "pass")]).map(|c| of_suite(suite, c)),
            );
        }
        let mut plan = plan(cases, jobs);
        // Whatever comes first in the order: its suite is built before it.
        plan.order = (0..15).rev().collect();
        let engine = Pretend::default();
        let reports = run(&plan, &engine);
        assert!(
            reports.iter().all(|report| report.verdict.status == Status::Passed),
            "{:?}",
            codes(&reports)
        );
        let ran = engine.ran.lock().expect("free").clone();
        for suite in 0..5 {
            let of_it: Vec<_> = ran.iter().filter(|id| id.starts_with(&suite.to_string())).collect();
            assert_eq!(of_it, [&format!("{suite}-b1"), &format!("{suite}-b2"), &format!("{suite}-c")]);
        }
        // Four that begin at the same time begin in any order.
        assert!(ran[..jobs].iter().any(|id| id.starts_with('4')), "{ran:?}");
    }
}

#[test]
fn build_outputs_are_the_top_layer_of_later_workspaces_and_vanish_with_the_run() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let mut first = build("b1", "build");
    first.outputs = vec![PathBuf::from("bin/prog")];
    let mut plan = plan(vec![first, build("b2", "build"), case("c", "pass")], 2);
    plan.scratch = scratch.path().to_owned();
    let engine = Pretend::default();
    let reports = run(&plan, &engine);
    assert!(reports.iter().all(|report| report.verdict.status == Status::Passed), "{:?}", codes(&reports));

    let layers = engine.layers.lock().expect("free").clone();
    assert_eq!(layers[0], [PathBuf::from("/submission")], "nothing is built yet");
    for later in &layers[1..] {
        assert_eq!(later.len(), 2);
        assert!(later[0].starts_with(scratch.path()), "{later:?}");
        assert_eq!(later[1], PathBuf::from("/submission"));
    }
    assert_eq!(std::fs::read_dir(scratch.path()).expect("readable").count(), 0, "nothing is left");
}

#[test]
fn a_build_that_leaves_out_an_output_has_failed() {
    let mut build = build("b", "pass");
    build.outputs = vec![PathBuf::from("prog")];
    let reports = run(&plan(vec![build, case("c", "pass")], 1), &Pretend::default());
    assert_eq!(
        codes(&reports),
        [
            ("b", Status::Failed, Some(Code::BuildFailed)),
            ("c", Status::NotRun, Some(Code::PrerequisiteFailed))
        ]
    );
}

#[test]
fn needs_are_waited_for_and_their_failure_is_handed_on() {
    let cases = vec![
        needing(case("late", "pass"), &["slow"]),
        case("slow", "slow"),
        case("bad", "fail"),
        needing(case("after-bad", "pass"), &["bad"]),
        needing(case("after-after", "pass"), &["after-bad"]),
        needing(case("stranger", "pass"), &["nobody"]),
    ];
    let engine = Pretend::default();
    let reports = run(&plan(cases, 3), &engine);
    let blocked = Some(Code::PrerequisiteFailed);
    assert_eq!(
        codes(&reports),
        [
            ("late", Status::Passed, None),
            ("slow", Status::Passed, None),
            ("bad", Status::Failed, Some(Code::WrongExit)),
            ("after-bad", Status::NotRun, blocked),
            ("after-after", Status::NotRun, blocked),
            ("stranger", Status::NotRun, blocked),
        ]
    );
    let ran = engine.ran.lock().expect("free").clone();
    let at = |id: &str| ran.iter().position(|other| other == id).expect("it ran");
    assert!(at("slow") < at("late"));
}

#[test]
fn cases_that_need_each_other_end_the_run_all_the_same() {
    let cases = vec![needing(case("a", "pass"), &["b"]), needing(case("b", "pass"), &["a"])];
    let reports = run(&plan(cases, 2), &Pretend::default());
    assert!(reports.iter().all(|report| report.verdict.status == Status::NotRun));
}

#[test]
fn a_panic_is_a_fault_of_ours_for_one_case_only() {
    let cases = vec![case("a", "pass"), case("b", "panic"), case("c", "pass")];
    let reports = run(&plan(cases, 2), &Pretend::default());
    assert_eq!(
        codes(&reports),
        [
            ("a", Status::Passed, None),
            ("b", Status::Error, Some(Code::Monitoring)),
            ("c", Status::Passed, None)
        ]
    );
    assert!(reports[1].verdict.message.contains("a bug in the engine"), "{}", reports[1].verdict.message);
}

#[test]
fn a_blocked_command_is_refused_without_running() {
    let mut blocked = case("a", "pass");
    blocked.blocked = Some("`pass` is one of blocked_commands".into());
    let engine = Pretend::default();
    let reports = run(&plan(vec![blocked], 1), &engine);
    assert_eq!(codes(&reports), [("a", Status::Failed, Some(Code::Blocked))]);
    assert!(engine.ran.lock().expect("free").is_empty());
}

#[test]
fn after_a_cancel_nothing_new_starts() {
    let cases = vec![case("a", "cancel"), case("b", "pass"), case("c", "pass")];
    let engine = Pretend::default();
    let reports = run(&plan(cases, 1), &engine);
    assert_eq!(
        codes(&reports),
        [("a", Status::Passed, None), ("b", Status::NotRun, None), ("c", Status::NotRun, None)]
    );
    assert_eq!(*engine.ran.lock().expect("free"), ["a"]);
}

#[test]
fn max_fail_stops_the_run_after_so_many_failures() {
    let cases = vec![case("a", "fail"), case("b", "pass"), case("c", "fail"), case("d", "pass")];
    let mut plan = plan(cases, 1);
    plan.max_fail = NonZeroUsize::new(2);
    let statuses: Vec<_> =
        run(&plan, &Pretend::default()).iter().map(|report| report.verdict.status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Passed, Status::Failed, Status::NotRun]);
}

#[test]
fn a_submission_that_lacks_a_required_file_is_a_failed_build_and_nothing_runs() {
    let cases = vec![build("submission", "pass"), case("a", "pass")];
    let mut plan = plan(cases, 1);
    plan.broken = vec![BrokenSuite { suite: 0, missing: vec![PathBuf::from("sort.c")], reason: None }];
    let engine = Pretend::default();
    let reports = run(&plan, &engine);
    assert_eq!(
        codes(&reports),
        [
            ("submission", Status::Failed, Some(Code::BuildFailed)),
            ("a", Status::NotRun, Some(Code::PrerequisiteFailed))
        ]
    );
    assert!(reports[0].verdict.message.contains("`sort.c`"), "{}", reports[0].verdict.message);
    assert!(engine.ran.lock().expect("free").is_empty());
}

#[test]
fn every_case_has_exactly_one_end_among_the_events_and_done_counts_without_gaps() {
    let cases =
        vec![build("b", "build"), case("a", "slow"), case("c", "pass"), needing(case("d", "pass"), &["x"])];
    let seen = Mutex::new((Vec::new(), Vec::new()));
    let cancel = Cancel::new().expect("a descriptor is free");
    let _ = runner::run(&plan(cases, 3), &Pretend::default(), &cancel, &|event| {
        let mut seen = seen.lock().expect("no test panics while it holds this");
        match event {
            Event::CaseStarted { case, .. } => seen.0.push(case.id.to_string()),
            Event::CaseFinished { done, total, .. } => seen.1.push((done, total)),
            Event::RunStarted { total, jobs } => assert_eq!((total, jobs), (4, 3)),
            Event::RunFinished => {}
        }
    });
    let (mut started, ended) = seen.into_inner().expect("no test panicked");
    started.sort();
    assert_eq!(started, ["a", "b", "c"]);
    assert_eq!(ended, [(1, 4), (2, 4), (3, 4), (4, 4)]);
}

fn taken(mut case: ResolvedCase, terms: Terms) -> ResolvedCase {
    case.terms = Arc::new(terms);
    case
}

fn in_group(mut case: ResolvedCase, group: &str) -> ResolvedCase {
    case.group = Some(Arc::from(group));
    case
}

fn hook(kind: CaseKind, id: &str, what: &str) -> ResolvedCase {
    let mut hook = case(id, what);
    hook.kind = kind;
    hook.points = 0.0;
    hook
}

#[test]
fn a_case_is_tried_again_until_it_passes_and_every_try_is_in_the_report() {
    let again = |retries| Terms { retries, ..Terms::default() };
    let cases = vec![taken(case("a", "third"), again(5)), taken(case("b", "third"), again(1))];
    let reports = run(&plan(cases, 1), &Pretend::default());
    assert_eq!(reports[0].verdict.status, Status::Passed);
    assert_eq!(reports[0].attempts.len(), 3);
    assert!(reports[0].is_flaky());
    assert_eq!((reports[1].verdict.status, reports[1].attempts.len()), (Status::Failed, 2));
}

#[test]
fn a_flaky_case_fails_where_the_operator_says_so_and_the_operator_says_how_often() {
    let mut plan = plan(vec![case("a", "third")], 1);
    plan.again = Again { retries: Some(3), flaky: Flaky::Fail };
    let reports = run(&plan, &Pretend::default());
    assert_eq!((reports[0].verdict.status, reports[0].attempts.len()), (Status::Failed, 3));
    assert_eq!(reports[0].verdict.code, Some(Code::WrongExit));
    assert!(reports[0].verdict.message.starts_with("passed at try 3 only"), "{}", reports[0].verdict.message);
}

#[test]
fn waiting_for_the_next_try_ends_with_the_run() {
    let terms = Terms { retries: 3, retry_delay: Duration::from_secs(600), ..Terms::default() };
    let plan = plan(vec![taken(case("a", "cancel-and-fail"), terms)], 1);
    let reports = run(&plan, &Pretend::default());
    assert_eq!(reports[0].attempts.len(), 1);
}

#[test]
fn a_known_failure_is_no_failure_and_what_needs_it_is_left_out() {
    let xfail = |strict| Xfail { reason: "bug 7".to_owned(), code: None, strict };
    let known = |strict| Terms { xfail: Some(xfail(strict)), retries: 3, ..Terms::default() };
    let cases = vec![
        taken(case("known", "fail"), known(true)),
        needing(case("after", "pass"), &["known"]),
        taken(case("mended", "pass"), known(true)),
        taken(case("mended-too", "pass"), known(false)),
    ];
    let reports = run(&plan(cases, 1), &Pretend::default());
    assert_eq!(
        codes(&reports),
        [
            ("known", Status::Xfailed, Some(Code::WrongExit)),
            ("after", Status::Skipped, None),
            ("mended", Status::Failed, Some(Code::UnexpectedPass)),
            ("mended-too", Status::Passed, None),
        ]
    );
    assert_eq!(reports[0].attempts.len(), 1, "a known failure is not tried again");
}

#[test]
fn a_case_that_is_left_out_says_why_and_what_needs_it_is_left_out_too() {
    let skip = Terms { skip: Some("not on mac".to_owned()), ..Terms::default() };
    let cases = vec![taken(case("a", "fail"), skip), needing(case("b", "fail"), &["a"])];
    let engine = Pretend::default();
    let reports = run(&plan(cases, 1), &engine);
    assert_eq!(codes(&reports), [("a", Status::Skipped, None), ("b", Status::Skipped, None)]);
    assert_eq!(reports[0].verdict.message, "not on mac");
    assert!(engine.ran.lock().expect("free").is_empty());
}

#[test]
fn no_more_cases_of_a_group_run_at_a_time_than_it_allows() {
    let terms = || Terms { most_at_once: NonZeroUsize::new(1), ..Terms::default() };
    let capped = (0..12).map(|n| in_group(taken(case(&format!("g/{n}"), "slow"), terms()), "g"));
    let engine = Pretend::default();
    let reports = run(&plan(capped.collect(), 4), &engine);
    assert!(reports.iter().all(|report| report.verdict.status == Status::Passed));
    assert_eq!(engine.most_at_once.load(Ordering::SeqCst), 1);
    let mixed = (0..12).map(|n| {
        let case = taken(case(&format!("x/{n}"), "slow"), terms());
        if n % 2 == 0 { in_group(case, "x") } else { case }
    });
    let engine = Pretend::default();
    let reports = run(&plan(mixed.collect(), 4), &engine);
    assert!(reports.iter().all(|report| report.verdict.status == Status::Passed));
    assert!(engine.most_at_once.load(Ordering::SeqCst) > 1, "others run beside it");
}

#[test]
fn hooks_run_around_their_cases_whatever_becomes_of_these() {
    let cases = vec![
        hook(CaseKind::Setup, "setup/1", "pass"),
        in_group(needing(hook(CaseKind::Setup, "g/setup/1", "pass"), &["setup/1"]), "g"),
        in_group(needing(case("g/a", "fail"), &["setup/1", "g/setup/1"]), "g"),
        needing(case("b", "pass"), &["setup/1"]),
        in_group(hook(CaseKind::Teardown, "g/teardown/1", "pass"), "g"),
        hook(CaseKind::Teardown, "teardown/1", "pass"),
    ];
    let engine = Pretend::default();
    let _ = run(&plan(cases, 1), &engine);
    let ran = engine.ran.lock().expect("free").clone();
    let at = |id: &str| ran.iter().position(|other| other == id).unwrap_or_else(|| panic!("{id}: {ran:?}"));
    assert!(at("setup/1") < at("g/setup/1") && at("g/setup/1") < at("g/a") && at("g/a") < at("g/teardown/1"));
    assert_eq!(at("teardown/1"), ran.len() - 1);
}

#[test]
fn a_failing_setup_is_nobodys_failure_and_blocks_with_a_reason_and_is_cleaned_up_after() {
    let cases = vec![
        hook(CaseKind::Setup, "setup/1", "fail"),
        needing(case("a", "pass"), &["setup/1"]),
        hook(CaseKind::Teardown, "teardown/1", "pass"),
    ];
    let engine = Pretend::default();
    let reports = run(&plan(cases, 2), &engine);
    assert_eq!(
        codes(&reports),
        [
            ("setup/1", Status::Error, Some(Code::HookFailed)),
            ("a", Status::NotRun, Some(Code::PrerequisiteFailed)),
            ("teardown/1", Status::Passed, None),
        ]
    );
    assert_eq!(reports[1].verdict.message, "needs setup/1, which failed");
    let blamed = Terms { blame: Blame::Submission, ..Terms::default() };
    let reports = run(&plan(vec![taken(hook(CaseKind::Setup, "s", "fail"), blamed)], 1), &engine);
    assert_eq!(codes(&reports), [("s", Status::Failed, Some(Code::WrongExit))]);
}

#[test]
fn what_was_set_up_is_cleaned_up_also_after_an_interruption_and_after_max_fail() {
    let cases = || {
        vec![
            hook(CaseKind::Setup, "setup/1", "pass"),
            needing(case("a", "cancel-and-fail"), &["setup/1"]),
            needing(case("b", "pass"), &["setup/1"]),
            hook(CaseKind::Teardown, "teardown/1", "pass"),
        ]
    };
    let mut plan = plan(cases(), 1);
    plan.max_fail = NonZeroUsize::new(1);
    let reports = run(&plan, &Pretend::default());
    assert_eq!(reports[2].verdict.status, Status::NotRun);
    assert_eq!(reports[3].verdict.status, Status::Passed);
}

#[test]
fn nothing_is_cleaned_up_where_nothing_ran() {
    let cases = vec![
        build("b", "fail"),
        needing(case("a", "pass"), &["b"]),
        hook(CaseKind::Teardown, "teardown/1", "pass"),
    ];
    let reports = run(&plan(cases, 1), &Pretend::default());
    assert_eq!(reports[2].verdict.status, Status::Skipped);
}

#[test]
fn what_the_hooks_of_a_group_hand_on_is_seen_by_that_group_only_and_on_top() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let mut setup = in_group(hook(CaseKind::Setup, "g/setup/1", "build"), "g");
    setup.outputs = vec![PathBuf::from("data")];
    let mut first = build("b", "build");
    first.outputs = vec![PathBuf::from("data")];
    let cases = vec![
        first,
        setup,
        in_group(needing(case("g/a", "pass"), &["g/setup/1"]), "g"),
        needing(case("c", "pass"), &["g/a"]),
    ];
    let mut plan = plan(cases, 1);
    plan.scratch = scratch.path().to_owned();
    let engine = Pretend::default();
    let reports = run(&plan, &engine);
    assert!(reports.iter().all(|report| report.verdict.status == Status::Passed), "{:?}", codes(&reports));
    let layers = engine.layers.lock().expect("free").clone();
    assert_eq!(layers[2].len(), 3, "{layers:?}");
    assert_eq!(layers[3], layers[2][1..], "another case sees what the build made, and no more");
}

#[test]
fn a_group_of_many_that_needs_a_group_of_many_costs_their_sum() {
    let many = 4_000;
    let needs: Arc<[CaseId]> = (0..many).map(|n| CaseId(Arc::from(format!("a{n}")))).collect();
    let first = (0..many).map(|n| case(&format!("a{n}"), "pass"));
    let second = (0..many).map(|n| {
        let mut case = case(&format!("b{n}"), "pass");
        case.needs = Arc::clone(&needs);
        case
    });
    // 16 million ties one by one would take minutes here.
    let reports = run(&plan(first.chain(second).collect(), 2), &Pretend::default());
    assert!(reports.iter().all(|report| report.verdict.status == Status::Passed));
}
