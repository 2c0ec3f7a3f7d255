//! What a program can see and reach.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use capsule_run::sandbox::Engine;
use capsule_run::sandbox::cancel::Cancel;
use capsule_run::sandbox::outcome::{End, KillReason, Outcome};
use capsule_run::sandbox::spec::{Access, Bind, InputFile, Network, SeccompPolicy, Workspace};

use crate::harness::{engine, python, run, shell, spec, stdout};

#[test]
fn the_root_holds_only_what_the_contract_lists() {
    let listed = stdout(&shell("ls / | tr '\\n' ' '; ls /dev | tr '\\n' ' '"));
    let entries: Vec<&str> = listed.split_whitespace().collect();
    for name in &entries {
        let known = [
            "bin",
            "dev",
            "etc",
            "lib",
            "lib32",
            "lib64",
            "libx32",
            "proc",
            "run",
            "sbin",
            "tmp",
            "usr",
            "var",
            "workspace",
            "fd",
            "full",
            "null",
            "random",
            "shm",
            "stderr",
            "stdin",
            "stdout",
            "urandom",
            "zero",
        ];
        assert!(known.contains(name), "{name} is visible: {listed}");
    }
    assert!(entries.contains(&"usr") && entries.contains(&"null"), "{listed}");
}

#[test]
fn the_program_has_no_capability_and_cannot_get_one() {
    let status = stdout(&shell("grep -E 'Cap|NoNewPrivs|Seccomp:|Groups' /proc/self/status; id -u; id -g"));
    for line in [
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(status.contains(line), "{line} not in {status}");
    }
    assert!(status.ends_with("1000\n1000\n"), "{status}");
}

#[test]
fn as_root_the_program_is_nobody_on_the_host() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return;
    }
    let map = stdout(&shell("cat /proc/self/uid_map"));
    for line in map.lines() {
        let host: u64 = line.split_whitespace().nth(1).expect("three fields").parse().expect("a number");
        assert!(host >= 20_000, "{map}");
    }
}

#[test]
fn only_its_own_processes_exist() {
    let seen =
        stdout(&shell("ls /proc | grep -E '^[0-9]+$' | tr '\\n' ' '; kill -9 1; kill -9 -1; echo alive"));
    // The shell, and ls and the like; init is hidden.
    let pids: Vec<u32> = seen.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    assert!(!pids.contains(&1), "{seen}");
    assert!(pids.len() <= 6 && pids.iter().all(|pid| *pid < 20), "{seen}");
}

#[test]
fn there_is_no_network_and_loopback_is_down() {
    let ran = python(
        "import socket\n\
         for a in [('127.0.0.1', 9), ('192.0.2.1', 9)]:\n\
         \x20s = socket.socket()\n\
         \x20s.settimeout(1)\n\
         \x20print(s.connect_ex(a))\n\
         print([n for _, n in socket.if_nameindex()])",
    );
    let text = stdout(&ran);
    // Unreachable; or refused by Landlock before anybody looks whether it could be reached.
    assert!(
        text.starts_with("101\n101\n") || text.starts_with("13\n13\n"),
        "{text} {}",
        String::from_utf8_lossy(&ran.stderr.bytes)
    );
}

#[test]
fn with_network_the_hosts_listener_is_reached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("bound").port();
    let script = format!("import socket; s=socket.socket(); print(s.connect_ex(('127.0.0.1',{port})))");
    let mut with = spec(&["/usr/bin/python3", "-c", &script]);
    assert_ne!(stdout(&run(&with)), "0\n");
    with.network = Network::Host;
    assert_eq!(stdout(&run(&with)), "0\n");
}

#[test]
fn the_workspace_reads_through_and_writes_stay_private() {
    let folder = tempfile::tempdir().expect("made");
    fs::write(folder.path().join("a"), "host").expect("written");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("set");
    fs::set_permissions(folder.path().join("a"), fs::Permissions::from_mode(0o600)).expect("set");
    let mut spec = spec(&["/bin/sh", "-c", "cat a; echo new > a; echo more > b; rm -f a; ls; stat -c %u b"]);
    spec.workspace = Workspace::CopyOnWrite(vec![folder.path().to_owned()]);
    let ran = run(&spec);
    assert_eq!(
        stdout(&ran),
        "hostb\n1000\n",
        "{} {:?}",
        String::from_utf8_lossy(&ran.stderr.bytes),
        ran.enforced
    );
    assert_eq!(fs::read_to_string(folder.path().join("a")).expect("still there"), "host");
    assert!(!folder.path().join("b").exists());
}

