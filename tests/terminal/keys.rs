//! Keys, and the signals that stand for them: status, failures, stop, suspend.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::place::Place;
use super::processes::tree_of;
use super::pty::Pty;

const SUITE: &str = "\
version: 1
name: keys
cases:
  - {id: wrong, run: [echo, no], expect: {stdout: {text: \"ok\\n\"}}}
  - {id: spin, shell: 'while :; do :; done', limits: {timeout: 4s, cpu_time: 300s}}
";

fn start() -> (Place, Pty) {
    let place = Place::with(&SUITE.replace("timeout: 4s", "timeout: 300s"));
    let pty = Pty::start(place.command(&["suite"]), 100, 30);
    // Not the case before it, which may be seen while it runs.
    pty.until("lists the case that spins", |screen| screen.contains("spin") && screen.contains("cpu "));
    (place, pty)
}

/// The state of a process: `R`, `S`, `T`.
pub(crate) fn state_of(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

#[test]
fn t_and_sigusr1_say_what_runs_with_what_it_uses() {
    let (_place, mut pty) = start();
    pty.press("t");
    let screen = pty.shows("note [");
    assert!(screen.contains("1/2 done, 1 running, 0 ok, 1 failed"), "{screen}");
    pty.until("has the dump and the area", |screen| screen.matches("cpu ").count() == 2);
    pty.send(Signal::SIGUSR1);
    pty.until("has another dump", |screen| screen.matches("note [").count() == 2);
    pty.press("q");
    pty.ends();
}

#[test]
fn enter_leaves_a_line_and_f_shows_the_failures_so_far() {
    let (_place, mut pty) = start();
    pty.press("\n");
    pty.until("has a snapshot", |screen| screen.matches("note [").count() == 1);
    pty.press("f");
    pty.until("has the failure again", |screen| screen.matches("FAIL").count() == 2);
    pty.press("x"); // Nothing, and it is not shown either.
    assert!(!pty.screen().contains('x'), "{}", pty.screen());
    pty.press("q");
    assert_eq!(pty.ends(), 130);
}

#[test]
fn q_stops_the_run_and_says_so_and_the_terminal_is_as_before() {
    let (_place, mut pty) = start();
    assert!(!pty.is_as_before(), "keys are read one by one");
    pty.press("q");
    assert_eq!(pty.ends(), 130);
    assert!(pty.is_as_before());
    assert!(pty.sent().contains("stopping (SIGINT): 1 running, Ctrl-C again to kill"), "{}", pty.sent());
    assert!(pty.screen().contains("run interrupted (SIGINT)"), "{}", pty.screen());
}

#[test]
fn ctrl_c_stops_the_run_as_the_kernel_sends_it() {
    let (_place, mut pty) = start();
    pty.press("\x03");
    assert_eq!(pty.ends(), 130);
    assert!(pty.is_as_before());
}

#[test]
fn a_panic_of_ours_puts_the_terminal_back() {
    let place = Place::with(SUITE);
    let mut command = place.command(&["suite"]);
    command.env("CAPSULE_TEST_PANIC", "1");
    let mut pty = Pty::start(command, 100, 30);
    assert_eq!(pty.ends(), 101);
    assert!(pty.is_as_before());
    assert!(pty.screen().contains("asked to panic"), "{}", pty.screen());
}

#[test]
fn ctrl_z_stops_every_case_with_us_and_no_time_passes_for_them() {
    let place = Place::with(SUITE);
    let mut pty = Pty::start(place.command(&["suite", "--json", "r.json"]), 100, 30);
    pty.shows("cpu ");
    let spins = || {
        let tree = tree_of(pty.child.id());
        tree.into_iter().filter(|(_, name)| name == "sh").map(|(pid, _)| pid).collect::<Vec<_>>()
    };
    let started = std::time::Instant::now();
    while spins().len() != 1 {
        assert!(started.elapsed() < Duration::from_secs(60), "the program never starts");
        std::thread::sleep(Duration::from_millis(10));
    }
    let shells = spins();
    pty.press("\x1a");
    until_it_stops(&pty);
    assert!(pty.is_as_before(), "the shell gets its terminal back");
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", shells[0])).expect("it lives");
        stat.rsplit_once(')').expect("a name").1.split_whitespace().nth(11).map(str::to_owned)
    };
    let before = ticks();
    // Longer than its limit of wall time.
    std::thread::sleep(Duration::from_millis(4_500));
    assert_eq!(ticks(), before, "it did not run");
    assert!(!pty.screen().contains("1/2"), "the area is gone:\n{}", pty.screen());
    pty.send(Signal::SIGCONT);
    pty.shows("cpu ");
    pty.ends();
    let case = &place.json("r.json")["cases"][1];
    assert_eq!(case["code"], "E3001", "{case}");
    let wall = case["attempts"][0]["resources"]["wall_time_ms"].as_u64().expect("measured");
    assert!((4_000..8_000).contains(&wall), "{wall} ms: the time of the stop is not the program's");
}

fn until_it_stops(pty: &Pty) {
    let started = std::time::Instant::now();
    while pty.state() != 'T' {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not stop");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ctrl-S, and whatever draws waits for Ctrl-Q. Nothing else does.
#[test]
fn a_terminal_whose_output_is_stopped_is_given_back_all_the_same() {
    let place = Place::with(
        "version: 1\ncases:\n  - {id: quick, run: ['true']}\n  - {id: sleeper, run: [sleep, '250'], limits: {timeout: 300s}}\n",
    );
    let mut pty = Pty::start(place.command(&["suite", "--json", "r.json"]), 100, 30);
    pty.shows("cpu ");
    pty.press("\x13");
    // The bar is drawn several times a second.
    std::thread::sleep(Duration::from_secs(1));
    pty.send(Signal::SIGTSTP);
    until_it_stops(&pty);
    assert!(pty.is_as_before(), "the shell gets its terminal back");
    pty.send(Signal::SIGCONT);
    std::thread::sleep(Duration::from_millis(500));
    pty.send(Signal::SIGTERM);
    let started = std::time::Instant::now();
    while tree_of(pty.child.id()).iter().any(|(_, name)| name == "sleep") {
        assert!(started.elapsed() < Duration::from_secs(60), "the program is not asked to end");
        std::thread::sleep(Duration::from_millis(10));
    }
    pty.press("\x11");
    assert_eq!(pty.ends(), 143);
    assert!(pty.is_as_before(), "nothing of ours is left in its settings");
    assert_eq!(place.json("r.json")["cases"][1]["status"], "cancelled");
}
