//! [`Attempt`]: one attempt at a case in the report.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::capture::Capture;
use crate::judge::{Check, CheckTarget, Code, Difference, Family, NearMiss, Status, Verdict};
use crate::limits::Resolved;
use crate::report::clock::{millis, rfc3339};
use crate::report::encode::base64;
use crate::resolve::{ResolvedCase, ResolvedLimits};
use crate::sandbox::outcome::{End, Enforced, Fault, FaultKind, KillReason, Outcome, Ran};

/// One attempt at a case.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub(super) struct Attempt<'a> {
    /// Its number, from 1.
    n: usize,
    /// RFC 3339, UTC, milliseconds.
    started_at: String,
    /// From request to result, sandbox included.
    duration_ms: u64,
    /// What is to be thought of it.
    status: Status,
    /// Why.
    code: Option<Code>,
    /// What was executed and how it ended.
    exec: Exec<'a>,
    /// Why the program never ran; null when it did.
    fault: Option<SandboxFault<'a>>,
    /// What it used; null when it never ran.
    resources: Option<Resources>,
    /// The limits that were in force.
    limits: Limits,
    /// The profile that its limits started from.
    profile: &'a str,
    /// Which isolation and which counters were really in force; null when it never ran.
    enforced: Option<&'a Enforced>,
    /// Processes that were still alive when the program had ended, and were killed.
    leaked_processes: u32,
    /// What it wrote on standard output; null when it never ran.
    stdout: Option<Capture<'a>>,
    /// What it wrote on standard error; null when it never ran.
    stderr: Option<Capture<'a>>,
    /// What was checked; all are evaluated, also after the first that failed.
    expectations: Vec<Expectation<'a>>,
}

/// What was executed and how it ended.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Exec")]
struct Exec<'a> {
    /// Program and arguments.
    argv: Vec<Text<'a>>,
    /// Its exit status, when it exited.
    exit_code: Option<i32>,
    /// The number of the signal that ended it.
    signal: Option<i32>,
    /// Whether the kernel says that a core was dumped.
    core_dumped: bool,
    /// Why we ended it, if we did.
    killed_by: Option<&'static str>,
}

/// A byte string: text, or an object with base64 where it is not UTF-8.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Text")]
#[serde(untagged)]
enum Text<'a> {
    /// It is UTF-8.
    Utf8(Cow<'a, str>),
    /// It is not.
    Binary {
        /// The bytes.
        base64: String,
    },
}

/// Why the program never ran.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Fault")]
struct SandboxFault<'a> {
    /// Of what kind.
    kind: &'static str,
    /// The step that failed, in words.
    step: &'a str,
    /// The kernel's answer.
    errno: Option<i32>,
    /// What a person can do about it.
    help: Option<&'a str>,
}

/// What the program used, and what the kernel counted.
#[derive(Debug, Serialize, JsonSchema)]
struct Resources {
    /// CPU time of all its processes.
    cpu_time_ms: u64,
    /// User part.
    user_time_ms: u64,
    /// Kernel part.
    kernel_time_ms: u64,
    /// From its start to its end.
    wall_time_ms: u64,
    /// Highest memory use of all its processes together.
    max_memory_bytes: u64,
    /// Of what was charged when it had ended, page cache that could have been reclaimed.
    memory_cache_left_bytes: u64,
    /// Most processes and threads at one time; null where it is not counted.
    peak_pids: Option<u32>,
    /// Bytes written to standard output and standard error together.
    output_bytes: u64,
    /// Bytes read from block devices; null where it is not counted.
    io_bytes_read: Option<u64>,
    /// Bytes written to block devices; null where it is not counted.
    io_bytes_written: Option<u64>,
    /// Bytes in writable places when it had ended.
    disk_bytes: u64,
    /// Voluntary context switches of the first process.
    voluntary_switches: u64,
    /// Involuntary context switches of the first process.
    involuntary_switches: u64,
    /// Processes killed by the kernel's OOM killer.
    oom_kills: u64,
    /// How often the memory limit was run into.
    memory_limit_hits: u64,
    /// Forks refused at the process limit.
    pids_limit_hits: u64,
    /// Whether a writable place was full when it had ended.
    disk_full: bool,
}

