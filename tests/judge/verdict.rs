//! Which verdict, message and evidence each outcome gets.

use std::time::Duration;

use capsule_run::judge::{
    CheckTarget, Code, ExitExpectation, Status, StreamExpectation, Verdict, blocked, cancelled, not_run,
    skipped,
};
use capsule_run::sandbox::outcome::{Captured, End, FaultKind, FileProblem, KillReason, Ran};
use capsule_run::units::Bytes;

use crate::scene::{left_file, like, signaled, verdict, verdict_on, verdict_on_fault, wants_file};

fn said(verdict: &Verdict) -> (Status, Option<&'static str>, &str) {
    (verdict.status, verdict.code.map(Code::number), &verdict.message)
}

fn failed(code: &'static str, message: &'static str) -> (Status, Option<&'static str>, &'static str) {
    (Status::Failed, Some(code), message)
}

#[test]
fn a_program_that_does_what_is_expected_passes() {
    let verdict = verdict(|_| {});
    assert_eq!(said(&verdict), (Status::Passed, None, "exit 0"));
    assert!(verdict.notes.is_empty(), "{:?}", verdict.notes);
    assert_eq!(verdict.checks.len(), 2);
}

/// What goes wrong; then code, message, limit, its value, what was measured, and the counter.
type Row = (fn(&mut Ran), &'static str, &'static str, &'static str, u64, u64, &'static str);

#[expect(clippy::too_many_lines, reason = "one table")]
fn limit_rows() -> [Row; 8] {
    [
        (
            |ran| {
                ran.end = signaled(9);
                ran.killed_by = Some(KillReason::Wall);
                ran.usage.wall = Duration::from_millis(2003);
            },
            "E3001",
            "wall limit 2s",
            "wall",
            2000,
            2003,
            "monotonic clock",
        ),
        (
            |ran| {
                ran.end = signaled(9);
                ran.killed_by = Some(KillReason::Cpu);
                ran.usage.cpu = Duration::from_millis(1010);
            },
            "E3001",
            "CPU limit 1s, used 1.01s",
            "cpu",
            1000,
            1010,
            "cpuacct.usage",
        ),
        (
            // Nobody killed it: a child that was ignored used the time.
            |ran| ran.usage.cpu = Duration::from_millis(1500),
            "E3001",
            "CPU limit 1s, used 1.5s",
            "cpu",
            1000,
            1500,
            "cpuacct.usage",
        ),
        (
            |ran| {
                ran.end = End::Exited(1);
                ran.usage.memory_peak = Bytes::mib(65);
            },
            "E4001",
            "memory limit 64 MiB, peak 65 MiB",
            "memory",
            64 << 20,
            65 << 20,
            "memory.max_usage_in_bytes",
        ),
        (
            |ran| {
                ran.end = signaled(9);
                ran.killed_by = Some(KillReason::Memory);
                ran.usage.memory_peak = Bytes::mib(66);
                ran.enforced.memory = "watch".to_owned();
            },
            "E4001",
            "memory limit 64 MiB, peak 66 MiB",
            "memory",
            64 << 20,
            66 << 20,
            "process tree",
        ),
        (
            |ran| {
                ran.end = signaled(9);
                ran.killed_by = Some(KillReason::Output);
                ran.usage.output = Bytes((1 << 20) + 1);
            },
            "E4004",
            "output limit 1 MiB",
            "output",
            1 << 20,
            (1 << 20) + 1,
            "bytes read from stdout and stderr",
        ),
        (
            |ran| {
                ran.end = End::Exited(1);
                ran.events.pids_limit_hits = 3;
                ran.usage.pids_peak = Some(32);
            },
            "E4003",
            "process limit 32, 3 forks were refused",
            "processes",
            32,
            32,
            "pids.events max",
        ),
        (
            |ran| {
                ran.end = End::Exited(1);
                ran.events.disk_full = true;
                ran.usage.disk = Bytes::mib(16);
            },
            "E4005",
            "disk limit 16 MiB, 16 MiB in use at the end",
            "disk",
            16 << 20,
            16 << 20,
            "statvfs of the writable places",
        ),
    ]
}

