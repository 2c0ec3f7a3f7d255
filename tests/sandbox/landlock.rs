//! The second wall holds, and no runtime runs into it.

use std::path::Path;

use capsule_run::sandbox::outcome::{End, Ran};
use capsule_run::sandbox::spec::{Access, Bind, Network};

use crate::harness::{python, run, shell, spec, stdout};

/// Whether this kernel has it; a test that needs it says so where it does not.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]
fn abi() -> Option<u32> {
    let abi = shell("true").enforced.landlock;
    if abi.is_none() {
        eprintln!("skipped: this kernel has no Landlock, or only its first version");
    }
    abi
}

#[track_caller]
fn assert_well(ran: &Ran) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", text(&ran.stdout.bytes), text(&ran.stderr.bytes));
    assert_eq!((ran.end, &ran.killed_by), (End::Exited(0), &None), "{said}");
}

#[test]
fn the_version_in_force_is_told() {
    if let Some(abi) = abi() {
        assert!((2..100).contains(&abi), "{abi}");
    }
}

#[test]
fn files_can_be_made_linked_and_renamed_across_folders() {
    for place in ["/workspace", "/tmp", "/dev/shm"] {
        assert_well(&shell(&format!(
            "set -e; cd {place}; mkdir -p a/x b; echo hi > a/f; ln a/f b/hard; ln -s ../a/f b/soft; mkfifo b/fifo
             mv a/f b/f; mv a/x b/x; test ! -e a/f; truncate -s 1 b/hard; test \"$(cat b/soft 2>&1 | wc -c)\" -gt 0
             cp b/hard a/g; rm -r a b; printf '#!/bin/sh\\nexit 0\\n' > s; chmod +x s; ./s; rm s"
        )));
    }
}

#[test]
fn bash_process_substitution_and_device_links_work() {
    let script = "diff <(echo a) <(echo a) && echo b > >(cat) && cat /dev/stdin < /dev/null && echo c > /dev/stdout \
                  && head -c 4 /dev/urandom > /dev/null && cat < /proc/self/status > /dev/null";
    assert_well(&run(&spec(&["/bin/bash", "-c", script])));
}

#[test]
fn unnamed_files_memory_files_and_unix_sockets_work() {
    assert_well(&python(
        "import os, socket, tempfile, mmap
d = os.open('/tmp', os.O_TMPFILE | os.O_RDWR); os.write(d, b'x')
os.link(f'/proc/self/fd/{d}', '/tmp/named', src_dir_fd=os.open('/', 0), follow_symlinks=True); assert open('/tmp/named').read() == 'x'
m = os.memfd_create('m'); os.write(m, b'y'); assert open(f'/proc/self/fd/{m}', 'rb').read() == b'y'
s = socket.socket(socket.AF_UNIX); s.bind('/tmp/sock'); s.listen()
c = socket.socket(socket.AF_UNIX); c.connect('/tmp/sock')
a = socket.socket(socket.AF_UNIX); a.bind('\\0abstract'); a.listen()
c = socket.socket(socket.AF_UNIX); c.connect('\\0abstract')
with tempfile.TemporaryDirectory() as t: open(os.path.join(t, 'f'), 'w').write('z')
mmap.mmap(-1, 4096)",
    ));
}

#[test]
fn processes_of_the_program_can_signal_each_other() {
    assert_well(&shell(
        "sleep 9 & kill $!; wait $!; test $? -eq 143 && kill -0 $$ && trap 'exit 0' TERM && kill -TERM $$",
    ));
}

#[test]
fn a_place_bound_for_writing_can_be_written_to_and_one_for_reading_cannot() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("there"), "old").expect("writable");
    let mut spec =
        spec(&["/bin/sh", "-c", "echo new > /data/made && cat /ro/there && ! echo x 2>&1 > /ro/there"]);
    let bind = |dest: &str, access| Bind { source: folder.path().to_owned(), dest: dest.into(), access };
    spec.binds = vec![bind("/data", Access::ReadWrite), bind("/ro", Access::ReadOnly)];
    assert_well(&run(&spec));
    assert_eq!(std::fs::read(folder.path().join("made")).expect("it was made"), b"new\n");
}

