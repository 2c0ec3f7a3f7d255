//! `capsule-run schema`.

use super::Capsule;

const ALL: [&str; 6] = ["suite", "config", "request", "result", "report", "doctor"];

#[test]
fn every_schema_is_a_json_schema() {
    for of in ALL {
        let schema = Capsule::new(&["schema", of]).run().exits(0).json();
        let dialect = schema["$schema"].as_str().unwrap_or_default();
        assert!(dialect.starts_with("http"), "{of}: {dialect}");
        assert!(schema["properties"].is_object() || schema["$ref"].is_string(), "{of}");
    }
}

#[test]
fn every_schema_is_the_one_in_the_schemas_folder() {
    for of in ALL {
        let printed = Capsule::new(&["schema", of]).run().exits(0).stdout;
        let path = format!("{}/schemas/{of}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let kept = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(printed == kept, "{path} is out of date: run `capsule-run schema {of} > {path}`");
    }
}

#[test]
fn an_unknown_schema_is_a_usage_error() {
    Capsule::new(&["schema", "verdict"]).run().exits(2).prints_nothing().says("report");
}
