//! `${name}` in texts and keys. A text that is nothing but `${name}` becomes what the variable is,
//! a number or a list; anywhere else the value's spelling is put in. `$${` stands for `${`, and a
//! `${` that no name follows is left as it is: shells have more uses for it.

use std::collections::HashMap;

use super::budget::{Budget, cost};
use crate::diagnostic::nearest;
use crate::judge::Code;
use crate::suite::reader::{Mistake, Reader, shown};
use crate::suite::syntax::{Entry, Node, Value};
use crate::suite::vars::is_name;

/// The longest text that comes of putting values in.
const MAX_TEXT: usize = 16 << 20;

/// What names stand for.
#[derive(Debug, Default)]
pub(in crate::suite) struct Scope {
    pub(super) vars: HashMap<String, Node>,
    /// Parameters of a matrix: they go before variables.
    pub(super) params: Vec<(String, Node)>,
    /// Whether any text of the suite has a `${` at all.
    pub(super) is_used: bool,
}

impl Scope {
    pub(in crate::suite) fn is_used(&self) -> bool {
        self.is_used
    }

    pub(in crate::suite) fn set_params(&mut self, params: Vec<(String, Node)>) {
        self.params = params;
    }

    pub(in crate::suite) fn take_params(&mut self) -> Vec<(String, Node)> {
        std::mem::take(&mut self.params)
    }

    /// The names of the variables, in their order.
    pub(in crate::suite) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.vars.keys().cloned().collect();
        names.sort();
        names
    }

    /// The variables that are a text or a number, by name.
    pub(in crate::suite) fn texts(&self) -> Vec<(String, String)> {
        let text = |(name, node): (&String, &Node)| Some((name.clone(), spelled(&node.value)?));
        let mut texts: Vec<_> = self.vars.iter().filter_map(text).collect();
        texts.sort();
        texts
    }

    fn get(&self, name: &str) -> Option<&Node> {
        let param = self.params.iter().find(|(param, _)| param == name).map(|(_, node)| node);
        param.or_else(|| self.vars.get(name))
    }
}

/// One piece of a text.
enum Piece<'t> {
    Plain(&'t str),
    Name(&'t str),
}

/// The pieces of a text; `None` where there is nothing to put in.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    if !text.contains("${") {
        return None;
    }
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = text[at..].find("${").map(|found| at + found) {
        let name = text[found + 2..].split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
        let escaped = text[from..found].ends_with('$');
        match name {
            Some(_) if escaped => {
                // `$${x}` means `${x}`: one of the two is left out.
                pieces.push(Piece::Plain(&text[from..found - 1]));
                (from, at) = (found, found + 2);
            }
            Some(name) => {
                pieces.push(Piece::Plain(&text[from..found]));
                pieces.push(Piece::Name(name));
                from = found + 2 + name.len() + 1;
                at = from;
            }
            None => at = found + 2,
        }
    }
    pieces.push(Piece::Plain(&text[from..]));
    Some(pieces)
}

/// The names that a text puts in.
pub(super) fn names(text: &str) -> Vec<&str> {
    let pieces = pieces(text).unwrap_or_default();
    pieces
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Name(name) => Some(name),
            Piece::Plain(_) => None,
        })
        .collect()
}

