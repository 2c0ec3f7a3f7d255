//! The JSON Schema of a suite file, made from the tables of keys that the parser refuses by.

use serde_json::{Map, Value, json};

use super::keys::{self, MapKind, Shape};
use crate::judge::Code;

/// The JSON Schema of a suite file (draft 2020-12): editors complete and check by it.
#[must_use]
pub fn schema() -> Value {
    let mut defs = Map::new();
    let mut root = map(keys::suite(), &mut defs);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "suite.schema.json",
        "title": "A suite of capsule-run",
        "$defs": defs,
    });
    if let (Value::Object(root), Value::Object(head)) = (&mut root, head) {
        root.extend(head);
    }
    root
}

/// One kind of map; those below it go into `defs`, each once.
fn map(kind: &'static MapKind, defs: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in kind.keys {
        let mut value = shape(key.shape, defs);
        if let Value::Object(value) = &mut value {
            value.insert("description".to_owned(), key.meaning.into());
        }
        properties.insert(key.name.to_owned(), value);
    }
    if kind.limits {
        for key in crate::limits::KEYS {
            for name in [key.short, key.long] {
                let value = json!({"type": ["integer", "string"], "description": key.meaning});
                properties.insert(name.to_owned(), value);
            }
        }
    }
    let mut map = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if let (Value::Object(map), false) = (&mut map, kind.required.is_empty()) {
        map.insert("required".to_owned(), json!(kind.required));
    }
    map
}

/// A reference to a kind of map.
fn reference(kind: &'static MapKind, defs: &mut Map<String, Value>) -> Value {
    let name: String = kind.what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-').to_owned();
    if !defs.contains_key(&name) {
        // The place is taken before the map is made, because the tables may refer to each other.
        defs.insert(name.clone(), Value::Null);
        let definition = map(kind, defs);
        defs.insert(name.clone(), definition);
    }
    json!({"$ref": format!("#/$defs/{name}")})
}

/// What a key holds, or a variable that stands for it.
fn shape(shape: Shape, defs: &mut Map<String, Value>) -> Value {
    let value = written(shape, defs);
    match shape {
        // Texts take any text anyhow, and maps are never what a variable stands for.
        Shape::Text
        | Shape::Path
        | Shape::Version
        | Shape::Content
        | Shape::Bytes
        | Shape::Env
        | Shape::Files
        | Shape::ExpectFiles
        | Shape::Vars
        | Shape::Matrix
        | Shape::Include
        | Shape::Extends
        | Shape::Time
        | Shape::Size
        | Shape::Share
        | Shape::Bound
        | Shape::Skip
        | Shape::Xfail
        | Shape::Condition
        | Shape::Globs
        | Shape::Rules
        | Shape::Redact
        | Shape::Parts
        | Shape::Json
        | Shape::Judge(_)
        | Shape::Map(_)
        | Shape::List(_)
        | Shape::Named(_) => value,
        Shape::Flag
        | Shape::Points
        | Shape::Paths
        | Shape::Texts
        | Shape::Run
        | Shape::Compare
        | Shape::Exit
        | Shape::Code
        | Shape::Visibility
        | Shape::Score
        | Shape::Protocol
        | Shape::Whole
        | Shape::Count
        | Shape::Words(_)
        | Shape::Retries => json!({"anyOf": [value, {"type": "string", "pattern": VARIABLE}]}),
    }
}

/// What puts a variable in, and nothing else.
const VARIABLE: &str = "^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$";

