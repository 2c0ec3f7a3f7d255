//! `capsule-run -- CMD` and `capsule-run --json`, as far as nothing is run.

use super::Capsule;

#[test]
fn create_config_writes_a_file_that_loads_back_to_the_built_in_defaults() {
    let ended = Capsule::new(&["--create-config", "config.toml"]).run().exits(0).prints_nothing();
    let text = ended.read("config.toml");
    assert!(text.contains("timeout_ms"), "{text}");
    let strip = |mut plan: serde_json::Value| {
        plan.as_object_mut().expect("a plan is an object").values_mut().for_each(|value| {
            value.as_object_mut().expect("a value with its origin").remove("origin");
        });
        plan["workspace"] = serde_json::Value::Null;
        plan["env HOME"] = serde_json::Value::Null;
        plan
    };
    let plain = Capsule::new(&["--dry-run", "--", "true"]).run().exits(0).json();
    let written = Capsule::new(&["--config", "config.toml", "--dry-run", "--", "true"])
        .file("config.toml", &text)
        .run()
        .exits(0)
        .json();
    assert_eq!(strip(plain), strip(written));
}

#[test]
fn create_config_never_overwrites() {
    let ended = Capsule::new(&["--create-config", "config.toml"])
        .file("config.toml", "mine")
        .run()
        .exits(2)
        .says("exists already");
    assert_eq!(ended.read("config.toml"), "mine");
}

#[test]
fn a_dry_run_prints_every_value_with_its_origin() {
    let plan = Capsule::new(&["--dry-run", "--memory", "1G", "-e", "MODE=fast", "--", "echo", "hi"])
        .env("CAPSULE_PROFILE", "strict")
        .run()
        .exits(0)
        .json();
    assert_eq!(plan["memory"]["value"], "1 GiB");
    assert_eq!(plan["memory"]["origin"], "--memory");
    assert_eq!(plan["env MODE"]["origin"], "--env");
    assert_eq!(plan["profile"]["value"], "strict");
    assert_eq!(plan["profile"]["origin"], "$CAPSULE_PROFILE");
}

#[test]
fn the_first_configuration_in_the_order_of_the_documentation_wins() {
    let timeout = |capsule: Capsule| capsule.run().exits(0).json()["timeout"]["value"].clone();
    let config = |ms: u32| format!("[defaults]\ntimeout_ms = {ms}\n");
    let with_files = |args: &[&str]| {
        Capsule::new(args)
            .file("option.toml", &config(1000))
            .file("env.toml", &config(2000))
            .file("home/.config/capsule-run/config.toml", &config(3000))
            .file("xdg/capsule-run/config.toml", &config(4000))
    };
    let plain = ["--dry-run", "--", "true"];
    let option = ["--config", "option.toml", "--dry-run", "--", "true"];
    assert_eq!(timeout(with_files(&option).env("CAPSULE_CONFIG", "env.toml")), "1s");
    assert_eq!(timeout(with_files(&plain).env("CAPSULE_CONFIG", "env.toml")), "2s");
    assert_eq!(timeout(with_files(&plain)), "3s");
    let capsule = with_files(&plain);
    let xdg = capsule.folder.path().join("xdg").display().to_string();
    assert_eq!(timeout(capsule.env("XDG_CONFIG_HOME", &xdg)), "4s");
    assert_eq!(timeout(Capsule::new(&plain)), "30s");
}

