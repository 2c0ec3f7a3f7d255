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
    // Every key may be null, as if it were not there, but for this one.
    if let Some(types) = schema.pointer_mut("/properties/command/anyOf").and_then(Value::as_array_mut) {
        types.retain(|of| of.get("type") != Some(&json!("null")));
    }
    schema
}

fn schema<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}
