//! What big suites cost before the first case runs: `cargo bench --bench scale`.
//!
//! Suites of a thousand, ten thousand and a hundred thousand trivial cases, in each notation and as
//! files found by a glob, are parsed and resolved by `capsule-run list`. Prints the time and the
//! most memory. There is no threshold here; `tests/scale.rs` counts what must not grow.

#![expect(clippy::print_stdout, reason = "a benchmark is read by people")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const KINDS: [&str; 4] = ["suite.yaml", "suite.toml", "suite.json", "glob.yaml"];
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    println!("{:<12} {:>8} {:>10} {:>10}", "suite", "cases", "time", "memory");
    for kind in KINDS {
        for cases in SIZES {
            let folder = tempfile::tempdir().expect("a folder for the benchmark");
            write(folder.path(), kind, cases);
            // Once for the caches; it does not count.
            list(folder.path(), kind, cases);
            let (time, memory) = list(folder.path(), kind, cases);
            println!("{kind:<12} {cases:>8} {:>8.2} s {:>7} MB", time.as_secs_f64(), memory / 1000);
        }
    }
}

/// Time, and the most memory in kB.
fn list(folder: &Path, suite: &str, cases: usize) -> (Duration, u64) {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_capsule-run"))
        .args(["list", suite])
        .current_dir(folder)
        .stdout(fs::File::create(folder.join("ids")).expect("the folder is ours"))
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(now.unwrap_or(0));
        if let Some(ended) = child.try_wait().expect("our own child") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let time = started.elapsed();
    assert!(ended.success(), "{suite}: {ended}");
    let ids = fs::read_to_string(folder.join("ids")).expect("it was written");
    assert_eq!(ids.lines().count(), cases, "{suite}");
    (time, most)
}

fn write(folder: &Path, kind: &str, cases: usize) {
    let mut text = String::new();
    match kind {
        "glob.yaml" => {
            text.push_str("version: 1\ngroups: [{name: g, run: [cat], cases_from: {stdin: 'data/*.in', expect_stdout: '{dir}/{stem}.ans'}}]\n");
            fs::create_dir(folder.join("data")).expect("the folder is ours");
            for number in 0..cases {
                for end in ["in", "ans"] {
                    let file = folder.join(format!("data/{number}.{end}"));
                    fs::write(file, number.to_string()).expect("the folder is ours");
                }
            }
        }
        "suite.toml" => {
            text.push_str("version = 1\n");
            for number in 0..cases {
                let _ = writeln!(
                    text,
                    "[[cases]]\nid = 'case-{number}'\nrun = ['echo', '{number}']\nexpect = {{stdout = '{number}'}}"
                );
            }
        }
        "suite.json" => {
            text.push_str("{\"version\": 1, \"cases\": [");
            for number in 0..cases {
                let comma = if number == 0 { "" } else { "," };
                let _ = write!(
                    text,
                    "{comma}\n{{\"id\": \"case-{number}\", \"run\": [\"echo\", \"{number}\"], \"expect\": {{\"stdout\": \"{number}\"}}}}"
                );
            }
            text.push_str("]}\n");
        }
        _ => {
            text.push_str("version: 1\ncases:\n");
            for number in 0..cases {
                let _ = writeln!(
                    text,
                    "  - {{id: case-{number}, run: [echo, \"{number}\"], expect: {{stdout: \"{number}\"}}}}"
                );
            }
        }
    }
    fs::write(folder.join(kind), text).expect("the folder is ours");
}
