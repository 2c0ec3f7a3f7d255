//! JSON Schemas of configuration and request, from the types that parse them.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::file::ConfigFile;
use super::request_file::RequestKeys;

/// The JSON Schema of a configuration.
#[must_use]
pub fn config_schema() -> Value {
    schema::<ConfigFile>("capsule-run configuration")
}

/// The JSON Schema of a request.
#[must_use]
pub fn request_schema() -> Value {
    let mut schema = schema::<RequestKeys>("capsule-run request");
    if let Some(object) = schema.as_object_mut() {
        object.insert("required".to_owned(), json!(["command"]));
    }
    schema
}

fn schema<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Compares with the file in `schemas/`, or writes it when asked to.
    fn compare(name: &str, schema: &Value) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
        let text = format!("{schema:#}\n");
        if std::env::var_os("CAPSULE_UPDATE_GOLDENS").is_some() {
            std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("created");
            std::fs::write(&path, &text).expect("written");
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == text,
            "{name} is not what the types say: run the test with CAPSULE_UPDATE_GOLDENS=1"
        );
    }

    #[test]
    fn config_schema_json_is_what_the_types_say() {
        compare("config.schema.json", &config_schema());
    }

    #[test]
    fn request_schema_json_is_what_the_types_say() {
        compare("request.schema.json", &request_schema());
    }
}
