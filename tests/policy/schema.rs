//! The schemas in `schemas/` are those of the types.

use std::path::Path;

use capsule_run::policy::{config_schema, request_schema};
use serde_json::Value;

/// Compares with the file in `schemas/`, or writes it when asked to.
fn compare(name: &str, schema: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    let text = format!("{schema:#}\n");
    if std::env::var_os("CAPSULE_UPDATE_GOLDENS").is_some() {
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("created");
        std::fs::write(&path, &text).expect("written");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == text, "{name} is not what the types say: run the test with CAPSULE_UPDATE_GOLDENS=1");
}

#[test]
fn config_schema_json_is_what_the_types_say() {
    compare("config.schema.json", &config_schema());
}

#[test]
fn request_schema_json_is_what_the_types_say() {
    compare("request.schema.json", &request_schema());
}
