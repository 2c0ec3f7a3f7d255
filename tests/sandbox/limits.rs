//! Each limit ends a program and says by what it was seen.

use std::time::Duration;

use capsule_run::sandbox::outcome::{End, FileProblem, KillReason};
use capsule_run::sandbox::spec::{CollectFile, Stdin};
use capsule_run::units::Bytes;

use crate::harness::{python, run, shell, spec, stdout};

fn cgroups_count() -> bool {
    shell("true").enforced.cgroup != "none"
}

#[test]
fn the_wall_limit_ends_a_sleeper() {
    let mut spec = spec(&["sleep", "30"]);
    spec.limits.wall = Duration::from_millis(300);
    let ran = run(&spec);
    assert_eq!(ran.killed_by, Some(KillReason::Wall));
    assert!(
        ran.usage.wall >= Duration::from_millis(300) && ran.usage.wall < Duration::from_secs(5),
        "{:?}",
        ran.usage
    );
}

#[test]
fn the_cpu_limit_ends_a_loop_and_counts_children_that_were_ignored() {
    let script = "import os, signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nwhile True:\n if os.fork() == 0:\n  for _ in range(2000000): pass\n  os._exit(0)\n import time; time.sleep(.05)";
    let mut spec = spec(&["/usr/bin/python3", "-c", script]);
    spec.limits.cpu = Some(Duration::from_millis(500));
    let ran = run(&spec);
    assert_eq!(ran.killed_by, Some(KillReason::Cpu), "{:?}", ran.end);
    assert!(ran.usage.cpu >= Duration::from_millis(500), "{:?}", ran.usage);
}

#[test]
fn the_cpu_limit_is_in_milliseconds() {
    let mut spec = spec(&["/bin/sh", "-c", "while :; do :; done"]);
    spec.limits.cpu = Some(Duration::from_millis(200));
    let ran = run(&spec);
    assert_eq!(ran.killed_by, Some(KillReason::Cpu));
    assert!(ran.usage.cpu < Duration::from_millis(400), "{:?}", ran.usage);
}

#[test]
fn memory_of_all_processes_together_is_limited() {
    let mut spec = spec(&[
        "/usr/bin/python3",
        "-c",
        "import os\nfor i in range(4):\n if os.fork() == 0:\n  x = bytearray(40<<20); import time; time.sleep(2); os._exit(0)\nfor i in range(4): os.wait()",
    ]);
    spec.limits.memory = Bytes::mib(96);
    let ran = run(&spec);
    if cgroups_count() {
        assert!(ran.events.oom_kills >= 1, "{:?} {:?}", ran.events, ran.usage);
    } else {
        assert_eq!(ran.killed_by, Some(KillReason::Memory));
    }
}

#[test]
fn the_peak_of_a_program_that_touches_50_mib_is_50_mib() {
    if !cgroups_count() {
        eprintln!("skipped: no cgroup here");
        return;
    }
    let base = python("pass").usage.memory_peak.0;
    let with = python("x = bytearray(50 << 20)").usage.memory_peak.0;
    let more = (with - base) >> 20;
    assert!((48..=53).contains(&more), "{more} MiB more than nothing");
}

#[test]
fn forks_at_the_process_limit_are_counted() {
    let mut spec = spec(&[
        "/usr/bin/python3",
        "-c",
        "import os, time\nn = 0\ntry:\n while True:\n  if os.fork() == 0: time.sleep(5); os._exit(0)\n  n += 1\nexcept OSError as e: print(n, e.errno)",
    ]);
    spec.limits.pids = 10;
    let ran = run(&spec);
    assert_eq!(stdout(&ran), "9 11\n");
    assert_eq!(ran.leaked, 9);
    if cgroups_count() {
        assert_eq!(ran.events.pids_limit_hits, 1);
    }
}

#[test]
fn a_fork_bomb_is_dead_when_the_result_is_given() {
    let mut spec = spec(&["/bin/bash", "-c", "b() { b | b & }; b; sleep 10"]);
    spec.limits.wall = Duration::from_millis(700);
    spec.limits.pids = 50;
    let ran = run(&spec);
    assert!(ran.killed_by.is_some() || ran.end != End::Exited(0));
    let seen = stdout(&shell("ls /proc | grep -cE '^[0-9]+$'"));
    assert!(seen.trim().parse::<u32>().expect("a number") < 6, "{seen}");
}

