//! How the cost of one case grows, and with what.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Extent;
use crate::contestants::{CAPSULE, files, own, suite};
use crate::timing::{median, run};

/// A curve: what grows, and what is measured at each point.
pub(crate) struct Curve {
    pub(crate) title: &'static str,
    pub(crate) across: &'static str,
    pub(crate) up: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

pub(crate) fn curves(folder: &Path, extent: Extent) -> Vec<Curve> {
    let folder = folder.join("growth");
    fs::create_dir_all(&folder).expect("the folder is ours");
    let mut all = cases(&folder, extent);
    if extent > Extent::Short {
        all.push(workers(&folder));
        all.push(submission(&folder));
        all.push(output(&folder));
        all.push(mounts(&folder));
    }
    for curve in &all {
        println!("{}: {} by {}", curve.title, curve.up, curve.across);
        let first = curve.points.first().map_or(1.0, |point| point.1);
        for (x, y) in &curve.points {
            println!("  {x:>12.0} {y:>10.3} {:>7.2}", y / first);
        }
        println!();
    }
    all
}

/// The time of a case, and the memory of capsule-run, by the number of cases.
fn cases(folder: &Path, extent: Extent) -> Vec<Curve> {
    let most = match extent {
        Extent::Short => 1_000,
        Extent::Usual => 10_000,
        Extent::Full => 100_000,
    };
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    let mut count: usize = 100;
    while count <= most {
        write(folder, &suite(&["/bin/true".to_owned()], count, ""));
        let started = Instant::now();
        let peak = peak_memory(folder);
        times.push((as_f64(count), started.elapsed().as_secs_f64() * 1e3 / as_f64(count)));
        memory.push((as_f64(count), peak));
        count *= 10;
    }
    vec![
        Curve { title: "cases", across: "cases", up: "ms a case", points: times },
        Curve { title: "memory", across: "cases", up: "MiB of capsule-run", points: memory },
    ]
}

/// Runs the suite and looks at the most memory that capsule-run had resident, in MiB.
fn peak_memory(folder: &Path) -> f64 {
    let mut child = Command::new(CAPSULE.as_str())
        .args(["suite", "suite.yaml", "--quiet"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("our own binary");
    let mut peak = 0.0_f64;
    while child.try_wait().expect("our own child").is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        peak = peak.max(kib.unwrap_or(0.0) / 1024.0);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

fn workers(folder: &Path) -> Curve {
    const CASES: usize = 400;
    write(folder, &suite(&["/bin/true".to_owned()], CASES, ""));
    let point = |jobs: usize| (as_f64(jobs), per_case(folder, CASES, &["-j", &jobs.to_string()]));
    Curve {
        title: "workers",
        across: "workers",
        up: "ms a case",
        points: [1, 2, 4, 8, 16, 32].map(point).to_vec(),
    }
}

fn submission(folder: &Path) -> Curve {
    const CASES: usize = 50;
    let point = |count: usize| {
        let name = format!("submission-{count}");
        files(&folder.join(&name), count);
        write(folder, &suite(&["/bin/true".to_owned()], CASES, &format!("submission: {{path: {name}}}\n")));
        (as_f64(count), per_case(folder, CASES, &[]))
    };
    Curve {
        title: "submission",
        across: "files",
        up: "ms a case",
        points: [10, 100, 1_000, 10_000].map(point).to_vec(),
    }
}

fn output(folder: &Path) -> Curve {
    const CASES: usize = 20;
    let point = |bytes: usize| {
        let command: Vec<_> =
            ["/usr/bin/head", "-c", &bytes.to_string(), "/dev/zero"].map(str::to_owned).to_vec();
        write(folder, &suite(&command, CASES, "defaults: {limits: {max_output: 64M}}\n"));
        (as_f64(bytes), per_case(folder, CASES, &[]))
    };
    let points = [1_000, 10_000, 100_000, 1_000_000, 10_000_000].map(point).to_vec();
    Curve { title: "output", across: "bytes", up: "ms a case", points }
}

/// In a mount namespace of its own with so many mounts more.
fn mounts(folder: &Path) -> Curve {
    const CASES: usize = 200;
    write(folder, &suite(&["/bin/true".to_owned()], CASES, ""));
    let place = folder.join("mounts");
    fs::create_dir_all(&place).expect("the folder is ours");
    let point = |count: usize| {
        // Each run has its own clock: to make so many mounts takes far longer than a suite.
        let script = "i=0; while [ $i -lt $1 ]; do mkdir -p $2/$i; mount --bind /usr $2/$i || exit 1; i=$((i+1)); done; \
                      shift 2; for i in 1 2 3 4 5; do \
                      from=$(date +%s%N); \"$@\" > /dev/null || exit 1; echo $(($(date +%s%N) - from)); done";
        let words = ["-m", "/bin/sh", "-c", script, "mounts"].map(str::to_owned);
        let place = [count.to_string(), place.display().to_string()];
        let suite = own(&["suite", "suite.yaml", "--quiet"]);
        let mut command = Command::new("unshare");
        command.args([words.as_slice(), &place, &suite].concat()).current_dir(folder);
        let output = command.output().expect("every host has unshare");
        let times = String::from_utf8_lossy(&output.stdout);
        let times: Vec<_> =
            times.lines().filter_map(|line| line.parse().ok().map(Duration::from_nanos)).collect();
        assert_eq!(times.len(), 5, "{}", String::from_utf8_lossy(&output.stderr));
        (as_f64(count.max(1)), median(&times).as_secs_f64() * 1e3 / as_f64(CASES))
    };
    Curve {
        title: "mounts",
        across: "mounts of the host",
        up: "ms a case",
        points: [0, 10, 100, 1_000].map(point).to_vec(),
    }
}

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("suite.yaml"), text).expect("the folder is ours");
}

/// The median of five.
fn per_case(folder: &Path, cases: usize, more: &[&str]) -> f64 {
    let command =
        [own(&["suite", "suite.yaml", "--quiet"]), more.iter().map(|&word| word.to_owned()).collect()]
            .concat();
    let times: Vec<_> = (0..5).map(|_| run(&command, folder).expect("the suite passes")).collect();
    median(&times).as_secs_f64() * 1e3 / as_f64(cases)
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
