//! Pairs of cases: what one leaves, the next must not see, with everything kept that may be kept and
//! with nothing kept.

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use place::Place;
use run::{Done, finish};

const NOBODY: u32 = 65534;

#[test]
fn nothing_that_a_case_leaves_is_seen_by_the_next_although_all_that_may_be_is_kept() {
    let done = pairs(&["-j", "1"], None);
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
}

#[test]
fn nothing_is_seen_with_two_workers_side_by_side() {
    let done = pairs(&["-j", "2"], None);
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
}

#[test]
fn nothing_is_seen_where_every_case_gets_everything_anew() {
    for fresh in ["all", "pid,ipc", "net", "mnt"] {
        let done = pairs(&["-j", "1", "--fresh", fresh], None);
        assert_eq!(done.code(), 0, "{fresh}: {}", done.stderr);
    }
}

#[test]
fn nothing_is_seen_where_the_program_is_the_same_user_as_its_caller() {
    let who = nix::unistd::Uid::effective().is_root().then_some(NOBODY);
    let done = pairs(&["-j", "1", "--require", "best-effort"], who);
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
}

#[test]
fn what_a_case_has_touched_is_replaced_and_what_it_has_not_is_kept() {
    if !nix::unistd::Uid::effective().is_root() {
        // One user id: nothing can be proven, so nothing is kept.
        return;
    }
    let place = Place::new();
    let suite = place.work().join("touched.yaml");
    let cases: String = TOUCHED
        .iter()
        .enumerate()
        .map(|(n, (script, _))| format!("  - id: case-{n}\n    run: [/usr/bin/python3, -c, {script:?}]\n"))
        .collect();
    fs::write(&suite, format!("version: 1\nname: touched\ncases:\n{cases}")).expect("the folder is ours");
    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    command.args(["suite", "touched.yaml", "-j", "1"]).env("RUST_LOG", "capsule_run::sandbox=debug");
    let done = finish(command, b"");
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
    let said: Vec<&str> = done
        .stderr
        .lines()
        .filter_map(|line| line.split_once("the next case gets "))
        .map(|(_, what)| what)
        .collect();
    let kept = times_are_fine();
    let expected: Vec<&str> =
        TOUCHED.iter().map(|(_, what)| if *what == SAME && !kept { NEW } else { *what }).collect();
    assert_eq!(said, expected);
}

const SAME: &str = "the same init";
const NEW: &str = "a new init";
const NETWORK: &str = "a new init and a new network";
const TOUCHED: &[(&str, &str)] = &[
    ("pass", SAME),
    ("import os; os.listdir('/tmp'); os.stat('/workspace'); open('/etc/passwd').read()", SAME),
    ("open('/tmp/f', 'w').close(); __import__('os').unlink('/tmp/f')", NEW),
    ("import os; os.chmod('/workspace', 0o755)", NEW),
    ("import os; s = os.stat('/workspace'); os.utime('/workspace', ns=(s.st_atime_ns, s.st_mtime_ns))", NEW),
    ("import os; os.close(os.open('/dev/shm', os.O_TMPFILE | os.O_RDWR))", NEW),
    ("import ctypes; c = ctypes.CDLL(None); c.shmctl(c.shmget(0, 4096, 0o1600), 0, 0)", NEW),
    ("import ctypes; c = ctypes.CDLL(None); c.semctl(c.semget(0, 1, 0o1600), 0, 0)", NEW),
    ("import ctypes; c = ctypes.CDLL(None); c.msgctl(c.msgget(0, 0o1600), 0, 0)", NEW),
    ("import socket; socket.socket()", NETWORK),
    ("import socket; socket.socketpair()", NETWORK),
    ("import os; os.fork() or os._exit(0); os.wait()", SAME),
    ("import os, time; os.fork() or time.sleep(100)", NEW),
    ("pass", SAME),
];

/// Whether the kernel's times tell any two changes of a tmpfs apart (Linux 6.13 and newer).
fn times_are_fine() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("every Linux has it");
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|n| n.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(13))
}

/// Runs the suite of pairs, perhaps as another user.
fn pairs(more: &[&str], who: Option<u32>) -> Done {
    let place = Place::new();
    let work = place.work();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script =
        "set -e; cp -r \"$1/suites/pairs\" \"$2\"; cp \"$3\" \"$2/capsule-run\"; chmod -R a+rX \"$2\"";
    let mut copy = Command::new("/bin/sh");
    copy.args(["-c", script, "copy"]).arg(root).arg(&work).arg(env!("CARGO_BIN_EXE_capsule-run"));
    assert!(copy.status().expect("a shell").success(), "the pairs can be copied");
    let mut command = place.command(&work.join("capsule-run").to_string_lossy());
    command.args(["suite", "pairs"]).args(more);
    if let Some(who) = who {
        let own = Command::new("chown").arg("-R").arg(format!("{who}:{who}")).arg(work.join("..")).status();
        assert!(own.expect("chown").success());
        command.uid(who).gid(who);
    }
    finish(command, b"")
}
