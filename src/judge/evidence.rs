//! What a cause is called, and the evidence for it: code, message and [`Details`].

use std::time::Duration;

use crate::judge::check::{end_in_words, exit_in_words};
use crate::judge::classify::Cause;
use crate::judge::facts::{SIGSYS, SIGXFSZ, end_signal, memory_needed};
use crate::judge::{Check, CheckTarget, Code, Details, ExitExpectation, signal_name};
use crate::sandbox::outcome::{KillReason, Ran};
use crate::sandbox::spec::Limits;
use crate::units::{Bytes, format_duration};

/// A code with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub code: Option<Code>,
    pub message: String,
    pub details: Details,
}

impl Finding {
    fn new(code: Code, message: String, details: Details) -> Self {
        Self { code: Some(code), message, details }
    }
}

/// Everything that evidence is taken from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub exit: &'a ExitExpectation,
    pub limits: &'a Limits,
    pub ran: &'a Ran,
    pub checks: &'a [Check],
}

/// The evidence for `cause`.
pub(super) fn evidence(cause: Cause, scene: Scene<'_>) -> Finding {
    match cause {
        Cause::Fault => lost(),
        Cause::Cancelled => {
            Finding { code: None, message: "cancelled while it ran".to_owned(), details: Details::default() }
        }
        Cause::Forbidden => forbidden(scene.ran),
        Cause::OomKill => oom_kill(scene),
        Cause::Memory => memory(scene),
        Cause::Output => output(scene),
        Cause::Wall => wall(scene),
        Cause::Cpu => cpu(scene),
        Cause::Processes => processes(scene),
        Cause::Disk => disk(scene),
        Cause::Signal => signal(scene.ran),
        Cause::Exit => exit(scene),
        Cause::Comparison => comparison(scene.checks),
        Cause::Pass => {
            Finding { code: None, message: end_in_words(scene.ran.end), details: Details::default() }
        }
    }
}

fn lost() -> Finding {
    let message =
        "lost sight of the program: the sandbox ended and neither a limit nor the OOM killer explains it";
    let details = Details {
        step: Some("waiting for the program".to_owned()),
        help: Some("look at the kernel's log for a process of capsule-run that was killed".to_owned()),
        ..Details::default()
    };
    Finding::new(Code::Monitoring, message.to_owned(), details)
}

fn forbidden(ran: &Ran) -> Finding {
    let (message, details) = match &ran.killed_by {
        Some(KillReason::ForbiddenSyscall { name, number, arch }) => (
            format!("forbidden system call {name} (number {number}, {arch})"),
            Details {
                syscall: Some(name.clone()),
                syscall_number: Some(*number),
                source: Some("seccomp notification".to_owned()),
                ..with_signal(end_signal(ran))
            },
        ),
        _ => (
            "forbidden system call (killed by SIGSYS)".to_owned(),
            Details { source: Some("wait status".to_owned()), ..with_signal(Some(SIGSYS)) },
        ),
    };
    Finding::new(Code::Blocked, message, details)
}

fn oom_kill(Scene { limits, ran, .. }: Scene<'_>) -> Finding {
    let kills = ran.events.oom_kills;
    let message = format!(
        "out of memory at {}: the kernel killed {} inside the sandbox",
        limits.memory,
        count(kills, "process", "processes")
    );
    let source = if is_v1(ran) { "memory.oom_control oom_kill" } else { "memory.events oom_kill" };
    let details = Details {
        limit: Some("memory".to_owned()),
        limit_value: Some(limits.memory.0),
        measured: Some(kills),
        unit: Some("kills".to_owned()),
        source: Some(source.to_owned()),
        ..with_signal(end_signal(ran))
    };
    Finding::new(Code::OomKill, message, details)
}

/// Whether the memory counters are those of cgroup v1.
fn is_v1(ran: &Ran) -> bool {
    match ran.enforced.memory.as_str() {
        "memory.limit_in_bytes" => true,
        "memory.max" => false,
        _ => matches!(ran.enforced.cgroup.as_str(), "v1" | "hybrid"),
    }
}

fn memory(Scene { limits, ran, .. }: Scene<'_>) -> Finding {
    let peak =
        if ran.killed_by == Some(KillReason::Memory) { ran.usage.memory_peak } else { memory_needed(ran) };
    let source = match ran.enforced.memory.as_str() {
        "memory.limit_in_bytes" => "memory.max_usage_in_bytes",
        "memory.max" => "memory.peak",
        _ => "process tree",
    };
    let message = format!("memory limit {}, peak {peak}", limits.memory);
    let details = Measure::bytes("memory", limits.memory, peak, source).with(end_signal(ran));
    Finding::new(Code::MemoryLimit, message, details)
}

fn output(Scene { limits, ran, .. }: Scene<'_>) -> Finding {
    let message = format!("output limit {}", limits.output);
    let measure =
        Measure::bytes("output", limits.output, ran.usage.output, "bytes read from stdout and stderr");
    Finding::new(Code::OutputLimit, message, measure.with(end_signal(ran)))
}