#[test]
fn output_over_the_limit_ends_the_program_and_the_first_bytes_are_kept() {
    let mut spec = spec(&["/bin/sh", "-c", "yes & yes >&2"]);
    spec.limits.output = Bytes::kib(64);
    let ran = run(&spec);
    assert_eq!(ran.killed_by, Some(KillReason::Output));
    let kept = [&ran.stdout.bytes, &ran.stderr.bytes].map(|bytes| bytes.starts_with(b"y\ny\n"));
    assert!(kept.contains(&true) && ran.stdout.bytes.len() <= 64 << 10);
    assert!(ran.usage.output > Bytes::kib(64));
}

#[test]
fn output_at_the_limit_is_whole() {
    let mut spec = spec(&["/usr/bin/head", "-c", "65536", "/dev/zero"]);
    spec.limits.output = Bytes::kib(64);
    let ran = run(&spec);
    assert_eq!((ran.end, ran.stdout.bytes.len(), ran.killed_by), (End::Exited(0), 65536, None));
}

#[test]
fn a_file_over_its_limit_raises_sigxfsz_and_a_full_disk_is_seen() {
    let mut one = spec(&[
        "/usr/bin/python3",
        "-c",
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\nopen('f','wb').write(bytes(2<<20))",
    ]);
    one.limits.file_size = Bytes::mib(1);
    assert!(matches!(run(&one).end, End::Signaled { signal: 25, .. }));
    let mut full =
        spec(&["/bin/sh", "-c", "head -c 3000000 /dev/zero > /tmp/a; head -c 3000000 /dev/zero > b"]);
    full.limits.disk = Bytes::mib(4);
    let ran = run(&full);
    assert!(ran.events.disk_full, "{:?}", ran.usage);
    assert!(matches!(ran.end, End::Exited(code) if code != 0));
}

#[test]
fn a_kill_by_the_program_itself_is_a_signal_and_nothing_else() {
    let ran = shell("kill -9 $$");
    assert!(matches!(ran.end, End::Signaled { signal: 9, .. }));
    assert_eq!((ran.killed_by, ran.events.oom_kills), (None, 0));
}

#[test]
fn stdin_is_a_file_of_its_own() {
    let mut spec = spec(&[
        "/usr/bin/python3",
        "-c",
        "import sys, os\ns = sys.stdin; print(s.read()); s.seek(0); print(s.read())\ntry: os.write(0, b'x')\nexcept OSError as e: print(e.errno)\ntry: open('/proc/self/fd/0','wb').write(b'y')\nexcept OSError as e: print(e.errno)",
    ]);
    spec.stdin = Stdin::Bytes(b"in".as_slice().into());
    let text = stdout(&run(&spec));
    assert!(text.starts_with("in\nin\n9\n"), "{text}");
    assert!(!text.contains("None"), "{text}");
}

#[test]
fn files_are_taken_out_without_following_or_waiting() {
    let script = "echo hi > ok; ln -s /etc/passwd link; mkfifo fifo; mkdir dir; ln -s dir ldir; echo x > dir/in; truncate -s 5M giant; printf '#!/bin/sh\\n' > run; chmod 755 run; echo s > secret; chmod 0 secret";
    let mut spec = spec(&["/bin/sh", "-c", script]);
    let names = ["ok", "link", "fifo", "dir", "ldir/in", "dir/in", "giant", "none", "run"];
    spec.collect = names.iter().map(|name| CollectFile::one(name.into(), Bytes::mib(1))).collect();
    let ran = run(&spec);
    let got: Vec<_> =
        ran.files.iter().map(|file| file.content.as_ref().map(|c| (c.bytes.clone(), c.executable))).collect();
    assert_eq!(got[0], Ok((b"hi\n".to_vec(), false)));
    assert_eq!(got[1], Err(&FileProblem::Link));
    assert_eq!(got[2], Err(&FileProblem::NotRegular));
    assert_eq!(got[3], Err(&FileProblem::NotRegular));
    assert_eq!(got[4], Err(&FileProblem::Link));
    assert_eq!(got[5], Ok((b"x\n".to_vec(), false)));
    assert_eq!(got[6], Err(&FileProblem::TooLarge(Bytes::mib(5))));
    assert_eq!(got[7], Err(&FileProblem::Missing));
    assert_eq!(got[8], Ok((b"#!/bin/sh\n".to_vec(), true)));
}
