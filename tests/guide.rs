//! The troubleshooting guide: every command for Linux that it shows behaves as it says. The commands
//! are the guide's own, run by a shell; where it says `your-command`, one stands in for it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

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

impl Place {
    /// The script, run by a shell that finds `capsule-run` in its PATH.
    fn shell(&self, script: &str) -> Done {
        let mut command = self.command("sh");
        command.args(["-c", script]);
        finish(command, b"")
    }
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]
fn left_out(what: &str) {
    eprintln!("left out: {what}");
}

/// The script must end with 0 and print one result object that says `success`.
fn succeeds(script: &str) -> Value {
    succeeds_in(&Place::new(), script)
}

fn succeeds_in(place: &Place, script: &str) -> Value {
    let done = place.shell(script);
    assert_eq!(done.code(), 0, "{script}\n{done:#?}");
    let result = json(&done);
    assert_eq!(result["status"], "success", "{script}\n{result:#}");
    assert_eq!(result["exit_code"], 0, "{script}\n{result:#}");
    result
}

mod quick_diagnosis {
    use super::*;

    #[test]
    fn version_is_printed() {
        let done = Place::new().capsule(&["--version"]);
        assert_eq!(
            (done.code(), done.stdout.as_str()),
            (0, concat!("capsule-run ", env!("CARGO_PKG_VERSION"), "\n"))
        );
    }

    #[test]
    fn a_command_with_a_timeout_prints_its_output_in_one_line_of_json() {
        let done = Place::new().shell("capsule-run --timeout 5000 -- echo \"test\"");
        assert_eq!(json(&done)["stdout"], "test\n");
        assert_eq!(done.stdout.lines().count(), 1, "{done:#?}");
        assert_eq!(done.stderr, "");
    }

    #[test]
    fn rust_log_and_verbose_write_to_standard_error_only() {
        let place = Place::new();
        let done = place.shell("RUST_LOG=debug capsule-run --verbose --timeout 5000 -- echo \"debug test\"");
        assert_eq!(json(&done)["stdout"], "debug test\n");
        assert!(done.stderr.to_lowercase().contains("debug"), "{done:#?}");
    }

    #[test]
    fn dry_run_validates_the_configuration_and_runs_nothing() {
        let place = Place::new();
        fs::write(place.work().join("myconfig.toml"), "[defaults]\ntimeout_ms = 4321\n").expect("ours");
        let done = place.shell("capsule-run --config myconfig.toml --dry-run -- echo \"config test\"");
        assert_eq!(done.code(), 0, "{done:#?}");
        assert!(done.stdout.contains("4321") || done.stdout.contains("4.321"), "{done:#?}");
        assert!(!done.stdout.contains("\"status\""), "nothing ran, so there is no result: {done:#?}");
        fs::write(place.work().join("myconfig.toml"), "[defaults]\ntimeout_ms = \"soon\"\n").expect("ours");
        let done = place.shell("capsule-run --config myconfig.toml --dry-run -- echo \"config test\"");
        assert_ne!(done.code(), 0, "{done:#?}");
    }
}

mod permission_and_path {
    use super::*;

    #[test]
    fn permission_denied_is_e2001() {
        let place = Place::new();
        fs::write(place.work().join("plain"), "").expect("ours");
        let done = place.shell("capsule-run -- ./plain");
        let result = json(&done);
        assert_eq!(
            (&result["status"], &result["error"]["code"]),
            (&"error".into(), &"E2001".into()),
            "{result:#}"
        );
        let message = result["error"]["message"].as_str().unwrap_or_default().to_lowercase();
        assert!(message.contains("permission denied"), "{result:#}");
    }

