//! The schema of suite files and the parser agree: what the one takes the other takes, and
//! neither takes a key that it does not know.

use std::fs;
use std::path::{Path, PathBuf};

use capsule_run::diagnostic::Source;
use capsule_run::suite::{SuiteFormat, parse, schema};
use serde_json::{Value, json};

/// As much of JSON Schema as our schema uses; a keyword that is not here makes the test fail.
fn valid(schema: &Value, value: &Value, root: &Value) -> bool {
    let keywords = schema.as_object().expect("a schema is an object");
    keywords.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$id" | "$defs" | "title" | "description" => true,
        "$ref" => {
            let name = rule.as_str().and_then(|it| it.strip_prefix("#/$defs/")).expect("a local reference");
            valid(&root["$defs"][name], value, root)
        }
        "type" => match rule {
            Value::Array(kinds) => kinds.iter().any(|kind| is(value, kind)),
            kind => is(value, kind),
        },
        "const" => value == rule,
        "enum" => rule.as_array().expect("a list").contains(value),
        "anyOf" => rule.as_array().expect("a list").iter().any(|rule| valid(rule, value, root)),
        "oneOf" => {
            rule.as_array().expect("a list").iter().filter(|rule| valid(rule, value, root)).count() == 1
        }
        "required" => value.as_object().is_none_or(|map| {
            rule.as_array().expect("a list").iter().all(|key| map.contains_key(key.as_str().expect("a name")))
        }),
        "properties" => value.as_object().is_none_or(|map| {
            map.iter().all(|(key, value)| rule.get(key).is_none_or(|rule| valid(rule, value, root)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|map| {
            let known = schema.get("properties").and_then(Value::as_object);
            let mut others =
                map.iter().filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
            match rule {
                Value::Bool(false) => others.next().is_none(),
                rule => others.all(|(_, value)| valid(rule, value, root)),
            }
        }),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| valid(rule, item, root))),
        "minItems" => value.as_array().is_none_or(|items| Some(items.len() as u64) >= rule.as_u64()),
        "minProperties" => value.as_object().is_none_or(|map| Some(map.len() as u64) >= rule.as_u64()),
        "pattern" => value.as_str().is_none_or(|text| {
            regex::Regex::new(rule.as_str().expect("a pattern")).expect("a regular expression").is_match(text)
        }),
        "minLength" => value.as_str().is_none_or(|text| Some(text.len() as u64) >= rule.as_u64()),
        "minimum" => value.as_f64().is_none_or(|number| Some(number) >= rule.as_f64()),
        "maximum" => value.as_f64().is_none_or(|number| Some(number) <= rule.as_f64()),
        other => panic!("this test does not know the keyword {other}"),
    })
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().expect("a name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown kind {other}"),
    }
}

fn parses(value: &Value) -> bool {
    let source = Source { name: "suite.json".to_owned(), text: value.to_string().into() };
    parse(&source, SuiteFormat::Json).is_ok()
}

/// A suite that uses every key there is.
fn everything() -> Value {
    let limits = json!({"timeout": "2s", "cpu_time": 1000, "memory_bytes": "64M", "max_pids": 8, "cpu": 512});
    let expect = json!({
        "exit": [0, 3], "stdout": {"file": "a.out", "compare": {"float": {"abs": 1e-6, "rel": 0}}},
        "stderr": [{"contains": ["a", "b"]}, {"lacks": "c"}, {"regex": "x+"}, {"glob": "*"}],
        "files": {"out.txt": {"text": "x", "compare": "trim"}, "log": "any", "gone": "absent",
            "h": {"sha256": "0".repeat(64)}, "j": {"json": {"a": [1, null]}}},
        "code": "E6002",
        "resources": {"cpu": "<1s", "wall": "<= 2s", "peak_memory": "<64M", "output": ">0",
            "peak_processes": ">=1"},
        "redact": [{"re": "0x[0-9a-f]+", "with": "X"}],
    });
    let common = json!({
        "run": ["./prog", 1.5, true], "args": ["x"], "stdin": {"text": "in"}, "env": {"A": 1},
        "files": {"data.txt": {"file": "data.txt", "executable": true}}, "expect": expect, "limits": limits,
        "profile": "std", "points": 2.5, "tags": ["a"], "visibility": "after_published", "workdir": "sub",
        "network": false, "extends": ["t"], "retries": {"count": 2, "delay": "1s"},
        "skip": {"reason": "not here", "if": "${mode} == slow", "unless": ["a", "b"]},
        "xfail": {"reason": "bug 7", "if": "no", "unless": "no", "code": "E6002", "strict": false},
    });
    let with = |more: Value| {
        let mut map = common.as_object().expect("a map").clone();
        map.extend(more.as_object().expect("a map").clone());
        Value::Object(map)
    };
    let mut build = with(json!({"name": "compile", "outputs": ["prog"]}));
    let not_in_steps = ["expect", "points", "tags", "visibility", "extends", "retries", "skip", "xfail"];
    for key in not_in_steps {
        build.as_object_mut().expect("a map").remove(key);
    }
    let mut hook = build.clone();
    hook["blame"] = json!("submission");
    let hooks = json!({"setup": [hook], "teardown": [{"shell": "true"}]});
    let case = json!({"id": "w", "weight": 2, "penalty": 1, "extra_credit": false, "compare": "lines"});
    json!({
        "version": 1,
        "name": "everything",
        "vars": {"mode": "fast", "sizes": [1, 2]},
        "templates": {"t": {"env": {"T": "1"}, "retries": 1}},
        "hooks": hooks,
        "submission": {"path": "../submission", "required": ["main.c"]},
        "profiles": {"std": {"inherits": "default", "env": {"A": "b"}, "network": false, "timeout_ms": 5,
            "resources": {"max_disk": "1M", "open_files": 64, "max_file_size": 1, "max_output": 1}}},
        "defaults": with(json!({"compare": "float", "weight": 1})),
        "build": [build, {"shell": "make"}],
        "groups": [with(json!({
            "name": "g", "needs": ["build"], "score": {"threshold": "70%"}, "compare": "exact",
            "max": 2, "hooks": hooks,
            "cases_from": {"stdin": "data/*.in", "expect_stdout": "{dir}/{stem}.ans", "id": "{name}"},
            "cases": [with(json!({"id": "a", "needs": ["b"]})), with(case)],
        }))],
        "cases": [
            with(json!({"id": "b", "group": "g"})),
            {"id": "c", "shell": "x", "expect": {"exit": {"signal": "SIGSEGV"}, "stdout": ""}},
            {"id": "d", "expect": {"exit": "nonzero", "stdout": 5, "code": "E3001"}},
            {"id": "m", "shell": "echo ${n}", "compare": {"json": {"abs": 1}}, "expect": {"exit": "!3"},
                "matrix": {"n": {"from": 1, "to": 9, "step": 2}, "size": "${sizes}", "exclude": [{"n": 3}]}},
            {"id": "k", "run": ["x"], "compare": {"kattis": {"case_sensitive": true,
                "space_change_sensitive": false, "float_tolerance": 1e-6, "float_absolute_tolerance": 1,
                "float_relative_tolerance": 1}}, "retries": 1, "skip": true, "xfail": "bug"},
            {"id": "s", "source": {"files": ["*.c"], "forbidden": ["goto", {"pattern": "gets", "why": "w"}],
                "required": ["main"], "max_size": "64K", "max_lines": 10, "max_columns": 80,
                "max_files": 3}},
        ],
    })
}

