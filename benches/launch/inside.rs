//! What is measured from inside: system calls of a program, how close to its limit it is ended, and
//! what our own memory costs.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use capsule_run::sandbox::cancel::Cancel;
use capsule_run::sandbox::outcome::{Outcome, Ran};
use capsule_run::sandbox::spec::{
    CgroupChoice, InputFile, Limits, Network, Require, SeccompPolicy, Spec, Stdin, Stdout, Workspace,
};
use capsule_run::sandbox::{Engine, EngineOptions, Fresh, LinuxEngine};
use capsule_run::units::{Bytes, NoNul};

use nix::sys::resource::{UsageWho, getrusage};

use crate::contestants::{CAPSULE, own};
use crate::timing::{median, run};

/// How often each side is asked, turn and turn about; the least of each counts.
const ROUNDS: usize = 7;

/// What a single command has resident at most: capsule-run and all that it waits for, so nothing else may
/// have been waited for yet.
pub(crate) fn memory(folder: &Path) {
    for _ in 0..5 {
        run(&own(&["--", "/bin/true"]), folder).expect("this host can isolate programs");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it takes nothing");
    println!("most resident memory of a single command: {} KiB", usage.max_rss());
    println!();
}

/// How much dearer a system call is inside.
pub(crate) fn calls() {
    let folder = tempfile::tempdir().expect("a folder for the benchmark");
    let program = folder.path().join("calls");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/launch/calls.c");
    let compiled = Command::new("cc").args(["-O2", "-o"]).arg(&program).arg(source).status();
    assert!(compiled.is_ok_and(|status| status.success()), "a C compiler makes {source}");
    let engine = engine();
    let mut inside_spec = spec(&["./calls"]);
    let content = std::fs::read(&program).expect("it was made").into();
    inside_spec.files.push(InputFile { path: "calls".into(), content, executable: true });
    let (mut bare, mut inside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let output = Command::new(&program).output().expect("it was made");
        least(&mut bare, &String::from_utf8_lossy(&output.stdout));
        least(&mut inside, &String::from_utf8_lossy(&ran(&engine, &inside_spec).stdout.bytes));
    }
    println!("{:<36} {:>10} {:>10} {:>10}", "a system call, in nanoseconds", "bare", "inside", "more");
    for ((name, bare), (_, inside)) in bare.iter().zip(&inside) {
        println!("  {name:<34} {bare:>10.0} {inside:>10.0} {:>10.0}", inside - bare);
    }
    println!();
}

/// Keeps the least of each call's times: lines of a name and nanoseconds.
fn least(all: &mut Vec<(String, f64)>, lines: &str) {
    let parsed = lines.lines().filter_map(|line| {
        let (name, time) = line.split_once('|')?;
        Some((name.trim().to_owned(), time.trim().parse::<f64>().ok()?))
    });
    for (name, time) in parsed {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = known.min(time),
            None => all.push((name, time)),
        }
    }
}

/// How far over its limit a program is when it is ended, and what a gigabyte of our own costs.
pub(crate) fn limits() {
    const TRIES: usize = 51;
    let engine = engine();
    let mut sleeper = spec(&["/usr/bin/sleep", "9"]);
    sleeper.limits.wall = Duration::from_secs(1);
    let wall: Vec<_> = (0..TRIES).map(|_| ran(&engine, &sleeper).usage.wall).collect();
    let mut loops = spec(&["/usr/bin/awk", "BEGIN { while (1) x++ }"]);
    loops.limits.cpu = Some(Duration::from_secs(1));
    let cpu: Vec<_> = (0..TRIES).map(|_| ran(&engine, &loops).usage.cpu).collect();
    println!("a limit of 1,000 ms ends a program at (median of {TRIES})");
    println!("  {:<34} {:>10.2} ms", "wall time", median(&wall).as_secs_f64() * 1e3);
    println!("  {:<34} {:>10.2} ms", "CPU time", median(&cpu).as_secs_f64() * 1e3);
    let nothing = spec(&["/bin/true"]);
    let (mut small, mut large) = (Vec::new(), Vec::new());
    // Turn and turn about, as everything here: the machine is not the same from one second to the next.
    for _ in 0..4 {
        small.extend(many(&engine, &nothing));
        let ballast = vec![1_u8; 1 << 30];
        large.extend(many(&engine, &nothing));
        std::hint::black_box(ballast);
    }
    println!("a case of /bin/true, capsule-run having");
    println!("  {:<34} {:>10.3} ms", "little memory", median(&small).as_secs_f64() * 1e3);
    println!("  {:<34} {:>10.3} ms", "1024 MiB more", median(&large).as_secs_f64() * 1e3);
    println!();
}

fn many(engine: &LinuxEngine, spec: &Spec) -> Vec<Duration> {
    let clock = |_| {
        let started = std::time::Instant::now();
        ran(engine, spec);
        started.elapsed()
    };
    (0..150).map(clock).collect()
}

fn engine() -> LinuxEngine {
    let options =
        EngineOptions { worker_exe: CAPSULE.as_str().into(), cgroup_folder: None, fresh: Fresh::default() };
    LinuxEngine::new(options).expect("this host can isolate programs")
}

fn ran(engine: &LinuxEngine, spec: &Spec) -> Ran {
    let cancel = Cancel::new().expect("a descriptor is free");
    match engine.run(spec, &cancel) {
        Outcome::Ran(ran) => *ran,
        Outcome::NotStarted(fault) => panic!("{fault:?}"),
    }
}

fn spec(argv: &[&str]) -> Spec {
    let text = |text: &str| NoNul::new(text).expect("no NUL in it");
    Spec {
        argv: argv.iter().map(|word| text(word)).collect(),
        env: vec![(text("PATH"), text("/usr/bin:/bin"))],
        workdir: "/workspace".into(),
        workspace: Workspace::Empty,
        files: Vec::new(),
        collect: Vec::new(),
        binds: Vec::new(),
        network: Network::None,
        stdin: Stdin::Empty,
        stdout: Stdout::Captured,
        limits: Limits {
            wall: Duration::from_secs(60),
            cpu: None,
            memory: Bytes::mib(256),
            pids: 64,
            output: Bytes::mib(1),
            file_size: Bytes::mib(64),
            disk: Bytes::mib(64),
            open_files: 64,
            cpu_shares: 1024,
            setup: Duration::from_secs(10),
            watch_interval: Duration::from_millis(5),
        },
        seccomp: SeccompPolicy::Default,
        cgroup: CgroupChoice::Auto,
        require: Require::BestEffort,
        digest: false,
    }
}