    #[test]
    fn a_missing_command_is_e2002_and_is_named() {
        let result = json(&Place::new().shell("capsule-run -- python3-that-is-not-there"));
        assert_eq!(
            (&result["status"], &result["error"]["code"]),
            (&"error".into(), &"E2002".into()),
            "{result:#}"
        );
        let message = result["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("python3-that-is-not-there") && message.contains("not found"), "{result:#}");
        assert!(result["error"]["details"]["searched"].is_array(), "{result:#}");
    }

    #[test]
    fn which_finds_python_inside_and_the_shell_expands_path_outside() {
        let python = succeeds("capsule-run --verbose -- which python3");
        assert_eq!(python["stdout"], "/usr/bin/python3\n");
        let path = succeeds("capsule-run --verbose -- echo $PATH");
        assert!(path["stdout"].as_str().is_some_and(|path| path.contains("/usr/bin")), "{path:#}");
    }

    #[test]
    fn all_three_remedies_for_a_missing_python_run_it() {
        for script in [
            "capsule-run -- /usr/bin/python3 -c \"print('test')\"",
            "capsule-run --readonly /usr/bin -- python3 -c \"print('test')\"",
            "capsule-run --env \"PATH=/usr/bin:/bin\" -- python3 -c \"print('test')\"",
        ] {
            assert_eq!(succeeds(script)["stdout"], "test\n", "{script}");
        }
    }

    #[test]
    fn env_sets_the_path_that_the_command_sees() {
        let result = succeeds("capsule-run --env \"PATH=/usr/bin:/bin\" -- sh -c 'echo $PATH'");
        assert_eq!(result["stdout"], "/usr/bin:/bin\n");
    }
}

mod killed_and_limits {
    use super::*;

    #[test]
    fn a_kill_that_no_limit_explains_is_e3003_with_its_signal() {
        let result = json(&Place::new().shell("capsule-run -- sh -c 'kill -9 $$'"));
        assert_eq!(
            (&result["status"], &result["error"]["code"]),
            (&"error".into(), &"E3003".into()),
            "{result:#}"
        );
        assert_eq!(result["error"]["details"]["signal"], 9, "{result:#}");
        assert_eq!(result["error"]["details"]["signal_name"], "SIGKILL", "{result:#}");
        let message = result["error"]["message"].as_str().unwrap_or_default();
        assert!(message.to_lowercase().contains("signal 9") || message.contains("SIGKILL"), "{result:#}");
    }

    const ALLOCATE: &str = "
import sys
print('Memory limit test')
data = bytearray(100 * 1024 * 1024)  # 100MB
print(f'Allocated {len(data)} bytes')
";

    #[test]
    fn memory_1g_lets_100_megabytes_through() {
        let result = succeeds(&format!("capsule-run --verbose --memory 1G -- python3 -c \"{ALLOCATE}\""));
        assert_eq!(result["stdout"], "Memory limit test\nAllocated 104857600 bytes\n");
        assert!(result["metrics"]["max_memory_bytes"].as_u64() >= Some(100 << 20), "{result:#}");
    }

    #[test]
    fn the_same_under_50_megabytes_is_out_of_memory() {
        let place = Place::new();
        let done = place.shell(&format!("capsule-run --memory 50M -- python3 -c \"{ALLOCATE}\""));
        let code = json(&done)["error"]["code"].clone();
        assert!(code == "E4001" || code == "E4002", "{done:#?}");
    }

    #[test]
    fn larger_limits_are_taken() {
        for script in [
            "capsule-run --memory 2G -- echo your-command",
            "capsule-run --timeout 60000 -- echo your-command",
            "capsule-run --verbose --memory 1G --timeout 30000 -- echo your-command",
            "capsule-run --memory 2G --cpu 2048 -- echo memory-intensive-task",
            "capsule-run --memory 256M --timeout 30000 -- echo your-command",
        ] {
            succeeds(script);
        }
    }

    #[test]
    fn max_output_10m_keeps_five_megabytes_whole() {
        let script = "capsule-run --timeout 60000 --max-output 10M -- sh -c 'yes | head -c 5000000'";
        assert_eq!(succeeds(script)["stdout"].as_str().map(str::len), Some(5_000_000));
    }
}

mod configuration {
    use super::*;

    /// A folder with the configuration that `--create-config` writes.
    fn created() -> Place {
        let place = Place::new();
        let done = place.shell("capsule-run --create-config config.toml");
        assert_eq!(done.code(), 0, "{done:#?}");
        place
    }

    /// The created configuration with the guide's block appended as the guide appends it.
    fn with_block(append: &str) -> Place {
        let place = created();
        let done = place.shell(append);
        assert_eq!(done.code(), 0, "{done:#?}");
        place
    }

    #[test]
    fn a_missing_file_is_named() {
        let done = Place::new().shell("capsule-run --config config.toml -- echo test");
        assert!(done.stderr.contains("Configuration file 'config.toml' not found"), "{done:#?}");
        assert_eq!(done.code(), 125, "{done:#?}");
    }

    #[test]
    fn a_created_configuration_loads_back_also_by_its_full_path() {
        let place = created();
        assert_eq!(succeeds_in(&place, "capsule-run --config config.toml -- echo test")["stdout"], "test\n");
        succeeds_in(&place, "capsule-run --config \"$PWD/config.toml\" -- echo test");
        succeeds_in(&place, "RUST_LOG=debug capsule-run --config config.toml -- echo test");
        succeeds_in(
            &place,
            "mv config.toml config.toml.backup\ncapsule-run --create-config config.toml\n\
                             capsule-run --config config.toml -- echo test",
        );
    }

    #[test]
    fn the_search_path_is_argument_then_variable_then_home() {
        let place = Place::new();
        let write = "mkdir -p \"$HOME/.config/capsule-run\"\n\
                     printf '[defaults]\\ntimeout_ms = 1111\\n' > \"$HOME/.config/capsule-run/config.toml\"\n\
                     printf '[defaults]\\ntimeout_ms = 2222\\n' > variable.toml\n\
                     printf '[defaults]\\ntimeout_ms = 3333\\n' > argument.toml\n";
        assert_eq!(place.shell(write).code(), 0);
        for (script, timeout) in [
            ("capsule-run --dry-run -- true", "1111"),
            ("CAPSULE_CONFIG=variable.toml capsule-run --dry-run -- true", "2222"),
            ("CAPSULE_CONFIG=variable.toml capsule-run --config argument.toml --dry-run -- true", "3333"),
        ] {
            let done = place.shell(script);
            let with_point = format!("{}.{}", &timeout[..1], &timeout[1..]);
            assert!(
                done.stdout.contains(timeout) || done.stdout.contains(&with_point),
                "{script}: {done:#?}"
            );
        }
    }

    #[test]
    fn a_syntax_error_says_line_and_column() {
        for bad in ["command = rm -rf\n", "paths = [\"/usr\" \"/lib\"]\n"] {
            let place = Place::new();
            fs::write(place.work().join("config.toml"), format!("# a\n# b\n{bad}")).expect("ours");
            for script in [
                "capsule-run --config config.toml --dry-run -- echo test",
                "RUST_LOG=debug capsule-run --config config.toml -- echo test",
            ] {
                let done = place.shell(script);
                assert!(done.stderr.contains("TOML parse error at line 3, column "), "{done:#?}");
                assert_ne!(done.code(), 0, "{done:#?}");
            }
        }
    }

    #[test]
    fn a_key_without_its_section_is_refused() {
        let place = Place::new();
        fs::write(place.work().join("config.toml"), "memory_bytes = 1024\n").expect("ours");
        let done = place.shell("capsule-run --config config.toml --dry-run -- echo test");
        assert!(done.stderr.contains("memory_bytes"), "{done:#?}");
        assert_ne!(done.code(), 0, "{done:#?}");
    }

    #[test]
    fn an_unknown_profile_is_named_and_adding_it_helps() {
        let place = created();
        let run = "capsule-run --config config.toml --profile production -- echo test";
        let done = place.shell(run);
        assert!(done.stderr.contains("Profile 'production' not found in configuration"), "{done:#?}");
        let add = "cat >> config.toml << 'EOF'\n[profiles.production]\ntimeout_ms = 60000\n\n\
                   [profiles.production.resources]\nmemory_bytes = 1073741824\nEOF\n";
        assert_eq!(place.shell(add).code(), 0);
        succeeds_in(&place, run);
        let list = place.shell("grep -A1 \"\\[profiles\\.\" config.toml");
        assert!(list.stdout.contains("[profiles.production]"), "{list:#?}");
        let dry = place.shell("capsule-run --config config.toml --profile production --dry-run -- echo test");
        assert!(dry.stdout.contains("1 GiB"), "{dry:#?}");
    }

    #[test]
    fn every_block_that_the_guide_appends_to_a_created_configuration_loads() {
        for block in [
            "echo '[platform.linux]\ncgroups_version = \"v1\"' >> config.toml",
            "echo '[platform.linux]\nenable_seccomp = false' >> config.toml",
            "echo '[platform.macos]\nenable_sandbox_exec = false' >> config.toml",
            "echo '[monitoring]\nmonitor_interval_ms = 100  # Default is 50ms' >> config.toml",
            "echo '[monitoring]\nenable_io_statistics = false\nenable_resource_tracking = false' >> config.toml",
            "echo '[security]\nmax_concurrent_executions = 3' >> config.toml",
            "echo '[defaults.resources]\nmax_output_bytes = 524288  # 512KB instead of 1MB' >> config.toml",
        ] {
            let place = with_block(block);
            let done = place.shell("capsule-run --config config.toml -- echo test");
            assert_eq!((done.code(), &json(&done)["stdout"]), (0, &"test\n".into()), "{block}\n{done:#?}");
        }
    }

    #[test]
    fn cgroups_v1_is_what_is_then_used() {
        let place = with_block("echo '[platform.linux]\ncgroups_version = \"v1\"' >> config.toml");
        let result = succeeds_in(&place, "capsule-run --config config.toml -- echo test");
        assert_eq!(result["enforced"]["memory"], "memory.limit_in_bytes", "{result:#}");
    }

    #[test]
    fn without_seccomp_the_result_says_so() {
        let place = with_block("echo '[platform.linux]\nenable_seccomp = false' >> config.toml");
        let result = succeeds_in(&place, "capsule-run --config config.toml -- echo test");
        assert_eq!(result["enforced"]["seccomp"], "off", "{result:#}");
    }

    #[test]
    fn smaller_output_is_what_is_then_held() {
        let place =
            with_block("echo '[defaults.resources]\nmax_output_bytes = 524288  # 512KB' >> config.toml");
        let done = place.shell("capsule-run --config config.toml -- sh -c 'yes | head -c 600000'");
        assert_eq!(json(&done)["error"]["code"], "E4004", "{done:#?}");
        assert_eq!(json(&done)["error"]["details"]["limit_value"], 524_288, "{done:#?}");
    }

    #[test]
    fn without_tracking_and_statistics_no_usage_is_reported() {
        let place = with_block(
            "echo '[monitoring]\nenable_io_statistics = false\nenable_resource_tracking = false' >> config.toml",
        );
        let result = succeeds_in(&place, "capsule-run --config config.toml -- echo test");
        assert!(result["metrics"]["io_bytes_read"].is_null(), "{result:#}");
        assert!(result["metrics"]["max_memory_bytes"].is_null(), "{result:#}");
    }

    #[test]
    fn the_high_performance_configuration_loads() {
        let place = Place::new();
        let text = "# High-performance configuration
[defaults]
timeout_ms = 30000

[defaults.resources]
memory_bytes = 1073741824   # 1GB - generous limit
cpu_shares = 2048           # High priority
max_output_bytes = 10485760 # 10MB output
max_pids = 100              # Reasonable process limit

[monitoring]
enable_resource_tracking = true
monitor_interval_ms = 100   # Less frequent monitoring
enable_io_statistics = false # Disable if not needed

[security]
max_concurrent_executions = 5 # Limit concurrency
";
        fs::write(place.work().join("config.toml"), text).expect("ours");
        succeeds_in(&place, "capsule-run --config config.toml -- echo test");
    }
}

mod performance {
    use super::*;

    #[test]
    fn five_steps_of_a_second_each_are_timed() {
        let place = Place::new();
        let script = "time capsule-run --verbose --timeout 30000 -- python3 -c \"
import time
for i in range(5):
    print(f'Step {i}')
    time.sleep(1)
\"";
        let mut command = place.command("bash");
        command.args(["-c", script]);
        let done = finish(command, b"");
        let result = json(&done);
        assert_eq!(result["stdout"], "Step 0\nStep 1\nStep 2\nStep 3\nStep 4\n", "{done:#?}");
        assert!(result["metrics"]["wall_time_ms"].as_u64() >= Some(5000), "{result:#}");
        assert!(done.stderr.contains("real"), "{done:#?}");
    }

    #[test]
    fn python_is_timed() {
        assert_eq!(
            succeeds("capsule-run --verbose --timeout 30000 -- python3 -c \"print('test')\"")["stdout"],
            "test\n"
        );
    }

    #[test]
    fn valgrind_finds_capsule_run_as_usual() {
        if Place::new().shell("command -v valgrind").code() != 0 {
            left_out("valgrind is not installed, and the guide says: if available");
            return;
        }
        let done = Place::new().shell("valgrind --tool=memcheck capsule-run --timeout 5000 -- echo test");
        assert_eq!(json(&done)["stdout"], "test\n");
    }
}

mod debugging {
    use super::*;

    #[test]
    fn full_logging_goes_to_a_file_and_leaves_the_result_alone() {
        let place = Place::new();
        let script = "RUST_LOG=debug capsule-run --verbose --timeout 5000 -- echo your-command 2> debug.log";
        assert_eq!(succeeds_in(&place, script)["stdout"], "your-command\n");
        let log = fs::read_to_string(place.work().join("debug.log")).expect("the shell made it");
        assert!(log.to_lowercase().contains("debug"), "{log}");
    }

    #[test]
    fn one_module_can_be_logged_alone() {
        let place = Place::new();
        let done = place
            .shell("RUST_LOG=capsule_run::sandbox=debug capsule-run --timeout 5000 -- echo your-command");
        assert!(done.stderr.contains("capsule_run::sandbox"), "{done:#?}");
        let other = |line: &&str| line.contains("capsule_run::") && !line.contains("capsule_run::sandbox");
        assert_eq!(done.stderr.lines().find(other), None, "{done:#?}");
    }

    #[test]
    fn strace_follows_it_and_sees_what_it_does() {
        if Place::new().shell("command -v strace").code() != 0 {
            left_out("strace is not installed");
            return;
        }
        let place = Place::new();
        let follow = "strace -f -o trace.log capsule-run --timeout 5000 -- echo test";
        assert_eq!(succeeds_in(&place, follow)["stdout"], "test\n");
        let found = place.shell("grep -E \"(execve|clone|mount|unshare)\" trace.log");
        for call in ["execve", "clone", "mount"] {
            assert!(found.stdout.contains(call), "no {call} in the trace");
        }
        succeeds_in(
            &place,
            "strace -o /dev/null -e trace=execve,mount,unshare capsule-run --timeout 5000 -- echo test",
        );
    }

    #[test]
    fn one_process_is_called_capsule_run_so_that_proc_of_its_pid_can_be_read() {
        let mut running = Running::start("exec capsule-run --timeout 60000 -- sleep 60");
        let pid = running.child.id();
        // The guide reads /proc/$(pgrep capsule-run)/maps: one number and no more.
        let named: Vec<_> =
            tree_of(pid).into_iter().filter(|(_, name)| name.contains("capsule-run")).collect();
        assert_eq!(named, [(pid, "capsule-run".to_owned())]);
        assert!(fs::read_to_string(format!("/proc/{pid}/maps")).is_ok_and(|maps| !maps.is_empty()));
        assert!(
            fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| status.contains("VmRSS"))
        );
        running.stop("TERM");
    }
}

mod network {
    use super::*;

