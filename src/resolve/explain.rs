//! [`explain`]: every value of a case and where it came from, for `--dry-run`.

use std::path::Path;

use serde::{Serialize, Serializer};

use super::{FileLine, JudgeProgram, Operator, ResolvedCase, Sources, command};
use crate::diagnostic::Diagnostic;
use crate::judge::{ExitExpectation, Expectation, StreamExpectation};
use crate::limits::{KEYS, LimitField, Origin};
use crate::policy::Request;
use crate::sandbox::spec::{Access, Bind, CgroupChoice, Network, Require, SeccompPolicy, Stdin};
use crate::units::{format_duration, visible_line};

/// Every value of a case, in the order of the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    rows: Vec<Row>,
}

/// One value. Name and value are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    #[serde(skip)]
    name: String,
    value: String,
    origin: Option<String>,
}

/// Every value of a case, with its origin.
#[must_use]
pub fn explain(case: &ResolvedCase) -> Explanation {
    rows(case)
}

/// Every value of a single command, each with its origin.
///
/// # Errors
/// Whatever is wrong with the request, as [`command`] says it.
pub fn explain_command(request: &Request, operator: &Operator) -> Result<Explanation, Vec<Diagnostic>> {
    command(request, operator).map(|case| rows(&case))
}

impl Explanation {
    /// Three columns: name, value, origin.
    #[must_use]
    pub fn to_text(&self) -> String {
        let width =
            |of: fn(&Row) -> &str| self.rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (names, values) = (width(|row| &row.name), width(|row| &row.value).min(48));
        let line = |row: &Row| {
            let origin = row.origin.as_deref().map_or_else(String::new, |origin| format!("  ({origin})"));
            format!("{:<names$}  {:<values$}{origin}", row.name, row.value).trim_end().to_owned() + "\n"
        };
        self.rows.iter().map(line).collect()
    }
}

/// One object: each name has an object of `value` and `origin` (null where it is not known).
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.rows.iter().map(|row| (&row.name, row)))
    }
}

fn rows(case: &ResolvedCase) -> Explanation {
    let origins = &case.origins;
    let origin = |origin: &Origin| Some(origin.to_string());
    let mut rows = vec![
        row("command", argv(case), line(case.written.command.as_ref())),
        row("profile", case.profile.clone(), origin(&origins.profile)),
    ];
    rows.extend(KEYS.iter().map(|key| limit(case, key.short, key.field)));
    rows.push(row("network", network(case.network), origin(&origins.network)));
    rows.push(row("seccomp", seccomp(case.seccomp), origin(&origins.seccomp)));
    rows.push(row("cgroups", cgroup(case.cgroup), origin(&origins.cgroup)));
    rows.push(row("require", require(case.require), origin(&origins.require)));
    rows.push(row("workspace", workspace(&case.sources), None));
    rows.push(row("workdir", path(&case.workdir), origin(&origins.workdir)));
    for (at, shown) in case.binds.iter().enumerate() {
        let origin = origins.binds.get(at).and_then(origin);
        rows.push(row(&format!("bind {}", path(&shown.dest)), bind(shown), origin));
    }
    for (at, (name, value)) in case.env.iter().enumerate() {
        let origin = origins.env.get(at).and_then(origin);
        let name = format!("env {}", visible_line(name.as_bytes()));
        rows.push(row(&name, visible_line(value.as_bytes()), origin));
    }
    rows.push(row("stdin", stdin(&case.stdin), line(case.written.stdin.as_ref())));
    if case.line > 0 && (case.written.points.is_some() || case.written.expect.is_some()) {
        rows.push(row("expect", expectation(&case.expectation), line(case.written.expect.as_ref())));
        rows.push(row("points", case.points.to_string(), line(case.written.points.as_ref())));
    }
    rows.extend(judges(case).map(|program| row(program.role.name(), judge(program), None)));
    rows.extend(case.files.iter().map(|file| {
        row(&format!("file {}", path(&file.path)), format!("{} bytes", file.content.len()), None)
    }));
    rows.extend(
        case.outputs.iter().map(|output| row(&format!("output {}", path(output)), String::new(), None)),
    );
    let setup = format_duration(case.setup_timeout);
    rows.push(row("setup_timeout", setup, origin(&origins.setup_timeout)));
    let interval = format_duration(case.watch_interval);
    rows.push(row("monitor_interval", interval, origin(&origins.watch_interval)));
    if let Some(reason) = &case.blocked {
        rows.push(row("blocked", visible_line(reason.as_bytes()), None));
    }
    Explanation { rows }
}