#[test]
fn a_configuration_may_be_json_by_its_name() {
    let plan = Capsule::new(&["-c", "c.json", "--dry-run", "--", "true"])
        .file("c.json", r#"{"defaults": {"timeout_ms": "7s"}}"#)
        .run()
        .exits(0)
        .json();
    assert_eq!(plan["timeout"]["value"], "7s");
}

#[test]
fn a_missing_configuration_is_told_in_the_words_of_the_guide() {
    let ended = Capsule::new(&["--config", "no.toml", "--", "true"])
        .run()
        .exits(125)
        .says("Configuration file 'no.toml' not found");
    let result = ended.json();
    assert_eq!(result["status"], "error");
    assert_eq!(result["error"]["code"], "E1001");
    Capsule::new(&["--config", "no.toml", "--dry-run", "--", "true"]).run().exits(2).prints_nothing();
    Capsule::new(&["--", "true"])
        .env("CAPSULE_CONFIG", "gone.toml")
        .run()
        .exits(125)
        .says("'gone.toml' not found");
}

#[test]
fn a_configuration_that_does_not_parse_names_its_line() {
    let ended = Capsule::new(&["--config", "c.toml", "--", "true"])
        .file("c.toml", "[defaults]\ntimeout_ms = \n")
        .run()
        .exits(125)
        .says("c.toml:2");
    assert_eq!(ended.json()["error"]["code"], "E1001");
}

#[test]
fn an_unknown_profile_is_e1004_and_lists_what_there_is() {
    let ended =
        Capsule::new(&["-p", "production", "--", "true"]).run().exits(125).says("E1004").says("strict");
    assert_eq!(ended.json()["error"]["code"], "E1004");
}

#[test]
fn values_that_make_no_sense_are_all_told_at_once() {
    let ended =
        Capsule::new(&["-t", "0", "-m", "lots", "--bind", "x", "-e", "=1", "--", "true"]).run().exits(125);
    for code in ["E1003", "E1001", "E2004"] {
        assert!(ended.stderr.contains(code), "{code}:\n{}", ended.stderr);
    }
}

#[test]
fn an_empty_command_is_e2004() {
    let ended = Capsule::new(&["--", ""]).run().exits(125).says("E2004");
    assert_eq!(ended.json()["error"]["code"], "E2004");
}

#[test]
fn the_execution_id_is_in_the_result_also_when_nothing_ran() {
    let ended = Capsule::new(&["--execution-id", "job-7", "-p", "nope", "--", "true"]).run().exits(125);
    assert_eq!(ended.json()["execution_id"], "job-7");
    assert_eq!(ended.stdout.lines().count(), 1);
}

#[test]
fn a_request_that_does_not_parse_is_status_2_and_e1001() {
    let ended = Capsule::new(&["--json"]).stdin("{\"command\": [\"true\"], \"timeuot\": 1}").run().exits(2);
    assert_eq!(ended.json()["error"]["code"], "E1001");
    assert!(ended.stderr.contains("timeout"), "the nearest name is missing:\n{}", ended.stderr);
    Capsule::new(&["--json"]).stdin("").run().exits(2).says("E1001");
}

#[test]
fn a_request_can_be_planned_without_being_run() {
    let plan = Capsule::new(&["--json", "--dry-run", "-m", "1G"])
        .stdin(r#"{"command": ["true"], "timeout": "3s"}"#)
        .run()
        .exits(0)
        .json();
    assert_eq!(plan["timeout"]["value"], "3s");
    assert_eq!(plan["memory"]["origin"], "--memory");
}

#[test]
fn options_cannot_go_above_a_ceiling() {
    let ended = Capsule::new(&["-c", "c.toml", "-m", "2G", "--", "true"])
        .file("c.toml", "[policy]\nmax_memory_bytes = \"1G\"\n")
        .run()
        .exits(125)
        .says("--memory");
    assert_eq!(ended.json()["error"]["code"], "E1003");
}

#[test]
fn a_blocked_command_is_e2003_without_a_sandbox() {
    let ended = Capsule::new(&["-c", "c.toml", "--", "rm", "-rf", "x"])
        .file("c.toml", "[security]\nblocked_commands = [\"rm\"]\n")
        .run()
        .exits(126);
    let result = ended.json();
    assert_eq!(result["error"]["code"], "E2003");
    assert_eq!(result["error"]["details"]["command"], "rm");
}

#[test]
fn rust_log_goes_to_standard_error_only() {
    let ended = Capsule::new(&["--dry-run", "--", "true"]).env("RUST_LOG", "debug").run().exits(0);
    assert!(ended.stderr.contains("no configuration file"), "{}", ended.stderr);
    ended.json();
    let quiet = Capsule::new(&["--dry-run", "--", "true"]).env("RUST_LOG", "").run().exits(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn host_paths_that_are_not_there_are_all_named_with_who_asked_for_them() {
    let ended = Capsule::new(&["-c", "c.toml", "--bind", "/no/such:/x", "--readonly", "mine", "--", "true"])
        .file("c.toml", "[defaults.isolation]\nreadonly_paths = [\"/nor/this\"]\n")
        .run()
        .exits(125)
        .says("the host path `/no/such`, asked for by --bind, cannot be shown inside: No such file")
        .says("/mine`, asked for by --readonly,")
        .says("the host path `/nor/this`, asked for by c.toml:2 ([defaults.isolation])")
        .says("make it, check the spelling");
    assert_eq!(ended.json()["error"]["code"], "E2004");
    Capsule::new(&["suite", "s.yaml", "-c", "c.toml"])
        .file("c.toml", "[profiles.p.isolation]\nbind_mounts = [\"/nor/this:/x\"]\n")
        .file("s.yaml", "version: 1\nname: s\ncases:\n  - {id: a, run: [\"true\"], profile: p}\n")
        .run()
        .exits(2)
        .says("E2004")
        .says("asked for by c.toml:2 ([profiles.p.isolation])");
}
