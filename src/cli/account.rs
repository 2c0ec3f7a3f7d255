//! `--verbose`: an account for people of what is in force and what happened, on standard error.

use std::fmt::Write as _;

use crate::limits::{Origin, Resolved};
use crate::policy::WorkspaceChoice;
use crate::report::CaseReport;
use crate::resolve::{ResolvedCase, ResolvedLimits, Sources};
use crate::sandbox::outcome::{End, Enforced, Outcome, Ran};
use crate::sandbox::spec::{Access, Network, Require};
use crate::units::{format_duration, visible_line};

/// What was decided for a case, before it runs.
pub(super) fn before(case: &ResolvedCase, workspace: Option<&WorkspaceChoice>) -> String {
    let mut out = String::new();
    let argv: Vec<_> = case.argv.iter().map(|word| visible_line(word.as_bytes())).collect();
    line(&mut out, "command", &argv.join(" "));
    line(&mut out, "profile", &case.profile);
    for (name, value, origin) in limits(&case.limits) {
        line(&mut out, name, &format!("{value}  ({})", visible_line(origin.to_string().as_bytes())));
    }
    line(&mut out, "network", if case.network == Network::Host { "the host's" } else { "none" });
    line(&mut out, "workspace", &self::workspace(&case.sources, workspace));
    line(&mut out, "starts in", &visible_line(case.workdir.as_os_str().as_encoded_bytes()));
    for bind in &case.binds {
        let access = if bind.access == Access::ReadWrite { "writable" } else { "read-only" };
        let text = format!("{} at {}, {access}", bind.source.display(), bind.dest.display());
        line(&mut out, "shown inside", &visible_line(text.as_bytes()));
    }
    let strict = case.require == Require::Strict;
    line(&mut out, "require", if strict { "strict" } else { "best effort" });
    out
}

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

/// Each limit: its name, its value for people, and where it comes from.
pub(super) fn limits(limits: &ResolvedLimits) -> Vec<(&'static str, String, &Origin)> {
    fn entry<'a, T>(
        name: &'static str,
        limit: &'a Resolved<T>,
        text: impl Fn(&T) -> String,
    ) -> (&'static str, String, &'a Origin) {
        (name, text(&limit.value), &limit.origin)
    }
    let cpu = limits.cpu.value.map_or_else(|| "unlimited".to_owned(), format_duration);
    vec![
        entry("timeout", &limits.wall, |wall| format_duration(*wall)),
        ("cpu_time", cpu, &limits.cpu.origin),
        entry("memory", &limits.memory, ToString::to_string),
        entry("max_pids", &limits.pids, ToString::to_string),
        entry("max_output", &limits.output, ToString::to_string),
        entry("max_file_size", &limits.file_size, ToString::to_string),
        entry("max_disk", &limits.disk, ToString::to_string),
        entry("open_files", &limits.open_files, ToString::to_string),
        entry("cpu", &limits.cpu_shares, ToString::to_string),
    ]
}

fn workspace(sources: &Sources, choice: Option<&WorkspaceChoice>) -> String {
    match sources {
        Sources::Empty if choice == Some(&WorkspaceChoice::Auto) => {
            "empty, because the current directory is / or a home directory; --workspace DIR shows one".to_owned()
        }
        Sources::Empty => "empty".to_owned(),
        Sources::Folders(folders) => {
            let folders: Vec<_> = folders
                .iter()
                .map(|folder| visible_line(folder.as_os_str().as_encoded_bytes()))
                .collect();
            format!("{}, copy-on-write: what is written is thrown away", folders.join(" over "))
        }
    }
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
    let leaked = if ran.leaked > 0 { format!(", {} processes left behind", ran.leaked) } else { String::new() };
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