fn written(shape: Shape, defs: &mut Map<String, Value>) -> Value {
    let whole = || json!({"type": "integer", "minimum": 0});
    let one_or_many = |item: Value| json!({"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]});
    let scalar = || json!({"type": ["string", "number", "boolean"]});
    let path = || json!({"type": "string", "minLength": 1});
    match shape {
        Shape::Version => json!({"const": 1}),
        Shape::Text => scalar(),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Points => json!({"type": "number", "minimum": 0, "maximum": 1_000_000_000}),
        Shape::Path => path(),
        Shape::Paths => json!({"type": "array", "items": path()}),
        Shape::Texts => json!({"type": "array", "items": scalar()}),
        Shape::Run => json!({"type": "array", "items": scalar(), "minItems": 1}),
        Shape::Env => json!({"type": "object", "additionalProperties": scalar()}),
        Shape::Files => {
            json!({"type": "object", "additionalProperties": reference(keys::file(), defs)})
        }
        Shape::Content => one_of_text_and_file(reference(keys::content(), defs)),
        Shape::Compare => compare(defs),
        Shape::Exit => exit(defs),
        Shape::Bytes => bytes(defs),
        Shape::ExpectFiles => {
            json!({"type": "object", "additionalProperties": bytes(defs), "minProperties": 1})
        }
        Shape::Code => {
            let codes: Vec<_> = Code::ALL.iter().filter(|code| code_may_be_expected(**code)).collect();
            json!({"enum": codes})
        }
        Shape::Visibility => json!({"enum": ["visible", "hidden", "after_due_date", "after_published"]}),
        Shape::Score => {
            let words = json!({"enum": ["sum", "min", "all-or-nothing"]});
            json!({"anyOf": [words, reference(keys::threshold(), defs)]})
        }
        Shape::Whole => json!({"type": "integer"}),
        Shape::Count => whole(),
        Shape::Time | Shape::Size => json!({"type": ["integer", "string"]}),
        Shape::Share => json!({"type": ["number", "string"]}),
        Shape::Words(words) => json!({"enum": words}),
        Shape::Condition => one_or_many(scalar()),
        Shape::Include | Shape::Extends => one_or_many(json!({"type": "string", "minLength": 1})),
        Shape::Vars => {
            let value = json!({"type": ["string", "number", "boolean", "null"]});
            let list = json!({"type": "array", "items": value});
            json!({"type": "object", "additionalProperties": {"anyOf": [value, list]}})
        }
        Shape::Matrix => {
            let values = json!({"type": "array", "minItems": 1});
            let variable = json!({"type": "string", "pattern": VARIABLE});
            let axis = json!({"anyOf": [values, variable, reference(keys::range(), defs)]});
            json!({"type": "object", "additionalProperties": axis, "minProperties": 1})
        }
        Shape::Retries => json!({"anyOf": [whole(), reference(keys::retries(), defs)]}),
        Shape::Skip => {
            let plain = json!({"type": ["boolean", "string"]});
            json!({"anyOf": [plain, reference(keys::skip(), defs)]})
        }
        Shape::Xfail => {
            let plain = json!({"type": ["boolean", "string"]});
            json!({"anyOf": [plain, reference(keys::xfail(), defs)]})
        }
        Shape::Globs => {
            let glob = json!({"type": "string", "minLength": 1});
            json!({"anyOf": [glob, {"type": "array", "items": glob, "minItems": 1}]})
        }
        Shape::Rules => {
            let rule = json!({"anyOf": [{"type": "string"}, reference(keys::rule(), defs)]});
            json!({"anyOf": [rule, {"type": "array", "items": rule}]})
        }
        Shape::Bound => json!({"type": "string", "minLength": 2}),
        Shape::Redact => {
            let one = reference(keys::redaction(), defs);
            json!({"anyOf": [one, {"type": "array", "items": one}]})
        }
        Shape::Parts => one_or_many(scalar()),
        Shape::Json => json!({}),
        Shape::Protocol => json!({"enum": ["testlib", "kattis"]}),
        Shape::Judge(kind) => json!({"anyOf": [{"const": "none"}, reference(kind(), defs)]}),
        Shape::Map(kind) => reference(kind(), defs),
        Shape::List(kind) => json!({"type": "array", "items": reference(kind(), defs)}),
        Shape::Named(kind) => {
            json!({"type": "object", "additionalProperties": reference(kind(), defs)})
        }
    }
}

fn code_may_be_expected(code: Code) -> bool {
    super::parse_expect::may_be_expected(code)
}

fn one_of_text_and_file(reference: Value) -> Value {
    one_of(reference, &["text", "file"])
}

/// Exactly one of these keys must be there.
fn one_of(mut reference: Value, keys: &[&str]) -> Value {
    let required: Vec<_> = keys.iter().map(|key| json!({"required": [key]})).collect();
    if let Value::Object(reference) = &mut reference {
        reference.insert("oneOf".to_owned(), required.into());
    }
    reference
}

fn compare(defs: &mut Map<String, Value>) -> Value {
    let words = json!({"enum": [
        "exact", "trim", "tokens", "lines", "unordered", "float", "json", "regex", "glob", "contains",
        "lacks", "kattis",
    ]});
    json!({"anyOf": [words, one_of(reference(keys::compare(), defs), &["float", "json", "kattis"])]})
}

fn exit(defs: &mut Map<String, Value>) -> Value {
    let status = json!({"type": "integer", "minimum": 0, "maximum": 255});
    json!({"anyOf": [
        status,
        {"type": "array", "items": status, "minItems": 1},
        {"enum": ["any", "nonzero"]},
        {"type": "string", "pattern": "^! *[0-9]{1,3}$"},
        reference(keys::exit(), defs),
    ]})
}

fn bytes(defs: &mut Map<String, Value>) -> Value {
    let keys = ["text", "file", "contains", "lacks", "regex", "glob", "json", "sha256"];
    let map = one_of(reference(keys::bytes(), defs), &keys);
    let all = json!({"type": "array", "items": map, "minItems": 1});
    json!({"anyOf": [{"type": ["string", "number", "boolean"]}, map, all]})
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place where the schema lets a map be open.
    fn open_maps(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if map.contains_key("properties")
                    && map.get("additionalProperties") != Some(&Value::Bool(false))
                {
                    found.push(path.to_owned());
                }
                for (key, value) in map {
                    open_maps(value, &format!("{path}/{key}"), found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| open_maps(item, path, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn the_schema_refuses_unknown_keys_everywhere() {
        let mut found = Vec::new();
        open_maps(&schema(), "", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn the_schema_knows_every_table_of_keys_and_nothing_that_is_not_supported() {
        let text = schema().to_string();
        let others = super::super::keys_terms::ALL.iter().chain(super::super::keys_expect::ALL);
        for table in keys::ALL.iter().chain(others) {
            for key in table().keys {
                assert!(text.contains(&format!("\"{}\":", key.name)), "{}", key.name);
            }
        }
        for later in ["\"backoff\"", "\"generate\"", "\"before_each\"", "\"base64\""] {
            assert!(!text.contains(later), "{later}");
        }
    }
}
