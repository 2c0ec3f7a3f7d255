//! Each way to interrupt a run, with real signals: what happens, what the reports then say, and the
//! exit status.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::cgroups::cgroups_of;
use super::place::Place;
use super::processes::name_of;

/// A quick case, one that sleeps, and one that never starts before it.
const SUITE: &str = "\
version: 1
name: s
cases:
  - {id: quick, run: ['true']}
  - {id: sleeper, COMMAND, limits: {timeout: 300s}}
  - {id: later, run: ['true']}
";

const SLEEPS: &str = "run: [sleep, '250']";
/// Does not end when it is asked to.
const STUBBORN: &str = "shell: 'trap \"\" TERM INT HUP; while :; do sleep 1; done'";
/// Ends well when it is asked to.
const GOOD: &str = "shell: 'trap \"exit 0\" TERM; while :; do sleep 0.1; done'";

fn suite(command: &str) -> Place {
    Place::with(&SUITE.replace("COMMAND", command))
}

/// The same with eight cases more, so that its reports are larger than a pipe holds.
fn loud(suite: &str) -> String {
    let print = "shell: 'head -c 32000 /dev/zero | tr \"\\0\" x; false'";
    let more: String = (0..8).map(|n| format!("  - {{id: loud{n}, {print}}}\n")).collect();
    suite.replacen("  - {id: quick", &format!("{more}  - {{id: quick"), 1)
}

const REPORTS: [&str; 5] = ["suite", "--json", "r.json", "--junit", "r.xml"];

struct Run {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Run {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built by cargo");
        let stderr = BufReader::new(child.stderr.take().expect("it is a pipe"));
        Self { child, stderr, said: String::new() }
    }

    /// Waits until a line with this text was said.
    #[track_caller]
    fn until(&mut self, text: &str) {
        loop {
            let mut line = String::new();
            let count = self.stderr.read_line(&mut line).expect("readable");
            assert!(count > 0, "it ended too soon:\n{}", self.said);
            self.said.push_str(&line);
            if line.contains(text) {
                return;
            }
        }
    }

    /// Waits until the second case runs its program: it is asked for everything that runs.
    #[track_caller]
    fn until_it_runs(&mut self) {
        self.until("quick");
        loop {
            self.send(Signal::SIGUSR1);
            self.until("note [");
            if self.said.contains("1 running, ") && self.has_program() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn has_program(&self) -> bool {
        let tree = super::processes::tree_of(self.child.id());
        let program = tree.into_iter().find(|(_, name)| name == "sleep");
        // Traps are set before the first sleep.
        program.is_some()
    }

    fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id fits");
        kill(Pid::from_raw(pid), signal).expect("it is ours");
    }

    /// Its exit status, and everything that it said.
    fn ends(mut self) -> (Option<i32>, String) {
        self.stderr.read_to_string(&mut self.said).expect("readable");
        let status = self.child.wait().expect("our own child");
        let left = cgroups_of(self.child.id());
        assert!(left.is_empty(), "left {left:?}");
        (status.code(), self.said)
    }
}

fn statuses(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let cases = report["cases"].as_array().expect("cases").iter();
    cases.map(|case| (text(&case["id"]), text(&case["status"]))).collect()
}

/// What a report says that was written before the first case: no case has a result, and an error stands
/// for the run itself, so that nobody takes it for a good one.
#[track_caller]
fn says_nothing_ended(report: &Value) {
    let mut statuses = statuses(report);
    let last = statuses.pop().expect("the run itself");
    assert_eq!(last.1, "error", "{report}");
    assert!(!statuses.is_empty() && statuses.iter().all(|(_, status)| status == "not_run"), "{report}");
}

/// What both reports must say of a run that was stopped by `cause` while `sleeper` ran.
#[track_caller]
fn says_interrupted(place: &Place, cause: &str, exit: i32) {
    let report = place.json("r.json");
    let wanted = [
        ("quick", "passed"),
        ("sleeper", "cancelled"),
        ("later", "not_run"),
        (&*format!("run interrupted ({cause})"), "error"),
    ];
    let wanted: Vec<_> = wanted.map(|(id, status)| (id.to_owned(), status.to_owned())).into();
    assert_eq!(statuses(&report), wanted);
    let run = &report["run"];
    assert_eq!(
        (&run["interrupted_by"], &run["exit_code"], &run["complete"]),
        (&cause.into(), &exit.into(), &false.into())
    );
    let last = report["cases"].as_array().expect("cases").last().expect("the run itself");
    assert_eq!(last["suite"], "@run", "{last}");
    let xml = place.read("r.xml");
    assert!(xml.contains("capsule.not-run") && xml.contains("<skipped"), "{xml}");
    assert!(xml.contains("name=\"@run\"") && xml.contains(&format!("run interrupted ({cause})")), "{xml}");
    assert_eq!(xml.matches("<error").count(), 2, "{xml}");
}

#[test]
fn the_first_signal_asks_what_runs_to_end_and_starts_nothing_new() {
    for (signal, exit) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let place = suite(SLEEPS);
        let mut run = Run::start(place.command(&REPORTS));
        run.until_it_runs();
        run.send(signal);
        run.until(&format!("stopping ({}): 1 running, a second signal kills them", signal.as_str()));
        let (status, said) = run.ends();
        assert_eq!(status, Some(exit), "{said}");
        says_interrupted(&place, signal.as_str(), exit);
    }
}

