//! `--dry-run`: every value that was decided and where it comes from, as JSON.

use serde_json::{Map, Value, json};

use super::account;
use crate::limits::Resolved;
use crate::resolve::{ResolvedCase, ResolvedSuite, Settings, Sources};
use crate::sandbox::spec::{Access, Bind, CgroupChoice, Network, Require, SeccompPolicy, Stdin};
use crate::units::visible_line;

/// The plan of a single command.
pub(super) fn of_command(case: &ResolvedCase, settings: &Settings) -> Value {
    let mut plan = of_case(case);
    plan["profile"] = with_origin(&settings.profile, |profile| json!(profile));
    plan["environment"] = settings
        .env
        .iter()
        .map(|(name, value)| (name.to_string(), with_origin(value, |value| json!(value.to_string()))))
        .collect::<Map<_, _>>()
        .into();
    plan["working_directory"] = with_origin(&settings.workdir, |path| json!(path.display().to_string()));
    plan["mounts"] = settings.binds.iter().map(|mount| with_origin(mount, bind)).collect();
    plan["network"] = with_origin(&settings.network, |value| json!(network(*value)));
    plan["seccomp"] = with_origin(&settings.seccomp, |value| json!(seccomp(*value)));
    plan["cgroup"] = with_origin(&settings.cgroup, |value| json!(cgroup(*value)));
    plan["require"] = with_origin(&settings.require, |value| json!(require(*value)));
    plan
}

/// The plan of a run of suites: what would run, in order.
pub(super) fn of_suites<'a>(
    suites: &[ResolvedSuite],
    cases: impl Iterator<Item = &'a ResolvedCase>,
) -> Value {
    let suites: Vec<_> =
        suites.iter().map(|suite| json!({"name": suite.name, "file": suite.file, "sha256": suite.sha256})).collect();
    json!({"suites": suites, "cases": cases.map(of_case).collect::<Vec<_>>()})
}

fn of_case(case: &ResolvedCase) -> Value {
    let argv: Vec<_> = case.argv.iter().map(|word| visible_line(word.as_bytes())).collect();
    let limits: Map<_, _> = account::limits(&case.limits)
        .into_iter()
        .map(|(name, value, origin)| (name.to_owned(), json!({"value": value, "origin": origin.to_string()})))
        .collect();
    let environment: Map<_, _> =
        case.env.iter().map(|(name, value)| (name.to_string(), json!(value.to_string()))).collect();
    json!({
        "id": &*case.id.0,
        "file": case.file,
        "line": case.line,
        "argv": argv,
        "profile": case.profile,
        "limits": limits,
        "environment": environment,
        "working_directory": case.workdir.display().to_string(),
        "workspace": workspace(&case.sources),
        "files": case.files.iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>(),
        "outputs": case.outputs.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "stdin": stdin(&case.stdin),
        "mounts": case.binds.iter().map(bind).collect::<Vec<_>>(),
        "network": network(case.network),
        "seccomp": seccomp(case.seccomp),
        "cgroup": cgroup(case.cgroup),
        "require": require(case.require),
        "blocked": case.blocked,
        "needs": case.needs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "points": case.points,
    })
}

fn with_origin<T>(resolved: &Resolved<T>, value: impl Fn(&T) -> Value) -> Value {
    json!({"value": value(&resolved.value), "origin": resolved.origin.to_string()})
}

fn workspace(sources: &Sources) -> Value {
    match sources {
        Sources::Empty => json!({"kind": "empty"}),
        Sources::Folders(folders) => {
            let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
            json!({"kind": "copy-on-write", "folders": folders})
        }
    }
}

fn stdin(stdin: &Stdin) -> Value {
    match stdin {
        Stdin::Empty => json!("empty"),
        Stdin::Bytes(bytes) => json!({"bytes": bytes.len()}),
        Stdin::Inherit => json!("that of capsule-run"),
    }
}

fn bind(bind: &Bind) -> Value {
    json!({
        "source": bind.source.display().to_string(),
        "dest": bind.dest.display().to_string(),
        "access": match bind.access { Access::ReadOnly => "ro", Access::ReadWrite => "rw" },
    })
}

fn network(network: Network) -> &'static str {
    match network {
        Network::None => "none",
        Network::Host => "host",
    }
}

fn seccomp(policy: SeccompPolicy) -> &'static str {
    match policy {
        SeccompPolicy::Default => "default",
        SeccompPolicy::Strict => "strict",
        SeccompPolicy::Off => "off",
    }
}

fn cgroup(choice: CgroupChoice) -> &'static str {
    match choice {
        CgroupChoice::Auto => "auto",
        CgroupChoice::V1 => "v1",
        CgroupChoice::V2 => "v2",
        CgroupChoice::None => "none",
    }
}

fn require(require: Require) -> &'static str {
    match require {
        Require::Strict => "strict",
        Require::BestEffort => "best-effort",
    }
}
