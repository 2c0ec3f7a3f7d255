//! JSON values: the order of keys and the spelling of numbers and texts do not count.

use serde_json::Value;

use crate::judge::FloatTolerance;
use crate::judge::compare::float::close;
use crate::units::visible_line;

/// Characters of a value that are shown.
const MAX_SHOWN: usize = 60;

/// What keeps two texts from being the same JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsonDifference {
    /// What was found is no JSON: why, and at which byte.
    NoJson(String, usize),
    /// The path of the first difference, and what differs there.
    At(String),
}

/// `None` where they are the same.
pub(super) fn difference(
    tolerance: Option<FloatTolerance>,
    expected: &[u8],
    actual: &[u8],
) -> Option<JsonDifference> {
    let actual: Value = match serde_json::from_slice(actual) {
        Ok(value) => value,
        Err(error) => return Some(JsonDifference::NoJson(in_words(&error), offset(actual, &error))),
    };
    // It was read when the suite was; should it be none all the same, nothing equals it.
    let Ok(expected) = serde_json::from_slice::<Value>(expected) else {
        return Some(JsonDifference::At("$: what is expected is no JSON".to_owned()));
    };
    let mut path = "$".to_owned();
    at(tolerance, &expected, &actual, &mut path).map(|what| JsonDifference::At(format!("{path}: {what}")))
}

fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

fn offset(bytes: &[u8], error: &serde_json::Error) -> usize {
    let before: usize =
        bytes.split_inclusive(|&b| b == b'\n').take(error.line().max(1) - 1).map(<[u8]>::len).sum();
    (before + error.column().saturating_sub(1)).min(bytes.len())
}

/// What differs; `path` is then where. Values are nested no deeper than the parser allows.
fn at(
    tolerance: Option<FloatTolerance>,
    expected: &Value,
    actual: &Value,
    path: &mut String,
) -> Option<String> {
    let length = path.len();
    match (expected, actual) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, expected) in left {
                push_key(path, key);
                let Some(actual) = right.get(key) else { return Some("is missing".to_owned()) };
                if let Some(what) = at(tolerance, expected, actual, path) {
                    return Some(what);
                }
                path.truncate(length);
            }
            let extra = right.keys().find(|key| !left.contains_key(*key))?;
            push_key(path, extra);
            Some("is there and not expected".to_owned())
        }
        (Value::Array(left), Value::Array(right)) => {
            for (index, (expected, actual)) in left.iter().zip(right).enumerate() {
                path.push_str(&format!("[{index}]"));
                if let Some(what) = at(tolerance, expected, actual, path) {
                    return Some(what);
                }
                path.truncate(length);
            }
            (left.len() != right.len()).then(|| format!("{} items, expected {}", right.len(), left.len()))
        }
        (Value::Number(left), Value::Number(right)) if same_number(tolerance, left, right) => None,
        (left, right) if left == right => None,
        (left, right) => Some(format!("{}, expected {}", shown(right), shown(left))),
    }
}

fn same_number(
    tolerance: Option<FloatTolerance>,
    left: &serde_json::Number,
    right: &serde_json::Number,
) -> bool {
    let whole = |number: &serde_json::Number| {
        number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
    };
    if let (Some(left), Some(right)) = (whole(left), whole(right))
        && (left == right || tolerance.is_none())
    {
        return left == right;
    }
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => tolerance.map_or(left == right, |by| close(by, left, right)),
        _ => false,
    }
}

fn push_key(path: &mut String, key: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !key.is_empty() && key.len() <= MAX_SHOWN && key.chars().all(plain) {
        path.push('.');
        path.push_str(key);
    } else {
        path.push_str(&format!("[{}]", shown(&Value::String(key.to_owned()))));
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(map) => format!("an object of {}", map.len()),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = visible_line(value.to_string().as_bytes());
            let short: String = text.chars().take(MAX_SHOWN).collect();
            if short.len() < text.len() { format!("{short}…") } else { text }
        }
    }
}

/// One item or key a line, keys in their order by name; as it is where it is no JSON.
pub(super) fn pretty(bytes: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else { return bytes.to_vec() };
    value.sort_all_objects();
    let mut out = serde_json::to_vec_pretty(&value).unwrap_or_else(|_| bytes.to_vec());
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(expected: &str, actual: &str) -> Option<String> {
        match difference(None, expected.as_bytes(), actual.as_bytes())? {
            JsonDifference::At(what) => Some(what),
            JsonDifference::NoJson(why, at) => Some(format!("no JSON at byte {at}: {why}")),
        }
    }

    #[test]
    fn only_the_value_counts() {
        for (expected, actual) in [
            (r#"{"a": 1, "b": [true, null]}"#, "{\"b\":[true,null],\n\"a\":1.0}"),
            (r#""\u00e9""#, "\"é\""),
            ("1e2", "100"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(said(expected, actual), None, "{expected} {actual}");
        }
    }

    #[test]
    fn the_first_difference_is_named_with_its_path() {
        for (expected, actual, what) in [
            (
                r#"{"items": [{"price": 1.2}]}"#,
                r#"{"items": [{"price": 1.1}]}"#,
                "$.items[0].price: 1.1, expected 1.2",
            ),
            (r#"{"a": 1}"#, "{}", "$.a: is missing"),
            ("{}", r#"{"a b": 1}"#, "$[\"a b\"]: is there and not expected"),
            ("[1, 2]", "[1]", "$: 1 items, expected 2"),
            ("[1]", "{\"a\": 1}", "$: an object of 1, expected an array of 1"),
            ("1", "\"1\"", "$: \"1\", expected 1"),
            (
                "18446744073709551615",
                "18446744073709551614",
                "$: 18446744073709551614, expected 18446744073709551615",
            ),
            ("1", "", "no JSON at byte 0: EOF while parsing a value"),
            ("1", "{\n x}", "no JSON at byte 3: key must be a string"),
            ("1", "1 2", "no JSON at byte 2: trailing characters"),
        ] {
            assert_eq!(said(expected, actual).as_deref(), Some(what), "{expected} {actual}");
        }
    }

    #[test]
    fn deep_nesting_is_no_json_and_no_crash() {
        let deep = "[".repeat(100_000);
        let why = said("1", &deep).expect("a difference");
        assert!(why.contains("recursion limit"), "{why}");
    }
}