#[test]
fn each_limit_has_its_code_and_its_numbers() {
    for (change, code, message, limit, value, measured, source) in limit_rows() {
        let verdict = verdict(change);
        assert_eq!(said(&verdict), failed(code, message));
        let details = &verdict.details;
        assert_eq!(details.limit.as_deref(), Some(limit), "{message}");
        assert_eq!((details.limit_value, details.measured), (Some(value), Some(measured)), "{message}");
        assert_eq!(details.source.as_deref(), Some(source), "{message}");
    }
}

#[test]
fn an_oom_kill_counts_also_when_the_first_process_ends_with_0() {
    let on_v1 = verdict(|ran| ran.events.oom_kills = 1);
    let message = "out of memory at 64 MiB: the kernel killed 1 process inside the sandbox";
    assert_eq!(said(&on_v1), failed("E4002", message));
    assert_eq!(on_v1.details.source.as_deref(), Some("memory.oom_control oom_kill"));
    let on_v2 = verdict(|ran| {
        ran.events.oom_kills = 2;
        ran.end = End::Killed;
        ran.enforced.memory = "memory.max".to_owned();
    });
    assert_eq!(on_v2.details.source.as_deref(), Some("memory.events oom_kill"));
    assert_eq!(on_v2.details.measured, Some(2));
}

#[test]
fn a_peak_at_the_limit_with_a_good_end_is_a_note() {
    let verdict = verdict(|ran| ran.usage.memory_peak = Bytes::mib(65));
    assert_eq!(verdict.status, Status::Passed);
    assert_eq!(verdict.notes, ["memory peak 65 MiB reached the limit (64 MiB)"]);
}

#[test]
fn page_cache_that_could_be_given_back_is_not_held_against_the_program() {
    let verdict = verdict(|ran| {
        ran.end = End::Exited(1);
        ran.usage.memory_peak = Bytes::mib(65);
        ran.usage.memory_cache_left = Bytes::mib(40);
    });
    assert_eq!(said(&verdict), failed("E6001", "exit 1, expected 0"));
}

#[test]
fn refused_forks_and_a_full_disk_are_notes_on_a_pass() {
    let verdict = verdict(|ran| {
        ran.events.pids_limit_hits = 3;
        ran.events.disk_full = true;
        ran.leaked = 2;
    });
    assert_eq!(verdict.status, Status::Passed);
    assert_eq!(
        verdict.notes,
        [
            "3 forks were refused at the process limit (32)",
            "a writable place was full at the end (disk limit 16 MiB)",
            "2 processes were left behind and killed",
        ]
    );
}

#[test]
fn where_any_status_will_do_a_limit_still_explains_a_failure() {
    let any = |change: fn(&mut Ran)| verdict_on(|e| e.exit = ExitExpectation::Any, change);
    let forks = any(|ran| {
        ran.events.pids_limit_hits = 1;
        ran.end = End::Exited(2);
    });
    assert_eq!(said(&forks), failed("E4003", "process limit 32, 1 fork was refused"));
    assert_eq!(any(|ran| ran.events.pids_limit_hits = 1).status, Status::Passed);
    let asked_for = verdict_on(
        |expectation| expectation.exit = ExitExpectation::OneOf(vec![2]),
        |ran| {
            ran.events.pids_limit_hits = 1;
            ran.end = End::Exited(2);
        },
    );
    assert_eq!(asked_for.status, Status::Passed);
}

#[test]
fn signals_are_told_apart_by_what_explains_them() {
    let by = |signal| verdict(|ran| ran.end = signaled(signal));
    assert_eq!(said(&by(11)), failed("E3003", "killed by SIGSEGV"));
    assert_eq!(by(11).details.signal_name.as_deref(), Some("SIGSEGV"));
    assert_eq!(said(&by(9)), failed("E3003", "killed by SIGKILL"));
    assert_eq!(said(&by(25)), failed("E4005", "file size limit 8 MiB"));
    assert_eq!(said(&by(31)), failed("E2003", "forbidden system call (killed by SIGSYS)"));
    // SIGXCPU with hardly any CPU time used came from the program itself.
    assert_eq!(said(&by(24)), failed("E3003", "killed by SIGXCPU"));
    let used_up = verdict(|ran| {
        ran.end = signaled(24);
        ran.usage.cpu = Duration::from_millis(999);
    });
    assert_eq!(said(&used_up), failed("E3001", "CPU limit 1s, used 999ms"));
}

