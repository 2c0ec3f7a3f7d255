//! `vars`: what a suite says that names stand for, and what the operator says instead.

use std::collections::HashMap;

use super::budget::Budget;
use super::include::Part;
use super::substitute::Scope;
use crate::judge::Code;
use crate::suite::reader::{Mistake, Reader, shown};
use crate::suite::syntax::{Node, Value};
use crate::suite::vars::is_name;
use crate::suite::{Spanned, Variables};

impl Reader<'_> {
    /// A map of names and scalars, or lists of scalars.
    pub(in crate::suite) fn variables(&mut self, node: &Node, what: &str) -> Vec<(Spanned<String>, Node)> {
        let mut found = Vec::new();
        for entry in self.map(node, what).unwrap_or_default() {
            if !is_name(&entry.key) {
                let message = format!("`{}` is no name of a variable", shown(&entry.key));
                self.senseless(&entry.key_span, message, "a name has letters, digits and `_`");
                continue;
            }
            let scalar = |node: &Node| !matches!(node.value, Value::List(_) | Value::Map(_) | Value::Date);
            let good = match &entry.value.value {
                Value::List(items) => items.iter().all(scalar),
                _ => scalar(&entry.value),
            };
            if good {
                let name = Spanned { value: entry.key.clone(), span: entry.key_span.clone() };
                found.push((name, entry.value.clone()));
            } else {
                self.wrong(&entry.value, "a variable must be a text, a number, or a list of these", "");
            }
        }
        found
    }

    /// The variables of all files: those of the suite's own go before those of included files, and
    /// the operator's before all.
    pub(in crate::suite) fn scope(
        &mut self,
        parts: &[Part<'_>],
        given: &Variables,
        budget: &mut Budget,
    ) -> Scope {
        let mut scope = Scope { is_used: self.has_dollars(), ..Scope::default() };
        let mut first: HashMap<String, (usize, Spanned<String>)> = HashMap::new();
        let mut declared: Vec<(Spanned<String>, Node)> = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let Some(node) = part.get("vars") else { continue };
            for (name, node) in self.variables(node, "`vars`") {
                match first.get(&name.value) {
                    None => {
                        first.insert(name.value.clone(), (number, name.clone()));
                        declared.push((name, node));
                    }
                    // The suite's own, which is read first, decides.
                    Some((0, _)) => {}
                    Some((_, other)) => {
                        let message = format!("two included files say what `{}` is", name.value);
                        self.twice_at(message, &other.span.clone(), &name.span);
                    }
                }
            }
        }
        // Included files come after the suite's own, but what they say is the ground for it.
        declared.sort_by_key(|(name, _)| first.get(&name.value).is_some_and(|(number, _)| *number == 0));
        for (name, node) in declared {
            let node = match given.get(&name.value) {
                Some(given) => given.clone(),
                None if node.value == Value::Null => {
                    self.mistake(Mistake {
                        code: Code::MissingField,
                        span: &name.span,
                        message: format!("the variable `{}` has no value", name.value),
                        label: String::new(),
                        help: format!("give one: -V {}=VALUE", name.value),
                    });
                    Node { span: node.span, value: Value::Text("x".to_owned()) }
                }
                None => self.substituted(&node, &scope, budget, &[]),
            };
            scope.vars.insert(name.value, node);
        }
        scope
    }

    fn has_dollars(&self) -> bool {
        self.sources.all().any(|source| source.text.contains("${"))
    }
}