    #[test]
    fn curl_reaches_a_server_with_network_and_only_then() {
        // The guide asks a public server; a test asks one of its own.
        let server = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = server.local_addr().expect("it is bound").port();
        let answer = thread::spawn(move || {
            let (mut client, _) = server.accept().expect("somebody comes");
            let mut request = [0; 1024];
            let length = client.read(&mut request).expect("a request");
            assert!(request[..length].starts_with(b"GET /ip"));
            client.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello").expect("an answer");
            server
        });
        let done =
            Place::new().shell(&format!("capsule-run -- curl -v --max-time 5 http://127.0.0.1:{port}/ip"));
        assert_ne!(json(&done)["exit_code"], 0, "without --network it should fail: {done:#?}");
        let result =
            succeeds(&format!("capsule-run --network -- curl -v --max-time 5 http://127.0.0.1:{port}/ip"));
        assert_eq!(result["stdout"], "hello");
        let server = answer.join().expect("the server saw one visitor");
        server.set_nonblocking(true).expect("ours");
        assert!(server.accept().is_err(), "a second visitor came: the one without --network");
    }
}

mod emergency {
    use super::*;

    #[test]
    fn stopping_all_processes_leaves_nothing() {
        for signal in ["TERM", "KILL"] {
            let mut running =
                Running::start("exec capsule-run --timeout 60000 -- sh -c 'sleep 60 & sleep 61'");
            let before = tree_of(running.child.id());
            assert!(before.len() >= 3, "{before:?}");
            running.stop(signal);
            // What `ps aux | grep -E "(capsule|sandbox)"` would still show.
            let deadline = Instant::now() + Duration::from_secs(5);
            loop {
                let left: Vec<_> =
                    before.iter().filter(|(pid, name)| name_of(*pid).as_ref() == Some(name)).collect();
                if left.is_empty() {
                    break;
                }
                assert!(Instant::now() < deadline, "left after SIG{signal}: {left:?}");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    #[test]
    fn what_a_killed_suite_leaves_is_swept_by_the_next_one() {
        let place = Place::new();
        let suite = "version: 1\nname: x\nbuild:\n  - {run: [touch, prog], outputs: [prog]}\n\
                     cases:\n  - {id: a, run: [sleep, \"60\"]}\n";
        fs::write(place.work().join("suite.yaml"), suite).expect("ours");
        fs::create_dir(place.work().join("tmp")).expect("ours");
        let script = "TMPDIR=$PWD/tmp exec capsule-run suite suite.yaml";
        let mut running = Running::start_in(place, script);
        let pid = running.child.id();
        running.stop("KILL");
        let place = running.place;
        let done = place.shell(&format!(
            "sed -i 's/sleep, \"60\"/\"true\"/' suite.yaml; \
             TMPDIR=$PWD/tmp capsule-run suite suite.yaml 2> /dev/null || echo failed; find tmp -mindepth 1; \
             find /sys/fs/cgroup -name 'capsule-run-{pid}-*'"
        ));
        assert_eq!(done.stdout, "", "{done:#?}");
    }

    #[test]
    fn a_run_leaves_no_temporary_file() {
        let place = Place::new();
        let find = "find /tmp -name \"capsule-*\" 2> /dev/null | sort";
        fs::create_dir(place.work().join("tmp")).expect("ours");
        let find_here = "find \"$TMPDIR\" -mindepth 1";
        let done =
            place.shell(&format!("export TMPDIR=$PWD/tmp; capsule-run -- true > /dev/null; {find_here}"));
        assert_eq!(done.stdout, "", "{done:#?}");
        assert_eq!(place.shell(find).code(), 0);
    }

    #[test]
    fn a_bug_report_can_be_gathered() {
        let place = Place::new();
        let done = place.shell(
            "echo \"=== System Information ===\"\nuname -a\ncapsule-run --version\nulimit -a\n\
             RUST_LOG=debug capsule-run --verbose -- echo your command 2>&1 | tee debug.log",
        );
        assert_eq!(done.code(), 0, "{done:#?}");
        assert!(done.stdout.contains("your command"), "{done:#?}");
    }
}

/// A run in the background, and everything that descends from it.
struct Running {
    child: Child,
    place: Place,
}

impl Running {
    /// Starts the script and waits until a `sleep` runs below it.
    fn start(script: &str) -> Self {
        Self::start_in(Place::new(), script)
    }

    fn start_in(place: Place, script: &str) -> Self {
        let mut command = place.command("sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("a shell");
        let deadline = Instant::now() + Duration::from_secs(20);
        while !tree_of(child.id()).iter().any(|(_, name)| name == "sleep") {
            assert!(Instant::now() < deadline, "{script} did not start: {:?}", tree_of(child.id()));
            thread::sleep(Duration::from_millis(10));
        }
        Self { child, place }
    }

    /// What `pkill -f capsule-run` does, to this one only.
    fn stop(&mut self, signal: &str) {
        for (pid, name) in tree_of(self.child.id()) {
            if name.contains("capsule") {
                let status =
                    std::process::Command::new("kill").args(["-s", signal, &pid.to_string()]).status();
                assert!(status.is_ok(), "kill can be started");
            }
        }
        self.child.wait().expect("our own child");
    }
}