#[test]
fn a_program_that_ends_well_when_it_is_asked_to_has_not_passed() {
    let place = suite(GOOD);
    let mut run = Run::start(place.command(&REPORTS));
    run.until_it_runs();
    run.send(Signal::SIGINT);
    assert_eq!(run.ends().0, Some(130));
    says_interrupted(&place, "SIGINT", 130);
}

#[test]
fn a_program_that_does_not_end_is_killed_when_its_grace_is_over() {
    let place = suite(STUBBORN);
    let mut run = Run::start(place.command(&REPORTS));
    run.until_it_runs();
    let asked = Instant::now();
    run.send(Signal::SIGINT);
    assert_eq!(run.ends().0, Some(130));
    assert!(asked.elapsed() >= Duration::from_secs(2), "{:?}: it has its grace", asked.elapsed());
    says_interrupted(&place, "SIGINT", 130);
}

#[test]
fn the_second_signal_kills_at_once() {
    let place = suite(STUBBORN);
    let mut run = Run::start(place.command(&REPORTS));
    run.until_it_runs();
    let asked = Instant::now();
    run.send(Signal::SIGTERM);
    run.until("stopping");
    run.send(Signal::SIGINT);
    assert_eq!(run.ends().0, Some(143), "the first one says why");
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}: not only after the grace", asked.elapsed());
    says_interrupted(&place, "SIGTERM", 143);
}

