//! Outcomes to judge: a program that did well, and what may go wrong with it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use capsule_run::judge::{
    Compare, ExitExpectation, Expectation, Expected, FileExpectation, StreamExpectation, Verdict, judge,
};
use capsule_run::sandbox::outcome::{
    Captured, CollectedFile, End, Enforced, Events, Fault, FaultKind, FileContent, FileProblem, Outcome, Ran,
    Usage,
};
use capsule_run::sandbox::spec::Limits;
use capsule_run::units::Bytes;

/// Two seconds of wall time, one of CPU, 64 MiB, 32 processes, 1 MiB of output.
pub(crate) fn limits() -> Limits {
    Limits {
        wall: Duration::from_secs(2),
        cpu: Some(Duration::from_secs(1)),
        memory: Bytes::mib(64),
        pids: 32,
        output: Bytes::mib(1),
        file_size: Bytes::mib(8),
        disk: Bytes::mib(16),
        open_files: 64,
        cpu_shares: 1024,
        setup: Duration::from_secs(10),
        watch_interval: Duration::from_millis(10),
    }
}

/// Exit 0 and `ok` on standard output.
pub(crate) fn expectation() -> Expectation {
    Expectation {
        exit: ExitExpectation::OneOf(vec![0]),
        stdout: StreamExpectation::Like(like("ok\n")),
        stderr: StreamExpectation::Any,
        files: Vec::new(),
        code: None,
        build: false,
        ..Expectation::default()
    }
}

/// Exactly these bytes.
pub(crate) fn like(text: &str) -> Expected {
    Expected {
        bytes: Arc::from(text.as_bytes()),
        source: "expected/1.out".to_owned(),
        compare: Compare::Exact,
    }
}

/// `path` must hold `content`.
pub(crate) fn wants_file(path: &str, content: Option<&str>) -> FileExpectation {
    FileExpectation { path: path.into(), expected: content.map(like), absent: false, glob: None }
}

/// `path` was left with `content`.
pub(crate) fn left_file(path: &str, content: Result<&str, FileProblem>) -> CollectedFile {
    let content = content.map(|text| FileContent { bytes: text.into(), executable: false });
    CollectedFile { path: path.into(), content }
}

/// A program that did what [`expectation`] expects.
pub(crate) fn ran() -> Ran {
    Ran {
        started: SystemTime::UNIX_EPOCH,
        completed: SystemTime::UNIX_EPOCH,
        end: End::Exited(0),
        killed_by: None,
        usage: Usage {
            wall: Duration::from_millis(20),
            cpu: Duration::from_millis(10),
            memory_peak: Bytes::mib(3),
            pids_peak: Some(1),
            output: Bytes(3),
            ..Usage::default()
        },
        events: Events::default(),
        stdout: Captured { bytes: b"ok\n".to_vec().into(), total: 3 },
        stderr: Captured::default(),
        files: Vec::new(),
        leaked: 0,
        enforced: Enforced {
            namespaces: vec!["user".to_owned()],
            separate_user: true,
            seccomp: "default".to_owned(),
            no_new_privs: true,
            landlock: None,
            cgroup: "v1".to_owned(),
            memory: "memory.limit_in_bytes".to_owned(),
            pids: "pids.max".to_owned(),
            cpu: "cpuacct.usage".to_owned(),
            cpu_shares: "cpu.shares".to_owned(),
            workspace: "overlay".to_owned(),
            degraded: Vec::new(),
        },
    }
}

/// Killed by `signal`.
pub(crate) fn signaled(signal: i32) -> End {
    End::Signaled { signal, core_dumped: false }
}

/// The verdict on [`ran`] after `change`, against [`expectation`].
pub(crate) fn verdict(change: impl FnOnce(&mut Ran)) -> Verdict {
    verdict_on(|_| {}, change)
}

/// The same against a changed expectation.
pub(crate) fn verdict_on(expect: impl FnOnce(&mut Expectation), change: impl FnOnce(&mut Ran)) -> Verdict {
    let (mut expectation, mut ran) = (expectation(), ran());
    expect(&mut expectation);
    change(&mut ran);
    judge(&expectation, &limits(), &Outcome::Ran(Box::new(ran)))
}

/// The verdict on a program that never ran.
pub(crate) fn verdict_on_fault(kind: FaultKind, errno: Option<i32>) -> Verdict {
    let fault = Fault { kind, step: "mounting /proc".to_owned(), errno, help: "run doctor".to_owned() };
    judge(&expectation(), &limits(), &Outcome::NotStarted(fault))
}
