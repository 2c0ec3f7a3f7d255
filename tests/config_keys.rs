//! Every key of the configuration does what it says: one row for each, which sets it and looks at the
//! effect. A test compares the rows with the schema, so that a key without a row fails. And the ceilings
//! of the host's policy file bind the command line, requests and suites alike.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/place.rs"]
mod place;
#[path = "support/run.rs"]
mod run;

use place::Place;
use run::{Done, finish};

const RUN: &str = env!("CARGO_BIN_EXE_capsule-run");

/// A key, a configuration that sets it, what is run under it, and what must be seen. `@` is the folder of
/// the place.
struct Row {
    key: &'static str,
    config: &'static str,
    does: Does,
    sees: fn(&Seen) -> bool,
}

#[derive(Debug, Clone, Copy)]
enum Does {
    /// This script, as a single command with these options before it.
    Shell(&'static [&'static str], &'static str),
    /// Eight cases at a time, each with this script.
    Eight(&'static str),
    /// Nothing here: it is a key of another system. What is asked for is only read.
    Elsewhere,
}

struct Seen {
    done: Done,
    place: Place,
}

impl Seen {
    /// A value of the result, by its JSON pointer.
    fn at(&self, pointer: &str) -> Value {
        let result: Value = serde_json::from_str(&self.done.stdout).unwrap_or_default();
        result.pointer(pointer).cloned().unwrap_or_default()
    }

    fn code(&self) -> Value {
        self.at("/error/code")
    }