#[test]
fn without_a_filter_sigsys_is_a_signal_like_any_other() {
    let verdict = verdict(|ran| {
        ran.end = signaled(31);
        ran.enforced.seccomp = "off".to_owned();
    });
    assert_eq!(said(&verdict), failed("E3003", "killed by SIGSYS"));
}

#[test]
fn a_forbidden_system_call_is_named() {
    let verdict = verdict(|ran| {
        ran.end = End::Killed;
        let (name, arch) = ("mount".to_owned(), "x86_64");
        ran.killed_by = Some(KillReason::ForbiddenSyscall { name, number: 165, arch });
    });
    assert_eq!(said(&verdict), failed("E2003", "forbidden system call mount (number 165, x86_64)"));
    assert_eq!(verdict.details.syscall.as_deref(), Some("mount"));
    assert_eq!(verdict.details.syscall_number, Some(165));
}

#[test]
fn an_end_that_nothing_explains_is_our_own_fault() {
    let verdict = verdict(|ran| ran.end = End::Killed);
    assert_eq!((verdict.status, verdict.code), (Status::Error, Some(Code::Monitoring)));
}

#[test]
fn a_cancelled_program_is_neither_passed_nor_failed() {
    let verdict = verdict(|ran| {
        ran.end = End::Killed;
        ran.killed_by = Some(KillReason::Cancelled);
        ran.usage.output = Bytes::mib(2);
    });
    assert_eq!(said(&verdict), (Status::Cancelled, None, "cancelled while it ran"));
    assert_eq!(verdict.notes, ["it wrote 2 MiB, the output limit is 1 MiB"]);
}

#[test]
fn exit_statuses_are_held_against_what_is_expected() {
    let on = |exit: ExitExpectation, end: End| verdict_on(|e| e.exit = exit, |ran| ran.end = end);
    let passes = |exit, end| on(exit, end).status == Status::Passed;
    assert!(passes(ExitExpectation::OneOf(vec![0, 3]), End::Exited(3)));
    assert!(passes(ExitExpectation::Nonzero, End::Exited(1)));
    assert!(passes(ExitExpectation::Any, End::Exited(7)));
    assert!(passes(ExitExpectation::Signal(11), signaled(11)));
    let one_of = on(ExitExpectation::OneOf(vec![0, 3]), End::Exited(1));
    assert_eq!(said(&one_of), failed("E6001", "exit 1, expected one of 0, 3"));
    assert_eq!(one_of.details.expected.as_deref(), Some("one of 0, 3"));
    assert_eq!(one_of.details.actual.as_deref(), Some("exit 1"));
    let nonzero = on(ExitExpectation::Nonzero, End::Exited(0));
    assert_eq!(said(&nonzero), failed("E6001", "exit 0, expected a nonzero exit status"));
    let no_signal = on(ExitExpectation::Signal(11), End::Exited(0));
    assert_eq!(said(&no_signal), failed("E6001", "exit 0, expected SIGSEGV"));
    let signal = on(ExitExpectation::Any, signaled(11));
    assert_eq!(said(&signal), failed("E3003", "killed by SIGSEGV"));
    let other = on(ExitExpectation::Signal(6), signaled(11));
    assert_eq!(said(&other), failed("E3003", "killed by SIGSEGV"));
}

