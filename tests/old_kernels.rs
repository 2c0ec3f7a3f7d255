//! Kernels that lack a call of ours, played by `strace`, which lets it fail as they would: the same
//! sandbox by older means, or by a copy where nothing older can do it.

#![expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/place.rs"]
mod place;
#[path = "support/processes.rs"]
mod processes;
#[path = "support/run.rs"]
mod run;

use place::Place;
use processes::tree_of;
use run::{Done, finish};

/// Calls that fail, and the first Linux that has them; containers refuse some of them on any.
const LACKS: &[(&str, &[&str])] = &[
    ("no mount_setattr: before 5.12", &["mount_setattr:error=ENOSYS"]),
    ("mount_setattr is forbidden", &["mount_setattr:error=EPERM"]),
    ("no clone3: the filter of a container", &["clone3:error=ENOSYS"]),
    ("no Landlock: before 5.13", &["landlock_create_ruleset:error=ENOSYS"]),
    ("Linux 5.10", &["mount_setattr:error=ENOSYS", "landlock_create_ruleset:error=ENOSYS"]),
];

/// What a program finds: every mount with its options, what it can write to, and its workspace.
const LOOKS: &str = "awk '{print $5, $6}' /proc/self/mountinfo | sort
for f in /usr/x /bin/x /etc/x /x /dev/x /var/x ro/x; do (echo > $f) 2>/dev/null && echo writes $f; done
cat given sub/given; echo changed > given; cat given; rm -r sub; mkdir sub; ls sub; cat /tmp/bound/x";

/// The binary: the one that was built with this test, or a copy that was put elsewhere.
fn binary() -> String {
    let copy = std::env::var("CAPSULE_RUN_TEST_WORKER");
    copy.unwrap_or_else(|_| env!("CARGO_BIN_EXE_capsule-run").to_owned())
}

fn there_is_strace() -> bool {
    let there = Command::new("strace").arg("--version").output().is_ok();
    if !there {
        eprintln!("left out: there is no strace");
    }
    there
}

/// A place where a sandbox may take long to be ready: `strace` stops every call of ours, and the machine may
/// be an emulated one.
fn patient_place() -> Place {
    let place = Place::new();
    let folder = place.work().with_file_name("home").join(".config/capsule-run");
    fs::create_dir_all(&folder).expect("ours");
    fs::write(folder.join("config.toml"), "[monitoring]\nsetup_timeout_ms = 120000\n").expect("ours");
    place
}

/// A run of the looking program, as root or as nobody, with these calls failing.
fn looks(faults: &[&str], as_nobody: bool) -> Done {
    let place = patient_place();
    let work = place.work();
    for folder in ["sub", "bound"] {
        fs::create_dir(work.join(folder)).expect("ours");
    }
    for (name, text) in [("given", "given\n"), ("sub/given", "below\n"), ("bound/x", "bound\n")] {
        fs::write(work.join(name), text).expect("ours");
    }
    let copy = work.with_file_name("capsule-run");
    fs::copy(binary(), &copy).expect("copied");
    let mut command = if faults.is_empty() {
        place.command(&copy.to_string_lossy())
    } else {
        let mut command = place.command("strace");
        command.args(["-f", "-qq", "-o", "/dev/null"]);
        for fault in faults {
            command.args(["-e", &format!("inject={fault}")]);
        }
        command.arg(&copy);
        command
    };
    command.args(["--require", "best-effort", "--readonly"]).arg(work.join("bound"));
    command.arg("--bind").arg(format!("{}:/tmp/bound", work.join("bound").display()));
    command.args(["--", "sh", "-c", LOOKS]);
    if as_nobody {
        let script = "chown -R 65534:65534 \"$1\" && chmod 755 \"$1\"";
        let mut give = Command::new("sh");
        give.args(["-c", script, "sh"]).arg(work.parent().expect("it is in the place"));
        assert!(give.status().is_ok_and(|status| status.success()), "root can give files away");
        command.uid(65534).gid(65534);
    }
    let done = finish(command, b"");
    assert_eq!(done.code(), 0, "{done:#?}");
    assert!(done.status.success());
    assert_eq!(fs::read_to_string(work.join("given")).expect("there"), "given\n", "the host's file");
    // The folder of the place has another name in each run.
    Done { stdout: done.stdout.replace(&*work.to_string_lossy(), "PLACE"), ..done }
}

fn said(done: &Done) -> (Vec<String>, Value) {
    let result: Value =
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:#?}"));
    let counted = result["metrics"]["max_memory_bytes"].as_u64().unwrap_or(0);
    assert!(counted > 100 << 10, "a program that is not in its cgroup is not counted: {done:#?}");
    let text = result["stdout"].as_str().unwrap_or_else(|| panic!("{done:#?}"));
    // How the workspace is made is what differs.
    let lines = text.lines().filter(|line| !line.starts_with("/workspace "));
    (lines.map(str::to_owned).collect(), result["enforced"].clone())
}

