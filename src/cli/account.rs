//! `--verbose`: an account for people of what is in force and what happened, on standard error.

use std::fmt::Write as _;

use crate::report::CaseReport;
use crate::sandbox::outcome::{End, Enforced, Outcome, Ran};
use crate::units::{format_duration, visible_line};

/// What happened, and what was really in force.
pub(super) fn after(report: &CaseReport) -> String {
    let mut out = String::new();
    match report.attempts.last().map(|attempt| &attempt.outcome) {
        None => line(&mut out, "not run", &visible_line(report.verdict.message.as_bytes())),
        Some(Outcome::NotStarted(fault)) => {
            line(&mut out, "not started", &visible_line(report.verdict.message.as_bytes()));
            if !fault.help.is_empty() {
                line(&mut out, "help", &fault.help);
            }
        }
        Some(Outcome::Ran(ran)) => {
            enforced(&mut out, &ran.enforced);
            used(&mut out, ran);
        }
    }
    if let Some(code) = report.verdict.code {
        let verdict = format!("{code} {}: {}", code.title(), visible_line(report.verdict.message.as_bytes()));
        line(&mut out, "verdict", &verdict);
    }
    for note in &report.verdict.notes {
        line(&mut out, "note", &visible_line(note.as_bytes()));
    }
    out
}

fn enforced(out: &mut String, enforced: &Enforced) {
    line(out, "namespaces", &enforced.namespaces.join(" "));
    let landlock = enforced.landlock.map_or_else(|| "none".to_owned(), |abi| format!("ABI {abi}"));
    let walls = format!(
        "seccomp {}, capabilities {}, landlock {landlock}, user {}",
        enforced.seccomp,
        if enforced.no_new_privs { "dropped" } else { "kept" },
        if enforced.separate_user { "separate" } else { "the caller's" }
    );
    line(out, "isolation", &walls);
    let counters = format!(
        "cgroup {}; memory by {}, processes by {}, CPU time by {}, CPU weight by {}",
        enforced.cgroup, enforced.memory, enforced.pids, enforced.cpu, enforced.cpu_shares
    );
    line(out, "limits held", &counters);
    line(out, "workspace", &enforced.workspace);
    for weaker in &enforced.degraded {
        line(out, "WEAKER", weaker);
    }
}

fn used(out: &mut String, ran: &Ran) {
    let end = match ran.end {
        End::Exited(status) => format!("exit status {status}"),
        End::Signaled { signal, .. } => format!("signal {signal}"),
        End::Killed => "killed with its sandbox".to_owned(),
    };
    let leaked =
        if ran.leaked > 0 { format!(", {} processes left behind", ran.leaked) } else { String::new() };
    line(out, "ended", &format!("{end}{leaked}"));
    let used = format!(
        "{} by the clock, {} of CPU, {} of memory, {} of output",
        format_duration(ran.usage.wall),
        format_duration(ran.usage.cpu),
        ran.usage.memory_peak,
        ran.usage.output
    );
    line(out, "used", &used);
}

fn line(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "{name:>14}: {text}");
}