#[test]
fn a_single_file_bound_for_writing_can_be_written_to() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut spec = spec(&["/bin/sh", "-c", "echo new > /data/file"]);
    spec.binds =
        vec![Bind { source: file.path().to_owned(), dest: "/data/file".into(), access: Access::ReadWrite }];
    assert_well(&run(&spec));
    assert_eq!(std::fs::read(file.path()).expect("it is there"), b"new\n");
}

/// The mounts refuse these too, with other numbers: Landlock answers before they do.
#[test]
fn writing_elsewhere_and_making_device_nodes_is_refused() {
    let ran = python(
        "import os, errno, stat
for place in ['/f', '/etc/f', '/dev/f', '/usr/f']:
    try: open(place, 'w'); print('made', place)
    except OSError as e: print(errno.errorcode[e.errno], end=' ')
try: os.mknod('/tmp/node', stat.S_IFCHR | 0o666, os.makedev(1, 3)); print('made a node')
except OSError as e: print(errno.errorcode[e.errno])",
    );
    assert!(!stdout(&ran).contains("made"), "{}", stdout(&ran));
}

#[test]
fn tcp_is_refused_without_network() {
    let Some(abi) = abi() else { return };
    let ran = python(
        "import socket
for act in ['bind', 'connect']:
    try: getattr(socket.socket(), act)(('0.0.0.0', 4444)); print(act)
    except OSError as e: print(e.errno)",
    );
    if abi >= 4 {
        assert_eq!(stdout(&ran), "13\n13\n");
    } else {
        eprintln!("skipped: Landlock {abi} knows nothing of TCP");
    }
}

#[test]
fn a_program_with_the_hosts_network_can_bind_and_cannot_reach_abstract_sockets_outside() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let Some(abi) = abi() else { return };
    let name = format!("capsule-run-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a short name");
    let _listener = UnixListener::bind_addr(&address).expect("nobody has this name");
    let script = format!(
        "import socket
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
c = socket.socket(); c.connect(s.getsockname()); print('tcp')
try: socket.socket(socket.AF_UNIX).connect('\\0{name}'); print('reached')
except OSError as e: print(e.errno)"
    );
    let mut spec = spec(&["/usr/bin/python3", "-c", &script]);
    spec.network = Network::Host;
    let got = stdout(&run(&spec));
    assert_eq!(got, if abi >= 6 { "tcp\n1\n" } else { "tcp\nreached\n" });
}

#[test]
fn compilers_and_runtimes_run() {
    let c = "cat > m.c <<'X'\n#include <stdio.h>\nint main(){puts(\"ok\");}\nX\ngcc m.c -o m && ./m";
    let java = "cat > M.java <<'X'\npublic class M{public static void main(String[] a){System.out.println(\"ok\");}}\nX\n\
                java -Xmx64m M.java";
    for (needs, script) in [
        ("/usr/bin/gcc", c),
        (
            "/usr/bin/python3",
            "python3 -c 'import subprocess,threading,multiprocessing as m; subprocess.run([\"true\"]); \
          q=m.Queue(); p=m.Process(target=q.put,args=(1,)); p.start(); assert q.get()==1; p.join()'",
        ),
        (
            "/usr/bin/node",
            "node -e 'require(\"child_process\").execSync(\"true\"); require(\"fs\").writeFileSync(\"f\",\"x\")'",
        ),
        ("/usr/bin/java", java),
        ("/usr/bin/perl", "perl -e 'open(F, \">f\") or die; print F 1; close F; rename \"f\", \"g\" or die'"),
    ] {
        if !Path::new(needs).exists() {
            eprintln!("skipped: no {needs}");
            continue;
        }
        let mut spec = spec(&["/bin/sh", "-c", script]);
        spec.limits.memory = capsule_run::units::Bytes::mib(1024);
        spec.limits.wall = std::time::Duration::from_secs(60);
        assert_well(&run(&spec));
    }
}
