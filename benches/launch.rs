//! What a sandbox costs: `make bench`.
//!
//! In one run, turn and turn about, so that all contestants meet the same machine: a bare spawn of
//! `/bin/true`, `capsule-run -- /bin/true`, a case of a suite with one and with two jobs, and
//! bubblewrap at like isolation where it is installed. Prints medians and their ratios to the bare
//! spawn. There is no threshold: figures of one machine mean nothing on another.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark is read by people")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Turns; every contestant has one launch in each, but for the suites.
const TURNS: usize = 60;
/// Every so many turns the suites run.
const TURNS_PER_SUITE: usize = 12;
/// Cases of the suite: its own start and end are shared by them.
const CASES: usize = 200;

/// One way to launch `/bin/true`.
struct Contestant {
    name: &'static str,
    command: Vec<String>,
    /// Launches of one command: a time is divided by it.
    launches: usize,
    times: Vec<Duration>,
}

impl Contestant {
    fn new(name: &'static str, launches: usize, command: &[&str]) -> Self {
        let command = command.iter().map(|part| (*part).to_owned()).collect();
        Self { name, command, launches, times: Vec::new() }
    }

    /// Runs it once and keeps the time of one launch. A failure ends the benchmark: it would be fast.
    fn take_turn(&mut self, folder: &Path) {
        let started = Instant::now();
        let output = Command::new(&self.command[0])
            .args(&self.command[1..])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let time = started.elapsed();
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        self.times.push(time / u32::try_from(self.launches).expect("a small number"));
    }

    fn sorted(&self) -> Vec<Duration> {
        let mut times = self.times.clone();
        times.sort();
        times
    }

    fn median(&self) -> Duration {
        let times = self.sorted();
        times[times.len() / 2]
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder for the benchmark");
    fs::write(folder.path().join("suite.yaml"), suite()).expect("the folder is ours");
    let mut contestants = contestants();
    for contestant in &mut contestants {
        // Once for the caches; it does not count.
        contestant.take_turn(folder.path());
        contestant.times.clear();
    }
    for turn in 0..TURNS {
        for contestant in &mut contestants {
            if contestant.launches == 1 || turn.is_multiple_of(TURNS_PER_SUITE) {
                contestant.take_turn(folder.path());
            }
        }
    }
    print(&contestants);
}

fn contestants() -> Vec<Contestant> {
    let capsule = env!("CARGO_BIN_EXE_capsule-run");
    let mut all = vec![
        Contestant::new("bare spawn", 1, &["/bin/true"]),
        Contestant::new("capsule-run -- CMD", 1, &[capsule, "--workspace", "none", "--", "/bin/true"]),
        Contestant::new(
            "a case of a suite, -j 1",
            CASES,
            &[capsule, "suite", "suite.yaml", "--quiet", "-j", "1"],
        ),
        Contestant::new(
            "a case of a suite, -j 2",
            CASES,
            &[capsule, "suite", "suite.yaml", "--quiet", "-j", "2"],
        ),
    ];
    // Its cgroup namespace is part of --unshare-all; it has no limits and no filter of its own.
    let bubblewrap = "bwrap --unshare-all --die-with-parent --new-session --ro-bind /usr /usr --symlink usr/bin /bin \
                      --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp --chdir / \
                      /bin/true";
    let bubblewrap: Vec<_> = bubblewrap.split_whitespace().collect();
    match Command::new("bwrap").arg("--version").stdout(Stdio::null()).status() {
        Ok(status) if status.success() => all.push(Contestant::new("bubblewrap", 1, &bubblewrap)),
        _ => eprintln!("bubblewrap is not installed: left out (apt-get install bubblewrap)"),
    }
    all
}

fn suite() -> String {
    let mut text = String::from("version: 1\nname: launch\ncases:\n");
    for number in 0..CASES {
        writeln!(text, "  - {{id: case-{number}, run: [/bin/true], expect: {{exit: 0}}}}")
            .expect("a string takes everything");
    }
    text
}

fn print(contestants: &[Contestant]) {
    let bare = contestants[0].median().as_secs_f64();
    println!(
        "{:<26} {:>9} {:>9} {:>9} {:>7} {:>5}",
        "one launch of /bin/true", "median", "fastest", "90 %", "ratio", "n"
    );
    for contestant in contestants {
        let times = contestant.sorted();
        let milliseconds = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        println!(
            "{:<26} {:>9} {:>9} {:>9} {:>7.2} {:>5}",
            contestant.name,
            milliseconds(contestant.median()),
            milliseconds(times[0]),
            milliseconds(times[times.len() * 9 / 10]),
            contestant.median().as_secs_f64() / bare,
            times.len(),
        );
    }
}
