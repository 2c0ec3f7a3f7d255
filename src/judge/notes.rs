//! The facts that did not decide, in plain words.

use crate::judge::classify::Cause;
use crate::judge::evidence::count;
use crate::judge::facts::{cpu_overrun, memory_needed, memory_reached};
use crate::sandbox::outcome::{Captured, End, KillReason, Ran};
use crate::sandbox::spec::Limits;
use crate::units::{Bytes, format_duration};

/// Every fact worth knowing except the one that `cause` names already.
pub(super) fn notes(cause: Cause, limits: &Limits, ran: &Ran) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(killed(cause, limits, ran));
    notes.extend(resources(cause, limits, ran));
    notes.extend(cut("stdout", &ran.stdout));
    notes.extend(cut("stderr", &ran.stderr));
    if matches!(ran.end, End::Signaled { core_dumped: true, .. }) {
        notes.push("a core was dumped".to_owned());
    }
    if ran.leaked > 0 {
        let were = if ran.leaked == 1 { "was" } else { "were" };
        let processes = count(u64::from(ran.leaked), "process", "processes");
        notes.push(format!("{processes} {were} left behind and killed"));
    }
    notes
}

/// Why the supervisor ended it, when something earlier in the precedence decided.
fn killed(cause: Cause, limits: &Limits, ran: &Ran) -> Option<String> {
    let (named, note) = match ran.killed_by.as_ref()? {
        KillReason::ForbiddenSyscall { name, .. } => {
            (Cause::Forbidden, format!("it made the forbidden system call {name}"))
        }
        KillReason::Output => {
            (Cause::Output, format!("it was ended at the output limit ({})", limits.output))
        }
        KillReason::Wall => {
            (Cause::Wall, format!("it was ended at the wall limit ({})", format_duration(limits.wall)))
        }
        KillReason::Cpu => {
            let limit = format_duration(limits.cpu.unwrap_or_default());
            (Cause::Cpu, format!("it was ended at the CPU limit ({limit})"))
        }
        KillReason::Memory => {
            (Cause::Memory, format!("it was ended at the memory limit ({})", limits.memory))
        }
        KillReason::Cancelled => (Cause::Cancelled, "it was cancelled".to_owned()),
    };
    (named != cause).then_some(note)
}

fn resources(cause: Cause, limits: &Limits, ran: &Ran) -> Vec<String> {
    let mut notes = Vec::new();
    let mut unless = |named: Cause, holds: bool, note: &dyn Fn() -> String| {
        if holds && cause != named {
            notes.push(note());
        }
    };
    let kills = ran.events.oom_kills;
    unless(Cause::OomKill, kills > 0, &|| {
        format!("the kernel's OOM killer killed {}", count(kills, "process", "processes"))
    });
    // An OOM kill says the same and more.
    unless(Cause::Memory, kills == 0 && memory_reached(limits, ran), &|| {
        format!("memory peak {} reached the limit ({})", memory_needed(ran), limits.memory)
    });
    let wrote = ran.usage.output;
    let over = wrote > limits.output && ran.killed_by != Some(KillReason::Output);
    unless(Cause::Output, over, &|| format!("it wrote {wrote}, the output limit is {}", limits.output));
    let overrun = cpu_overrun(limits, ran) && ran.killed_by != Some(KillReason::Cpu);
    unless(Cause::Cpu, overrun, &|| {
        let (used, limit) = (format_duration(ran.usage.cpu), limits.cpu.unwrap_or_default());
        format!("it used {used} of CPU time, the limit is {}", format_duration(limit))
    });
    let hits = ran.events.pids_limit_hits;
    unless(Cause::Processes, hits > 0, &|| {
        let were = if hits == 1 { "was" } else { "were" };
        format!("{} {were} refused at the process limit ({})", count(hits, "fork", "forks"), limits.pids)
    });
    unless(Cause::Disk, ran.events.disk_full, &|| {
        format!("a writable place was full at the end (disk limit {})", limits.disk)
    });
    notes
}

fn cut(name: &str, stream: &Captured) -> Option<String> {
    let kept = Bytes(stream.bytes.len() as u64);
    stream.truncated().then(|| format!("{name} was cut: {kept} of {} kept", Bytes(stream.total)))
}
