//! Every E-code, provoked through the command line. A code that cannot be provoked here says what
//! it needs; a new code without an entry does not compile.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use capsule_run::judge::Code;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

#[path = "support/capsule.rs"]
mod capsule;
#[path = "support/cgroups.rs"]
mod cgroups;
#[path = "support/json.rs"]
mod json;
#[path = "support/place.rs"]
mod place;
#[path = "support/processes.rs"]
mod processes;
#[path = "support/run.rs"]
mod run;

use json::json;
use place::Place;
use processes::{name_of, tree_of};
use run::{Done, finish};

/// How a code comes about.
enum Provocation {
    /// In each of these ways.
    Live(Vec<Scenario>),
    /// Not on this kind of machine, or not yet: what it needs.
    Needs(&'static str),
}

use Provocation::{Live, Needs};

/// A file of the workspace: name, content, mode.
type File = (&'static str, &'static str, u32);

/// One way to get a code.
struct Scenario {
    /// In words, for the message when it fails.
    what: &'static str,
    how: How,
    /// Programs of `fixtures/programs` that are put into the workspace.
    programs: &'static [&'static str],
    /// Further files of the workspace.
    files: Vec<File>,
    /// Exit status of capsule-run.
    exit: i32,
    /// What the evidence must hold, at least.
    details: Value,
}

