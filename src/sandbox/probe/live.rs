//! Tiny programs that run into each limit, through the real engine.

use std::path::Path;
use std::time::Duration;

use super::facts::{Live, LiveLimit};
use crate::sandbox::cancel::Cancel;
use crate::sandbox::outcome::{End, Fault, KillReason, Outcome, Ran};
use crate::sandbox::spec::{
    CgroupChoice, Limits, Network, Require, SeccompPolicy, Spec, Stdin, Stdout, Workspace,
};
use crate::sandbox::{Engine, LinuxEngine};
use crate::units::{Bytes, NoNul};

/// A limit, how it is set, what runs into it, and how one sees that it did.
struct Trial {
    name: &'static str,
    title: &'static str,
    set: fn(&mut Limits),
    script: &'static str,
    held: fn(&Ran) -> bool,
    by: fn(&Ran) -> String,
}

const TRIALS: [Trial; 7] = [
    Trial {
        name: "memory-limit",
        title: "memory limit",
        set: |limits| limits.memory = Bytes::mib(16),
        script: "x=0123456789abcdef; while :; do x=$x$x; done",
        held: |ran| {
            ran.events.oom_kills > 0
                || ran.events.memory_limit_hits > 0
                || ran.killed_by == Some(KillReason::Memory)
        },
        by: |ran| ran.enforced.memory.clone(),
    },
    Trial {
        name: "process-limit",
        title: "process limit",
        set: |limits| limits.pids = 8,
        script: "n=0; while [ $n -lt 30 ]; do sleep 1 & n=$((n+1)); done",
        held: |ran| ran.events.pids_limit_hits > 0 || words(&ran.stderr.bytes).contains("fork"),
        by: |ran| ran.enforced.pids.clone(),
    },
    Trial {
        name: "cpu-limit",
        title: "CPU time limit",
        set: |limits| limits.cpu = Some(Duration::from_millis(100)),
        script: "while :; do :; done",
        held: |ran| ran.killed_by == Some(KillReason::Cpu),
        by: |ran| ran.enforced.cpu.clone(),
    },
    Trial {
        name: "wall-limit",
        title: "wall time limit",
        set: |limits| limits.wall = Duration::from_millis(100),
        script: "sleep 9",
        held: |ran| ran.killed_by == Some(KillReason::Wall),
        by: |_| "a timer of the supervisor".to_owned(),
    },
    Trial {
        name: "output-limit",
        title: "output limit",
        set: |limits| limits.output = Bytes(4096),
        script: "while :; do echo flood; done",
        held: |ran| ran.killed_by == Some(KillReason::Output),
        by: |_| "counting in the supervisor".to_owned(),
    },
    Trial {
        name: "file-size-limit",
        title: "file size limit",
        set: |limits| limits.file_size = Bytes(64 << 10),
        script: "exec head -c 1000000 /dev/zero > /tmp/f",
        held: |ran| matches!(ran.end, End::Signaled { signal: libc::SIGXFSZ, .. }),
        by: |_| "RLIMIT_FSIZE".to_owned(),
    },
    Trial {
        name: "disk-limit",
        title: "disk limit",
        set: |limits| limits.disk = Bytes::mib(1),
        script: "head -c 4000000 /dev/zero > /tmp/f",
        held: |ran| ran.events.disk_full,
        by: |_| "the size of a tmpfs".to_owned(),
    },
];

/// Runs them all; none where not even a program that does nothing ends well.
pub(super) fn live(engine: &Result<LinuxEngine, Fault>) -> Live {
    let broken = |fault: &Fault| {
        let errno = fault.errno.map(|errno| format!(": {}", std::io::Error::from_raw_os_error(errno)));
        (format!("{}{}", fault.step, errno.unwrap_or_default()), fault.help.clone())
    };
    let engine = match engine {
        Ok(engine) => engine,
        Err(fault) => return Live { broken: Some(broken(fault)), limits: Vec::new() },
    };
    match run(engine, "exit 0", |_| {}) {
        Outcome::NotStarted(fault) => Live { broken: Some(broken(&fault)), limits: Vec::new() },
        Outcome::Ran(ran) if ran.end != End::Exited(0) => {
            let seen = format!("a shell that does nothing ended with {:?}", ran.end);
            Live { broken: Some((seen, String::new())), limits: Vec::new() }
        }
        Outcome::Ran(_) => Live { broken: None, limits: TRIALS.iter().map(|it| trial(engine, it)).collect() },
    }
}

fn trial(engine: &LinuxEngine, trial: &Trial) -> LiveLimit {
    let (name, title) = (trial.name, trial.title);
    match run(engine, trial.script, trial.set) {
        Outcome::Ran(ran) => LiveLimit {
            name,
            title,
            held: (trial.held)(&ran),
            by: (trial.by)(&ran),
            seen: format!("{:?}, killed by {:?}, {:?}", ran.end, ran.killed_by, ran.events),
        },
        Outcome::NotStarted(fault) => {
            LiveLimit { name, title, held: false, by: String::new(), seen: fault.step }
        }
    }
}

fn run(engine: &LinuxEngine, script: &str, set: fn(&mut Limits)) -> Outcome {
    let Ok(cancel) = Cancel::new() else {
        return Outcome::NotStarted(crate::sandbox::fault::monitor("opening a descriptor", None));
    };
    let mut spec = spec(script);
    set(&mut spec.limits);
    engine.run(&spec, &cancel)
}

fn spec(script: &str) -> Spec {
    let text = |text: &str| NoNul::new(text).expect("the scripts have no NUL");
    Spec {
        argv: ["/bin/sh", "-c", script].map(text).to_vec(),
        env: vec![(text("PATH"), text("/usr/bin:/bin"))],
        workdir: Path::new("/workspace").to_owned(),
        workspace: Workspace::Empty,
        files: Vec::new(),
        collect: Vec::new(),
        binds: Vec::new(),
        network: Network::None,
        stdin: Stdin::Empty,
        stdout: Stdout::Captured,
        limits: Limits { wall: Duration::from_secs(5), ..limits() },
        seccomp: SeccompPolicy::Default,
        cgroup: CgroupChoice::Auto,
        require: Require::BestEffort,
        digest: false,
    }
}

/// What a program gets where nobody says anything else: a host that cannot give that runs few suites.
pub(super) fn limits() -> Limits {
    Limits {
        wall: Duration::from_secs(30),
        cpu: None,
        memory: Bytes::mib(256),
        pids: 100,
        output: Bytes::mib(1),
        file_size: Bytes::mib(128),
        disk: Bytes::mib(128),
        open_files: 1024,
        cpu_shares: 1024,
        setup: Duration::from_secs(10),
        watch_interval: Duration::from_millis(5),
    }
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_lowercase()
}
