//! Specs and engines for the live tests.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use capsule_run::sandbox::cancel::Cancel;
use capsule_run::sandbox::outcome::{Outcome, Ran};
use capsule_run::sandbox::spec::{
    CgroupChoice, Limits, Network, Require, SeccompPolicy, Spec, Stdin, Stdout, Workspace,
};
use capsule_run::sandbox::{Engine, EngineOptions, Fresh, LinuxEngine};
use capsule_run::units::{Bytes, NoNul};

/// One engine for all tests: workers are started on first use and reused.
pub(crate) fn engine() -> &'static LinuxEngine {
    static ENGINE: OnceLock<LinuxEngine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let options = EngineOptions { worker_exe: worker(), cgroup_folder: None, fresh: Fresh::default() };
        LinuxEngine::new(options).expect("this host gives the program an id of its own")
    })
}

/// The binary that becomes a worker: ours, or a copy where it can be reached.
pub(crate) fn worker() -> PathBuf {
    let copy = std::env::var_os("CAPSULE_RUN_TEST_WORKER");
    copy.map_or_else(|| env!("CARGO_BIN_EXE_capsule-run").into(), PathBuf::from)
}

/// A spec with roomy limits for `argv`.
pub(crate) fn spec(argv: &[&str]) -> Spec {
    let text = |text: &str| NoNul::new(text).expect("no NUL");
    Spec {
        argv: argv.iter().map(|part| text(part)).collect(),
        env: vec![(text("PATH"), text("/usr/local/bin:/usr/bin:/bin")), (text("HOME"), text("/tmp"))],
        workdir: "/workspace".into(),
        workspace: Workspace::Empty,
        files: Vec::new(),
        collect: Vec::new(),
        binds: Vec::new(),
        network: Network::None,
        stdin: Stdin::Empty,
        stdout: Stdout::Captured,
        limits: Limits {
            // Only a hang gets there, also in an emulated machine on a busy host.
            wall: Duration::from_secs(60),
            cpu: None,
            memory: Bytes::mib(256),
            pids: 64,
            output: Bytes::mib(1),
            file_size: Bytes::mib(64),
            disk: Bytes::mib(64),
            open_files: 256,
            cpu_shares: 1024,
            setup: Duration::from_secs(60),
            watch_interval: Duration::from_millis(20),
        },
        seccomp: SeccompPolicy::Default,
        cgroup: CgroupChoice::Auto,
        require: Require::BestEffort,
        digest: false,
    }
}

/// Runs a spec that is expected to start.
pub(crate) fn run(spec: &Spec) -> Ran {
    let cancel = Cancel::new().expect("a descriptor is free");
    match engine().run(spec, &cancel) {
        Outcome::Ran(ran) => *ran,
        Outcome::NotStarted(fault) => panic!("not started: {fault:?}"),
    }
}

/// Runs a shell script.
pub(crate) fn shell(script: &str) -> Ran {
    run(&spec(&["/bin/sh", "-c", script]))
}

/// What it wrote on standard output, as text.
pub(crate) fn stdout(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout.bytes).into_owned()
}

/// Runs a Python program.
pub(crate) fn python(script: &str) -> Ran {
    run(&spec(&["/usr/bin/python3", "-c", script]))
}

/// Whether root can share a folder writable: everywhere but on a tmpfs before Linux 6.3 (of the file
/// systems that tests run on).
pub(crate) fn owners_can_be_mapped(folder: &Path) -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("every Linux has it");
    let numbers: Vec<u32> =
        release.split(['.', '-']).take(2).map(|number| number.parse().expect("a number")).collect();
    let on_tmpfs = nix::sys::statfs::statfs(folder).expect("it is there").filesystem_type()
        == nix::sys::statfs::TMPFS_MAGIC;
    !nix::unistd::geteuid().is_root() || !on_tmpfs || numbers >= vec![6, 3]
}