/// Calls `f` with the suite for each map in it, a key that nobody knows put into that map.
fn with_a_foreign_key(suite: &Value, f: &mut dyn FnMut(&Value, &str)) {
    fn paths(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.push(at.clone());
                map.iter()
                    .for_each(|(key, value)| paths(value, format!("{at}/{}", key.replace('/', "~1")), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, value)| paths(value, format!("{at}/{n}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    paths(suite, String::new(), &mut found);
    for path in found {
        // Names of variables, files and profiles are the author's own.
        if ["env", "files", "profiles", "vars", "templates", "json", "matrix", "exclude/0"]
            .iter()
            .any(|open| path.ends_with(&format!("/{open}")))
        {
            continue;
        }
        let mut broken = suite.clone();
        let map = broken.pointer_mut(&path).and_then(Value::as_object_mut).expect("it is a map");
        map.insert("colour".to_owned(), json!("red"));
        f(&broken, &path);
    }
}

#[test]
fn a_suite_with_every_key_is_taken_by_the_parser_and_by_the_schema() {
    let (suite, schema) = (everything(), schema());
    let source = Source { name: "suite.json".to_owned(), text: suite.to_string().into() };
    parse(&source, SuiteFormat::Json).expect("the parser takes it");
    assert!(valid(&schema, &suite, &schema));
}

#[test]
fn a_key_that_nobody_knows_is_refused_by_both_wherever_it_stands() {
    let schema = schema();
    let mut places = 0;
    with_a_foreign_key(&everything(), &mut |suite, path| {
        places += 1;
        assert!(!parses(suite), "the parser takes a foreign key in {path}");
        assert!(!valid(&schema, suite, &schema), "the schema takes a foreign key in {path}");
    });
    assert!(places > 30, "{places}");
}

#[test]
fn a_required_key_that_is_missing_is_refused_by_both() {
    let schema = schema();
    for (path, key) in
        [("", "version"), ("/groups/0", "name"), ("/cases/0", "id"), ("/groups/0/cases_from", "stdin")]
    {
        let mut suite = everything();
        suite.pointer_mut(path).and_then(Value::as_object_mut).expect("a map").remove(key);
        assert!(!parses(&suite), "{path}/{key}");
        assert!(!valid(&schema, &suite, &schema), "{path}/{key}");
    }
}

#[test]
fn the_suites_of_the_examples_are_valid_by_the_schema() {
    let schema = schema();
    let mut found = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("readable").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "grade.yaml") {
                found += 1;
                check_yaml(&path, &schema);
            }
        }
    }
    assert!(found > 0);
}

fn check_yaml(path: &PathBuf, schema: &Value) {
    let text = fs::read_to_string(path).expect("UTF-8");
    let value: Value = serde_saphyr::from_str(&text).expect("YAML");
    assert!(valid(schema, &value, schema), "{}", path.display());
}

#[test]
fn the_schema_in_the_schemas_folder_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/suite.schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("CAPSULE_UPDATE_GOLDENS").is_some() {
        fs::write(&path, &text).expect("schemas can be written");
    }
    let kept = fs::read_to_string(&path).expect("the schema is there");
    assert!(kept == text, "out of date: run the tests once with CAPSULE_UPDATE_GOLDENS=1");
}
