//! [`command`]: a single command, made a suite of one case.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{
    CaseId, CaseKind, CaseSettings, Operator, ResolvedCase, Settings, Sources, Visibility, WrittenAt,
    blocked, settings,
};
use crate::diagnostic::Diagnostic;
use crate::judge::{Code, ExitExpectation, Expectation, StreamExpectation};
use crate::policy::{Request, RequestStdin, WorkspaceChoice};
use crate::sandbox::spec::{InputFile, Stdin};

/// A single command as a case: it passes when it exits with 0.
///
/// # Errors
/// Everything that is wrong with the request, all at once.
pub fn command(request: &Request, operator: &Operator) -> Result<ResolvedCase, Vec<Diagnostic>> {
    command_settings(request, operator).map(|settings| case(request, operator, settings))
}

/// Everything but the command itself.
fn command_settings(request: &Request, operator: &Operator) -> Result<Settings, Vec<Diagnostic>> {
    let mut operator = operator.clone();
    operator.overrides.best_effort =
        operator.overrides.best_effort.or_else(|| request.overrides.best_effort.clone());
    let layers = [&request.overrides.settings];
    let profile = request.overrides.profile.as_ref();
    let resolved = settings(&layers, profile, &operator.config.profiles, &operator);
    if request.argv.first().is_none_or(|program| program.as_bytes().is_empty()) {
        let mut errors = resolved.err().unwrap_or_default();
        errors.insert(0, empty_command());
        return Err(errors);
    }
    resolved
}

fn empty_command() -> Diagnostic {
    Diagnostic {
        code: Code::InvalidCommand,
        message: "the command is empty".to_owned(),
        place: None,
        other: None,
        help: "write the program and its arguments after `--`".to_owned(),
    }
}

fn case(request: &Request, operator: &Operator, settings: Settings) -> ResolvedCase {
    let program = request.argv.first().map(ToString::to_string).unwrap_or_default();
    let id = request.execution_id.as_deref().unwrap_or("command");
    let settings = Arc::new(CaseSettings::new(settings, workspace(&request.workspace, operator).0));
    ResolvedCase {
        id: CaseId(Arc::from(id)),
        alias: None,
        kind: CaseKind::Case,
        suite: 0,
        name: program.into(),
        group: None,
        file: "command line".into(),
        line: 1,
        params: BTreeMap::new(),
        tags: Arc::default(),
        points: 1.0,
        visibility: Visibility::Visible,
        blocked: request.argv.first().and_then(|program| blocked(program, &settings, operator)),
        settings,
        argv: request.argv.as_slice().into(),
        files: request.files.iter().map(input_file).collect(),
        outputs: Vec::new(),
        stdin: match &request.stdin {
            RequestStdin::Inherit => Stdin::Inherit,
            RequestStdin::Empty => Stdin::Empty,
            RequestStdin::Bytes(bytes) => Stdin::Bytes(Arc::clone(bytes)),
        },
        expectation: Expectation {
            exit: ExitExpectation::OneOf(vec![0]),
            stdout: StreamExpectation::Any,
            stderr: StreamExpectation::Any,
            files: Vec::new(),
            code: None,
            build: false,
            ..Expectation::default()
        },
        needs: Arc::default(),
        group_score: None,
        written: WrittenAt::default(),
        terms: Arc::default(),
        judging: None,
        for_judge: false,
    }
}

fn input_file(file: &crate::policy::RequestFile) -> InputFile {
    InputFile { path: file.path.clone(), content: Arc::clone(&file.content), executable: file.executable }
}

/// What `/workspace` shows, and why it is empty where nobody asked for that.
#[must_use]
pub fn workspace(choice: &WorkspaceChoice, operator: &Operator) -> (Sources, Option<String>) {
    match choice {
        WorkspaceChoice::Empty => (Sources::Empty, None),
        WorkspaceChoice::Folder(folder) => (Sources::Folders(vec![clean(&operator.cwd.join(folder))]), None),
        WorkspaceChoice::Auto => match too_much(&operator.cwd, operator.home.as_deref()) {
            None => (Sources::Folders(vec![operator.cwd.clone()]), None),
            Some(what) => (
                Sources::Empty,
                Some(format!("/workspace is empty: the current directory is {what}; --workspace decides")),
            ),
        },
    }
}