#[test]
fn every_check_is_listed_also_after_the_first_that_failed() {
    let verdict = verdict_on(
        |expectation| {
            expectation.stderr = StreamExpectation::Like(like(""));
            expectation.files = vec![wants_file("a.txt", Some("a\n")), wants_file("b.txt", None)];
        },
        |ran| {
            ran.end = End::Exited(3);
            ran.stdout = Captured { bytes: b"ok\r\n".to_vec().into(), total: 4 };
            ran.stderr = Captured { bytes: b"oh\n".to_vec().into(), total: 3 };
            ran.files = vec![left_file("a.txt", Ok("b\n")), left_file("b.txt", Ok(""))];
        },
    );
    assert_eq!(said(&verdict), failed("E6001", "exit 3, expected 0"));
    let listed: Vec<_> =
        verdict.checks.iter().map(|check| (check.target.name(), check.ok, check.message.as_str())).collect();
    assert_eq!(
        listed,
        [
            ("exit", false, "exit 3, expected 0"),
            ("stdout", false, "stdout differs at line 1"),
            ("stderr", false, "stderr differs at line 1"),
            ("a.txt", false, "file a.txt differs at line 1"),
            ("b.txt", true, "file b.txt is there"),
        ]
    );
    assert_eq!(verdict.checks[1].compare, "exact");
    assert_eq!(verdict.checks[1].expected_from, "expected/1.out");
}

#[test]
fn each_stream_and_file_that_differs_has_its_code() {
    let stdout = verdict(|ran| ran.stdout = Captured::default());
    assert_eq!(said(&stdout), failed("E6002", "stdout is empty"));
    let binary = verdict(|ran| ran.stdout = Captured { bytes: b"ok\0".to_vec().into(), total: 3 });
    assert_eq!(said(&binary), failed("E6002", "stdout differs at byte 2"));
    let stderr = verdict_on(
        |expectation| expectation.stderr = StreamExpectation::Like(like("a\nb\n")),
        |ran| ran.stderr = Captured { bytes: b"a\nc\n".to_vec().into(), total: 4 },
    );
    assert_eq!(said(&stderr), failed("E6003", "stderr differs at line 2"));
    for (problem, message) in [
        (FileProblem::Missing, "file out.txt is missing"),
        (FileProblem::Link, "file out.txt is a symbolic link, which is never followed"),
        (FileProblem::NotRegular, "file out.txt is not a regular file"),
        (FileProblem::TooLarge(Bytes::mib(9)), "file out.txt is too large to be looked at (9 MiB)"),
        (FileProblem::Unreadable(13), "file out.txt cannot be read (EACCES)"),
    ] {
        let file = verdict_on(
            |expectation| expectation.files = vec![wants_file("out.txt", Some("x"))],
            |ran| ran.files = vec![left_file("out.txt", Err(problem))],
        );
        assert_eq!(said(&file), failed("E6004", message));
        assert_eq!(file.details.file.as_deref(), Some("out.txt"));
        assert_eq!(file.checks[2].target, CheckTarget::File("out.txt".to_owned()));
    }
}

#[test]
fn a_file_name_that_would_move_a_terminal_is_escaped() {
    let file = verdict_on(|e| e.files = vec![wants_file("a\x1b[2J", None)], |_| {});
    assert_eq!(said(&file), failed("E6004", "file a\\x1B[2J was not collected"));
}

#[test]
fn an_expected_code_is_a_pass_and_its_absence_is_not() {
    let expecting = |code, change: fn(&mut Ran)| verdict_on(|e| e.code = Some(code), change);
    let timeout: fn(&mut Ran) = |ran| {
        ran.end = signaled(9);
        ran.killed_by = Some(KillReason::Wall);
        ran.stdout = Captured::default();
    };
    let hit = expecting(Code::Timeout, timeout);
    assert_eq!(said(&hit), (Status::Passed, Some("E3001"), "wall limit 2s"));
    assert!(hit.checks.is_empty(), "what it wrote until then was not asked for");
    let other = expecting(Code::MemoryLimit, timeout);
    assert_eq!(said(&other), failed("E3001", "wall limit 2s, expected E4001"));
    let passed = expecting(Code::Timeout, |_| {});
    assert_eq!(said(&passed), failed("E6008", "passed (exit 0), expected E3001"));
    let differs = expecting(Code::StdoutDiffers, |ran| ran.stdout = Captured::default());
    assert_eq!((differs.status, differs.checks.len()), (Status::Passed, 2));
    // Facts that are only notes on a pass count when they are what was expected.
    let forks = expecting(Code::ProcessLimit, |ran| ran.events.pids_limit_hits = 1);
    assert_eq!((forks.status, forks.code), (Status::Passed, Some(Code::ProcessLimit)));
    let memory = expecting(Code::MemoryLimit, |ran| ran.usage.memory_peak = Bytes::mib(65));
    assert_eq!((memory.status, memory.code), (Status::Passed, Some(Code::MemoryLimit)));
}

