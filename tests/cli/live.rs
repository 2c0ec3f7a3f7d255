//! The command line with real sandboxes: exit statuses, interruption, reports, logs, turns.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{Capsule, Ended};

fn single(args: &[&str]) -> Ended {
    Capsule::new(args).run()
}

#[test]
fn a_program_that_ends_by_itself_gives_its_own_status() {
    for status in [0, 1, 2, 77, 255] {
        let ended = single(&["--", "sh", "-c", &format!("exit {status}")]).exits(status);
        let result = ended.json();
        assert_eq!((&result["status"], &result["exit_code"]), (&"success".into(), &status.into()));
        assert_eq!(ended.stdout.lines().count(), 1, "one line");
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn limits_are_124_signals_are_128_and_more() {
    assert_eq!(single(&["-t", "300", "--", "sleep", "9"]).exits(124).json()["error"]["code"], "E3001");
    let flood = ["--max-output", "1K", "--", "sh", "-c", "while :; do echo flood; done"];
    assert_eq!(single(&flood).exits(124).json()["error"]["code"], "E4004");
    let crash = single(&["--", "sh", "-c", "kill -SEGV $$"]).exits(139).json();
    assert_eq!(crash["error"]["code"], "E3003");
    assert_eq!(crash["error"]["details"]["signal_name"], "SIGSEGV");
}

#[test]
fn a_command_that_is_not_there_is_127_and_one_that_cannot_run_126() {
    let missing = single(&["--", "no-such-command"]).exits(127).json();
    assert_eq!(missing["error"]["code"], "E2002");
    assert_eq!(single(&["--", "/usr"]).exits(126).json()["error"]["code"], "E2001");
}

#[test]
fn the_workspace_is_a_view_of_the_current_directory_that_cannot_be_spoilt() {
    let ended = Capsule::new(&["--", "sh", "-c", "cat data; echo spoilt >data; echo new >other; cat data"])
        .file("data", "original\n")
        // A folder that holds a home would not be shown.
        .env("HOME", "/nowhere")
        .run()
        .exits(0);
    assert_eq!(ended.json()["stdout"], "original\nspoilt\n");
    assert_eq!(ended.read("data"), "original\n");
    assert!(!ended.path("other").exists());
    let empty = Capsule::new(&["--workspace", "none", "--", "ls", "-A"]).file("data", "").run().exits(0);
    assert_eq!(empty.json()["stdout"], "");
}

#[test]
fn standard_input_reaches_the_program() {
    let ended = Capsule::new(&["--", "cat"]).stdin("through\n").run().exits(0);
    assert_eq!(ended.json()["stdout"], "through\n");
}

#[test]
fn verbose_says_what_is_in_force_on_standard_error_only() {
    let ended = single(&["--verbose", "--memory", "64M", "--", "true"]).exits(0);
    for text in ["--memory", "namespaces", "seccomp", "exit status 0"] {
        assert!(ended.stderr.contains(text), "{text}:\n{}", ended.stderr);
    }
    ended.json();
}

#[test]
fn pretty_is_the_same_object_on_many_lines() {
    let ended = single(&["--pretty", "--", "echo", "hi"]).exits(0);
    assert!(ended.stdout.lines().count() > 10);
    assert_eq!(ended.json()["stdout"], "hi\n");
}

#[test]
fn a_request_runs_like_the_same_options() {
    let ended = Capsule::new(&["--json"])
        .stdin(r#"{"command": ["sh", "-c", "echo $MODE; exit 3"], "env": {"MODE": "fast"}, "execution_id": "r-1"}"#)
        .run()
        .exits(3);
    let result = ended.json();
    assert_eq!((&result["stdout"], &result["execution_id"]), (&"fast\n".into(), &"r-1".into()));
}

#[test]
fn executions_are_logged_one_line_each() {
    let config = "[monitoring]\nlog_executions = true\nlog_file = \"LOG\"\n";
    let capsule = Capsule::new(&["-c", "c.toml", "--execution-id", "e-1", "--", "sh", "-c", "exit 4"]);
    let log = capsule.folder.path().join("executions.log").display().to_string();
    let ended = capsule.file("c.toml", &config.replace("LOG", &log)).run().exits(4);
    let line: serde_json::Value =
        serde_json::from_str(ended.read("executions.log").trim()).expect("one object");
    assert_eq!((&line["execution_id"], &line["ended"]["exit_code"]), (&"e-1".into(), &4.into()));
}

#[test]
fn usage_is_left_out_where_the_configuration_says_so() {
    let ended = Capsule::new(&["-c", "c.toml", "--", "true"])
        .file("c.toml", "[monitoring]\nenable_resource_tracking = false\n")
        .run()
        .exits(0);
    let metrics = &ended.json()["metrics"];
    assert!(metrics["max_memory_bytes"].is_null() && metrics["cpu_time_ms"].is_null(), "{metrics}");
    assert!(metrics["wall_time_ms"].is_u64(), "{metrics}");
}

#[test]
fn only_so_many_executions_run_at_a_time() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "[security]\nmax_concurrent_executions = 1\n").expect("writable");
    let runtime = folder.path().display().to_string();
    let started = Instant::now();
    let sleepers: Vec<_> = (0..3)
        .map(|_| {
            let mut capsule = Capsule::new(&["-c", &config.display().to_string(), "--", "sleep", "0.4"])
                .env("XDG_RUNTIME_DIR", &runtime);
            let child = start(&mut capsule);
            (capsule, child)
        })
        .collect();
    for (_capsule, mut child) in sleepers {
        assert!(child.wait().expect("it can be waited for").success());
    }
    assert!(
        started.elapsed() >= Duration::from_millis(1200),
        "{:?}: they ran side by side",
        started.elapsed()
    );
}

const SUITE: &str = "\
version: 1
name: live
cases:
  - {id: quick, run: [echo, ok], expect: {stdout: {text: \"ok\\n\"}}}
  - {id: wrong, run: [echo, no], expect: {stdout: {text: \"ok\\n\"}}}
  - {id: slow, run: [sleep, '30'], expect: {exit: 0}, limits: {timeout: 60s}}
";

#[test]
fn a_suite_says_what_failed_and_writes_both_reports() {
    let args = ["suite", "--filter", "quick", "--filter", "wrong", "--json", "r.json", "--junit", "r.xml"];
    let ended = Capsule::new(&args).file("grade.yaml", SUITE).run().exits(1).prints_nothing();
    assert!(ended.stderr.contains("FAIL") && ended.stderr.contains("E6002"), "{}", ended.stderr);
    let report: serde_json::Value = serde_json::from_str(&ended.read("r.json")).expect("a report");
    assert_eq!(report["run"]["exit_code"], 1);
    assert_eq!(report["run"]["complete"], true);
    let statuses: Vec<_> =
        report["cases"].as_array().expect("cases").iter().map(|case| &case["status"]).collect();
    assert_eq!(statuses, ["passed", "failed"]);
    assert!(ended.read("r.xml").contains("<failure"));
}

#[test]
fn a_report_can_go_to_standard_output_and_nothing_else_does() {
    let args = ["suite", "--only", "quick", "--json", "-"];
    let ended = Capsule::new(&args).file("grade.yaml", SUITE).run().exits(0);
    assert_eq!(ended.json()["summary"]["passed"], 1);
}

#[test]
fn a_missing_required_file_fails_the_submission_and_runs_nothing() {
    let suite = SUITE.replace("cases:\n", "submission: {required: [sort.c]}\ncases:\n");
    let args = ["suite", "--submission", "handed-in", "--json", "-"];
    let ended = Capsule::new(&args)
        .file("grade.yaml", &suite)
        .file("handed-in/other", "")
        .run()
        .exits(1)
        .says("sort.c");
    let report = ended.json();
    let cases = report["cases"].as_array().expect("cases").clone();
    assert_eq!((&cases[0]["id"], &cases[0]["status"]), (&"submission".into(), &"failed".into()));
    assert!(cases[1..].iter().all(|case| case["status"] == "not_run"), "{cases:?}");
}

/// Starts it with its output on pipes.
fn start(capsule: &mut Capsule) -> Child {
    capsule.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    capsule.command.spawn().expect("the binary was built by cargo")
}

fn send(child: &Child, signal: nix::sys::signal::Signal) {
    let pid = i32::try_from(child.id()).expect("a process id fits");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("it is ours");
}

/// Starts the suite and waits until its second case has ended: the third one then sleeps.
fn start_suite(capsule: &mut Capsule) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = start(capsule);
    let mut lines = BufReader::new(child.stderr.take().expect("it is a pipe"));
    let mut line = String::new();
    while !line.contains("wrong") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("readable") > 0, "it ended too soon");
    }
    (child, lines)
}

#[test]
fn an_interrupted_suite_kills_what_runs_writes_its_reports_and_exits_130() {
    let mut capsule = Capsule::new(&["suite", "--json", "r.json"]).file("grade.yaml", SUITE);
    let (mut child, mut lines) = start_suite(&mut capsule);
    std::thread::sleep(Duration::from_millis(300));
    let interrupted = Instant::now();
    send(&child, nix::sys::signal::Signal::SIGINT);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("readable");
    assert_eq!(child.wait().expect("it can be waited for").code(), Some(130), "{rest}");
    assert!(interrupted.elapsed() < Duration::from_secs(10), "{:?}", interrupted.elapsed());
    let report = std::fs::read_to_string(capsule.folder.path().join("r.json")).expect("written");
    let report: serde_json::Value = serde_json::from_str(&report).expect("a report");
    assert_eq!(
        (&report["run"]["interrupted_by"], &report["run"]["exit_code"]),
        (&"SIGINT".into(), &130.into())
    );
    assert_eq!(report["run"]["complete"], false);
    assert_eq!(report["cases"][2]["status"], "cancelled");
}

#[test]
fn a_killed_suite_leaves_a_report_that_passes_nobody() {
    let mut capsule = Capsule::new(&["suite", "--json", "r.json"]).file("grade.yaml", SUITE);
    let (mut child, _lines) = start_suite(&mut capsule);
    send(&child, nix::sys::signal::Signal::SIGKILL);
    child.wait().expect("it can be waited for");
    let report =
        std::fs::read_to_string(capsule.folder.path().join("r.json")).expect("written before the run");
    let report: serde_json::Value = serde_json::from_str(&report).expect("a whole report");
    assert_eq!(report["run"]["complete"], false);
    assert_ne!(report["run"]["exit_code"], 0);
    assert_eq!(report["summary"]["passed"], 0);
}

#[test]
fn an_interrupted_command_ends_at_once_with_its_result() {
    let mut capsule = Capsule::new(&["--timeout", "60s", "--", "sleep", "50"]);
    let mut child = start(&mut capsule);
    std::thread::sleep(Duration::from_millis(700));
    let interrupted = Instant::now();
    send(&child, nix::sys::signal::Signal::SIGTERM);
    let mut stdout = String::new();
    child.stdout.take().expect("it is a pipe").read_to_string(&mut stdout).expect("readable");
    assert_eq!(child.wait().expect("it can be waited for").code(), Some(143), "{stdout}");
    assert!(interrupted.elapsed() < Duration::from_secs(5), "{:?}", interrupted.elapsed());
    let result: serde_json::Value = serde_json::from_str(&stdout).expect("a result");
    assert_eq!(result["status"], "error");
}

/// Nobody watches for signals until one comes: whoever waits meanwhile finds it, whatever the command does.
#[test]
fn a_signal_at_any_moment_of_a_start_ends_the_command() {
    for delay in (0..60).step_by(3) {
        for command in [["sleep", "50"].as_slice(), &["sh", "-c", "while echo x; do :; done"]] {
            let words =
                ["--timeout", "60s", "--max-output", "1G", "--"].into_iter().chain(command.iter().copied());
            let mut capsule = Capsule::new(&words.collect::<Vec<_>>());
            let mut child = start(&mut capsule);
            std::thread::sleep(Duration::from_millis(delay));
            let interrupted = Instant::now();
            send(&child, nix::sys::signal::Signal::SIGTERM);
            std::io::copy(&mut child.stdout.take().expect("it is a pipe"), &mut std::io::sink())
                .expect("readable");
            let status = child.wait().expect("it can be waited for");
            // Before it is ready for signals it ends by the signal itself.
            assert!(status.code() == Some(143) || status.signal() == Some(15), "{delay} ms: {status}");
            assert!(
                interrupted.elapsed() < Duration::from_secs(5),
                "{delay} ms: {:?}",
                interrupted.elapsed()
            );
        }
    }
}

/// What the program printed is whole though a signal comes while nobody reads it.
#[test]
fn a_signal_after_the_end_does_not_cut_the_result() {
    use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGUSR1] {
        let print = "head -c 300000 /dev/zero | tr '\\0' x";
        let mut capsule = Capsule::new(&["--max-output", "8M", "--", "sh", "-c", print]);
        let mut child = start(&mut capsule);
        std::thread::sleep(Duration::from_millis(700));
        send(&child, signal);
        let mut stdout = String::new();
        child.stdout.take().expect("it is a pipe").read_to_string(&mut stdout).expect("readable");
        let result: serde_json::Value = serde_json::from_str(&stdout).expect("a whole result");
        assert_eq!(result["stdout"].as_str().map(str::len), Some(300_000));
        assert_eq!(child.wait().expect("it can be waited for").code(), Some(0), "{signal}");
    }
}

#[test]
fn a_command_that_waits_for_its_turn_or_for_who_reads_its_errors_can_be_interrupted() {
    let place = tempfile::tempdir().expect("a folder");
    let config = place.path().join("one.toml");
    std::fs::write(&config, "[security]\nmax_concurrent_executions = 1\n").expect("ours");
    let config = config.display().to_string();
    let mut first = Capsule::new(&["--config", &config, "--timeout", "60s", "--", "sleep", "50"]);
    first.command.env("XDG_RUNTIME_DIR", place.path());
    let mut first = start(&mut first);
    std::thread::sleep(Duration::from_millis(500));
    let mut second = Capsule::new(&["--config", &config, "--", "true"]);
    second.command.env("XDG_RUNTIME_DIR", place.path());
    let mut second = start(&mut second);
    std::thread::sleep(Duration::from_millis(500));
    let interrupted = Instant::now();
    send(&second, nix::sys::signal::Signal::SIGTERM);
    assert_eq!(second.wait().expect("it can be waited for").code(), Some(143));
    send(&first, nix::sys::signal::Signal::SIGTERM);
    assert_eq!(first.wait().expect("it can be waited for").code(), Some(143));
    assert!(interrupted.elapsed() < Duration::from_secs(5), "{:?}", interrupted.elapsed());
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let mut capsule = Capsule::new(&["--", "echo", "hi"]);
    let mut child = start(&mut capsule);
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it can be waited for").code(), Some(0));
}