/// The limits that were in force.
#[derive(Debug, Serialize, JsonSchema)]
struct Limits {
    /// Wall-clock time.
    wall_ms: Limit<u64>,
    /// CPU time; null is unlimited.
    cpu_ms: Limit<Option<u64>>,
    /// Memory of all processes together.
    memory_bytes: Limit<u64>,
    /// Processes and threads at one time.
    pids: Limit<u32>,
    /// Standard output and standard error together.
    output_bytes: Limit<u64>,
    /// Any one file.
    file_bytes: Limit<u64>,
    /// All writable places together.
    disk_bytes: Limit<u64>,
    /// Open files of one process.
    open_files: Limit<u32>,
    /// Relative CPU weight.
    cpu_shares: Limit<u32>,
    /// The limit that decided the verdict: `wall`, `cpu`, `memory`, `processes`…
    hit: Option<String>,
}

/// A limit and where it comes from.
#[derive(Debug, Serialize, JsonSchema)]
struct Limit<T> {
    /// Its value.
    value: T,
    /// Its origin: a file and line, an option, `built in`.
    origin: String,
}

/// One thing that was checked.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Expectation")]
struct Expectation<'a> {
    /// What.
    target: Target,
    /// The file's path relative to the workspace, where `target` is `file`.
    file: Option<&'a str>,
    /// How it was compared; null for the exit status.
    compare: Option<&'a str>,
    /// Whether it held.
    ok: bool,
    /// In one line.
    message: &'a str,
    /// Where the expected bytes come from; null for the exit status.
    expected_from: Option<&'a str>,
    /// Where the first difference is, where bytes were compared and found different.
    first_difference: Option<FirstDifference>,
    /// The next weaker comparison that would have matched.
    near_miss: Option<NearMiss>,
    /// A unified diff with control characters made visible.
    diff: Option<&'a str>,
    /// Whether the diff was cut.
    diff_truncated: bool,
}

/// What a check looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Target {
    /// The exit status.
    Exit,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file.
    File,
    /// What it used.
    Resource,
    /// The files that were handed in.
    Source,
}

/// Where the first difference is.
#[derive(Debug, Serialize, JsonSchema)]
struct FirstDifference {
    /// Line, from 1.
    line: usize,
    /// Column in bytes, from 1.
    column: usize,
    /// Offset in bytes, from 0, in what was found.
    byte: usize,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(n: usize, case: &'a ResolvedCase, attempt: &'a crate::report::Attempt) -> Self {
        let (ran, fault) = match &attempt.outcome {
            Outcome::Ran(ran) => (Some(&**ran), None),
            Outcome::NotStarted(fault) => (None, Some(fault)),
        };
        Self {
            n,
            started_at: rfc3339(attempt.started),
            duration_ms: millis(attempt.duration),
            status: attempt.verdict.status,
            code: attempt.verdict.code,
            exec: Exec::new(case, ran),
            fault: fault.map(SandboxFault::new),
            resources: ran.map(Resources::new),
            limits: Limits::new(&case.limits, &attempt.verdict),
            profile: &case.profile,
            enforced: ran.map(|ran| &ran.enforced),
            leaked_processes: ran.map_or(0, |ran| ran.leaked),
            stdout: ran.map(|ran| Capture::new(&ran.stdout)),
            stderr: ran.map(|ran| Capture::new(&ran.stderr)),
            expectations: attempt.verdict.checks.iter().map(Expectation::new).collect(),
        }
    }
}

impl<'a> Exec<'a> {
    fn new(case: &'a ResolvedCase, ran: Option<&Ran>) -> Self {
        let (exit_code, signal, core_dumped) = match ran.map(|ran| ran.end) {
            Some(End::Exited(status)) => (Some(status), None, false),
            Some(End::Signaled { signal, core_dumped }) => (None, Some(signal), core_dumped),
            Some(End::Killed) | None => (None, None, false),
        };
        Self {
            argv: case.argv.iter().map(|argument| Text::new(argument.as_bytes())).collect(),
            exit_code,
            signal,
            core_dumped,
            killed_by: ran.and_then(|ran| ran.killed_by.as_ref()).map(kill_reason),
        }
    }
}

fn kill_reason(reason: &KillReason) -> &'static str {
    match reason {
        KillReason::ForbiddenSyscall { .. } => "forbidden_syscall",
        KillReason::Output => "output",
        KillReason::Wall => "wall",
        KillReason::Cpu => "cpu",
        KillReason::Memory => "memory",
        KillReason::Cancelled => "cancelled",
    }
}

impl<'a> Text<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Utf8(Cow::Borrowed(text)),
            Err(_) => Self::Binary { base64: base64(bytes) },
        }
    }
}

