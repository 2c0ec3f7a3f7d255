//! `kill -9` at random moments of suite runs: of capsule-run, of a worker, of a case's init. Nothing
//! may be left over, no report may be half written, and no verdict may be false.

#![expect(clippy::print_stderr, reason = "a failure has to be repeated with the same seed")]

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[path = "support/host.rs"]
mod host;
#[path = "support/place.rs"]
mod place;
#[path = "support/processes.rs"]
mod processes;
#[path = "support/truth.rs"]
mod truth;

use host::Host;
use place::Place;
use processes::{name_of, tree_of};
use truth::{SUITE, look_at_reports};

/// Longer than a whole run: a kill may also come too late.
const LONGEST_DELAY: u64 = 700;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    CapsuleRun,
    Worker,
    Init,
}

#[test]
fn sixty_kills_leave_nothing_and_make_no_verdict_false() {
    kills(60);
}

#[test]
#[ignore = "takes a quarter of an hour"]
fn a_thousand_kills_leave_nothing_and_make_no_verdict_false() {
    kills(1000);
}

fn kills(count: u32) {
    let place = Place::new();
    fs::write(place.work().join("suite.yaml"), SUITE).expect("ours");
    fs::create_dir(place.work().join("tmp")).expect("ours");
    fs::create_dir(place.work().join("reports")).expect("ours");
    let before = Host::now(&place.work());
    let mut random = Random::new();
    let mut struck = 0;
    for turn in 0..count {
        let victim = match random.below(3) {
            0 => Victim::CapsuleRun,
            1 => Victim::Worker,
            _ => Victim::Init,
        };
        let delay = Duration::from_millis(random.below(LONGEST_DELAY));
        struck += u32::from(strike(&place, victim, delay, turn));
    }
    eprintln!("{struck} of {count} kills hit");
    assert!(struck * 4 > count, "only {struck} of {count} kills hit: nothing was tried");
    // The next start sweeps what is old enough not to be somebody's work in progress.
    age(&place.work().join("reports"));
    age(&place.work().join("tmp"));
    let (mut run, _) = start(&place);
    assert_eq!(run.wait().expect("our own child").code(), Some(1), "one case deserves to fail");
    for name in ["report.json", "junit.xml"] {
        fs::remove_file(place.work().join("reports").join(name)).expect("a report");
    }
    assert_eq!(before.difference(&place.work()), "");
}

/// One run and one kill; whether it hit.
fn strike(place: &Place, victim: Victim, delay: Duration, turn: u32) -> bool {
    let (mut run, started) = start(place);
    thread::sleep(delay.saturating_sub(started.elapsed()));
    let hit = find(victim, run.id()).is_some_and(|pid| kill(pid, Signal::SIGKILL).is_ok());
    let what = format!("turn {turn}, {victim:?} after {delay:?}");
    let killed = hit && victim == Victim::CapsuleRun;
    let code = wait(&mut run, &what);
    let all_die_within = Instant::now() + Duration::from_secs(10);
    while let Some(left) = orphans() {
        assert!(Instant::now() < all_die_within, "{what}: still alive: {left:?}");
        thread::sleep(Duration::from_millis(2));
    }
    if !killed {
        assert!(matches!(code, Some(1 | 4)), "{what}: exit status {code:?}");
    }
    look_at_reports(&place.work().join("reports"), &what, code.filter(|_| !killed));
    hit
}

fn start(place: &Place) -> (Child, Instant) {
    for name in ["report.json", "junit.xml"] {
        drop(fs::remove_file(place.work().join("reports").join(name)));
    }
    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    command.env("TMPDIR", place.work().join("tmp")).args(["suite", "suite.yaml", "-j", "2"]);
    command.args([
        "--require",
        "best-effort",
        "--json",
        "reports/report.json",
        "--junit",
        "reports/junit.xml",
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    (command.spawn().expect("the binary starts"), Instant::now())
}

fn wait(run: &mut Child, what: &str) -> Option<i32> {
    let ends_within = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = run.try_wait().expect("our own child") {
            return status.code();
        }
        assert!(Instant::now() < ends_within, "{what}: hangs");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Any process that plays this role below `run` now. A worker is a child of capsule-run, an init a
/// child of a worker.
fn find(victim: Victim, run: u32) -> Option<Pid> {
    let pid = |pid: u32| Pid::from_raw(i32::try_from(pid).expect("it is a process number"));
    let below = |above: u32| tree_of(above).into_iter().map(|(pid, _)| pid).filter(move |pid| *pid != above);
    match victim {
        Victim::CapsuleRun => Some(pid(run)),
        Victim::Worker => children(run).first().copied().map(pid),
        Victim::Init => children(run).into_iter().find_map(|worker| below(worker).next()).map(pid),
    }
}

fn children(of: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// What has lost its parent came to us (we are its subreaper) and is reaped here; what still runs.
fn orphans() -> Option<Vec<String>> {
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive)
    {
    }
    let alive: Vec<_> = children(std::process::id()).into_iter().filter_map(name_of).collect();
    (!alive.is_empty()).then_some(alive)
}

/// Makes everything in a folder older than anything that is still being written.
fn age(folder: &Path) {
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    for entry in fs::read_dir(folder).expect("ours").flatten() {
        let file = fs::File::open(entry.path()).expect("ours");
        file.set_modified(long_ago).expect("ours");
    }
}

/// Xorshift: a seed is printed, so that what failed can be repeated as far as time allows.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or(u64::try_from(now.as_nanos()).unwrap_or(1) | 1);
        eprintln!("SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