#[test]
fn layers_and_files_lie_one_over_the_other() {
    let (top, bottom) = (tempfile::tempdir().expect("made"), tempfile::tempdir().expect("made"));
    fs::write(bottom.path().join("x"), "bottom").expect("written");
    fs::write(bottom.path().join("y"), "bottom").expect("written");
    fs::write(top.path().join("x"), "top").expect("written");
    let mut spec = spec(&["/bin/sh", "-c", "cat x y sub/z; ./sub/run"]);
    spec.workspace = Workspace::CopyOnWrite(vec![top.path().to_owned(), bottom.path().to_owned()]);
    spec.files = vec![
        InputFile { path: "sub/z".into(), content: b"file\n".as_slice().into(), executable: false },
        InputFile {
            path: "sub/run".into(),
            content: b"#!/bin/sh\necho ran\n".as_slice().into(),
            executable: true,
        },
    ];
    let ran = run(&spec);
    assert_eq!(stdout(&ran), "topbottomfile\nran\n", "{}", String::from_utf8_lossy(&ran.stderr.bytes));
}

#[test]
fn a_read_only_bind_reads_and_a_writable_one_writes_as_the_owner() {
    let folder = tempfile::tempdir().expect("made");
    fs::write(folder.path().join("a"), "host").expect("written");
    for (access, expected) in [(Access::ReadOnly, "host1"), (Access::ReadWrite, "host0")] {
        for dest in ["/data", "/workspace/data", "/tmp/deep/er/data"] {
            let script = format!("cat {dest}/a; (echo x > {dest}/b) 2>/dev/null && printf 0 || printf 1");
            let mut spec = spec(&["/bin/sh", "-c", &script]);
            spec.binds = vec![Bind { source: folder.path().to_owned(), dest: PathBuf::from(dest), access }];
            let ran = match engine().run(&spec, &Cancel::new().expect("a descriptor is free")) {
                Outcome::Ran(ran) => *ran,
                Outcome::NotStarted(fault) => {
                    // For root the owner of the files has to be mapped to the program.
                    let no_maps = access == Access::ReadWrite && !owners_can_be_mapped(folder.path());
                    assert!(no_maps && fault.help.contains("idmapped mounts"), "{fault:?}");
                    return;
                }
            };
            assert_eq!(stdout(&ran), expected, "{dest} {}", String::from_utf8_lossy(&ran.stderr.bytes));
        }
    }
    let meta = fs::metadata(folder.path().join("b")).expect("written through the bind");
    assert_eq!(meta.uid(), nix::unistd::geteuid().as_raw());
}

/// Whether root can share a folder writable: everywhere but on a tmpfs before Linux 6.3 (of the file
/// systems that tests run on).
fn owners_can_be_mapped(folder: &Path) -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("every Linux has it");
    let numbers: Vec<u32> =
        release.split(['.', '-']).take(2).map(|number| number.parse().expect("a number")).collect();
    let on_tmpfs = nix::sys::statfs::statfs(folder).expect("it is there").filesystem_type()
        == nix::sys::statfs::TMPFS_MAGIC;
    !nix::unistd::geteuid().is_root() || !on_tmpfs || numbers >= vec![6, 3]
}

#[test]
fn a_folder_of_the_workspace_can_be_replaced_by_a_new_one() {
    let folder = tempfile::tempdir().expect("made");
    fs::create_dir(folder.path().join("d")).expect("made");
    fs::write(folder.path().join("d/old"), "host").expect("written");
    let mut spec = spec(&["/bin/sh", "-c", "rm -r d && mkdir d && ls d && echo x > d/new && ls d"]);
    spec.workspace = Workspace::CopyOnWrite(vec![folder.path().to_owned()]);
    let ran = run(&spec);
    assert_eq!(stdout(&ran), "new\n", "{} {:?}", String::from_utf8_lossy(&ran.stderr.bytes), ran.enforced);
    assert!(folder.path().join("d/old").exists());
}

#[test]
fn nothing_outside_can_be_written() {
    let script = "for d in / /usr /usr/bin /etc /dev /proc/sys/kernel /run /var; do (echo x > $d/capsule-x) 2>/dev/null && echo $d; done; true";
    assert_eq!(stdout(&shell(script)), "");
}

#[test]
fn every_forbidden_call_is_reported_by_name() {
    for (call, number, arguments) in [
        ("unshare", 272, "0x10000000"),
        ("mount", 165, "0"),
        ("ptrace", 101, "0"),
        ("setns", 308, "0"),
        ("bpf", 321, "0"),
        ("init_module", 175, "0"),
        ("process_vm_readv", 310, "1"),
        ("clone", 56, "0x10000011"),
    ] {
        let script = format!(
            "import ctypes; ctypes.CDLL(None).syscall({number}, {arguments}, 0, 0, 0, 0); print('went on')"
        );
        let ran = python(&script);
        match &ran.killed_by {
            Some(KillReason::ForbiddenSyscall { name, .. }) => assert_eq!(name, call),
            other => panic!("{call}: {other:?} {}", stdout(&ran)),
        }
        assert_eq!(stdout(&ran), "");
    }
}