/// Without `.` parts. `..` stays: only the kernel knows what is above a symbolic link.
fn clean(path: &Path) -> PathBuf {
    path.components().collect()
}

/// Why a folder shows more than a program should see unasked.
fn too_much(cwd: &Path, home: Option<&Path>) -> Option<&'static str> {
    if cwd == Path::new("/") {
        return Some("the root");
    }
    let homes = [Path::new("/home"), Path::new("/root")];
    let is_home = homes.contains(&cwd)
        || cwd.parent() == Some(Path::new("/home"))
        || home.is_some_and(|home| home.starts_with(cwd));
    is_home.then_some("a home directory")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::diagnostic::Source;
    use crate::limits::{Origin, Resolved};
    use crate::policy::{Config, ConfigFormat, parse_bind, parse_config, parse_policy, parse_request};
    use crate::sandbox::spec::{Access, Network, Require, SeccompPolicy};
    use crate::units::{Bytes, NoNul};

    fn text(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.into() }
    }

    fn operator(config: &str) -> Operator {
        let config = text("config.toml", config);
        let config = parse_config(&config, ConfigFormat::Toml).expect("valid");
        Operator { config, cwd: PathBuf::from("/srv/work"), ..Operator::default() }
    }

    fn policy(policy: &str) -> crate::policy::Policy {
        parse_policy(&text("policy.toml", policy)).expect("valid")
    }

    fn request(request: &str) -> Request {
        parse_request(&text("<stdin>", request)).expect("valid")
    }

    fn run(request: &Request, operator: &Operator) -> ResolvedCase {
        command(request, operator).expect("nothing wrong")
    }

    fn env(case: &ResolvedCase, name: &str) -> Option<String> {
        case.env.iter().find(|(key, _)| key.as_bytes() == name.as_bytes()).map(|(_, value)| value.to_string())
    }

    #[test]
    fn without_configuration_the_contract_defaults_hold() {
        let case = run(&request(r#"{"command": ["echo", "hi"]}"#), &operator(""));
        let limits = &case.limits;
        assert_eq!(limits.wall.value.as_millis(), 30_000);
        assert_eq!(limits.cpu.value, None);
        assert_eq!((limits.memory.value, limits.output.value), (Bytes::mib(256), Bytes::mib(1)));
        assert_eq!((limits.disk.value, limits.file_size.value), (Bytes::mib(128), Bytes::mib(128)));
        assert_eq!((limits.pids.value, limits.open_files.value, limits.cpu_shares.value), (100, 1024, 1024));
        assert_eq!(limits.disk.origin.to_string(), "half of the memory limit");
        assert_eq!((case.network, case.seccomp), (Network::None, SeccompPolicy::Default));
        assert_eq!(case.require, Require::Strict);
        assert_eq!(case.workdir, Path::new("/workspace"));
        assert_eq!(case.sources, Sources::Folders(vec![PathBuf::from("/srv/work")]));
        let names: Vec<_> = case.env.iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, ["HOME", "LANG", "PATH", "TZ"]);
        assert!(matches!(case.stdin, Stdin::Empty));
    }

    #[test]
    fn the_default_configuration_text_shows_the_limits_that_are_built_in() {
        let text = crate::policy::default_config_text();
        let (_, defaults) = text.split_once("#[defaults]\n").expect("has defaults");
        let (defaults, _) = defaults.split_once("\n#[defaults.environment]").expect("has an environment");
        let lines = defaults.lines().filter(|line| !line.starts_with("# "));
        let text: String = lines.map(|line| format!("{}\n", line.trim_start_matches('#'))).collect();
        let request = request(r#"{"command": "true"}"#);
        let shown = run(&request, &operator(&format!("[defaults]\n{text}")));
        let builtin = run(&request, &operator(""));
        assert_ne!(shown.limits, builtin.limits, "the origins differ");
        let spec = |case| format!("{:?}", crate::resolve::lower(case, &[]));
        assert_eq!(spec(&shown), spec(&builtin));
    }

    #[test]
    fn each_layer_gives_way_to_the_one_above_it() {
        let text = "[defaults]\ntimeout_ms = 1000\nmemory = \"64M\"\nmax_pids = 1\ncpu = 2\n\
                    [profiles.p]\nmemory = \"65M\"\nmax_pids = 2\ncpu = 3\n";
        let mut operator = operator(text);
        let request = request(r#"{"command": "true", "profile": "p", "max_pids": 3, "cpu": 4}"#);
        let shares = Resolved { value: 5, origin: Origin::Option("--cpu".into()) };
        operator.overrides.settings.limits.cpu_shares = Some(shares);
        let limits = run(&request, &operator).limits.clone();
        assert_eq!(limits.output.origin, Origin::Builtin);
        assert_eq!(limits.wall.origin.to_string(), "config.toml:2 ([defaults])");
        assert_eq!(limits.memory.origin.to_string(), "config.toml:7 ([profiles.p])");
        assert_eq!(limits.pids.origin.to_string(), "<stdin>:1 (max_pids)");
        assert_eq!((limits.cpu_shares.value, limits.cpu_shares.origin.to_string()), (5, "--cpu".to_owned()));
    }

    #[test]
    fn an_option_or_the_environment_chooses_the_profile_over_the_request() {
        let mut operator = operator("");
        let origin = Origin::Environment("CAPSULE_PROFILE".into());
        operator.overrides.profile = Some(Resolved { value: "java".to_owned(), origin });
        let case = run(&request(r#"{"command": "true", "profile": "strict"}"#), &operator);
        assert_eq!((case.profile.as_str(), case.seccomp), ("java", SeccompPolicy::Default));
    }

    #[test]
    fn a_value_above_a_ceiling_names_both_origins() {
        let mut operator = operator("");
        operator.policy = policy("max_memory_bytes = \"1G\"\n");
        let errors =
            command(&request(r#"{"command": "true", "memory": "2G"}"#), &operator).expect_err("above");
        assert_eq!(errors[0].code, Code::OutOfRange);
        assert_eq!(
            errors[0].message,
            "memory 2 GiB, set by <stdin>:1 (memory), is above the ceiling `max_memory_bytes` of 1 GiB, \
             set by policy.toml:1 (max_memory_bytes)"
        );
    }

    #[test]
    fn a_builtin_value_above_a_ceiling_is_lowered_and_says_so() {
        let mut operator = operator("[policy]\nmax_cpu_time_ms = 500\n");
        operator.policy = policy("max_timeout_ms = 2000\nmax_disk_bytes = \"1M\"");
        let limits = run(&request(r#"{"command": "true"}"#), &operator).limits.clone();
        assert_eq!(limits.wall.value.as_millis(), 2000);
        assert_eq!(limits.cpu.value.map(|time| time.as_millis()), Some(500));
        assert_eq!((limits.disk.value, limits.file_size.value), (Bytes::mib(1), Bytes::mib(1)));
        assert_eq!(
            limits.wall.origin.to_string(),
            "lowered to the ceiling `max_timeout_ms` of policy.toml:1 (max_timeout_ms)"
        );
    }

    #[test]
    fn unlimited_cpu_time_that_somebody_wrote_is_above_every_ceiling() {
        let mut operator = operator("");
        operator.policy = policy("max_cpu_time_ms = 500");
        let request = request(r#"{"command": "true", "cpu_time": "unlimited"}"#);
        let errors = command(&request, &operator).expect_err("above");
        assert!(errors[0].message.starts_with("cpu_time unlimited, set by"), "{}", errors[0].message);
    }

    #[test]
    fn no_flag_loosens_the_policy_and_every_breach_is_named() {
        let mut operator = operator("[platform.linux]\nenable_seccomp = false\n");
        operator.policy = policy(
            "[policy]\nallow_network = false\nallow_writable = false\nrequire_seccomp = true\nrequire_strict = true",
        );
        let option = |name: &str| Origin::Option(name.into());
        operator.overrides.settings.isolation.network =
            Some(Resolved { value: true, origin: option("--network") });
        let mount = parse_bind(OsStr::new("/a:/b:rw")).expect("valid");
        operator
            .overrides
            .settings
            .isolation
            .mounts
            .push(Resolved { value: mount, origin: option("--bind") });
        operator.overrides.best_effort = Some(Resolved { value: true, origin: option("--require") });
        let errors = command(&request(r#"{"command": "true"}"#), &operator).expect_err("forbidden");
        let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "the network, asked for by --network, is not allowed: `allow_network = false` is set by policy.toml:2 ([policy])",
                "showing /a writable, asked for by --bind, is not allowed: `allow_writable = false` is set by policy.toml:3 ([policy])",
                "running without a system call filter, asked for by config.toml:2 ([platform.linux]), is not allowed: `require_seccomp = true` is set by policy.toml:4 ([policy])",
                "best effort, asked for by --require, is not allowed: `require_strict = true` is set by policy.toml:5 ([policy])",
            ]
        );
    }

    #[test]
    fn an_unknown_profile_is_worded_like_the_guide() {
        let errors = command(&request(r#"{"command": "true", "profile": "production"}"#), &operator(""))
            .expect_err("unknown");
        assert_eq!(errors[0].code, Code::ProfileNotFound);
        assert_eq!(errors[0].message, "Profile 'production' not found in configuration");
        assert_eq!(errors[0].help, "the profiles are: compile, default, java, native, python, strict");
    }

    #[test]
    fn the_environment_is_clean_but_for_what_was_asked_for() {
        let operator = operator(
            "[defaults.environment]\nA = \"defaults\"\nB = \"defaults\"\n[profiles.p.environment]\nB = \"profile\"\nTZ = \"CET\"\n",
        );
        let case =
            run(&request(r#"{"command": "true", "profile": "p", "env": {"C": "request"}}"#), &operator);
        let got: Vec<_> = ["A", "B", "C", "TZ", "HOME"].iter().map(|name| env(&case, name)).collect();
        let wanted = ["defaults", "profile", "request", "CET", "/tmp"].map(|value| Some(value.to_owned()));
        assert_eq!(got, wanted);
    }

    #[test]
    fn of_two_binds_to_one_place_the_later_wins_and_paths_become_absolute() {
        let operator =
            operator("[defaults.isolation]\nbind_mounts = [\"/a:/x\"]\nreadonly_paths = [\"/opt\"]\n");
        let request = request(r#"{"command": "true", "bind": ["./b:/x:rw"], "readonly": ["data"]}"#);
        let binds = run(&request, &operator).binds.clone();
        let shown: Vec<_> = binds
            .iter()
            .map(|bind| (bind.source.to_str().expect("text"), bind.dest.to_str().expect("text"), bind.access))
            .collect();
        assert_eq!(
            shown,
            [
                ("/opt", "/opt", Access::ReadOnly),
                ("/srv/work/data", "/srv/work/data", Access::ReadOnly),
                ("/srv/work/b", "/x", Access::ReadWrite),
            ]
        );
    }

    #[test]
    fn a_path_that_climbs_is_refused_inside() {
        let errors = command(&request(r#"{"command": "true", "readonly": ["../other"]}"#), &operator(""))
            .expect_err("climbs");
        assert_eq!(errors[0].code, Code::InvalidCommand);
        assert!(errors[0].message.contains("contains `..`"), "{}", errors[0].message);
    }

    #[test]
    fn an_empty_command_is_refused() {
        for argv in [vec![], vec![NoNul::new("").expect("no NUL")]] {
            let errors = command(&Request { argv, ..Request::default() }, &operator("")).expect_err("empty");
            assert_eq!(errors[0].code, Code::InvalidCommand);
        }
    }

    #[test]
    fn a_root_or_home_directory_is_not_shown_unasked() {
        let mut operator = Operator { config: Config::default(), ..operator("") };
        operator.home = Some(PathBuf::from("/srv/people/ann"));
        for cwd in ["/", "/root", "/home", "/home/bob", "/srv/people/ann", "/srv/people"] {
            operator.cwd = PathBuf::from(cwd);
            let (sources, note) = workspace(&WorkspaceChoice::Auto, &operator);
            assert_eq!(sources, Sources::Empty, "{cwd}");
            assert!(note.is_some(), "{cwd}");
        }
        operator.cwd = PathBuf::from("/home/bob/project");
        let folders = |paths: &[&str]| Sources::Folders(paths.iter().map(PathBuf::from).collect());
        assert_eq!(workspace(&WorkspaceChoice::Auto, &operator).0, folders(&["/home/bob/project"]));
        let asked = WorkspaceChoice::Folder(PathBuf::from("./sub"));
        assert_eq!(workspace(&asked, &operator).0, folders(&["/home/bob/project/sub"]));
    }
}
