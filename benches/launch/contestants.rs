//! What is launched, and by whom.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use crate::Extent;
use crate::timing::run;

/// Ours: the one that `make bench` has built as it is to be used, or cargo's own.
pub(crate) static CAPSULE: LazyLock<String> = LazyLock::new(|| {
    std::env::var("CAPSULE_BENCH_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_capsule-run").to_owned())
});

/// One way to launch a program.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<String>,
    /// Launches of one command: a time is divided by it.
    pub(crate) launches: usize,
}

impl Contestant {
    fn new(
        name: &'static str,
        launches: usize,
        command: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self { name, launches, command: command.into_iter().map(Into::into).collect() }
    }

    /// Whether the program that launches is installed.
    pub(crate) fn folder_is_there(&self) -> bool {
        let program = Path::new(&self.command[0]);
        program.is_absolute() && program.exists()
            || ["/usr/bin", "/usr/sbin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists())
    }
}

/// A program and all who launch it.
pub(crate) struct Program {
    pub(crate) title: &'static str,
    pub(crate) folder: PathBuf,
    pub(crate) contestants: Vec<Contestant>,
    pub(crate) turns: usize,
}

pub(crate) fn programs(folder: &Path, extent: Extent) -> Vec<Program> {
    let spin = |milliseconds: f64| {
        let rounds = (rounds_a_millisecond(folder) * milliseconds).round();
        vec!["/usr/bin/awk".to_owned(), format!("BEGIN {{ for (i = 0; i < {rounds}; i++) x += i }}")]
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let python = words(&["/usr/bin/python3", "-c", "pass"]);
    let flood = words(&["/usr/bin/head", "-c", "10000000", "/dev/zero"]);
    let all = vec![
        with_floor(program("/bin/true", folder, &words(&["/bin/true"]), 200, 60)),
        program("a program of 10 ms", folder, &spin(10.0), 50, 24),
        program("start-up of Python", folder, &python, 30, 24),
        output(folder, &flood),
        text(folder),
        many_files(folder),
        program("a program of 1 s", folder, &spin(1000.0), 2, 9),
    ];
    all.into_iter().take(if extent == Extent::Short { 3 } else { usize::MAX }).collect()
}

fn program(title: &'static str, folder: &Path, command: &[String], cases: usize, turns: usize) -> Program {
    let folder = new_folder(folder, title);
    fs::write(folder.join("suite.yaml"), suite(command, cases, "")).expect("the folder is ours");
    let mut contestants = vec![Contestant::new("bare spawn", 1, command.to_vec())];
    contestants.push(Contestant::new(
        "capsule-run -- CMD",
        1,
        [own(&["--workspace", "none", "--"]), command.to_vec()].concat(),
    ));
    contestants.extend(suites(cases));
    contestants.extend(peers(&folder, command));
    Program { title, folder, contestants, turns }
}

/// Beside the single command: what the kernel takes for namespaces, a root and control groups alone.
fn with_floor(mut program: Program) -> Program {
    let floor = program.folder.join("floor");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/launch/floor.c");
    // Where there is no static C library it is told as not there, like any other.
    let compiled = Command::new("cc").args(["-O2", "-static", "-o"]).arg(&floor).arg(source).status();
    assert!(compiled.is_ok(), "a C compiler for {source}");
    let command = [floor.display().to_string()].into_iter().chain(program.contestants[0].command.clone());
    program.contestants.insert(2, Contestant::new("the kernel's part of that, in C", 1, command));
    program
}

/// 10 MB through a pipe, against a pipe to `cat`.
fn output(folder: &Path, command: &[String]) -> Program {
    const CASES: usize = 10;
    let folder = new_folder(folder, "output");
    let limits = "defaults: {limits: {max_output: 16M}}\n";
    fs::write(folder.join("suite.yaml"), suite(command, CASES, limits)).expect("the folder is ours");
    let pipe = format!("{} | cat > /dev/null", command.join(" "));
    let mut contestants = vec![Contestant::new("a pipe to cat", 1, ["/bin/sh", "-c", &pipe])];
    contestants.extend(suites(CASES));
    Program { title: "10 MB of output", folder, contestants, turns: 24 }
}

/// 10 MB of text: a single command writes it out once more, as JSON.
fn text(folder: &Path) -> Program {
    let folder = new_folder(folder, "text");
    let file = folder.join("text").display().to_string();
    fs::write(&file, "a line of the text, which is not very long\n".repeat(10_000_000 / 43))
        .expect("the folder is ours");
    let pipe = format!("cat {file} | cat > /dev/null");
    let single =
        own(&["--workspace", "none", "--max-output", "16M", "--readonly", &file, "--", "/bin/cat", &file]);
    let contestants = vec![
        Contestant::new("a pipe to cat", 1, ["/bin/sh", "-c", &pipe]),
        Contestant::new("capsule-run -- CMD", 1, single),
    ];
    Program { title: "10 MB of text", folder, contestants, turns: 24 }
}

/// A workspace of a thousand files, looked through by the program.
fn many_files(folder: &Path) -> Program {
    const CASES: usize = 50;
    let folder = new_folder(folder, "files");
    let command: Vec<_> = ["/usr/bin/find", ".", "-name", "none"].map(str::to_owned).to_vec();
    files(&folder.join("submission"), 1000);
    let more = "submission: {path: submission}\n";
    fs::write(folder.join("suite.yaml"), suite(&command, CASES, more)).expect("the folder is ours");
    let bare = ["/bin/sh", "-c", "cd submission && exec find . -name none"];
    let mut contestants = vec![Contestant::new("bare spawn", 1, bare)];
    let single = own(&["--workspace", "submission", "--"]);
    contestants.push(Contestant::new("capsule-run -- CMD", 1, [single, command].concat()));
    contestants.extend(suites(CASES));
    Program { title: "a workspace of 1,000 files", folder, contestants, turns: 24 }
}

pub(crate) fn files(folder: &Path, count: usize) {
    for number in 0..count {
        let below = folder.join(format!("{}", number % 20));
        fs::create_dir_all(&below).expect("the folder is ours");
        fs::write(below.join(format!("file-{number}")), "content\n").expect("the folder is ours");
    }
}

pub(crate) fn own(words: &[&str]) -> Vec<String> {
    [CAPSULE.as_str()].iter().chain(words).map(|&word| word.to_owned()).collect()
}

fn suites(cases: usize) -> Vec<Contestant> {
    vec![
        Contestant::new("a case of a suite, 1 worker", cases, own(&["suite", "suite.yaml", "--quiet"])),
        Contestant::new(
            "a case of a suite, 2 workers",
            cases,
            own(&["suite", "suite.yaml", "--quiet", "-j", "2"]),
        ),
        Contestant::new(
            "the same, everything fresh, 1 worker",
            cases,
            own(&["suite", "suite.yaml", "--quiet", "--fresh", "pid,ipc,mnt,net"]),
        ),
    ]
}

pub(crate) fn suite(command: &[String], cases: usize, more: &str) -> String {
    let words: Vec<String> = command.iter().map(|word| format!("{word:?}")).collect();
    let mut text = format!("version: 1\nname: launch\n{more}cases:\n");
    for number in 0..cases {
        writeln!(text, "  - {{id: case-{number}, run: [{}], expect: {{exit: 0}}}}", words.join(", "))
            .expect("a string takes everything");
    }
    text
}

/// Other sandboxes at like isolation. None of these has a system-call filter of its own or tells what
/// was used; bubblewrap and firejail have no limits either.
fn peers(folder: &Path, command: &[String]) -> Vec<Contestant> {
    let with = |words: &str| {
        words.split_whitespace().map(str::to_owned).chain(command.iter().cloned()).collect::<Vec<_>>()
    };
    let bubblewrap = "bwrap --unshare-all --die-with-parent --new-session --ro-bind /usr /usr --symlink usr/bin /bin \
                      --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
                      --ro-bind /etc/alternatives /etc/alternatives --proc /proc --dev /dev --tmpfs /tmp --chdir /";
    let firejail = "firejail --quiet --noprofile --net=none --private --private-dev --private-tmp --caps.drop=all \
                    --nonewprivs --noroot --seccomp";
    let bundle = bundle(folder, command);
    let runtime = |name: &'static str| {
        Contestant::new(name, 1, [name, "run", "--bundle", &bundle, &format!("bench-{}", std::process::id())])
    };
    vec![
        Contestant::new("bubblewrap", 1, with(bubblewrap)),
        Contestant::new("firejail", 1, with(firejail)),
        runtime("crun"),
        runtime("runc"),
    ]
}

/// An OCI bundle with all namespaces, limits of memory and processes, and nothing of the host but
/// `/usr`.
fn bundle(folder: &Path, command: &[String]) -> String {
    let root = folder.join("bundle/rootfs");
    for name in ["usr", "proc", "dev", "tmp"] {
        fs::create_dir_all(root.join(name)).expect("the folder is ours");
    }
    for (name, target) in [("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")] {
        std::os::unix::fs::symlink(target, root.join(name)).expect("the folder is ours");
    }
    let namespaces: Vec<_> = ["pid", "network", "ipc", "uts", "mount", "cgroup"]
        .iter()
        .map(|kind| serde_json::json!({ "type": kind }))
        .collect();
    let mount = |place: &str, kind: &str, source: &str, options: &[&str]| serde_json::json!({ "destination": place, "type": kind, "source": source, "options": options });
    let config = serde_json::json!({
        "ociVersion": "1.0.0",
        "process": {
            "cwd": "/", "args": command, "env": ["PATH=/usr/bin"], "user": { "uid": 1000, "gid": 1000 },
            "noNewPrivileges": true, "capabilities": {},
        },
        "root": { "path": "rootfs", "readonly": true },
        "mounts": [
            mount("/proc", "proc", "proc", &[]),
            mount("/dev", "tmpfs", "tmpfs", &["nosuid"]),
            mount("/tmp", "tmpfs", "tmpfs", &["nosuid", "nodev"]),
            mount("/usr", "bind", "/usr", &["rbind", "ro"]),
        ],
        "linux": {
            "namespaces": namespaces,
            "resources": { "memory": { "limit": 268_435_456 }, "pids": { "limit": 64 } },
        },
    });
    fs::write(root.with_file_name("config.json"), config.to_string()).expect("the folder is ours");
    root.parent().expect("it has one").display().to_string()
}

fn new_folder(below: &Path, name: &str) -> PathBuf {
    let folder = below.join(name.replace(['/', ' ', ','], "-"));
    fs::create_dir_all(&folder).expect("the folder is ours");
    folder
}

/// How many rounds of an empty loop awk makes in a millisecond here.
fn rounds_a_millisecond(folder: &Path) -> f64 {
    const ROUNDS: u32 = 3_000_000;
    let command = ["/usr/bin/awk".to_owned(), format!("BEGIN {{ for (i = 0; i < {ROUNDS}; i++) x += i }}")];
    let started = Instant::now();
    run(&command, folder).expect("awk is part of every Debian");
    f64::from(ROUNDS) / (started.elapsed().as_secs_f64() * 1e3)
}
