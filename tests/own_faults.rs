//! What capsule-run itself lacks or suffers: no disk for a report, no processes, descriptors or memory
//! for itself, a control group that somebody removes, a clock that jumps, signals that stop it, streams
//! that are closed. Never a false verdict, never half a report, and nothing is left over.

#![expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/left_in_tmp.rs"]
mod left_in_tmp;
#[path = "support/place.rs"]
mod place;
#[path = "support/processes.rs"]
mod processes;
#[path = "support/run.rs"]
mod run;
#[path = "support/truth.rs"]
mod truth;

use place::Place;
use processes::tree_of;
use run::{Done, finish};
use truth::{SUITE, look_at_reports};

const RUN: &str = env!("CARGO_BIN_EXE_capsule-run");
/// The arguments of every run here.
const ARGUMENTS: &[&str] = &[
    "suite",
    "suite.yaml",
    "-j",
    "2",
    "--require",
    "best-effort",
    "--json",
    "reports/report.json",
    "--junit",
    "reports/junit.xml",
];

/// A place with the suite whose verdicts are known.
fn prepared(suite: &str) -> Place {
    let place = Place::new();
    fs::write(place.work().join("suite.yaml"), suite).expect("ours");
    fs::create_dir(place.work().join("reports")).expect("ours");
    place
}

/// A run behind `before`, a command that ends by executing what follows it.
fn behind(place: &Place, before: &[&str]) -> Done {
    let words = [before, &[RUN], ARGUMENTS].concat();
    let (program, arguments) = words.split_first().expect("not empty");
    let mut command = place.command(program);
    command.args(arguments);
    finish(command, b"")
}

/// What must hold however a run ended: no panic, whole and true reports, nothing left over. A run that
/// ended before its first case may have no report, if its exit status says that nothing was judged.
fn is_honest(place: &Place, done: &Done, what: &str) {
    assert!(!done.stderr.contains("panicked"), "{what}: {}", done.stderr);
    let reports = place.work().join("reports");
    let not_loaded = done.code() == 127 && done.stderr.contains("shared librar");
    let ended_early =
        (not_loaded || matches!(done.code(), 2 | 4 | 5)) && !reports.join("report.json").exists();
    let killed = done.status.code().is_none() || done.code() > 128;
    if killed || ended_early || done.code() == 5 {
        look_at_reports(&reports, what, None);
    } else {
        assert!(matches!(done.code(), 1 | 4), "{what}: exit status {}: {}", done.code(), done.stderr);
        look_at_reports(&reports, what, Some(done.code()));
    }
    if !killed {
        assert_eq!(place.left_in_tmp(), None, "{what}");
        assert_eq!(half_reports(&reports), Vec::<PathBuf>::new(), "{what}");
    }
}

fn half_reports(reports: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(reports).expect("ours").flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "tmp")).collect()
}

fn is_root(what: &str) -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        eprintln!("left out: {what} takes root");
    }
    is_root
}

#[test]
fn a_full_disk_leaves_a_whole_report_or_none_and_the_exit_status_says_so() {
    if !is_root("a file system of its own") {
        return;
    }
    let mut statuses = Vec::new();
    for size in ["4k", "8k", "16k", "32k", "1m"] {
        let place = prepared(SUITE);
        // What is on the small disk is looked at where it can be seen, and copied.
        let script = "mount -t tmpfs -o size=$1 tmpfs reports; shift; \"$@\"; code=$?; mkdir seen; \
                      cp -a reports/. seen/; exit $code";
        let mut command = place.command("unshare");
        command.args(["--mount", "sh", "-c", script, "sh", size, RUN]).args(ARGUMENTS);
        let done = finish(command, b"");
        let seen = place.work().join("seen");
        assert!(!done.stderr.contains("panicked"), "{size}: {}", done.stderr);
        assert!(matches!(done.code(), 1 | 5), "{size}: {done:#?}");
        assert_eq!(done.code() == 5, done.stderr.contains("cannot write the report"), "{size}: {done:#?}");
        look_at_reports(&seen, size, None);
        assert_eq!(half_reports(&seen), Vec::<PathBuf>::new(), "{size}");
        assert_eq!(place.left_in_tmp(), None, "{size}");
        statuses.push(done.code());
    }
    assert!(statuses.contains(&5) && statuses.contains(&1), "{statuses:?}: not both were tried");
}

#[test]
fn without_descriptors_for_itself_nothing_is_judged_falsely() {
    // A hard limit is the programs' too, and then too low for them; a soft one is ours alone.
    for which in ["", ":"] {
        let mut codes = Vec::new();
        for most in [4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 40, 64] {
            let place = prepared(SUITE);
            let done = behind(&place, &["prlimit", &format!("--nofile={most}{which}"), "--"]);
            is_honest(&place, &done, &format!("{most}{which} descriptors"));
            codes.push(done.code());
        }
        assert!(codes.contains(&4), "{codes:?}: it never ran short");
        eprintln!("{which:?} {codes:?}");
    }
}

