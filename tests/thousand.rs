//! A thousand trivial cases in one suite: all pass, both reports are whole, memory stays flat, and
//! nothing is left behind.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStderr, Stdio};

use serde_json::Value;

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/host.rs"]
mod host;
#[path = "support/left_in_tmp.rs"]
mod left_in_tmp;
#[path = "support/place.rs"]
mod place;

use cgroups::cgroups_of;
use host::Host;
use place::Place;

const CASES: usize = 1000;

/// What capsule-run may grow by from case 200 to case 1,000: its own record of 800 cases, no more.
const GROWTH_KIB: u64 = 8 * 1024;

/// What two cases that are under way hold at most, of descriptors and of processes: whether they
/// are is a matter of chance. A leak of one a case would be 790.
const IN_FLIGHT: usize = 40;

/// What a process and all below it hold.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    /// Memory of capsule-run itself.
    own_kib: u64,
    /// Its open descriptors.
    descriptors: usize,
    /// Processes below it.
    below: usize,
}

#[test]
fn a_thousand_cases_pass_in_flat_memory_and_leave_nothing() {
    let place = Place::new();
    write_suite(&place.work().join("suite.yaml"));
    let kept = place.work().join("kept");
    fs::create_dir(&kept).expect("ours");
    let before = Host::now(&kept);

    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    command.args(["suite", "suite.yaml", "-j", "2", "--json", "report.json", "--junit", "report.xml"]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stderr = child.stderr.take().expect("asked for");
    let (early, late, said) = watch(child.id(), stderr);
    let status = child.wait().expect("our own child");

    assert!(status.success(), "{status}: {said}");
    let report: Value = serde_json::from_str(&read(&place, "report.json")).expect("the report is JSON");
    let cases = report["cases"].as_array().expect("it has cases");
    assert_eq!(cases.len(), CASES);
    assert!(cases.iter().all(|case| case["status"] == "passed"));
    let ids: Vec<_> = cases.iter().map(|case| case["id"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(ids, (0..CASES).map(|number| format!("case-{number}")).collect::<Vec<_>>(), "suite order");
    assert_eq!(report["summary"]["passed"], CASES);
    assert_eq!(read(&place, "report.xml").matches("<testcase ").count(), CASES);

    let (early, late) = (early.expect("case 200 has a line"), late.expect("case 990 has a line"));
    assert!(late.own_kib < early.own_kib + GROWTH_KIB, "memory grows: {early:?} → {late:?}");
    assert!(late.descriptors <= early.descriptors + IN_FLIGHT, "descriptors grow: {early:?} → {late:?}");
    assert!(late.below <= early.below + IN_FLIGHT, "processes grow: {early:?} → {late:?}");
    assert_eq!(cgroups_of(child.id()), Vec::<std::path::PathBuf>::new());
    assert_eq!(place.left_in_tmp(), None);
    let difference = before.difference(&kept);
    assert!(difference.is_empty(), "{difference}");
}

fn write_suite(path: &Path) {
    let mut text = String::from("version: 1\nname: thousand\ncases:\n");
    for number in 0..CASES {
        writeln!(text, "  - {{id: case-{number}, run: [echo, \"{number}\"], expect: {{stdout: {{text: \"{number}\\n\"}}}}}}")
            .expect("a string takes everything");
    }
    fs::write(path, text).expect("ours");
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.work().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Follows the lines of the progress; what was held at case 200 and at case 990, and all lines.
fn watch(pid: u32, stderr: ChildStderr) -> (Option<Held>, Option<Held>, String) {
    let (mut early, mut late, mut said) = (None, None, String::new());
    for line in BufReader::new(stderr).lines() {
        let line = line.expect("a pipe can be read");
        if line.contains("200/1000") {
            early = Some(held(pid));
        } else if line.contains("990/1000") {
            late = Some(held(pid));
        }
        said.push_str(&line);
        said.push('\n');
    }
    (early, late, said)
}

fn held(pid: u32) -> Held {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let own = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let own_kib = own.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    Held { own_kib, descriptors, below: below(pid) }
}

fn below(pid: u32) -> usize {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let children: Vec<u32> = lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    children.len() + children.into_iter().map(below).sum::<usize>()
}