impl<'a> SandboxFault<'a> {
    fn new(fault: &'a Fault) -> Self {
        let kind = match fault.kind {
            FaultKind::Setup => "setup",
            FaultKind::SetupTimeout => "setup_timeout",
            FaultKind::Unmet => "unmet",
            FaultKind::Monitor => "monitor",
            FaultKind::Unsupported => "unsupported",
            FaultKind::Cancelled => "cancelled",
            FaultKind::NotFound { .. } => "not_found",
            FaultKind::NotExecutable { .. } => "not_executable",
            FaultKind::Workdir { .. } => "workdir",
            FaultKind::WorkspaceTooLarge => "workspace_too_large",
        };
        Self { kind, step: &fault.step, errno: fault.errno, help: not_empty(&fault.help) }
    }
}

impl Resources {
    fn new(ran: &Ran) -> Self {
        let (usage, events) = (&ran.usage, &ran.events);
        Self {
            cpu_time_ms: millis(usage.cpu),
            user_time_ms: millis(usage.user),
            kernel_time_ms: millis(usage.kernel),
            wall_time_ms: millis(usage.wall),
            max_memory_bytes: usage.memory_peak.0,
            memory_cache_left_bytes: usage.memory_cache_left.0,
            peak_pids: usage.pids_peak,
            output_bytes: usage.output.0,
            io_bytes_read: usage.io_read.map(|bytes| bytes.0),
            io_bytes_written: usage.io_written.map(|bytes| bytes.0),
            disk_bytes: usage.disk.0,
            voluntary_switches: usage.context_switches.0,
            involuntary_switches: usage.context_switches.1,
            oom_kills: events.oom_kills,
            memory_limit_hits: events.memory_limit_hits,
            pids_limit_hits: events.pids_limit_hits,
            disk_full: events.disk_full,
        }
    }
}

impl Limits {
    fn new(limits: &ResolvedLimits, verdict: &Verdict) -> Self {
        Self {
            wall_ms: limit(&limits.wall, |&wall| millis(wall)),
            cpu_ms: limit(&limits.cpu, |cpu: &Option<Duration>| cpu.map(millis)),
            memory_bytes: limit(&limits.memory, |bytes| bytes.0),
            pids: limit(&limits.pids, |&pids| pids),
            output_bytes: limit(&limits.output, |bytes| bytes.0),
            file_bytes: limit(&limits.file_size, |bytes| bytes.0),
            disk_bytes: limit(&limits.disk, |bytes| bytes.0),
            open_files: limit(&limits.open_files, |&files| files),
            cpu_shares: limit(&limits.cpu_shares, |&shares| shares),
            hit: hit(verdict),
        }
    }
}

fn limit<T, U>(resolved: &Resolved<T>, value: impl Fn(&T) -> U) -> Limit<U> {
    Limit { value: value(&resolved.value), origin: resolved.origin.to_string() }
}

/// The limit that decided; the details of other codes name none.
fn hit(verdict: &Verdict) -> Option<String> {
    let code = verdict.code?;
    let is_limit = code == Code::Timeout || code.family() == Family::Resource;
    if is_limit { verdict.details.limit.clone() } else { None }
}

impl<'a> Expectation<'a> {
    fn new(check: &'a Check) -> Self {
        let (target, file) = match &check.target {
            CheckTarget::Exit => (Target::Exit, None),
            CheckTarget::Stdout => (Target::Stdout, None),
            CheckTarget::Stderr => (Target::Stderr, None),
            CheckTarget::File(path) => (Target::File, Some(path.as_str())),
            CheckTarget::Resource(_) => (Target::Resource, None),
            CheckTarget::Source(path) => (Target::Source, Some(path.as_str())),
        };
        let difference = check.difference.as_ref();
        Self {
            target,
            file,
            compare: not_empty(check.compare),
            ok: check.ok,
            message: &check.message,
            expected_from: not_empty(&check.expected_from),
            first_difference: difference.map(FirstDifference::new),
            near_miss: difference.and_then(|difference| difference.near_miss),
            diff: difference.map(|difference| difference.unified.as_str()),
            diff_truncated: difference.is_some_and(|difference| difference.truncated),
        }
    }
}

impl FirstDifference {
    fn new(difference: &Difference) -> Self {
        Self { line: difference.line, column: difference.column, byte: difference.offset }
    }
}

fn not_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