fn line(place: Option<&FileLine>) -> Option<String> {
    place.map(ToString::to_string)
}

/// What must hold, in a few words.
fn expectation(expectation: &Expectation) -> String {
    let exit = match &expectation.exit {
        ExitExpectation::OneOf(statuses) => {
            let statuses: Vec<_> = statuses.iter().map(ToString::to_string).collect();
            format!("exit {}", statuses.join(" or "))
        }
        ExitExpectation::Nonzero => "exit not 0".to_owned(),
        ExitExpectation::Not(status) => format!("exit not {status}"),
        ExitExpectation::Signal(signal) => format!("signal {signal}"),
        ExitExpectation::Any => "any exit".to_owned(),
    };
    let stream = |name: &str, stream: &StreamExpectation| {
        let all = match stream {
            StreamExpectation::Any => return None,
            StreamExpectation::Like(expected) => std::slice::from_ref(expected),
            StreamExpectation::Every(all) => all,
        };
        let sources: Vec<_> = all.iter().map(|one| visible_line(one.source.as_bytes())).collect();
        Some(format!("{name} as {}", sources.join(" and ")))
    };
    let code = expectation.code.map(|code| format!("code {}", code.number()));
    let files = expectation.files.iter().map(|file| format!("file {}", path(&file.path)));
    let streams = [stream("stdout", &expectation.stdout), stream("stderr", &expectation.stderr), code];
    std::iter::once(exit).chain(streams.into_iter().flatten()).chain(files).collect::<Vec<_>>().join(", ")
}

fn row(name: &str, value: String, origin: Option<String>) -> Row {
    Row { name: name.to_owned(), value, origin: origin.map(|origin| visible_line(origin.as_bytes())) }
}

fn limit(case: &ResolvedCase, name: &str, field: LimitField) -> Row {
    let limits = &case.limits;
    let (value, origin) = match field {
        LimitField::Wall => (format_duration(limits.wall.value), &limits.wall.origin),
        LimitField::Cpu => {
            let time = limits.cpu.value.map_or_else(|| "unlimited".to_owned(), format_duration);
            (time, &limits.cpu.origin)
        }
        LimitField::Memory => (limits.memory.value.to_string(), &limits.memory.origin),
        LimitField::Pids => (limits.pids.value.to_string(), &limits.pids.origin),
        LimitField::Output => (limits.output.value.to_string(), &limits.output.origin),
        LimitField::FileSize => (limits.file_size.value.to_string(), &limits.file_size.origin),
        LimitField::Disk => (limits.disk.value.to_string(), &limits.disk.origin),
        LimitField::OpenFiles => (limits.open_files.value.to_string(), &limits.open_files.origin),
        LimitField::CpuShares => (limits.cpu_shares.value.to_string(), &limits.cpu_shares.origin),
    };
    row(name, value, Some(origin.to_string()))
}

fn argv(case: &ResolvedCase) -> String {
    // Debug of NoNul is in quotes and safe on a terminal.
    case.argv.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" ").replace('\n', "\\n")
}

fn path(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    visible_line(path.as_os_str().as_bytes())
}

fn network(network: Network) -> String {
    match network {
        Network::None => "none",
        Network::Host => "host",
    }
    .to_owned()
}

fn seccomp(policy: SeccompPolicy) -> String {
    match policy {
        SeccompPolicy::Default => "default",
        SeccompPolicy::Strict => "strict",
        SeccompPolicy::Off => "off",
    }
    .to_owned()
}