    fn prints(&self, text: &str) -> bool {
        self.at("/stdout") == text
    }
}

const NONE: &[&str] = &[];
const TRUE: Does = Does::Shell(NONE, "true");
const ONE_AT_A_TIME: Does = Does::Eight("mkdir @/data/lock || exit 9; sleep 0.05; rmdir @/data/lock");

const ROWS: &[Row] = &[
    Row {
        key: "defaults.isolation.network",
        config: "[defaults.isolation]\nnetwork = true",
        does: TRUE,
        sees: |seen| !seen.at("/enforced/namespaces").to_string().contains("net"),
    },
    Row {
        key: "defaults.isolation.readonly_paths",
        config: "[defaults.isolation]\nreadonly_paths = [\"@/data\"]",
        does: Does::Shell(NONE, "cat @/data/x; echo y > @/data/new && exit 9; exit 0"),
        sees: |seen| seen.prints("content\n") && seen.done.code() == 0,
    },
    Row {
        key: "defaults.isolation.writable_paths",
        config: "[defaults.isolation]\nwritable_paths = [\"@/data\"]",
        does: Does::Shell(NONE, "echo kept > @/data/new"),
        sees: |seen| fs::read_to_string(data(&seen.place).join("new")).is_ok_and(|text| text == "kept\n"),
    },
    Row {
        key: "defaults.isolation.bind_mounts",
        config: "[defaults.isolation]\nbind_mounts = [\"@/data:/elsewhere\"]",
        does: Does::Shell(NONE, "cat /elsewhere/x"),
        sees: |seen| seen.prints("content\n"),
    },
    Row {
        key: "defaults.isolation.working_directory",
        config: "[defaults.isolation]\nworking_directory = \"/tmp\"",
        does: Does::Shell(NONE, "pwd"),
        sees: |seen| seen.prints("/tmp\n"),
    },
    Row {
        key: "defaults.isolation.seccomp_policy",
        config: "[defaults.isolation]\nseccomp_policy = \"strict\"",
        does: TRUE,
        sees: |seen| seen.at("/enforced/seccomp") == "strict",
    },
    Row {
        key: "defaults.environment",
        config: "[defaults.environment]\nFOO = \"bar\"",
        does: Does::Shell(NONE, "echo $FOO"),
        sees: |seen| seen.prints("bar\n"),
    },
    Row {
        key: "profiles.*.inherits",
        config: "[profiles.p]\ninherits = \"strict\"",
        does: Does::Shell(&["--profile", "p"], "true"),
        sees: |seen| seen.at("/enforced/seccomp") == "strict",
    },
    Row {
        key: "profiles.*.isolation.network",
        config: "[profiles.p.isolation]\nnetwork = true",
        does: Does::Shell(&["--profile", "p"], "true"),
        sees: |seen| !seen.at("/enforced/namespaces").to_string().contains("net"),
    },
    Row {
        key: "profiles.*.isolation.readonly_paths",
        config: "[profiles.p.isolation]\nreadonly_paths = [\"@/data\"]",
        does: Does::Shell(&["--profile", "p"], "cat @/data/x; echo y > @/data/new && exit 9; exit 0"),
        sees: |seen| seen.prints("content\n") && seen.done.code() == 0,
    },
    Row {
        key: "profiles.*.isolation.writable_paths",
        config: "[profiles.p.isolation]\nwritable_paths = [\"@/data\"]",
        does: Does::Shell(&["--profile", "p"], "echo kept > @/data/new"),
        sees: |seen| fs::read_to_string(data(&seen.place).join("new")).is_ok_and(|text| text == "kept\n"),
    },
    Row {
        key: "profiles.*.isolation.bind_mounts",
        config: "[profiles.p.isolation]\nbind_mounts = [\"@/data:/elsewhere:rw\"]",
        does: Does::Shell(&["--profile", "p"], "echo kept > /elsewhere/new; cat /elsewhere/x"),
        sees: |seen| seen.prints("content\n") && data(&seen.place).join("new").exists(),
    },
    Row {
        key: "profiles.*.isolation.working_directory",
        config: "[profiles.p.isolation]\nworking_directory = \"/tmp\"",
        does: Does::Shell(&["--profile", "p"], "pwd"),
        sees: |seen| seen.prints("/tmp\n"),
    },
    Row {
        key: "profiles.*.isolation.seccomp_policy",
        config: "[profiles.p.isolation]\nseccomp_policy = \"strict\"",
        does: Does::Shell(&["--profile", "p"], "true"),
        sees: |seen| seen.at("/enforced/seccomp") == "strict",
    },
    Row {
        key: "profiles.*.environment",
        config: "[profiles.p.environment]\nFOO = \"bar\"",
        does: Does::Shell(&["--profile", "p"], "echo $FOO"),
        sees: |seen| seen.prints("bar\n"),
    },
    Row {
        key: "platform.linux.cgroups_version",
        config: "[platform.linux]\ncgroups_version = \"none\"",
        does: TRUE,
        sees: |seen| seen.at("/enforced/cgroup") == "none",
    },
    Row {
        key: "platform.linux.cgroup_folder",
        config: "[platform.linux]\ncgroup_folder = \"@/data\"",
        does: Does::Shell(&["--require", "strict"], "true"),
        sees: |seen| {
            seen.code() == "E5001" && seen.at("/error/message").to_string().contains("cgroup_folder")
        },
    },
    Row {
        key: "platform.linux.enable_seccomp",
        config: "[platform.linux]\nenable_seccomp = false",
        does: Does::Shell(NONE, "grep Seccomp: /proc/self/status"),
        sees: |seen| seen.prints("Seccomp:\t0\n"),
    },
    Row {
        key: "platform.linux.seccomp_policy",
        config: "[platform.linux]\nseccomp_policy = \"strict\"",
        does: TRUE,
        sees: |seen| seen.at("/enforced/seccomp") == "strict",
    },
    Row {
        key: "platform.macos.enable_sandbox_exec",
        config: "[platform.macos]\nenable_sandbox_exec = false",
        does: Does::Elsewhere,
        sees: |seen| seen.done.code() == 0,
    },
    Row {
        key: "monitoring.enable_resource_tracking",
        config: "[monitoring]\nenable_resource_tracking = false",
        does: TRUE,
        sees: |seen| seen.at("/metrics/cpu_time_ms").is_null() && seen.at("/status") == "success",
    },
    Row {
        key: "monitoring.monitor_interval_ms",
        config: "[monitoring]\nmonitor_interval_ms = \"1s\"\n[platform.linux]\ncgroups_version = \"none\"",
        does: TRUE,
        sees: |seen| seen.at("/enforced/degraded").to_string().contains("watched every 1000 ms"),
    },
    Row {
        key: "monitoring.setup_timeout_ms",
        config: "[monitoring]\nsetup_timeout_ms = \"1us\"",
        does: TRUE,
        sees: |seen| seen.code() == "E3002" && seen.done.code() == 125,
    },
    Row {
        key: "monitoring.enable_io_statistics",
        config: "[monitoring]\nenable_io_statistics = false",
        does: TRUE,
        sees: |seen| {
            seen.at("/metrics/io_bytes_read").is_null() && seen.at("/metrics/cpu_time_ms").is_number()
        },
    },
    Row {
        key: "monitoring.log_executions",
        config: "[monitoring]\nlog_executions = true",
        does: TRUE,
        sees: |seen| seen.done.stderr.contains("\"execution_id\""),
    },
    Row {
        key: "monitoring.log_file",
        config: "[monitoring]\nlog_executions = true\nlog_file = \"@/data/log\"",
        does: TRUE,
        sees: |seen| {
            fs::read_to_string(data(&seen.place).join("log")).is_ok_and(|log| log.lines().count() == 1)
        },
    },
    Row {
        key: "security.blocked_commands",
        config: "[security]\nblocked_commands = [\"sh\"]",
        does: TRUE,
        sees: |seen| seen.code() == "E2003",
    },
    Row {
        key: "security.allowed_commands",
        config: "[security]\nallowed_commands = [\"cat\"]",
        does: TRUE,
        sees: |seen| seen.code() == "E2003",
    },
    Row {
        key: "security.max_concurrent_executions",
        config: "[security]\nmax_concurrent_executions = 1\n[defaults.isolation]\nwritable_paths = [\"@/data\"]",
        does: ONE_AT_A_TIME,
        sees: |seen| seen.done.code() == 0,
    },
    Row {
        key: "policy.max_concurrent_executions",
        config: "[policy]\nmax_concurrent_executions = 1\n[defaults.isolation]\nwritable_paths = [\"@/data\"]",
        does: ONE_AT_A_TIME,
        sees: |seen| seen.done.code() == 0,
    },
    Row {
        key: "policy.blocked_commands",
        config: "[policy]\nblocked_commands = [\"sh\"]",
        does: TRUE,
        sees: |seen| seen.code() == "E2003",
    },
    Row {
        key: "policy.allowed_commands",
        config: "[policy]\nallowed_commands = [\"cat\"]",
        does: TRUE,
        sees: |seen| seen.code() == "E2003",
    },
    Row {
        key: "policy.allow_network",
        config: "[policy]\nallow_network = false",
        does: Does::Shell(&["--network"], "true"),
        sees: |seen| seen.code() == "E1003",
    },
    Row {
        key: "policy.allow_bind",
        config: "[policy]\nallow_bind = false",
        does: Does::Shell(&["--readonly", "/var"], "true"),
        sees: |seen| seen.code() == "E1003",
    },
    Row {
        key: "policy.allow_writable",
        config: "[policy]\nallow_writable = false",
        does: Does::Shell(&["--writable", "/var"], "true"),
        sees: |seen| seen.code() == "E1003",
    },
    Row {
        key: "policy.require_seccomp",
        config: "[policy]\nrequire_seccomp = true\n[platform.linux]\nenable_seccomp = false",
        does: TRUE,
        sees: |seen| seen.code() == "E1003",
    },
    Row {
        key: "policy.require_strict",
        config: "[policy]\nrequire_strict = true",
        does: Does::Shell(&["--require", "best-effort"], "true"),
        sees: |seen| seen.code() == "E1003",
    },
];

/// A limit: its two names, a value, a script that runs into it, and what is seen then. And its ceiling:
/// the key, its value, and a value above that.
struct Limit {
    names: [&'static str; 2],
    value: &'static str,
    script: &'static str,
    sees: fn(&Seen) -> bool,
    ceiling: [&'static str; 3],
}

const LIMITS: &[Limit] = &[
    Limit {
        names: ["timeout", "timeout_ms"],
        value: "200ms",
        script: "sleep 60",
        sees: |seen| seen.code() == "E3001" && seen.at("/error/details/limit") == "wall",
        ceiling: ["max_timeout_ms", "2s", "3s"],
    },
    Limit {
        names: ["cpu_time", "max_cpu_time_ms"],
        value: "100ms",
        script: "while :; do :; done",
        sees: |seen| seen.code() == "E3001" && seen.at("/error/details/limit") == "cpu",
        ceiling: ["max_cpu_time_ms", "2s", "3s"],
    },
    Limit {
        names: ["memory", "memory_bytes"],
        value: "16M",
        script: "x=0123456789abcdef; while :; do x=$x$x; done",
        sees: |seen| seen.code() == "E4001" || seen.code() == "E4002",
        ceiling: ["max_memory_bytes", "64M", "65M"],
    },
    Limit {
        names: ["max_pids", "max_processes"],
        value: "4",
        script: "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; exit 1",
        sees: |seen| seen.code() == "E4003",
        ceiling: ["max_pids", "8", "9"],
    },
    Limit {
        names: ["max_output", "max_output_bytes"],
        value: "1K",
        script: "yes",
        sees: |seen| seen.code() == "E4004",
        ceiling: ["max_output_bytes", "64K", "65K"],
    },
    Limit {
        names: ["max_file_size", "max_file_bytes"],
        value: "64K",
        script: "exec head -c 1000000 /dev/zero > /tmp/f",
        sees: |seen| seen.code() == "E4005" && seen.at("/error/details/limit") == "file_size",
        ceiling: ["max_file_bytes", "1M", "2M"],
    },
    Limit {
        names: ["max_disk", "max_disk_bytes"],
        value: "1M",
        script: "for n in 1 2 3 4; do head -c 500000 /dev/zero > /tmp/$n || exit 1; done",
        sees: |seen| seen.code() == "E4005" && seen.at("/error/details/limit") == "disk",
        ceiling: ["max_disk_bytes", "1M", "2M"],
    },
    Limit {
        names: ["open_files", "max_open_files"],
        value: "8",
        script: "ulimit -n",
        sees: |seen| seen.prints("8\n"),
        ceiling: ["max_open_files", "32", "33"],
    },
    Limit {
        names: ["cpu", "cpu_shares"],
        value: "512",
        script: "true",
        sees: |seen| {
            let held = seen.at("/enforced/cpu_shares");
            held == "cpu.shares"
                || held == "cpu.weight"
                || seen.at("/enforced/degraded").to_string().contains("CPU weight is not held")
        },
        ceiling: ["max_cpu_shares", "100", "101"],
    },
];

/// The tables that limits may stand in.
const TABLES: [&str; 4] = ["defaults", "defaults.resources", "profiles.*", "profiles.*.resources"];

#[test]
fn every_key_acts() {
    let wrong: Vec<_> = ROWS.iter().filter_map(|row| acts(row.key, row.config, row.does, row.sees)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_limit_acts_by_both_its_names_in_every_table() {
    let mut wrong = Vec::new();
    for limit in LIMITS {
        for (at, name) in limit.names.into_iter().cycle().take(TABLES.len()).enumerate() {
            // Each name in two of the tables; all the others are told apart by their values below.
            let table = TABLES[(at + at / 2) % TABLES.len()];
            let key = format!("{table}.{name}");
            let config = format!("[{}]\n{name} = \"{}\"", table.replace('*', "p"), limit.value);
            let options: &[&str] = if table.starts_with("profiles") { &["--profile", "p"] } else { NONE };
            wrong.extend(acts(&key, &config, Does::Shell(options, limit.script), limit.sees));
        }
        for table in TABLES {
            for name in limit.names {
                wrong.extend(is_decided(table, name, limit.value));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A dry run says that a limit comes from there.
fn is_decided(table: &str, name: &str, value: &str) -> Option<String> {
    let place = Place::new();
    let header = table.replace('*', "p");
    fs::write(place.work().join("c.toml"), format!("[{header}]\n{name} = \"{value}\"\n[profiles.q]\n"))
        .expect("ours");
    let mut command = place.command(RUN);
    let profile = if table.starts_with("profiles") { "p" } else { "default" };
    command.args(["--config", "c.toml", "--profile", profile, "--dry-run", "--", "true"]);
    let done = finish(command, b"");
    let said = done.stdout.contains(&format!("c.toml:2 ([{header}])"));
    (done.code() != 0 || !said).then(|| format!("[{header}] {name}: {done:#?}"))
}

#[test]
fn every_key_of_the_schema_has_a_row_and_every_row_a_key() {
    let schema = finish(
        {
            let mut command = Place::new().command(RUN);
            command.current_dir("/").args(["schema", "config"]);
            command
        },
        b"",
    );
    let schema: Value = serde_json::from_str(&schema.stdout).expect("it is JSON");
    let mut keys = BTreeSet::new();
    keys_of(&schema, &schema, "", &mut keys);
    let limits = TABLES.iter().flat_map(|table| {
        LIMITS.iter().flat_map(move |limit| limit.names.map(|name| format!("{table}.{name}")))
    });
    let ceilings = LIMITS.iter().map(|limit| format!("policy.{}", limit.ceiling[0]));
    let rows = ROWS.iter().map(|row| row.key.to_owned());
    let rows: BTreeSet<String> = rows.chain(limits).chain(ceilings).collect();
    let difference: Vec<_> = keys.symmetric_difference(&rows).collect();
    assert!(difference.is_empty(), "{difference:?}");
}

/// The paths of all keys that are no tables.
fn keys_of(schema: &Value, all: &Value, path: &str, found: &mut BTreeSet<String>) {
    let schema = resolved(schema, all);
    let mut is_leaf = true;
    for (name, value) in schema["properties"].as_object().into_iter().flatten() {
        is_leaf = false;
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        keys_of(value, all, &path, found);
    }
    let inner = resolved(&schema["additionalProperties"], all);
    if inner["properties"].is_object() {
        is_leaf = false;
        keys_of(inner, all, &format!("{path}.*"), found);
    }
    if is_leaf {
        found.insert(path.to_owned());
    }
}

fn resolved<'v>(schema: &'v Value, all: &'v Value) -> &'v Value {
    let named = schema["$ref"].as_str().and_then(|name| all.pointer(name.trim_start_matches('#')));
    let schema = named.unwrap_or(schema);
    let alternatives = schema["anyOf"].as_array().into_iter().flatten();
    alternatives.map(|one| resolved(one, all)).find(|one| one["properties"].is_object()).unwrap_or(schema)
}

fn data(place: &Place) -> std::path::PathBuf {
    place.work().join("data")
}

/// What is wrong with a key's effect.
fn acts(key: &str, config: &str, does: Does, sees: fn(&Seen) -> bool) -> Option<String> {
    let seen = run_under(config, does);
    let ok = sees(&seen);
    (!ok).then(|| format!("{key}:\n{config}\n{:#?}", seen.done))
}

fn run_under(config: &str, does: Does) -> Seen {
    let place = Place::new();
    fs::create_dir(data(&place)).expect("ours");
    fs::write(data(&place).join("x"), "content\n").expect("ours");
    let here = |text: &str| text.replace('@', &place.work().to_string_lossy());
    fs::write(place.work().join("c.toml"), here(config)).expect("ours");
    let mut command = place.command(RUN);
    match does {
        Does::Shell(options, script) => {
            command.args(["--config", "c.toml", "--workspace", "none"]).args(options);
            if !options.contains(&"--require") && !config.contains("require_strict") {
                command.args(["--require", "best-effort"]);
            }
            command.args(["--", "sh", "-c", &here(script)]);
        }
        Does::Eight(script) => {
            let cases: String =
                (0..8).map(|n| format!("  - {{id: c{n}, shell: '{}'}}\n", here(script))).collect();
            fs::write(place.work().join("s.yaml"), format!("version: 1\nname: eight\ncases:\n{cases}"))
                .expect("ours");
            command.args(["suite", "s.yaml", "--config", "c.toml", "-j", "8", "--require", "best-effort"]);
        }
        Does::Elsewhere => {
            command.args(["--config", "c.toml", "--dry-run", "--", "true"]);
        }
    }
    let done = finish(command, b"");
    Seen { done, place }
}

#[test]
fn without_its_key_eight_cases_at_a_time_meet() {
    // Else the rows about `max_concurrent_executions` would prove nothing.
    let seen = run_under("[defaults.isolation]\nwritable_paths = [\"@/data\"]", ONE_AT_A_TIME);
    assert_eq!(seen.done.code(), 1, "{:#?}", seen.done);
}

#[test]
fn the_hosts_policy_binds_options_requests_and_suites() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("left out: an /etc of its own takes root");
        return;
    }
    for limit in LIMITS {
        let [key, most, more] = limit.ceiling;
        let [short, _] = limit.names;
        let policy = format!("{key} = \"{most}\"\n");
        let option = format!("--{}", short.replace('_', "-"));
        let setting = format!("{short}={more}");
        let suite = format!(
            "version: 1\nname: s\ncases:\n  - {{id: a, run: [\"true\"], limits: {{{short}: {more}}}}}\n"
        );
        let request = json!({"command": "true", short: more}).to_string();
        let config = format!("[defaults]\n{short} = \"{more}\"\n");
        for (how, arguments, input) in [
            ("an option", vec![option.as_str(), more, "--", "true"], ""),
            ("a request", vec!["--json"], request.as_str()),
            ("a configuration", vec!["--config", "c.toml", "--", "true"], ""),
            ("a suite", vec!["suite", "s.yaml"], ""),
            ("a suite under an option", vec!["suite", "s2.yaml", "--set", setting.as_str()], ""),
        ] {
            let done = with_policy(&policy, &suite, &config, &arguments, input);
            assert!(matches!(done.code(), 2 | 125), "{key}, {how}: {done:#?}");
            let text = format!("{}{}", done.stdout, done.stderr);
            assert!(text.contains("E1003") && text.contains(key), "{key}, {how}: {text}");
            assert!(text.contains("/etc/capsule-run/policy.toml:1"), "{key}, {how}: {text}");
        }
    }
    let policy = "allow_network = false\nallow_bind = false\nblocked_commands = [\"true\"]\n";
    let suite = "version: 1\nname: s\ncases:\n  - {id: a, run: [\"true\"]}\n";
    let config = "[defaults.isolation]\nnetwork = true\nreadonly_paths = [\"/var\"]\n";
    for arguments in [vec!["--config", "c.toml", "--", "cat"], vec!["suite", "s.yaml", "--config", "c.toml"]]
    {
        let done = with_policy(policy, suite, config, &arguments, "");
        assert!(matches!(done.code(), 2 | 125), "{arguments:?}: {done:#?}");
        assert!(done.stderr.contains("allow_network") && done.stderr.contains("allow_bind"), "{done:#?}");
    }
    let blocked = with_policy(policy, suite, "", &["--", "true"], "");
    assert!(blocked.code() == 126 && blocked.stdout.contains("E2003"), "{blocked:#?}");
}

/// A run that sees this text as `/etc/capsule-run/policy.toml`.
fn with_policy(policy: &str, suite: &str, config: &str, arguments: &[&str], input: &str) -> Done {
    let place = Place::new();
    let etc = place.work().join("etc/capsule-run");
    fs::create_dir_all(&etc).expect("ours");
    fs::write(etc.join("policy.toml"), policy).expect("ours");
    fs::write(place.work().join("s.yaml"), suite).expect("ours");
    fs::write(place.work().join("s2.yaml"), "version: 1\nname: s\ncases:\n  - {id: a, run: [\"true\"]}\n")
        .expect("ours");
    fs::write(place.work().join("c.toml"), config).expect("ours");
    let script = "mount -t overlay overlay -o lowerdir=$1:/etc /etc && shift && exec \"$@\"";
    let mut command = place.command("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(place.work().join("etc"));
    command.arg(Path::new(RUN)).args(arguments);
    finish(command, input.as_bytes())
}
