//! The runs whose reports are compared: an ordinary one with every kind of verdict, and those that
//! want to do harm.

use capsule_run::judge::{CheckTarget, Code, NearMiss, Status};
use capsule_run::report::{CaseReport, RunReport};
use capsule_run::resolve::{CaseKind, Visibility};
use capsule_run::sandbox::outcome::{CollectedFile, End, FaultKind, FileProblem, KillReason};

use crate::builder::{case, run};

const DIFF: &str = "--- expected\n+++ actual\n@@ -1,3 +1,3 @@\n reading 3 numbers\n-total: 6\n+total: 5␍\n done\n\\ no newline at end of actual\n";

/// Every kind of verdict.
pub(crate) fn ordinary() -> RunReport {
    run([builds(), results(), limits(), faults(), left_out()].concat())
}

fn builds() -> Vec<CaseReport> {
    vec![
        case("build", 3)
            .with(|case| {
                case.kind = CaseKind::Build;
                case.points = 0.0;
                case.profile = "compile".into();
            })
            .argv(&[b"gcc", b"-O2", b"-o", b"prog", b"prog.c"])
            .took(412)
            .report(),
        case("build-tests", 4)
            .with(|case| {
                case.kind = CaseKind::Build;
                case.points = 0.0;
            })
            .failed(Code::BuildFailed, "build failed: exit 1, expected 0")
            .outcome(|ran| ran.end = End::Exited(1))
            .stderr("prog.c:3:5: error: expected ‘;’ before ‘}’ token\n".as_bytes())
            .check(CheckTarget::Exit, false, "exit 1, expected 0")
            .report(),
    ]
}

fn results() -> Vec<CaseReport> {
    vec![
        case("basic/hello", 10).took(12).check(CheckTarget::Exit, true, "exit 0").report(),
        case("basic/sum[n=3]", 41)
            .with(|case| {
                case.params.insert("n".into(), "3".into());
                case.tags = ["basic".into()].into();
            })
            .failed(Code::StdoutDiffers, "stdout differs at line 2")
            .stdout(b"reading 3 numbers\ntotal: 5\r\ndone")
            .stderr(b"warn: using slow path\n")
            .check(CheckTarget::Exit, true, "exit 0")
            .check(CheckTarget::Stdout, false, "stdout differs at line 2")
            .difference(DIFF, None)
            .check(CheckTarget::File("out.txt".into()), true, "file out.txt matches")
            .report(),
        case("basic/blanks", 44)
            .failed(Code::StdoutDiffers, "stdout differs at line 2")
            .stdout(b"a b\n")
            .check(CheckTarget::Stdout, false, "stdout differs at line 2")
            .difference(
                "--- expected\n+++ actual\n@@ -2,1 +2,1 @@\n-b\n+b··\n",
                Some(NearMiss::TrailingSpace),
            )
            .report(),
        case("basic/exit", 47)
            .failed(Code::WrongExit, "exit 3, expected 0")
            .outcome(|ran| ran.end = End::Exited(3))
            .stdout(b"what it said\n")
            .stderr(&(1..=30).flat_map(|n| format!("line {n}\n").into_bytes()).collect::<Vec<_>>())
            .check(CheckTarget::Exit, false, "exit 3, expected 0")
            .report(),
        case("io/copy", 50)
            .failed(Code::FileDiffers, "file out.bin is missing")
            .check(CheckTarget::Exit, true, "exit 0")
            .check(CheckTarget::File("out.bin".into()), false, "file out.bin is missing")
            .outcome(|ran| {
                ran.files.push(CollectedFile { path: "out.bin".into(), content: Err(FileProblem::Missing) });
            })
            .report(),
        case("io/tree", 53)
            .failed(Code::FileDiffers, "file out.txt differs at line 2")
            .check(CheckTarget::File("out.txt".into()), false, "file out.txt differs at line 2")
            .difference(DIFF, None)
            .report(),
        case("net/retry", 56)
            .failed_once(Code::StdoutDiffers, "stdout differs at line 1")
            .with(|case| case.points = 2.0)
            .report(),
        case("net/never", 59)
            .failed_once(Code::StdoutDiffers, "stdout differs at line 1")
            .failed(Code::StderrDiffers, "stderr differs at line 7")
            .report(),
        case("daemon/fork", 62).outcome(|ran| ran.leaked = 2).with(|case| case.points = 1.0).report(),
        case("secret/01", 65)
            .with(|case| case.visibility = Visibility::Hidden)
            .failed(Code::StdoutDiffers, "stdout differs at line 2: SECRET")
            .stdout(b"SECRET actual\n")
            .check(CheckTarget::Stdout, false, "stdout differs at line 2: SECRET")
            .difference("--- expected\n+++ actual\n@@ -2,1 +2,1 @@\n-SECRET\n+secret\n", Some(NearMiss::Case))
            .report(),
    ]
}

