//! [`Variables`]: what the operator gives for `${name}`: `-V name=value` and `--vars-file`.

use super::reader::{Reader, shown};
use super::sources::Sources;
use super::syntax::{Node, Value, parse_json, parse_toml, parse_yaml};
use crate::diagnostic::{Diagnostic, Source};
use crate::suite::{NoIncludes, SuiteFormat};

/// What the operator gives for `${name}`; a later one goes before an earlier one of its name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variables {
    given: Vec<(String, Node)>,
}

impl Variables {
    /// Adds `name=value` of the command line. A number and `true` are what they look like.
    ///
    /// # Errors
    /// There is no `=`, or the name is none.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(format!("`{}` is not NAME=VALUE", shown(text)));
        };
        if !is_name(name) {
            return Err(format!("`{}` is no name of a variable: letters, digits and `_`", shown(name)));
        }
        self.given.push((name.to_owned(), scalar(value)));
        Ok(())
    }

    /// Adds the variables of a file: one map of names and values.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn add_file(&mut self, source: &Source, format: SuiteFormat) -> Result<(), Vec<Diagnostic>> {
        let root = match format {
            SuiteFormat::Yaml => parse_yaml(source)?,
            SuiteFormat::Toml => parse_toml(source)?,
            SuiteFormat::Json => parse_json(source)?,
        };
        let sources = Sources::new(source.clone());
        let mut reader = Reader::new(sources, &NoIncludes);
        let given = reader.variables(&root, "a file of variables");
        let errors = reader.finish();
        if errors.is_empty() {
            // Only their values are taken along: their places are in another text.
            self.given.extend(given.into_iter().map(|(name, node)| (name.value, without_place(node))));
            return Ok(());
        }
        Err(errors)
    }

    /// Their names, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.given.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.given.iter().rev().find(|(given, _)| given == name).map(|(_, node)| node)
    }
}

/// Whether `text` can stand between `${` and `}`.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && text.len() <= 100 && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn scalar(text: &str) -> Node {
    let value = match (text, text.parse::<i128>(), text.parse::<f64>()) {
        ("true", ..) => Value::Bool(true),
        ("false", ..) => Value::Bool(false),
        (_, Ok(number), _) => Value::integer(number, text),
        (_, _, Ok(number)) if number.is_finite() && text.contains(|c: char| c.is_ascii_digit()) => {
            Value::float(number, text)
        }
        _ => Value::Text(text.to_owned()),
    };
    Node { span: 0..0, value }
}

fn without_place(node: Node) -> Node {
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(without_place).collect()),
        value => value,
    };
    Node { span: 0..0, value }
}