impl Reader<'_> {
    /// A copy of `node` with everything put in. `keep` are keys of the outermost map that are left
    /// alone.
    pub(in crate::suite) fn substituted(
        &mut self,
        node: &Node,
        scope: &Scope,
        budget: &mut Budget,
        keep: &[&str],
    ) -> Node {
        if !self.afford(budget, cost(node), node) {
            return Node { span: node.span.clone(), value: Value::Null };
        }
        let value = match &node.value {
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| {
                        if keep.contains(&entry.key.as_str()) {
                            return entry.clone();
                        }
                        let key =
                            Node { span: entry.key_span.clone(), value: Value::Text(entry.key.clone()) };
                        let key = match self.put_in(&key, scope, budget).value {
                            Value::Text(key) => key,
                            other => spelled(&other).unwrap_or_else(|| entry.key.clone()),
                        };
                        let value = self.put_in(&entry.value, scope, budget);
                        Entry { key, key_span: entry.key_span.clone(), value }
                    })
                    .collect(),
            ),
            _ => return self.put_in(node, scope, budget),
        };
        Node { span: node.span.clone(), value }
    }

    fn put_in(&mut self, node: &Node, scope: &Scope, budget: &mut Budget) -> Node {
        let value = match &node.value {
            Value::Text(text) => self.text_with(text, node, scope, budget),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.put_in(item, scope, budget)).collect())
            }
            Value::Map(entries) => {
                let map = Node { span: node.span.clone(), value: Value::Map(Vec::new()) };
                let entries = entries.iter().map(|entry| {
                    let key = match self.text_with(&entry.key, &map, scope, budget) {
                        Value::Text(key) => key,
                        other => spelled(&other).unwrap_or_else(|| entry.key.clone()),
                    };
                    let value = self.put_in(&entry.value, scope, budget);
                    Entry { key, key_span: entry.key_span.clone(), value }
                });
                Value::Map(entries.collect())
            }
            Value::Null | Value::Bool(_) | Value::Integer(..) | Value::Float(..) | Value::Date => {
                node.value.clone()
            }
        };
        Node { span: node.span.clone(), value }
    }

    fn text_with(&mut self, text: &str, node: &Node, scope: &Scope, budget: &mut Budget) -> Value {
        let Some(pieces) = pieces(text) else { return Value::Text(text.to_owned()) };
        if let [Piece::Plain(""), Piece::Name(name), Piece::Plain("")] = pieces.as_slice() {
            return match scope.get(name) {
                Some(found) if self.afford(budget, cost(found), node) => moved(found, node).value,
                Some(_) => Value::Null,
                None => self.unknown_variable(name, node, scope),
            };
        }
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Plain(plain) => out.push_str(plain),
                Piece::Name(name) => match scope.get(name).map(|found| spelled(&found.value)) {
                    Some(Some(spelling)) => out.push_str(&spelling),
                    Some(None) => {
                        let message = format!("the list `{name}` cannot stand inside of a text");
                        self.senseless(&node.span, message, format!("write nothing but `${{{name}}}`"));
                    }
                    None => {
                        self.unknown_variable(name, node, scope);
                    }
                },
            }
            if out.len() > MAX_TEXT {
                let message = format!("a text becomes longer than {} MiB by its variables", MAX_TEXT >> 20);
                self.senseless(&node.span, message, "put large data into a file");
                return Value::Null;
            }
            if !self.afford(budget, out.len().saturating_sub(text.len()), node) {
                return Value::Null;
            }
        }
        Value::Text(out)
    }

    /// Takes so much from the budget. The first that cannot be afforded is written down.
    pub(super) fn afford(&mut self, budget: &mut Budget, bytes: usize, node: &Node) -> bool {
        if budget.is_spent() {
            return false;
        }
        match budget.bytes(bytes) {
            Ok(()) => true,
            Err(message) => {
                self.senseless(&node.span, message, "make cases from files with `cases_from`");
                false
            }
        }
    }

    fn unknown_variable(&mut self, name: &str, node: &Node, scope: &Scope) -> Value {
        let names =
            scope.params.iter().map(|(name, _)| name.as_str()).chain(scope.vars.keys().map(String::as_str));
        let near = nearest(name, names).map(|near| format!("did you mean `${{{}}}`?", shown(near)));
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span: &node.span,
            message: format!("there is no variable `{}`", shown(name)),
            label: near.unwrap_or_default(),
            help: format!(
                "add it to `vars:`; what a shell is to put in is `${0}`, or `$${{{0}}}` where it needs the braces",
                shown(name)
            ),
        });
        // What stands there does not matter any more, but that something does.
        Value::Text("x".to_owned())
    }
}

/// A variable's value at the place where it is put in.
fn moved(found: &Node, at: &Node) -> Node {
    let value = match &found.value {
        Value::List(items) => Value::List(items.iter().map(|item| moved(item, at)).collect()),
        value => value.clone(),
    };
    Node { span: at.span.clone(), value }
}

/// A scalar as it was spelled; `None` for a list.
pub(in crate::suite) fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Null => Some(String::new()),
        other => other.written().map(str::to_owned),
    }
}
