//! `capsule-run doctor`, on whatever host this is.

use super::Capsule;

#[test]
fn doctor_tells_of_every_layer_in_words_and_its_status_says_whether_suites_run_strictly() {
    let ended = Capsule::new(&["doctor"]).run();
    let strict = ended.stdout.contains("Suites can run strictly on this host.");
    assert_eq!(ended.status, Some(if strict { 0 } else { 1 }), "{}", ended.stdout);
    for title in ["user namespace", "system call filter", "Landlock", "cgroups", "memory limit"] {
        assert!(ended.stdout.contains(title), "{title} is missing:\n{}", ended.stdout);
    }
    for line in ended.stdout.lines() {
        assert!(line.chars().count() <= 100 || !line.trim().contains(' '), "{line:?}");
    }
}

#[test]
fn doctor_and_a_strict_run_agree() {
    agree("");
}

/// Hard limits that whoever starts capsule-run has set are the programs' too, and cannot be raised.
#[test]
fn doctor_and_a_strict_run_agree_where_a_hard_limit_is_too_low_for_the_programs() {
    for limit in ["-n 512", "-f 2000", "-v 200000", "-d 200000", "-s 4096", "-t 20"] {
        let strict = agree(&format!("ulimit {limit};"));
        assert!(!strict, "ulimit {limit}");
    }
    // What was only lowered for whoever starts us is raised for the programs.
    let there = agree("ulimit -S -v 1000000; ulimit -S -d 200000; ulimit -S -n 512; ulimit -S -t 20;");
    assert_eq!(there, agree(""));
}

/// Whether suites can run strictly after `first`, a line of shell; doctor and a run must agree on that.
fn agree(first: &str) -> bool {
    let told = Capsule::after(first, &["doctor", "--json"]).run().json();
    let strict = told["strict"].as_bool().expect("a boolean");
    let ran = Capsule::after(first, &["--require", "strict", "--workspace", "none", "--", "true"]).run();
    assert_eq!(ran.status, Some(if strict { 0 } else { 125 }), "{first}: {} {told:#}", ran.stdout);
    strict
}

#[test]
fn doctor_as_json_has_no_other_keys_than_its_schema_and_a_remedy_for_all_that_is_missing() {
    let schema = Capsule::new(&["schema", "doctor"]).run().exits(0).json();
    let ended = Capsule::new(&["doctor", "--json"]).run();
    let told = ended.json();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(keys(&told), keys(&schema["properties"]));
    let strict = told["strict"].as_bool().expect("a boolean");
    assert_eq!(ended.status, Some(if strict { 0 } else { 1 }));
    for layer in told["layers"].as_array().expect("an array") {
        assert_eq!(keys(layer), keys(&schema["$defs"]["Layer"]["properties"]));
        let is_ok = layer["state"] == "ok";
        assert_eq!(is_ok, layer["meanwhile"] == "", "{layer}");
        assert_eq!(is_ok, layer["remedies"].as_array().is_some_and(Vec::is_empty), "{layer}");
    }
}