fn cgroup(choice: CgroupChoice) -> String {
    match choice {
        CgroupChoice::Auto => "auto",
        CgroupChoice::V1 => "v1",
        CgroupChoice::V2 => "v2",
        CgroupChoice::None => "none",
    }
    .to_owned()
}

fn require(require: Require) -> String {
    match require {
        Require::Strict => "strict",
        Require::BestEffort => "best-effort",
    }
    .to_owned()
}

fn workspace(sources: &Sources) -> String {
    match sources {
        Sources::Empty => "empty".to_owned(),
        Sources::Folders(folders) => {
            let folders = folders.iter().map(|folder| path(folder)).collect::<Vec<_>>();
            format!("copy-on-write view of {}", folders.join(", "))
        }
    }
}

fn bind(bind: &Bind) -> String {
    let access = match bind.access {
        Access::ReadOnly => "read-only",
        Access::ReadWrite => "writable",
    };
    format!("{}, {access}", path(&bind.source))
}

fn judges(case: &ResolvedCase) -> impl Iterator<Item = &JudgeProgram> {
    let both = case.judging.iter().flat_map(|judging| [&judging.checker, &judging.interactor]);
    both.filter_map(|program| program.as_deref())
}

/// `./check strict (kattis, profile judge)`.
fn judge(program: &JudgeProgram) -> String {
    let words = program.case.argv.iter().chain(&program.args);
    let words: Vec<_> = words.map(|word| visible_line(word.as_bytes())).collect();
    let profile = visible_line(program.case.profile.as_bytes());
    format!("{} ({}, profile {profile})", words.join(" "), program.protocol.name())
}

fn stdin(stdin: &Stdin) -> String {
    match stdin {
        Stdin::Empty => "empty".to_owned(),
        Stdin::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Stdin::Inherit => "inherited".to_owned(),
        Stdin::Pipe(_) => "a pipe".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::diagnostic::Source;
    use crate::policy::{ConfigFormat, parse_config, parse_request};

    fn explanation() -> Explanation {
        let text = "[defaults]\ntimeout_ms = \"2s\"\n[defaults.environment]\nA = \"1\"\n";
        let config = Source { name: "c.toml".to_owned(), text: text.into() };
        let config = parse_config(&config, ConfigFormat::Toml).expect("valid");
        let request = r#"{"command": ["printf", "a\nb\u001b"], "network": true, "bind": ["/a:/b"]}"#;
        let request =
            parse_request(&Source { name: "<stdin>".to_owned(), text: request.into() }).expect("valid");
        let operator = Operator { config, cwd: PathBuf::from("/srv/x"), ..Operator::default() };
        explain_command(&request, &operator).expect("resolves")
    }

    #[test]
    fn every_value_stands_with_its_origin() {
        let json = serde_json::to_value(explanation()).expect("texts");
        let value = |name: &str| json[name]["value"].as_str().unwrap_or_default().to_owned();
        let origin = |name: &str| json[name]["origin"].as_str().unwrap_or_default().to_owned();
        assert_eq!((value("timeout"), origin("timeout")), ("2s".into(), "c.toml:2 ([defaults])".into()));
        assert_eq!((value("network"), origin("network")), ("host".into(), "<stdin>:1 (network)".into()));
        assert_eq!(
            (value("env A"), origin("env A")),
            ("1".into(), "c.toml:4 ([defaults.environment])".into())
        );
        assert_eq!((value("env TZ"), origin("env TZ")), ("UTC".into(), "built in".into()));
        assert_eq!(
            (value("bind /b"), origin("bind /b")),
            ("/a, read-only".into(), "<stdin>:1 (bind)".into())
        );
        assert_eq!((value("memory"), origin("memory")), ("256 MiB".into(), "built in".into()));
        assert_eq!(value("workspace"), "copy-on-write view of /srv/x");
    }

    #[test]
    fn the_listing_has_one_safe_line_for_each_value() {
        let explanation = explanation();
        let text = explanation.to_text();
        assert_eq!(text.lines().count(), explanation.rows.len());
        assert!(!text.contains('\u{1b}'));
        assert!(text.contains("command"), "{text}");
    }
}