#[test]
fn a_fault_of_ours_is_never_the_expected_failure() {
    let verdict = verdict_on(|e| e.code = Some(Code::Monitoring), |ran| ran.end = End::Killed);
    assert_eq!(verdict.status, Status::Error);
}

#[test]
fn a_build_that_fails_is_called_so_and_one_that_hits_a_limit_is_not() {
    let build = |change: fn(&mut Ran)| verdict_on(|e| e.build = true, change);
    let exit = build(|ran| ran.end = End::Exited(1));
    assert_eq!(said(&exit), failed("E6005", "build failed: exit 1, expected 0"));
    assert_eq!(exit.details.actual.as_deref(), Some("exit 1"));
    let crash = build(|ran| ran.end = signaled(11));
    assert_eq!(said(&crash), failed("E6005", "build failed: killed by SIGSEGV"));
    let timeout = build(|ran| ran.killed_by = Some(KillReason::Wall));
    assert_eq!(timeout.code, Some(Code::Timeout));
    assert_eq!(build(|_| {}).status, Status::Passed);
}

#[test]
fn a_program_that_never_ran_is_blamed_only_for_its_own_command() {
    let searched = vec!["/usr/bin/nope".to_owned(), "/bin/nope".to_owned()];
    for (kind, errno, status, code, message) in [
        (
            FaultKind::Setup,
            Some(1),
            Status::Error,
            Some("E5001"),
            "sandbox set-up failed at mounting /proc: Operation not permitted (EPERM)",
        ),
        (
            FaultKind::Unmet,
            None,
            Status::Error,
            Some("E5001"),
            "cannot be enforced on this host: mounting /proc",
        ),
        (
            FaultKind::SetupTimeout,
            None,
            Status::Error,
            Some("E3002"),
            "the sandbox was not ready in time, at mounting /proc",
        ),
        (FaultKind::Monitor, None, Status::Error, Some("E5002"), "monitoring failed at mounting /proc"),
        (
            FaultKind::Unsupported,
            None,
            Status::Error,
            Some("E5003"),
            "platform not supported: mounting /proc",
        ),
        (FaultKind::Cancelled, None, Status::Cancelled, None, "cancelled before it started"),
        (
            FaultKind::NotFound { searched: searched.clone() },
            Some(2),
            Status::Failed,
            Some("E2002"),
            "command not found inside the sandbox: looked at 2 paths",
        ),
        (
            FaultKind::NotExecutable { path: "/workspace/x".to_owned() },
            Some(13),
            Status::Failed,
            Some("E2001"),
            "cannot execute /workspace/x inside the sandbox: Permission denied (EACCES)",
        ),
    ] {
        let verdict = verdict_on_fault(kind, errno);
        assert_eq!(said(&verdict), (status, code, message));
        assert_eq!(verdict.details.errno, errno);
        assert_eq!(verdict.details.help.as_deref(), Some("run doctor"));
    }
    let not_found = verdict_on_fault(FaultKind::NotFound { searched: searched.clone() }, None);
    assert_eq!(not_found.details.searched, Some(searched));
}

#[test]
fn cases_that_did_not_run_say_why() {
    let needs = not_run(Some(Code::PrerequisiteFailed), "needs build/prog, which failed", Some("build/prog"));
    assert_eq!(said(&needs), (Status::NotRun, Some("E6007"), "needs build/prog, which failed"));
    assert_eq!(needs.details.needs.as_deref(), Some("build/prog"));
    assert_eq!(said(&cancelled("SIGINT")), (Status::Cancelled, None, "SIGINT"));
    assert_eq!(said(&skipped("not selected")), (Status::Skipped, None, "not selected"));
    let refused = blocked("curl", "in `security.blocked_commands`");
    assert_eq!(said(&refused), failed("E2003", "blocked command curl: in `security.blocked_commands`"));
    assert_eq!(refused.details.command.as_deref(), Some("curl"));
}