#[test]
fn a_kernel_that_lacks_a_call_gives_the_same_sandbox_by_older_means() {
    if !there_is_strace() {
        return;
    }
    for as_nobody in [false, true] {
        if as_nobody && !nix::unistd::geteuid().is_root() {
            continue;
        }
        let (usual, _) = said(&looks(&[], as_nobody));
        assert!(usual.iter().any(|line| line == "changed"), "{usual:#?}");
        assert!(!usual.iter().any(|line| line.starts_with("writes")), "{usual:#?}");
        for (what, faults) in LACKS {
            let done = looks(faults, as_nobody);
            let (lines, enforced) = said(&done);
            assert_eq!(lines, usual, "{what}, nobody: {as_nobody}: {}", done.stderr);
            let copies =
                faults[0].starts_with("mount_setattr") && !as_nobody && nix::unistd::geteuid().is_root();
            if copies {
                assert_eq!(enforced["workspace"], "copy", "{what}: owners cannot be mapped");
            }
            if what.contains("Landlock") {
                assert_eq!(enforced["landlock"], Value::Null, "{what}: it is not said to be there");
            }
        }
    }
}

/// A submission that has our own binary run it (`#!/proc/self/exe`) gets hold of that. With Landlock it
/// cannot; without, it is a copy that nobody can write to.
#[test]
fn our_own_binary_is_nothing_that_a_program_could_hold() {
    if !there_is_strace() {
        return;
    }
    let place = patient_place();
    let script = place.work().join("own");
    fs::write(&script, "#!/proc/self/exe\n").expect("ours");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("ours");
    let command = |lacks_landlock: bool, words: &[&str]| {
        let mut command = place.command("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset"]);
        if lacks_landlock {
            command.args(["-e", "inject=landlock_create_ruleset:error=ENOSYS"]);
        }
        command.arg(binary()).args(["--require", "best-effort", "--"]).args(words);
        command
    };
    let result = |done: &Done| serde_json::from_str::<Value>(&done.stdout).unwrap_or_default();
    let usual = finish(command(false, &["true"]), b"");
    if result(&usual)["enforced"]["landlock"].is_null() {
        eprintln!("left out: there is no Landlock here");
    } else {
        let refused = finish(command(false, &["./own"]), b"");
        assert_eq!(result(&refused)["error"]["code"], "E2001", "{refused:#?}");
    }
    let ran = finish(command(true, &["./own"]), b"");
    assert_eq!(result(&ran)["exit_code"], 2, "a program like any other, and it gets no command: {ran:#?}");

    let mut run =
        command(true, &["sleep", "60"]).stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("starts");
    let started = Instant::now();
    let tree = loop {
        let tree = tree_of(run.id());
        if tree.iter().any(|(_, name)| name == "sleep") {
            break tree;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "it does not start: {tree:?}");
        thread::sleep(Duration::from_millis(5));
    };
    let named = |wanted: &str| tree.iter().find(|(_, name)| name == wanted).expect("it lives").0;
    let (capsule_run, worker) = (named("capsule-run"), named("capsule-worker"));
    let is_copy = |path: &Path| path.to_string_lossy().starts_with("/memfd:capsule-run");
    let held = |pid: u32| {
        let fds = fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives").flatten();
        fds.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|target| is_copy(&target))
    };
    let runs_a_copy = match fs::read_link(format!("/proc/{worker}/exe")) {
        Ok(exe) => is_copy(&exe),
        // No ordinary user can look at a worker. What it was started from is held by capsule-run.
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied && held(capsule_run),
    };
    let pid = nix::unistd::Pid::from_raw(i32::try_from(capsule_run).expect("fits"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("ours");
    run.wait().expect("ours");
    assert!(runs_a_copy, "a worker without Landlock runs our own binary");
}

/// Where owners cannot be mapped a worker copies what it shows; what the next build step hands on must be
/// in the next copy.
#[test]
fn every_build_step_sees_what_those_before_it_have_handed_on_also_where_that_is_copied() {
    if !there_is_strace() {
        return;
    }
    let place = patient_place();
    fs::create_dir(place.work().join("sub")).expect("ours");
    fs::write(place.work().join("sub/given"), "given\n").expect("ours");
    let suite = "version: 1
name: s
submission: {path: sub}
build:
  - {name: one, shell: 'cat given > one', outputs: [one]}
  - {name: two, shell: 'cat given one > two', outputs: [two]}
  - {name: three, shell: 'cat one two > three; echo changed > one', outputs: [one, three]}
cases:
  - {id: all, shell: 'cat one two three', expect: {stdout: {text: 'changed given given given given given'}}}
";
    fs::write(place.work().join("s.yaml"), suite).expect("ours");
    let mut command = place.command("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=mount_setattr:error=ENOSYS"]);
    command.arg(binary()).args(["suite", "s.yaml", "--no-cache", "--require", "best-effort"]);
    let done = finish(command, b"");
    assert_eq!(done.code(), 0, "{done:#?}");
}