fn wall(Scene { limits, ran, .. }: Scene<'_>) -> Finding {
    let message = format!("wall limit {}", format_duration(limits.wall));
    let measure = Measure::time("wall", limits.wall, ran.usage.wall, "monotonic clock");
    Finding::new(Code::Timeout, message, measure.with(end_signal(ran)))
}

fn cpu(Scene { limits, ran, .. }: Scene<'_>) -> Finding {
    // Without a limit there is no way to get here but a supervisor that invented one.
    let limit = limits.cpu.unwrap_or_default();
    let message = format!("CPU limit {}, used {}", format_duration(limit), format_duration(ran.usage.cpu));
    let measure = Measure::time("cpu", limit, ran.usage.cpu, &ran.enforced.cpu);
    Finding::new(Code::Timeout, message, measure.with(end_signal(ran)))
}

fn processes(Scene { limits, ran, .. }: Scene<'_>) -> Finding {
    let hits = ran.events.pids_limit_hits;
    let refused = if hits == 1 { "was" } else { "were" };
    let message =
        format!("process limit {}, {} {refused} refused", limits.pids, count(hits, "fork", "forks"));
    let measured = ran.usage.pids_peak.unwrap_or(limits.pids);
    let source = if ran.enforced.pids == "pids.max" { "pids.events max" } else { &ran.enforced.pids };
    let details = Details {
        limit: Some("processes".to_owned()),
        limit_value: Some(u64::from(limits.pids)),
        measured: Some(u64::from(measured)),
        unit: Some("processes".to_owned()),
        source: Some(source.to_owned()),
        ..with_signal(end_signal(ran))
    };
    Finding::new(Code::ProcessLimit, message, details)
}

fn disk(Scene { limits, ran, .. }: Scene<'_>) -> Finding {
    if end_signal(ran) == Some(SIGXFSZ) {
        let details = Details {
            limit: Some("file_size".to_owned()),
            limit_value: Some(limits.file_size.0),
            unit: Some("bytes".to_owned()),
            source: Some("SIGXFSZ".to_owned()),
            ..with_signal(Some(SIGXFSZ))
        };
        return Finding::new(Code::DiskLimit, format!("file size limit {}", limits.file_size), details);
    }
    let message = format!("disk limit {}, {} in use at the end", limits.disk, ran.usage.disk);
    let measure = Measure::bytes("disk", limits.disk, ran.usage.disk, "statvfs of the writable places");
    Finding::new(Code::DiskLimit, message, measure.with(end_signal(ran)))
}

fn signal(ran: &Ran) -> Finding {
    Finding::new(Code::Signal, end_in_words(ran.end), with_signal(end_signal(ran)))
}

fn exit(scene: Scene<'_>) -> Finding {
    let expected = exit_in_words(scene.exit);
    let actual = end_in_words(scene.ran.end);
    let details = Details {
        expected: Some(expected.clone()),
        actual: Some(actual.clone()),
        ..with_signal(end_signal(scene.ran))
    };
    Finding::new(Code::WrongExit, format!("{actual}, expected {expected}"), details)
}

fn comparison(checks: &[Check]) -> Finding {
    let first = checks.iter().find(|check| !check.ok && check.target != CheckTarget::Exit);
    let check = first.expect("the comparison fact is made from a check that failed");
    let (code, file) = match &check.target {
        CheckTarget::Exit | CheckTarget::Stdout => (Code::StdoutDiffers, None),
        CheckTarget::Stderr => (Code::StderrDiffers, None),
        CheckTarget::File(path) => (Code::FileDiffers, Some(path.clone())),
        CheckTarget::Resource(_) => (Code::ResourceUse, None),
        CheckTarget::Source(path) => (Code::SourceRefused, Some(path.clone())),
    };
    Finding::new(code, check.message.clone(), Details { file, ..Details::default() })
}

/// A limit that was measured.
struct Measure(Details);

impl Measure {
    fn new(limit: &str, value: u64, measured: u64, source: &str) -> Self {
        Self(Details {
            limit: Some(limit.to_owned()),
            limit_value: Some(value),
            measured: Some(measured),
            source: Some(source.to_owned()),
            ..Details::default()
        })
    }

    fn bytes(limit: &str, value: Bytes, measured: Bytes, source: &str) -> Self {
        let mut measure = Self::new(limit, value.0, measured.0, source);
        measure.0.unit = Some("bytes".to_owned());
        measure
    }

    fn time(limit: &str, value: Duration, measured: Duration, source: &str) -> Self {
        let mut measure = Self::new(limit, millis(value), millis(measured), source);
        measure.0.unit = Some("ms".to_owned());
        measure
    }

    fn with(mut self, signal: Option<i32>) -> Details {
        self.0.signal = signal;
        self.0.signal_name = signal.map(signal_name);
        self.0
    }
}

fn with_signal(signal: Option<i32>) -> Details {
    Details { signal, signal_name: signal.map(signal_name), ..Details::default() }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// `1 process`, `3 processes`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
