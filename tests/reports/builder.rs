//! Builds reports of runs that never were.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use capsule_run::judge::{
    Check, CheckTarget, Code, Details, Difference, ExitExpectation, Expectation, NearMiss, Status,
    StreamExpectation, Verdict,
};
use capsule_run::limits::{Origin, Resolved};
use capsule_run::report::{Attempt, CaseReport, Host, RunMeta, RunReport, SuiteInfo};
use capsule_run::resolve::{
    CaseId, CaseKind, CaseSettings, ResolvedCase, ResolvedLimits, SettingOrigins, Sources, Surroundings,
    Visibility,
};
use capsule_run::sandbox::outcome::{
    Captured, End, Enforced, Events, Fault, FaultKind, KillReason, Outcome, Ran, Usage,
};
use capsule_run::sandbox::spec::{CgroupChoice, Network, Require, SeccompPolicy, Stdin};
use capsule_run::units::{Bytes, NoNul};

/// 2026-11-23T18:29:04.123Z.
pub(crate) fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_458_544_123)
}

pub(crate) fn run(cases: Vec<CaseReport>) -> RunReport {
    RunReport {
        meta: RunMeta {
            id: "7QK4".into(),
            argv: vec!["suite".into(), "tests/grade.yaml".into()],
            cwd: "/home/t".into(),
            started: start(),
            duration: Duration::from_millis(9204),
            jobs: 8,
            host: Host {
                kernel: "6.1.0".into(),
                arch: "x86_64".into(),
                cpus: 2,
                memory_bytes: 25_769_803_776,
            },
            interrupted_by: None,
            complete: true,
        },
        suites: vec![
            SuiteInfo { name: "hw3.1".into(), file: "tests/grade.yaml".into(), sha256: "ab".repeat(32) },
            SuiteInfo { name: "extra".into(), file: "tests/extra.yaml".into(), sha256: "cd".repeat(32) },
        ],
        cases,
    }
}

/// One case, to be changed step by step.
pub(crate) struct Builder {
    case: ResolvedCase,
    verdict: Verdict,
    ran: Option<Ran>,
    fault: Option<Fault>,
    duration: Duration,
    earlier: Vec<Attempt>,
    at: Duration,
}

pub(crate) fn case(id: &str, line: u32) -> Builder {
    let (group, name) = match id.rsplit_once('/') {
        Some((group, name)) => (Some(group.to_owned()), name.to_owned()),
        None => (None, id.to_owned()),
    };
    Builder {
        case: resolved(id, group, name, line),
        verdict: verdict(Status::Passed, None, ""),
        ran: Some(ran()),
        fault: None,
        duration: Duration::from_millis(118),
        earlier: vec![],
        at: Duration::from_millis(u64::from(line)),
    }
}

pub(crate) fn verdict(status: Status, code: Option<Code>, message: &str) -> Verdict {
    Verdict {
        status,
        code,
        message: message.to_owned(),
        details: Details::default(),
        checks: vec![],
        notes: vec![],
        credit: None,
    }
}

fn resolved(id: &str, group: Option<String>, name: String, line: u32) -> ResolvedCase {
    ResolvedCase {
        id: CaseId(id.into()),
        alias: None,
        kind: CaseKind::Case,
        suite: 0,
        name: name.into(),
        group: group.map(Into::into),
        file: "tests/grade.yaml".into(),
        line,
        params: BTreeMap::new(),
        tags: [].into(),
        points: 5.0,
        visibility: Visibility::Visible,
        settings: Arc::new(CaseSettings {
            limits: limits(),
            surroundings: Arc::new(Surroundings {
                profile: "std".into(),
                env: vec![],
                workdir: PathBuf::from("/workspace"),
                sources: Sources::Empty,
                binds: vec![],
                network: Network::None,
                seccomp: SeccompPolicy::Default,
                cgroup: CgroupChoice::Auto,
                require: Require::Strict,
                setup_timeout: Duration::from_secs(10),
                watch_interval: Duration::from_millis(20),
                origins: SettingOrigins::default(),
            }),
        }),
        argv: [no_nul(b"python3"), no_nul(b"sum.py")].into(),
        files: [].into(),
        outputs: vec![],
        stdin: Stdin::Empty,
        blocked: None,
        expectation: Expectation {
            exit: ExitExpectation::OneOf(vec![0]),
            stdout: StreamExpectation::Any,
            stderr: StreamExpectation::Any,
            files: vec![],
            code: None,
            build: false,
            ..Expectation::default()
        },
        needs: [].into(),
        group_score: None,
        written: capsule_run::resolve::WrittenAt::default(),
        terms: Arc::default(),
        judging: None,
        for_judge: false,
    }
}

fn no_nul(bytes: &[u8]) -> NoNul {
    NoNul::new(bytes).expect("the tests write no NUL here")
}

fn limits() -> ResolvedLimits {
    let profile = Origin::File { file: "tests/grade.yaml".into(), line: 4, what: "profile std".into() };
    ResolvedLimits {
        wall: Resolved { value: Duration::from_secs(5), origin: profile.clone() },
        cpu: Resolved { value: Some(Duration::from_secs(2)), origin: profile },
        memory: Resolved { value: Bytes::mib(256), origin: Origin::Option("--memory".into()) },
        pids: Resolved::builtin(100),
        output: Resolved::builtin(Bytes::mib(1)),
        file_size: Resolved::builtin(Bytes::mib(64)),
        disk: Resolved { value: Bytes::mib(128), origin: Origin::Derived("half of the memory limit".into()) },
        open_files: Resolved::builtin(256),
        cpu_shares: Resolved::builtin(1024),
    }
}