#[test]
fn without_processes_for_itself_nothing_is_judged_falsely() {
    if !is_root("another user's process limit, or a control group,") {
        return;
    }
    // Processes of a user that has no others are counted per user.
    let user = "54321";
    for most in [1, 2, 3, 4, 5, 6, 8, 12] {
        let place = prepared(SUITE);
        open_to(&place, user);
        let nproc = format!("--nproc={most}");
        let done = behind(
            &place,
            &["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "prlimit", &nproc, "--"],
        );
        is_honest(&place, &done, &format!("RLIMIT_NPROC {most}"));
    }
    in_groups_of("pids", "pids.max", &["1", "2", "3", "4", "5", "6", "8", "12"]);
}

/// Gives a place, and the binary, to a user.
fn open_to(place: &Place, user: &str) {
    let script = "chown -R \"$1:$1\" \"$2\" && chmod 755 \"$2\"";
    let folder = place.work().parent().expect("work is in it").to_owned();
    let done = Command::new("sh").args(["-c", script, "sh", user]).arg(folder).status();
    assert!(done.is_ok_and(|status| status.success()), "root can give files away");
}

#[test]
fn without_memory_for_itself_nothing_is_judged_falsely() {
    for mib in [8, 16, 24, 32, 48, 64, 96, 128, 256] {
        let place = prepared(SUITE);
        // A soft limit: the programs, which may have more, are not ours to starve.
        let done = behind(&place, &["prlimit", &format!("--as={}:", mib << 20), "--"]);
        is_honest(&place, &done, &format!("{mib} MiB of address space"));
    }
    if is_root("a control group") {
        in_groups_of("memory", "memory.limit_in_bytes", &["2M", "4M", "8M", "16M"]);
    }
}

/// A run in a control group (version 1, where there is one) with each of these limits.
fn in_groups_of(controller: &str, file: &str, limits: &[&str]) {
    let group = PathBuf::from(format!("/sys/fs/cgroup/{controller}/test-of-c-r-{}", std::process::id()));
    if fs::create_dir(&group).is_err() {
        eprintln!("left out: there is no {controller} control group of version 1 to be made here");
        return;
    }
    for limit in limits {
        fs::write(group.join(file), limit).expect("it is ours");
        let place = prepared(SUITE);
        let script = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", group.display());
        let done = behind(&place, &["sh", "-c", &script, "sh"]);
        is_honest(&place, &done, &format!("{controller} {limit}"));
        if done.status.code().is_none() {
            // The next suite sweeps, wherever it runs.
            let mut command = place.command(RUN);
            command.args(ARGUMENTS);
            finish(command, b"");
        }
        wait_until("the group is empty", || fs::remove_dir(&group).is_ok());
        fs::create_dir(&group).expect("as before");
    }
    fs::remove_dir(&group).expect("it is empty");
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(20), "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_sandbox_that_cannot_be_made_leaves_no_control_groups() {
    let place = prepared(SUITE);
    let folder = place.work().join("bound");
    fs::create_dir(&folder).expect("the place is ours");
    for dest in ["/usr/bin/nowhere", "/etc/protocols", "/dev/null"] {
        let mut command = place.command(RUN);
        command.args(["--require", "best-effort", "--bind", &format!("{}:{dest}", folder.display())]);
        command.args(["--", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = command.spawn().expect("it starts");
        let pid = run.id();
        assert_eq!(run.wait().expect("it ends").code(), Some(125), "{dest}");
        assert_eq!(cgroups::cgroups_of(pid), Vec::<PathBuf>::new(), "{dest}");
    }
}

#[test]
fn control_groups_that_somebody_removes_are_a_fault_and_no_verdict() {
    let place = prepared(&many_cases());
    let mut command = place.command(RUN);
    command.args(ARGUMENTS).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = command.spawn().expect("it starts");
    let mut removed = 0;
    let code = loop {
        if let Some(status) = run.try_wait().expect("ours") {
            break status.code();
        }
        removed += cgroups::cgroups_now(run.id()).iter().map(|group| remove_below(group)).sum::<u32>();
    };
    eprintln!("{removed} control groups removed");
    assert!(matches!(code, Some(0 | 4)), "{code:?}");
    for (id, status) in statuses(&place) {
        assert!(status == "passed" || status == "error", "{id}: {status}");
    }
    assert_eq!(cgroups::cgroups_of(run.id()), Vec::<PathBuf>::new());
    assert_eq!(place.left_in_tmp(), None);
}

/// Removes a control group and those below, as far as they are empty; how many.
fn remove_below(group: &Path) -> u32 {
    let below = fs::read_dir(group).into_iter().flatten().flatten().map(|entry| entry.path());
    let removed: u32 = below.filter(|path| path.is_dir()).map(|path| remove_below(&path)).sum();
    removed + u32::from(fs::remove_dir(group).is_ok())
}

/// Cases that all pass, if they are judged.
fn many_cases() -> String {
    let cases: String = (0..40)
        .map(|n| format!("  - {{id: c{n}, shell: 'sleep 0.02; echo {n}', expect: {{stdout: \"{n}\\n\"}}}}\n"))
        .collect();
    format!("version: 1\nname: many\ncases:\n{cases}")
}

fn statuses(place: &Place) -> Vec<(String, String)> {
    let text = fs::read_to_string(place.work().join("reports/report.json")).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("it is JSON");
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let cases = report["cases"].as_array().expect("cases").iter();
    cases.map(|case| (word(&case["id"]), word(&case["status"]))).collect()
}

#[test]
fn a_clock_that_jumps_by_days_changes_no_verdict_and_no_duration() {
    let place = prepared(SUITE);
    let library = place.work().with_file_name("steps-the-clock.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/faults/steps-the-clock.c");
    let done = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    assert!(done.is_ok_and(|status| status.success()), "there is a C compiler");
    let done = behind(&place, &["env", &format!("LD_PRELOAD={}", library.display())]);
    is_honest(&place, &done, "a clock that jumps");
    assert_eq!(done.code(), 1, "{}", done.stderr);
    let text = fs::read_to_string(place.work().join("reports/report.json")).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("it is JSON");
    let mut durations = Vec::new();
    durations_in(&report, "", &mut durations);
    assert!(durations.len() > 7, "{durations:?}");
    for (name, milliseconds) in durations {
        assert!((0.0..600_000.0).contains(&milliseconds), "{name}: {milliseconds}");
    }
}

/// Every measured time of a report, in milliseconds, with its name.
fn durations_in(value: &Value, name: &str, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| durations_in(value, key, found)),
        Value::Array(all) => all.iter().for_each(|value| durations_in(value, name, found)),
        Value::Number(number) if name.ends_with("_ms") => {
            found.push((name.to_owned(), number.as_f64().expect("a number")));
        }
        _ => {}
    }
}

#[test]
fn being_stopped_for_longer_than_a_limit_makes_no_verdict_false() {
    let suite = "version: 1\nname: stopped\ndefaults: {limits: {timeout: 1s}}\ncases:
  - {id: quick, shell: 'sleep 0.3; echo done', expect: {stdout: \"done\\n\"}}
  - {id: flood, shell: 'sleep 0.3; head -c 400000 /dev/zero; echo done >&2', expect: {stderr: \"done\\n\"}}
  - {id: last, shell: 'sleep 0.3; echo done', expect: {stdout: \"done\\n\"}}\n";
    for (victim, delay) in [(0, 150), (0, 400), (0, 700), (1, 200), (1, 500), (2, 200), (2, 600)] {
        let what = format!("{} stopped after {delay} ms", ["capsule-run", "a worker", "an init"][victim]);
        let place = prepared(suite);
        let mut command = place.command(RUN);
        command.args(ARGUMENTS).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = command.spawn().expect("it starts");
        thread::sleep(Duration::from_millis(delay));
        let roles = ["capsule-run", "capsule-worker", "capsule-init"];
        let tree = tree_of(run.id());
        let found = tree.iter().find(|(_, name)| name == roles[victim]).map(|(pid, _)| *pid);
        if let Some(pid) = found.and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw) {
            // It may have ended meanwhile.
            let stopped = kill(pid, Signal::SIGSTOP).is_ok();
            thread::sleep(Duration::from_secs(4));
            let _ = kill(pid, Signal::SIGCONT);
            eprintln!("{what}: {stopped}");
        }
        let code = run.wait().expect("ours").code();
        assert!(matches!(code, Some(0 | 4)), "{what}: {code:?}");
        for (id, status) in statuses(&place) {
            assert!(status == "passed" || status == "error", "{what}: {id}: {status}");
        }
        assert_eq!(cgroups::cgroups_of(run.id()), Vec::<PathBuf>::new(), "{what}");
        assert_eq!(place.left_in_tmp(), None, "{what}");
    }
}

#[test]
fn closed_streams_change_nothing_but_what_cannot_be_said() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let place = prepared(SUITE);
        let done = behind(&place, &["sh", "-c", &format!("exec \"$@\" {closed}"), "sh"]);
        is_honest(&place, &done, closed);
        assert_eq!(done.code(), 1, "{closed}: {}", done.stderr);
        let mut command = place.command("sh");
        let script = format!("exec \"$@\" {closed}");
        command.args(["-c", &script, "sh", RUN, "--require", "best-effort", "--workspace", "none", "--"]);
        // Nothing of ours stands where a closed stream stood.
        command.args(["sh", "-c", "ls /proc/self/fd | grep -vx '[0123]' && exit 9; cat; exit 7"]);
        let done = finish(command, b"");
        assert_eq!(done.code(), 7, "{closed}: {done:#?}");
        assert_eq!(done.stdout.is_empty(), closed.starts_with(">&-") || closed.contains(" >&-"), "{closed}");
    }
}

#[test]
fn a_reader_that_goes_away_changes_no_report() {
    let place = prepared(SUITE);
    let mut command = place.command("sh");
    command.args(["-c", "\"$@\" 2>&1 | true; exit 0", "sh", RUN]).args(ARGUMENTS);
    let done = finish(command, b"");
    assert_eq!(done.code(), 0);
    wait_until("there is a report", || place.work().join("reports/report.json").exists());
    look_at_reports(&place.work().join("reports"), "no reader", None);
    assert_eq!(place.left_in_tmp(), None);
}
