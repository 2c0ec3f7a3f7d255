//! What is measured from inside: system calls of a program, how close to its limit it is ended, and
//! what our own memory costs.

use std::process::Command;
use std::time::Duration;

use capsule_run::sandbox::cancel::Cancel;
use capsule_run::sandbox::outcome::{Outcome, Ran};
use capsule_run::sandbox::spec::{
    CgroupChoice, Limits, Network, Require, SeccompPolicy, Spec, Stdin, Stdout, Workspace,
};
use capsule_run::sandbox::{Engine, EngineOptions, Fresh, LinuxEngine};
use capsule_run::units::{Bytes, NoNul};

use crate::contestants::CAPSULE;
use crate::timing::median;

/// Times calls in C, which costs next to nothing beside them; prints nanoseconds of each.
const CALLS: &str = r#"
import ctypes, time
libc = ctypes.CDLL(None)
def per_call(call):
    best = 1e9
    for _ in range(30):
        start = time.perf_counter()
        for _ in range(20000): call()
        best = min(best, time.perf_counter() - start)
    return best / 20000 * 1e9
import os
fd = os.open("/dev/null", os.O_RDWR)
clock = ctypes.create_string_buffer(16)
nothing = lambda: libc.labs(1)
base = per_call(nothing)
for name, call in (
    ("getppid", lambda: libc.getppid()),
    ("read", lambda: libc.read(fd, clock, 1)),
    ("clock_gettime of the process", lambda: libc.clock_gettime(2, clock)),
    ("open and close", lambda: libc.close(libc.open(b"/etc/passwd", 0))),
    ("stat", lambda: libc.access(b"/etc/passwd", 0)),
):
    print(name, "|", per_call(call) - base)
"#;

/// How much dearer a system call is inside.
pub(crate) fn calls() {
    let bare = Command::new("/usr/bin/python3").args(["-c", CALLS]).output();
    let bare = bare.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let engine = engine();
    let inside = ran(&engine, &spec(&["/usr/bin/python3", "-c", CALLS]));
    let inside = String::from_utf8_lossy(&inside.stdout.bytes).into_owned();
    println!("{:<36} {:>10} {:>10} {:>10}", "a system call, in nanoseconds", "bare", "inside", "more");
    for (one, other) in bare.lines().zip(inside.lines()) {
        let parse = |line: &str| {
            Some((
                line.split('|').next()?.trim().to_owned(),
                line.split('|').nth(1)?.trim().parse::<f64>().ok()?,
            ))
        };
        if let (Some((name, bare)), Some((_, inside))) = (parse(one), parse(other)) {
            println!("  {name:<34} {bare:>10.0} {inside:>10.0} {:>10.0}", inside - bare);
        }
    }
    println!();
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