#[test]
fn a_thirty_two_bit_entry_point_is_reported() {
    // mov eax, 20 (getpid of i386); int 0x80; ret, in memory that may be executed.
    let ran = python(
        "import ctypes, mmap\n\
         m = mmap.mmap(-1, 4096, prot=7)\n\
         m.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))\n\
         f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n\
         print(f())",
    );
    assert!(
        matches!(&ran.killed_by, Some(KillReason::ForbiddenSyscall { arch: "i386", number: 20, .. })),
        "{:?} {:?}",
        ran.killed_by,
        ran.end
    );
}

#[test]
fn probing_calls_are_refused_and_the_program_goes_on() {
    let ran = python(
        "import ctypes, errno\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         for n in [435, 425, 248, 250, 323, 298, 999]:\n\
         \x20libc.syscall(n, 0, 0, 0, 0, 0)\n\
         \x20print(errno.errorcode[ctypes.get_errno()], end=' ')",
    );
    assert_eq!(stdout(&ran), "ENOSYS ENOSYS ENOSYS ENOSYS ENOSYS EPERM ENOSYS ");
    assert_eq!(ran.end, End::Exited(0), "{:?}", ran.killed_by);
}

#[test]
fn without_a_filter_the_walls_still_stand() {
    let mut spec = spec(&[
        "/bin/sh",
        "-c",
        "mount -t tmpfs none /tmp 2>/dev/null; echo $?; grep Seccomp: /proc/self/status",
    ]);
    spec.seccomp = SeccompPolicy::Off;
    let text = stdout(&run(&spec));
    assert!(text.ends_with("Seccomp:\t0\n") && !text.starts_with("0\n"), "{text}");
}

#[test]
fn without_a_filter_nobody_becomes_root_in_a_namespace_of_his_own() {
    let mut spec = spec(&["/usr/bin/unshare", "--user", "--map-root-user", "id", "-u"]);
    spec.seccomp = SeccompPolicy::Off;
    let ran = run(&spec);
    assert_ne!(ran.end, End::Exited(0), "{}", stdout(&ran));
    assert_eq!(stdout(&ran), "");
}

#[test]
fn no_descriptor_and_no_variable_of_ours_is_inherited() {
    let text = stdout(&shell("ls -l /proc/self/fd | awk '{print $9, $11}'; env | sort"));
    // 3 is ls's own folder.
    let descriptors: Vec<&str> =
        text.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert!(descriptors.len() <= 4, "{text}");
    for line in text.lines().filter(|line| line.contains('=')) {
        assert!(
            ["PATH", "HOME", "PWD", "OLDPWD", "_", "SHLVL"].iter().any(|name| line.starts_with(name)),
            "{line}"
        );
    }
}

#[test]
fn signals_are_as_a_fresh_login_has_them() {
    let text = stdout(&shell("grep -E 'Sig(Blk|Ign)' /proc/self/status"));
    assert_eq!(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

#[test]
fn nothing_of_one_case_is_seen_by_the_next() {
    let leave = "echo x > /tmp/left; echo x > /dev/shm/left; echo x > left; (setsid sleep 60 &) ; ipcmk -M 1000 >/dev/null 2>&1";
    let ran = shell(leave);
    assert_eq!(ran.end, End::Exited(0));
    assert_eq!(ran.leaked, 1, "the sleeper was killed and counted");
    let seen = stdout(&shell(
        "ls /tmp /dev/shm /workspace | grep left; ipcs -m | grep -c 0x; ls /proc | grep -cE '^[0-9]+$'; echo $$",
    ));
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0], "0", "{seen}");
    assert_eq!(*lines.last().expect("a pid"), "2", "process numbers start again: {seen}");
}

#[test]
fn runtimes_start_in_the_sandbox() {
    for (argv, expected) in [
        (
            vec![
                "/usr/bin/python3",
                "-c",
                "import threading, json, subprocess; t=threading.Thread(target=lambda: print(subprocess.run(['echo','hi'],capture_output=True).stdout)); t.start(); t.join()",
            ],
            "b'hi\\n'\n",
        ),
        (vec!["/usr/bin/perl", "-e", "print 6*7, \"\\n\""], "42\n"),
        (
            vec!["/usr/bin/node", "-e", "setTimeout(()=>console.log(require('os').cpus().length>0),10)"],
            "true\n",
        ),
        (vec!["/bin/bash", "-c", "cat <(echo sub) | sort"], "sub\n"),
    ] {
        if !Path::new(argv[0]).exists() {
            eprintln!("skipped: {} is not installed", argv[0]);
            continue;
        }
        let mut spec = spec(&argv);
        spec.limits.wall = Duration::from_secs(60);
        let ran = run(&spec);
        assert_eq!(
            stdout(&ran),
            expected,
            "{:?} {:?} {}",
            ran.end,
            ran.killed_by,
            String::from_utf8_lossy(&ran.stderr.bytes)
        );
    }
}