fn ran() -> Ran {
    Ran {
        started: start(),
        completed: start() + Duration::from_millis(100),
        end: End::Exited(0),
        killed_by: None,
        usage: Usage {
            wall: Duration::from_millis(100),
            cpu: Duration::from_millis(90),
            user: Duration::from_millis(80),
            kernel: Duration::from_millis(10),
            memory_peak: Bytes(9_542_041),
            memory_cache_left: Bytes(4096),
            pids_peak: Some(1),
            output: Bytes(0),
            io_read: Some(Bytes(0)),
            io_written: None,
            disk: Bytes(0),
            context_switches: (3, 1),
        },
        events: Events::default(),
        stdout: Captured::default(),
        stderr: Captured::default(),
        files: vec![],
        leaked: 0,
        enforced: Enforced {
            namespaces: ["user", "mnt", "pid", "net", "ipc", "uts"].map(str::to_owned).to_vec(),
            separate_user: false,
            seccomp: "default".into(),
            no_new_privs: true,
            landlock: None,
            cgroup: "v1".into(),
            memory: "memory.limit_in_bytes".into(),
            pids: "pids.max".into(),
            cpu: "cpuacct.usage".into(),
            cpu_shares: "cpu.shares".into(),
            workspace: "overlay".into(),
            degraded: vec![],
        },
    }
}

impl Builder {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut ResolvedCase)) -> Self {
        change(&mut self.case);
        self
    }

    pub(crate) fn outcome(mut self, change: impl FnOnce(&mut Ran)) -> Self {
        change(self.ran.as_mut().expect("this case ran"));
        self
    }

    pub(crate) fn details(mut self, change: impl FnOnce(&mut Details)) -> Self {
        change(&mut self.verdict.details);
        self
    }

    pub(crate) fn argv(self, arguments: &[&[u8]]) -> Self {
        let argv = arguments.iter().map(|argument| no_nul(argument)).collect();
        self.with(|case| case.argv = argv)
    }

    pub(crate) fn verdict(mut self, status: Status, code: Option<Code>, message: &str) -> Self {
        self.verdict = verdict(status, code, message);
        self
    }

    pub(crate) fn failed(self, code: Code, message: &str) -> Self {
        self.verdict(Status::Failed, Some(code), message)
    }

    pub(crate) fn limit(self, name: &str, value: u64, measured: u64, unit: &str) -> Self {
        self.details(|details| {
            details.limit = Some(name.into());
            details.limit_value = Some(value);
            details.measured = Some(measured);
            details.unit = Some(unit.into());
        })
    }

    pub(crate) fn killed(self, reason: KillReason) -> Self {
        self.outcome(|ran| {
            ran.end = End::Killed;
            ran.killed_by = Some(reason);
        })
    }

    pub(crate) fn stdout(self, bytes: &[u8]) -> Self {
        self.outcome(|ran| ran.stdout = Captured { bytes: bytes.to_vec().into(), total: bytes.len() as u64 })
    }

    pub(crate) fn stderr(self, bytes: &[u8]) -> Self {
        self.outcome(|ran| ran.stderr = Captured { bytes: bytes.to_vec().into(), total: bytes.len() as u64 })
    }

    pub(crate) fn took(mut self, millis: u64) -> Self {
        self.duration = Duration::from_millis(millis);
        self
    }

    pub(crate) fn check(mut self, target: CheckTarget, ok: bool, message: &str) -> Self {
        let (compare, from) = match target {
            CheckTarget::Exit => ("", ""),
            _ => ("exact", "expected/3.out"),
        };
        self.verdict.checks.push(Check {
            target,
            ok,
            message: message.into(),
            compare,
            expected_from: from.into(),
            difference: None,
        });
        self
    }

    pub(crate) fn difference(mut self, unified: &str, near_miss: Option<NearMiss>) -> Self {
        let check = self.verdict.checks.last_mut().expect("a check was added before");
        check.difference = Some(Difference {
            line: 2,
            column: 8,
            offset: 26,
            unified: unified.into(),
            truncated: false,
            near_miss,
            note: None,
            words: Some("line 2 differs in 1 word (\"6\" → \"5\")".into()),
        });
        self
    }

    pub(crate) fn fault(mut self, kind: FaultKind, step: &str, errno: Option<i32>, help: &str) -> Self {
        self.ran = None;
        self.fault = Some(Fault { kind, step: step.into(), errno, help: help.into() });
        self
    }

    /// Never tried at all.
    pub(crate) fn not_run(mut self) -> Self {
        self.ran = None;
        self
    }

    /// Ends one attempt, which failed, and begins another.
    pub(crate) fn failed_once(mut self, code: Code, message: &str) -> Self {
        self.earlier.push(Attempt {
            started: start() + self.at,
            duration: self.duration,
            outcome: Outcome::Ran(Box::new(ran())),
            verdict: verdict(Status::Failed, Some(code), message),
            alone: false,
        });
        self
    }

    pub(crate) fn report(self) -> CaseReport {
        let mut attempts = self.earlier;
        let outcome = match (self.ran, self.fault) {
            (Some(ran), _) => Some(Outcome::Ran(Box::new(ran))),
            (None, Some(fault)) => Some(Outcome::NotStarted(fault)),
            (None, None) => None,
        };
        if let Some(outcome) = outcome {
            let (started, duration) = (start() + self.at, self.duration);
            attempts.push(Attempt {
                started,
                duration,
                outcome,
                verdict: self.verdict.clone(),
                alone: false,
            });
        }
        CaseReport { case: Arc::new(self.case), attempts, verdict: self.verdict }
    }
}