fn limits() -> Vec<CaseReport> {
    let mib = 1 << 20;
    vec![
        case("limits/forever", 77)
            .took(5003)
            .failed(Code::Timeout, "wall limit 5s")
            .limit("wall", 5000, 5000, "ms")
            .killed(KillReason::Wall)
            .report(),
        case("limits/spin", 80)
            .took(2050)
            .failed(Code::Timeout, "CPU limit 2s")
            .limit("cpu", 2000, 2011, "ms")
            .killed(KillReason::Cpu)
            .report(),
        case("limits/huge-alloc", 85)
            .failed(Code::OomKill, "the kernel killed 1 process at 256 MiB")
            .limit("memory", 256 * mib, 256 * mib, "bytes")
            .outcome(|ran| {
                ran.end = End::Signaled { signal: 9, core_dumped: false };
                ran.events.oom_kills = 1;
            })
            .report(),
        case("limits/flood", 88)
            .failed(Code::OutputLimit, "output limit 1 MiB")
            .limit("output", mib, mib + 1, "bytes")
            .stdout(b"yyyyyyyy")
            .outcome(|ran| ran.stdout.total = mib + 1)
            .killed(KillReason::Output)
            .report(),
        case("limits/bomb", 91)
            .failed(Code::ProcessLimit, "process limit 100")
            .limit("processes", 100, 100, "processes")
            .outcome(|ran| ran.end = End::Exited(1))
            .report(),
        case("limits/disk", 94).failed(Code::DiskLimit, "disk limit 128 MiB").report(),
        case("policy/socket", 97)
            .failed(Code::Blocked, "forbidden system call socket")
            .details(|details| {
                details.syscall = Some("socket".into());
                details.syscall_number = Some(41);
            })
            .killed(KillReason::ForbiddenSyscall { name: "socket".into(), number: 41, arch: "x86_64" })
            .report(),
        case("pointers/null", 102)
            .failed(Code::Signal, "killed by SIGSEGV")
            .outcome(|ran| ran.end = End::Signaled { signal: 11, core_dumped: true })
            .details(|details| {
                details.signal = Some(11);
                details.signal_name = Some("SIGSEGV".into());
            })
            .report(),
        case("limits/expected", 105)
            .verdict(Status::Passed, Some(Code::Timeout), "ended with E3001, as expected")
            .killed(KillReason::Wall)
            .report(),
    ]
}

fn faults() -> Vec<CaseReport> {
    vec![
        case("host/broken", 110)
            .verdict(Status::Error, Some(Code::SandboxSetup), "mounting /proc: EPERM")
            .fault(FaultKind::Setup, "mounting /proc", Some(1), "allow user namespaces")
            .details(|details| details.help = Some("allow user namespaces".into()))
            .report(),
        case("host/slow", 111)
            .verdict(Status::Error, Some(Code::SetupTimeout), "the sandbox was not ready after 10s")
            .fault(FaultKind::SetupTimeout, "waiting for the sandbox", None, "")
            .report(),
        case("host/typo", 112)
            .argv(&[b"pyhton3", b"\xff.py"])
            .failed(Code::CommandNotFound, "pyhton3 is not in /usr/bin, /bin")
            .fault(
                FaultKind::NotFound { searched: vec!["/usr/bin/pyhton3".into()] },
                "executing pyhton3",
                Some(2),
                "",
            )
            .details(|details| details.searched = Some(vec!["/usr/bin/pyhton3".into()]))
            .report(),
    ]
}

