//! A single command's worker is its init, a suite's is not: what the program meets is the same, for root
//! and for an ordinary user. One probe looks at everything that a program can see of its walls; its two
//! answers must be equal, and are what they should be.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::Value;

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use place::Place;
use run::finish;

const NOBODY: u32 = 65534;

/// Processes are counted by the shell alone: those of a pipe would count each other, or not yet. Mounts
/// without their numbers and without where the host has them. The ids of a worker are its own, and the links
/// of `/proc` are the host's processes.
const PROBE: &str = r#"
set -- /proc/[0-9]*; echo "process $$ of $PPID, with $# in sight"
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Sig|NSpid|CoreDumping)' /proc/self/status
awk '{ end = 0; for (i = 7; i <= NF; i++) if ($i == "-") end = i; print $5, $6, $(end + 1), $(end + 3) }' /proc/self/mountinfo | sed -E 's/[ug]id=18[0-9]+/own/g' | sort
id; hostname; umask; ulimit -a; ulimit -Ha; pwd; env | sort
awk '{ print $1, $3 }' /proc/self/uid_map /proc/self/gid_map; cat /proc/self/setgroups /proc/sys/user/max_user_namespaces
cut -d: -f2- /proc/self/cgroup | sort
tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/sysvipc/shm | wc -l
ls -la / /.. /../.. /dev /etc /tmp /workspace | sed -E 's/[A-Z][a-z]{2} +[0-9]+ +[0-9:]+ / /; s/ +/ /g; s/ [0-9]+ (.* proc)$/ \1/'
for no in /proc/1/root /proc/1/exe /proc/1/cwd; do readlink $no || echo "no $no"; done
ls /proc/1/fd 2>&1 | head -3; cat /proc/1/environ 2>&1 | head -c 100
kill -9 1; ls /proc | grep -x 1
echo done
"#;

#[test]
fn a_single_command_and_a_case_of_a_suite_meet_the_same_world() {
    same(None);
}

#[test]
fn so_they_do_for_an_ordinary_user() {
    if nix::unistd::geteuid().is_root() {
        same(Some(NOBODY));
    } else {
        same(None);
    }
}

fn same(user: Option<u32>) {
    let place = Place::new();
    fs::write(place.work().join("suite.yaml"), suite()).expect("the place is ours");
    let single = stdout(&command(
        &place,
        user,
        &["--require", "best-effort", "--workspace", "none", "--", "sh", "-c", PROBE],
    ));
    let run =
        command(&place, user, &["suite", "suite.yaml", "--require", "best-effort", "--json", "report.json"]);
    let report = fs::read_to_string(place.work().join("report.json")).expect(&run);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let case = &report["cases"][0]["attempts"][0]["stdout"]["head"]["text"];
    let suite = case.as_str().expect("text");
    assert_eq!(single, suite, "left: the single command, right: the suite");
    assert!(single.starts_with("process 2 of 1, with "), "{single}");
    assert!(single.contains("no /proc/1/root") && single.ends_with("done\n"), "{single}");
    assert!(single.contains("NoNewPrivs:\t1") && single.contains("CapBnd:\t0000000000000000"), "{single}");
}

fn suite() -> String {
    let script: String = PROBE.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "version: 1\nname: world\ncases:\n  - id: probe\n    run:\n      - sh\n      - -c\n      - |\n{}",
        script.replace("      ", "          ")
    )
}

/// Runs the binary in the place, perhaps as another user; its standard output.
fn command(place: &Place, user: Option<u32>, arguments: &[&str]) -> String {
    let work = place.work();
    let binary = work.join("capsule-run");
    if !binary.exists() {
        fs::copy(env!("CARGO_BIN_EXE_capsule-run"), &binary).expect("the binary can be copied");
    }
    let mut command: Command = place.command(&binary.to_string_lossy());
    command.args(arguments);
    if let Some(user) = user {
        let above = work.parent().expect("the place has a folder");
        let mut given = Command::new("/bin/sh");
        given
            .args(["-c", "chown -R $1:$1 \"$2\" && chmod 755 \"$2\"", "give"])
            .arg(user.to_string())
            .arg(above);
        assert!(given.status().is_ok_and(|status| status.success()), "the place can be given away");
        command.uid(user).gid(user);
    }
    let done = finish(command, b"");
    assert_eq!((done.code(), done.stderr.contains("error:")), (0, false), "{}", done.stderr);
    done.stdout
}

fn stdout(object: &str) -> String {
    let object: Value = serde_json::from_str(object).unwrap_or_else(|error| panic!("{error}: {object}"));
    object["stdout"].as_str().unwrap_or_else(|| panic!("{object}")).to_owned()
}