enum How {
    /// A single command with these arguments; the code is in the result object.
    Command(&'static [&'static str]),
    /// The same, as a request on standard input.
    Request(&'static str),
    /// A suite; the code is that of the case with this id.
    Suite(String, &'static str),
    /// A suite that is refused; the code is in the message.
    Refused(String),
    /// A single command whose worker a debugger holds up for longer than the set-up may take.
    HeldUp,
    /// A case one of whose roles is killed from outside while it runs.
    Struck(Role),
}

/// A role of ours, as docs/architecture.md calls them.
#[derive(Clone, Copy)]
enum Role {
    Worker,
    Init,
    /// The init of a single command, which is its worker too.
    Both,
}

macro_rules! one_test_for_each_code {
    ($($name:ident: $code:ident;)*) => {
        $(#[test] fn $name() { provoke(Code::$code); })*

        #[test]
        fn every_code_has_its_test() {
            assert_eq!(&[$(Code::$code),*][..], Code::ALL);
        }
    };
}

one_test_for_each_code! {
    e1001_invalid_input: InvalidInput;
    e1002_missing_field: MissingField;
    e1003_out_of_range: OutOfRange;
    e1004_profile_not_found: ProfileNotFound;
    e2001_permission_denied: PermissionDenied;
    e2002_command_not_found: CommandNotFound;
    e2003_blocked: Blocked;
    e2004_invalid_command: InvalidCommand;
    e3001_timeout: Timeout;
    e3002_setup_timeout: SetupTimeout;
    e3003_signal: Signal;
    e4001_memory_limit: MemoryLimit;
    e4002_oom_kill: OomKill;
    e4003_process_limit: ProcessLimit;
    e4004_output_limit: OutputLimit;
    e4005_disk_limit: DiskLimit;
    e5001_sandbox_setup: SandboxSetup;
    e5002_monitoring: Monitoring;
    e5003_unsupported_platform: UnsupportedPlatform;
    e6001_wrong_exit: WrongExit;
    e6002_stdout_differs: StdoutDiffers;
    e6003_stderr_differs: StderrDiffers;
    e6004_file_differs: FileDiffers;
    e6005_build_failed: BuildFailed;
    e6006_checker_failed: CheckerFailed;
    e6007_prerequisite_failed: PrerequisiteFailed;
    e6008_unexpected_pass: UnexpectedPass;
    e6009_hook_failed: HookFailed;
    e6010_source_refused: SourceRefused;
    e6011_resource_use: ResourceUse;
}

fn provocation(code: Code) -> Provocation {
    match code {
        Code::InvalidInput => Live(invalid_input()),
        Code::MissingField => Live(missing_field()),
        Code::OutOfRange => Live(out_of_range()),
        Code::ProfileNotFound => Live(profile_not_found()),
        Code::PermissionDenied => Live(permission_denied()),
        Code::CommandNotFound => Live(command_not_found()),
        Code::Blocked => Live(blocked()),
        Code::InvalidCommand => Live(invalid_command()),
        Code::Timeout => Live(timeout()),
        Code::SetupTimeout => Live(setup_timeout()),
        Code::Signal => Live(signal()),
        Code::MemoryLimit => Live(memory_limit()),
        Code::OomKill => Live(oom_kill()),
        Code::ProcessLimit => Live(process_limit()),
        Code::OutputLimit => Live(output_limit()),
        Code::DiskLimit => Live(disk_limit()),
        Code::SandboxSetup => Live(sandbox_setup()),
        Code::Monitoring => Live(monitoring()),
        Code::UnsupportedPlatform => Needs("a machine that is neither x86_64 nor aarch64 Linux"),
        Code::WrongExit => Live(wrong_exit()),
        Code::StdoutDiffers => Live(stdout_differs()),
        Code::StderrDiffers => Live(stderr_differs()),
        Code::FileDiffers => Live(file_differs()),
        Code::BuildFailed => Live(build_failed()),
        Code::CheckerFailed => Needs("external checkers, which suites cannot name yet"),
        Code::PrerequisiteFailed => Live(prerequisite_failed()),
        Code::UnexpectedPass => Live(unexpected_pass()),
        Code::HookFailed => Live(hook_failed()),
        Code::SourceRefused => Live(source_refused()),
        Code::ResourceUse => Live(resource_use()),
    }
}

fn invalid_input() -> Vec<Scenario> {
    let broken = [("c.toml", "[defaults\ntimeout_ms = 1\n", 0o644)];
    let unknown = [("c.toml", "[defaults]\ntimeuot_ms = 1\n", 0o644)];
    vec![
        Scenario::command("a configuration that is no TOML", &["--config", "c.toml", "--", "true"])
            .files(broken)
            .exits(125),
        Scenario::command("an unknown key", &["--config", "c.toml", "--", "true"]).files(unknown).exits(125),
        Scenario::command("a configuration that is no JSON", &["--config", "c.json", "--", "true"])
            .files([("c.json", "{\"defaults\": {\n", 0o644)])
            .exits(125),
        Scenario::request("a request that is no JSON", "{\"command\": [").exits(2),
        Scenario::refused("a suite that is no YAML", "version: 1\nname: [\n"),
        Scenario::refused("a suite with an unknown key", "version: 1\nname: x\ncaess: []\n"),
    ]
}

fn missing_field() -> Vec<Scenario> {
    vec![
        Scenario::refused(
            "a suite without a version",
            "name: x\ncases:\n  - {id: a, run: [\"true\"], expect: {exit: 0}}\n",
        ),
        Scenario::request("a request without a command", "{}").exits(2),
    ]
}

fn out_of_range() -> Vec<Scenario> {
    let ceiling = [("c.toml", "[policy]\nmax_memory_bytes = \"64M\"\n", 0o644)];
    vec![
        Scenario::command("no time at all", &["--timeout", "0", "--", "true"]).exits(125),
        Scenario::command("above a ceiling", &["--config", "c.toml", "--memory", "1G", "--", "true"])
            .files(ceiling)
            .exits(125),
        Scenario::refused(
            "a suite with a limit of nothing",
            "version: 1\nname: x\ncases:\n  - {id: a, run: [\"true\"], limits: {timeout: 0}}\n",
        ),
    ]
}

fn profile_not_found() -> Vec<Scenario> {
    vec![Scenario::command("an unknown profile", &["--profile", "production", "--", "true"]).exits(125)]
}

fn permission_denied() -> Vec<Scenario> {
    vec![
        Scenario::command("a file without the right to execute", &["--", "./plain"])
            .files([("plain", "#!/bin/sh\n", 0o644)])
            .exits(126),
        Scenario::command("a directory", &["--", "/usr"]).exits(126),
        Scenario::command("an interpreter that is not there", &["--", "./script"])
            .files([("script", "#!/no/such/interpreter\n", 0o755)])
            .exits(126)
            .details(json!({"errno_name": "ENOENT"})),
        Scenario::command("no format that the kernel knows", &["--", "./words"])
            .files([("words", "just words\n", 0o755)])
            .exits(126)
            .details(json!({"errno_name": "ENOEXEC"})),
        Scenario::command("a working folder that is not there", &["--workdir", "/nowhere", "--", "true"])
            .exits(126),
        // Not "could not judge": a submission must not excuse itself by leaving a folder out.
        Scenario::case(
            "a working folder that the submission lacks",
            "{id: a, run: [\"true\"], workdir: lib}",
        )
        .exits(1),
    ]
}

fn command_not_found() -> Vec<Scenario> {
    vec![
        Scenario::command("no such name in PATH", &["--", "no-such-command"]).exits(127),
        Scenario::command("no such path", &["--", "/usr/bin/no-such-command"]).exits(127),
    ]
}

fn blocked() -> Vec<Scenario> {
    let config = [("c.toml", "[security]\nblocked_commands = [\"rm\"]\n", 0o644)];
    vec![
        Scenario::command("a blocked command", &["--config", "c.toml", "--", "rm", "-rf", "/"])
            .files(config)
            .exits(126)
            .details(json!({"command": "rm"})),
        Scenario::command("a forbidden system call", &["--", "./calls-mount"])
            .programs(&["calls-mount"])
            .exits(128 + 9)
            .details(json!({"syscall": "mount"})),
    ]
}

fn invalid_command() -> Vec<Scenario> {
    vec![
        Scenario::command("an empty command", &["--", ""]).exits(125),
        Scenario::command("--env without =", &["--env", "NOVALUE", "--", "true"]).exits(125),
        Scenario::command("--bind without a destination", &["--bind", "/usr", "--", "true"]).exits(125),
        Scenario::request("a NUL byte", r#"{"command": ["echo", "a\u0000b"]}"#).exits(2),
    ]
}

fn timeout() -> Vec<Scenario> {
    vec![
        Scenario::command("the clock on the wall", &["--timeout", "300", "--", "sleep", "60"])
            .exits(124)
            .details(json!({"limit": "wall", "limit_value": 300, "unit": "ms"})),
        Scenario::command("CPU time", &["--cpu-time", "300", "--", "./spins"])
            .programs(&["spins"])
            .exits(124)
            .details(json!({"limit": "cpu", "limit_value": 300, "unit": "ms"})),
    ]
}

fn signal() -> Vec<Scenario> {
    vec![
        Scenario::command("a crash", &["--", "./crashes"])
            .programs(&["crashes"])
            .exits(128 + 11)
            .details(json!({"signal": 11, "signal_name": "SIGSEGV"})),
        Scenario::command("its own hand", &["--", "sh", "-c", "kill -9 $$"])
            .exits(128 + 9)
            .details(json!({"signal": 9, "signal_name": "SIGKILL"})),
    ]
}

fn memory_limit() -> Vec<Scenario> {
    let watched = [("c.toml", "[platform.linux]\ncgroups_version = \"none\"\n", 0o644)];
    vec![
        Scenario::command(
            "the watcher of a host without cgroups",
            &[
                "--config",
                "c.toml",
                "--require",
                "best-effort",
                "--memory",
                "32M",
                "--",
                "./takes-all-memory",
            ],
        )
        .files(watched)
        .programs(&["takes-all-memory"])
        .exits(124)
        .details(json!({"limit": "memory", "limit_value": 32 << 20, "unit": "bytes"})),
        Scenario::command(
            "a peak at the limit, and a failure",
            &["--memory", "16M", "--", "./goes-just-over", "16300"],
        )
        .programs(&["goes-just-over"])
        .exits(124)
        .details(json!({"limit": "memory", "limit_value": 16 << 20})),
    ]
}

fn oom_kill() -> Vec<Scenario> {
    vec![
        Scenario::command("more than there is", &["--memory", "32M", "--", "./takes-all-memory"])
            .programs(&["takes-all-memory"])
            .exits(124)
            .details(json!({"limit": "memory", "unit": "kills"})),
    ]
}

fn process_limit() -> Vec<Scenario> {
    vec![
        Scenario::command("a fork too many", &["--max-pids", "8", "--", "./forks-until-refused"])
            .programs(&["forks-until-refused"])
            .exits(124)
            .details(json!({"limit": "processes", "limit_value": 8})),
    ]
}

fn output_limit() -> Vec<Scenario> {
    vec![
        Scenario::command("a flood", &["--max-output", "64K", "--", "yes"])
            .exits(124)
            .details(json!({"limit": "output", "limit_value": 64 << 10, "unit": "bytes"})),
    ]
}

fn disk_limit() -> Vec<Scenario> {
    vec![
        Scenario::command("one long file", &["--max-file-size", "1M", "--", "./writes-a-long-file"])
            .programs(&["writes-a-long-file"])
            .exits(124)
            .details(json!({"limit": "file_size", "limit_value": 1 << 20})),
        Scenario::command("no room", &["--max-disk", "1M", "--", "./fills-the-disk"])
            .programs(&["fills-the-disk"])
            .exits(124)
            .details(json!({"limit": "disk", "limit_value": 1 << 20})),
    ]
}

fn sandbox_setup() -> Vec<Scenario> {
    let config = [("c.toml", "[platform.linux]\ncgroups_version = \"none\"\n", 0o644)];
    vec![
        Scenario::command(
            "a limit that nobody can hold",
            &["--config", "c.toml", "--require", "strict", "--", "true"],
        )
        .files(config)
        .exits(125),
    ]
}

fn setup_timeout() -> Vec<Scenario> {
    vec![
        Scenario::new("a worker that the machine holds up", How::HeldUp)
            .exits(125)
            .details(json!({"limit": "setup"})),
    ]
}

fn monitoring() -> Vec<Scenario> {
    vec![
        Scenario::new("somebody kills the worker", How::Struck(Role::Worker)).exits(4),
        Scenario::new("somebody kills init, and with it the whole sandbox", How::Struck(Role::Init)).exits(4),
        Scenario::new("somebody kills a single command's init", How::Struck(Role::Both)).exits(125),
    ]
}

fn wrong_exit() -> Vec<Scenario> {
    vec![Scenario::case("exit 3 where 0 is expected", "{id: a, run: [sh, -c, exit 3]}").exits(1)]
}

fn stdout_differs() -> Vec<Scenario> {
    vec![
        Scenario::case("other words", "{id: a, run: [echo, one], expect: {stdout: {text: two}}}").exits(1),
        Scenario::case(
            "only blanks",
            "{id: a, run: [echo, a  b], expect: {stdout: {text: \"a b\\n\", compare: exact}}}",
        )
        .exits(1),
    ]
}

fn stderr_differs() -> Vec<Scenario> {
    vec![
        Scenario::case("noise", "{id: a, run: [sh, -c, echo oops >&2], expect: {stderr: {text: \"\"}}}")
            .exits(1),
    ]
}

fn file_differs() -> Vec<Scenario> {
    vec![
        Scenario::case("no file", "{id: a, run: [\"true\"], expect: {files: {out.txt: {text: hello}}}}")
            .exits(1)
            .details(json!({"file": "out.txt"})),
        Scenario::case(
            "another file",
            "{id: a, run: [sh, -c, echo x > out.txt], expect: {files: {out.txt: {text: y}}}}",
        )
        .exits(1)
        .details(json!({"file": "out.txt"})),
        Scenario::case(
            "a link",
            "{id: a, run: [ln, -s, /etc/passwd, out.txt], expect: {files: {out.txt: {text: y}}}}",
        )
        .exits(1)
        .details(json!({"file": "out.txt"})),
    ]
}

const BUILD_THAT_FAILS: &str = "version: 1\nname: x\nbuild:\n  - {run: [sh, -c, exit 1], outputs: [prog]}\n\
                                cases:\n  - {id: a, run: [./prog], expect: {exit: 0}}\n";

fn build_failed() -> Vec<Scenario> {
    let forgets = "version: 1\nname: x\nbuild:\n  - {run: [\"true\"], outputs: [prog]}\n\
                   cases:\n  - {id: a, run: [./prog], expect: {exit: 0}}\n";
    vec![
        Scenario::suite("a build that fails", BUILD_THAT_FAILS, "build/1").exits(1),
        Scenario::suite("a build that leaves nothing", forgets, "build/1").exits(1),
    ]
}

fn prerequisite_failed() -> Vec<Scenario> {
    let needs = "version: 1\nname: x\ncases:\n  - {id: first, run: [\"false\"], expect: {exit: 0}}\n  \
                 - {id: second, run: [\"true\"], needs: [first], expect: {exit: 0}}\n";
    vec![
        Scenario::suite("the build failed", BUILD_THAT_FAILS, "a").exits(1),
        Scenario::suite("another case failed", needs, "second").exits(1).details(json!({"needs": "first"})),
    ]
}

fn hook_failed() -> Vec<Scenario> {
    let setup = "version: 1\nname: x\nhooks: {setup: [{run: [\"false\"]}]}\n\
                 cases:\n  - {id: a, run: [\"true\"]}\n";
    let teardown = "version: 1\nname: x\nhooks: {teardown: [{name: t, run: [sh, -c, exit 3]}]}\n\
                    cases:\n  - {id: a, run: [\"true\"]}\n";
    vec![
        Scenario::suite("a set-up that fails", setup, "setup/1").exits(4),
        Scenario::suite("a teardown that fails", teardown, "teardown/t").exits(4),
    ]
}

fn source_refused() -> Vec<Scenario> {
    let suite = "version: 1\nname: x\nsubmission: {path: handed-in}\n\
                 cases:\n  - {id: a, source: {files: \"*.c\", forbidden: [goto]}}\n";
    vec![
        Scenario::suite("a forbidden word", suite, "a")
            .files([("handed-in/a.c", "goto x;\n", 0o644)])
            .exits(1)
            .details(json!({"file": "a.c"})),
        Scenario::suite("no file to look at", suite, "a")
            .files([("handed-in/a.py", "goto x;\n", 0o644)])
            .exits(1),
    ]
}

fn resource_use() -> Vec<Scenario> {
    vec![
        Scenario::case(
            "more output than expected",
            "{id: a, run: [echo, hello], expect: {resources: {output: \"<3\"}}}",
        )
        .exits(1),
        Scenario::case(
            "less time than expected",
            "{id: a, run: [\"true\"], limits: {timeout: 600s}, expect: {resources: {wall: \">5m\"}}}",
        )
        .exits(1),
    ]
}

fn unexpected_pass() -> Vec<Scenario> {
    vec![
        Scenario::case("no timeout where one is expected", "{id: a, run: [\"true\"], expect: {code: E3001}}")
            .exits(1),
        Scenario::case("a known bug that is gone", "{id: a, run: [\"true\"], xfail: bug 7}").exits(1),
    ]
}

#[test]
fn only_these_codes_are_not_provoked_live() {
    let not_live = Code::ALL.iter().filter(|code| matches!(provocation(**code), Needs(_)));
    let numbers: Vec<_> = not_live.map(|code| code.number()).collect();
    assert_eq!(numbers, ["E5003", "E6006"]);
}

impl Scenario {
    fn new(what: &'static str, how: How) -> Self {
        Self { what, how, programs: &[], files: Vec::new(), exit: 0, details: json!({}) }
    }

    fn command(what: &'static str, arguments: &'static [&'static str]) -> Self {
        Self::new(what, How::Command(arguments))
    }

    fn request(what: &'static str, request: &'static str) -> Self {
        Self::new(what, How::Request(request))
    }

    fn suite(what: &'static str, suite: impl Into<String>, case: &'static str) -> Self {
        Self::new(what, How::Suite(suite.into(), case))
    }

    /// A suite with this one case, whose id is `a`.
    fn case(what: &'static str, case: &'static str) -> Self {
        Self::suite(what, format!("version: 1\nname: x\ncases:\n  - {case}\n"), "a")
    }

    fn refused(what: &'static str, suite: &'static str) -> Self {
        Self::new(what, How::Refused(suite.to_owned())).exits(2)
    }

    fn programs(self, programs: &'static [&'static str]) -> Self {
        Self { programs, ..self }
    }

    fn files<const N: usize>(self, files: [File; N]) -> Self {
        Self { files: files.into(), ..self }
    }

    fn exits(self, exit: i32) -> Self {
        Self { exit, ..self }
    }

    fn details(self, details: Value) -> Self {
        Self { details, ..self }
    }
}

fn provoke(code: Code) {
    match provocation(code) {
        Needs(what) => assert!(!what.is_empty()),
        Live(scenarios) => {
            let wrong: Vec<_> =
                scenarios.iter().filter_map(|scenario| run_scenario(scenario, code).err()).collect();
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }
    }
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]
fn left_out(what: &str) {
    eprintln!("left out: {what}");
}

fn run_scenario(scenario: &Scenario, code: Code) -> Result<(), String> {
    let place = Place::new();
    if matches!(scenario.how, How::HeldUp) && place.command("strace").arg("-V").output().is_err() {
        left_out(&format!("{code} by {}: strace is not installed", scenario.what));
        return Ok(());
    }
    prepare(scenario, &place.work());
    let (done, found) = match &scenario.how {
        How::Command(arguments) => {
            let done = place.capsule(arguments);
            let found = json(&done)["error"].clone();
            (done, found)
        }
        How::Request(request) => {
            let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
            command.arg("--json");
            let done = finish(command, request.as_bytes());
            let found = json(&done)["error"].clone();
            (done, found)
        }
        How::Suite(suite, case) => run_suite(&place, suite, case),
        How::HeldUp => {
            let done = held_up(&place);
            let found = json(&done)["error"].clone();
            (done, found)
        }
        How::Struck(role) => struck(&place, *role),
        How::Refused(suite) => {
            let (done, _) = run_suite(&place, suite, "");
            let named = done.stderr.contains(&format!("[{code}]"));
            let found = json!({"code": named.then(|| code.number())});
            (done, found)
        }
    };
    let said = (&done.stdout, &done.stderr);
    let complaint = |what: String| Err(format!("{}: {what}: {} {said:#?}", scenario.what, found["details"]));
    if found["code"] != code.number() {
        return complaint(format!("got {} instead of {code}", found["code"]));
    }
    if done.code() != scenario.exit {
        return complaint(format!("exit status {} instead of {}", done.code(), scenario.exit));
    }
    for (key, value) in scenario.details.as_object().into_iter().flatten() {
        if found["details"][key] != *value {
            return complaint(format!("details.{key} is {} instead of {value}", found["details"][key]));
        }
    }
    Ok(())
}

/// Runs a suite and finds a case in its report.
fn run_suite(place: &Place, suite: &str, case: &str) -> (Done, Value) {
    fs::write(place.work().join("suite.yaml"), suite).expect("the workspace can be written");
    let done = place.capsule(&["suite", "suite.yaml", "--json", "report.json"]);
    (done, reported(place, case))
}

/// What the report says of a case.
fn reported(place: &Place, case: &str) -> Value {
    let report = fs::read_to_string(place.work().join("report.json")).unwrap_or_default();
    let report: Value = serde_json::from_str(&report).unwrap_or(Value::Null);
    let mut cases = report["cases"].as_array().into_iter().flatten();
    cases.find(|found| found["id"] == case).cloned().unwrap_or_default()
}

/// strace delays the call by which the worker changes its root.
fn held_up(place: &Place) -> Done {
    let mut command = place.command("strace");
    command.args(["-f", "-o", "/dev/null", "-e", "trace=pivot_root"]);
    command.args(["-e", "inject=pivot_root:delay_enter=12000000:when=1"]);
    command.args([env!("CARGO_BIN_EXE_capsule-run"), "--", "true"]);
    finish(command, b"")
}

/// Starts a case, waits until it runs, and kills the role.
fn struck(place: &Place, role: Role) -> (Done, Value) {
    let suite = "version: 1\nname: struck\ncases: [{id: a, run: [sleep, '60']}]\n";
    fs::write(place.work().join("suite.yaml"), suite).expect("the workspace can be written");
    // Supervisor, worker, init, program: each the only child of the one before.
    let (arguments, depth, at): (&[&str], _, _) = match role {
        Role::Worker => (&["suite", "suite.yaml", "--json", "report.json"], 4, 1),
        Role::Init => (&["suite", "suite.yaml", "--json", "report.json"], 4, 2),
        Role::Both => (&["--", "sleep", "60"], 3, 1),
    };
    let mut command = place.command(env!("CARGO_BIN_EXE_capsule-run"));
    command.args(arguments);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the binary starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    let roles = loop {
        let roles = tree_of(child.id());
        if roles.len() == depth && name_of(roles[depth - 1].0).as_deref() == Some("sleep") {
            break roles;
        }
        assert!(Instant::now() < deadline, "the program did not start: {roles:?}");
        thread::sleep(Duration::from_millis(5));
    };
    let victim = Pid::from_raw(i32::try_from(roles[at].0).expect("process numbers are small"));
    kill(victim, Signal::SIGKILL).expect("it runs and is below us");
    let output = child.wait_with_output().expect("our own child");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let done = Done { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) };
    let found = match role {
        Role::Worker | Role::Init => reported(place, "a"),
        Role::Both => json(&done)["error"].clone(),
    };
    (done, found)
}

fn prepare(scenario: &Scenario, work: &Path) {
    for (name, content, mode) in &scenario.files {
        let path = work.join(name);
        fs::create_dir_all(path.parent().expect("it is in the workspace")).expect("a folder of ours");
        fs::write(&path, content).expect("the workspace can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).expect("a file of ours");
    }
    for program in scenario.programs {
        fs::copy(compiled(program), work.join(program)).expect("a compiled program can be copied");
    }
}

/// The compiled program of a folder of `fixtures/programs`.
fn compiled(name: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().expect("nobody panics while compiling");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/programs/{name}/{name}.c"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let status = Command::new("gcc").args(["-O2", "-Wall", "-o"]).arg(&program).arg(&source).status();
    assert!(status.is_ok_and(|status| status.success()), "gcc cannot compile {}", source.display());
    program
}