fn left_out() -> Vec<CaseReport> {
    vec![
        case("link/all", 120)
            .not_run()
            .verdict(Status::NotRun, Some(Code::PrerequisiteFailed), "needs build-tests, which failed")
            .report(),
        case("link/later", 121).not_run().verdict(Status::Skipped, None, "left out: tag slow").report(),
        case("more.cases/half", 9)
            .with(|case| {
                case.suite = 1;
                case.points = 2.5;
                case.file = "tests/extra.yaml".into();
            })
            .report(),
    ]
}

pub(crate) fn empty() -> RunReport {
    run(vec![])
}

pub(crate) fn interrupted() -> RunReport {
    let mut run = run(vec![
        case("a", 1).report(),
        case("b", 2).verdict(Status::Cancelled, None, "cancelled").killed(KillReason::Cancelled).report(),
        case("c", 3).not_run().verdict(Status::NotRun, None, "not run: SIGINT").report(),
    ]);
    run.meta.interrupted_by = Some("SIGINT".into());
    run
}

/// The copy of a report that is written before the first case has ended.
pub(crate) fn unfinished() -> RunReport {
    let mut run = run(vec![case("a", 1).not_run().verdict(Status::NotRun, None, "not run yet").report()]);
    run.meta.complete = false;
    run
}

const EVIL: &str = "\x1b[2J\x1b]0;owned\x07\u{9b}31m]]></system-out></testcase>::error::x\n##[add-mask]y [[ATTACHMENT|/etc/passwd]] \"'&<>\u{fffe}\u{202e}\r\n\t";

/// Names, messages and output that attack every reader.
pub(crate) fn hostile() -> RunReport {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let evil = EVIL.as_bytes();
    let mut run = run(vec![
        case("bytes/all", 1)
            .failed(Code::StdoutDiffers, EVIL)
            .argv(&[b"prog", evil, &all_bytes[1..]])
            .stdout(&all_bytes)
            .stderr(evil)
            .check(CheckTarget::Stdout, false, EVIL)
            .difference(&format!("--- expected\n+++ actual\n@@ -1,1 +1,1 @@\n-{EVIL}\n+x\n"), None)
            .report(),
        case(&format!("evil/{EVIL}"), 2)
            .with(|case| {
                case.file = format!("{EVIL}.yaml").into();
                case.profile = EVIL.into();
                case.params.insert(EVIL.into(), EVIL.into());
                case.tags = [EVIL.into()].into();
            })
            .failed(Code::Signal, EVIL)
            .details(|details| {
                details.signal_name = Some("\x1b[2J".into());
                details.help = Some(EVIL.into());
            })
            .stderr(&[evil, b"\xed\xa0\x80 \xc3 \x1b"].concat())
            .report(),
        case("evil/skip", 3).not_run().verdict(Status::Skipped, None, EVIL).report(),
        case("same", 4).with(|case| case.suite = 1).report(),
    ]);
    run.cases.push(case("same", 5).with(|case| case.suite = 1).report());
    run.suites[0].name = EVIL.into();
    run.meta.argv.push(EVIL.into());
    run.meta.cwd = EVIL.into();
    run.meta.interrupted_by = Some(EVIL.into());
    run
}

/// Two million bytes on one line, and some that were not kept.
pub(crate) fn long_line() -> RunReport {
    run(vec![
        case("long/line", 1)
            .failed(Code::OutputLimit, &"m".repeat(20_000))
            .stdout("é".repeat(1_000_000).as_bytes())
            .outcome(|ran| ran.stdout.total = 3_000_000)
            .stderr(&vec![b'x'; 2_000_000])
            .report(),
    ])
}

pub(crate) fn many(count: u32) -> RunReport {
    let cases = (0..count).map(|n| {
        let builder = case(&format!("many/{n:06}"), n + 1);
        if n % 10 == 0 {
            builder
                .failed(Code::StdoutDiffers, "stdout differs at line 2")
                .stdout(b"x\n")
                .check(CheckTarget::Stdout, false, "stdout differs at line 2")
                .difference(DIFF, None)
                .report()
        } else {
            builder.report()
        }
    });
    run(cases.collect())
}