/// A pipe that nobody reads holds the run up when all cases are gone: nothing but the third signal
/// ends it.
#[test]
fn the_third_signal_goes_and_leaves_whole_reports_of_a_run_without_an_end() {
    let place = suite(SLEEPS);
    let fifo = place.path("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).expect("made");
    let _never_read = std::fs::OpenOptions::new().read(true).write(true).open(&fifo).expect("ours");
    place.file("grade.yaml", &loud(&place.read("grade.yaml")));
    let mut run =
        Run::start(place.command(&["suite", "--json", "r.json", "--junit", "fifo", "--output", "never"]));
    run.until_it_runs();
    run.send(Signal::SIGINT);
    run.until("Summary");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(run.child.try_wait().expect("our own child"), None, "the pipe holds it up");
    run.send(Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(200));
    run.send(Signal::SIGINT);
    let (status, said) = run.ends();
    assert_eq!(status, Some(130), "{said}");
    assert!(said.contains("not written yet are left as they were before the run"), "{said}");
    // Written beside the one that is held up, or left: it is whole and says that there was no end.
    let report = place.json("r.json");
    assert_eq!(report["run"]["complete"], false);
    assert_eq!(
        std::fs::read_dir(place.path("tmp")).expect("readable").count(),
        0,
        "temporary files are gone"
    );
}

#[test]
fn a_killed_run_takes_its_cases_along_and_leaves_the_pessimistic_report() {
    let place = suite(STUBBORN);
    let mut run = Run::start(place.command(&REPORTS));
    run.until_it_runs();
    let tree = super::processes::tree_of(run.child.id());
    assert!(tree.len() > 3, "{tree:?}");
    run.send(Signal::SIGKILL);
    run.child.wait().expect("our own child");
    let started = Instant::now();
    while tree.iter().any(|(pid, name)| name_of(*pid).as_ref() == Some(name)) {
        assert!(started.elapsed() < Duration::from_secs(30), "{tree:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let report = place.json("r.json");
    says_nothing_ended(&report);
    assert_eq!((&report["run"]["complete"], &report["run"]["exit_code"]), (&false.into(), &4.into()));
    assert!(place.read("r.xml").contains("<skipped"));
    // The next start sweeps what the kernel did not take away.
    let next = place.command(&["suite", "--only", "quick"]).output().expect("it runs");
    assert_eq!(next.status.code(), Some(0));
    assert!(cgroups_of(run.child.id()).is_empty());
}

#[test]
fn a_panic_of_ours_names_the_run_and_leaves_the_pessimistic_report() {
    let place = suite(SLEEPS);
    let mut command = place.command(&REPORTS);
    command.env("CAPSULE_TEST_PANIC", "1");
    let done = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(101), "{said}");
    assert!(said.contains("asked to panic") && said.contains("reports are left as they were"), "{said}");
    let report = place.json("r.json");
    let id = report["run"]["id"].as_str().expect("an id");
    assert!(said.contains(&format!("run {id}: ")), "{said}");
    says_nothing_ended(&report);
}

#[test]
fn nobody_who_listens_is_no_reason_to_stop() {
    let place = suite("run: ['true']");
    let mut run = Run::start(place.command(&REPORTS));
    let Run { stderr, .. } = &mut run;
    let mut first = String::new();
    stderr.read_line(&mut first).expect("readable");
    let Run { mut child, stderr, .. } = run;
    drop((stderr, child.stdout.take()));
    assert_eq!(child.wait().expect("our own child").code(), Some(0));
    assert_eq!(place.json("r.json")["summary"]["passed"], 3);
}

#[test]
fn a_report_that_was_asked_for_on_a_closed_output_is_lost() {
    let place = suite("run: ['true']");
    let mut command = place.command(&["suite", "--json", "-", "--junit", "r.xml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("built");
    drop(child.stdout.take());
    let done = child.wait_with_output().expect("our own child");
    assert_eq!(done.status.code(), Some(5), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(place.read("r.xml").contains("<testsuite"), "the other one is written");
}

/// A terminal whose output is stopped: whoever writes to it waits.
#[test]
fn a_signal_acts_although_nobody_reads_what_we_say() {
    let quick: String = (0..150).map(|n| format!("  - {{id: quick{n}, run: ['true']}}\n")).collect();
    let place = Place::with(&format!(
        "version: 1\nname: s\ncases:\n  - {{id: sleeper, {SLEEPS}, limits: {{timeout: 300s}}}}\n{quick}"
    ));
    let mut command = place.command(&[&REPORTS[..], &["-j", "2"]].concat());
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC).expect("a pipe");
    let size = fcntl(&write, FcntlArg::F_SETPIPE_SZ(4096)).expect("a small one");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(write).spawn().expect("it was built");
    let wait = |what: &str, holds: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let sleeps = || super::processes::tree_of(child.id()).iter().any(|(_, name)| name == "sleep");
    // A line is written as a whole, or waits as a whole.
    let is_full = || super::pty::waiting(&read) > size - 200;
    wait("what it says fills the pipe while the program runs", &|| is_full() && sleeps());
    kill(Pid::from_raw(i32::try_from(child.id()).expect("it fits")), Signal::SIGTERM).expect("it is ours");
    wait("the program is asked to end", &|| !sleeps());
    // It holds the other end.
    drop(command);
    let mut said = String::new();
    std::fs::File::from(read).read_to_string(&mut said).expect("readable");
    assert_eq!(child.wait().expect("our own child").code(), Some(143), "{said}");
    assert!(said.contains("stopping (SIGTERM)"), "{said}");
}

/// `ulimit -f` stands for a disk that is full: the first copy fits, the whole report does not.
#[test]
fn a_full_disk_leaves_the_old_file_and_the_other_reports_and_exits_5() {
    let place = Place::with(&loud(&SUITE.replace("COMMAND", "run: ['true']")));
    let binary = env!("CARGO_BIN_EXE_capsule-run");
    let mut shell = Command::new("/bin/sh");
    let line = format!(
        "trap '' XFSZ; ulimit -S -f 200; exec {binary} suite --json r.json --junit r.xml --output never"
    );
    shell.arg("-c").arg(line).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", place.path("home"));
    shell.env("TMPDIR", place.path("tmp")).current_dir(place.folder.path());
    let done = shell.output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(5), "{said}");
    assert!(said.contains("reports cannot be made, their log could not be written"), "{said}");
    let report = place.json("r.json");
    assert_eq!(report["run"]["complete"], false, "the pessimistic copy is whole");
    let names: Vec<_> = std::fs::read_dir(place.folder.path()).expect("readable").flatten().collect();
    assert!(names.iter().all(|name| !name.file_name().to_string_lossy().ends_with(".tmp")), "{names:?}");
}

#[test]
fn a_run_that_takes_too_long_is_stopped_like_by_a_signal_and_exits_1() {
    let place = suite(SLEEPS);
    let args = [&REPORTS[..], &["--run-timeout", "3s"]].concat();
    let run = Run::start(place.command(&args));
    let (status, said) = run.ends();
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("stopping (run-timeout)"), "{said}");
    says_interrupted(&place, "run-timeout", 1);
}

#[test]
fn a_run_timeout_must_make_sense() {
    let place = suite(SLEEPS);
    for wrong in ["0", "soon", "-1s"] {
        let done = place.command(&["suite", &format!("--run-timeout={wrong}")]).output().expect("it runs");
        assert_eq!(done.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let place = suite("run: [sleep, '1']");
    let binary = env!("CARGO_BIN_EXE_capsule-run");
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(format!("trap '' HUP; exec {binary} suite")).env_clear().env("PATH", "/usr/bin:/bin");
    shell.env("HOME", place.path("home")).current_dir(place.folder.path());
    let mut run = Run::start(shell);
    run.until("quick");
    run.send(Signal::SIGHUP);
    assert_eq!(run.ends().0, Some(0));
}
