//! `templates` and `extends`.

use std::collections::HashMap;
use std::rc::Rc;

use super::budget::Budget;
use super::include::Part;
use crate::diagnostic::nearest;
use crate::judge::Code;
use crate::suite::Spanned;
use crate::suite::keys;
use crate::suite::reader::{Mistake, Reader, shown};
use crate::suite::syntax::{Node, Value};

/// The templates of a suite, each put together from those that it extends.
#[derive(Debug, Default)]
pub(in crate::suite) struct Templates {
    written: HashMap<String, (Spanned<String>, Node)>,
    /// `None` where one cannot be put together; that was written down.
    whole: HashMap<String, Option<Rc<Node>>>,
}

impl Reader<'_> {
    /// The templates of all files. Each is looked at, used or not.
    pub(in crate::suite) fn templates(&mut self, parts: &[Part<'_>], budget: &mut Budget) -> Templates {
        let mut templates = Templates::default();
        let mut names = Vec::new();
        for node in parts.iter().filter_map(|part| part.get("templates")) {
            for entry in self.map(node, "`templates`").unwrap_or_default() {
                let key = Node { span: entry.key_span.clone(), value: Value::Text(entry.key.clone()) };
                let Some(name) = self.name(&key, "the template's name") else { continue };
                if let Some((first, _)) = templates.written.get(&name.value) {
                    let first = first.span.clone();
                    let message = format!("two templates are called `{}`", shown(&name.value));
                    self.twice_at(message, &first, &name.span);
                    continue;
                }
                self.entries(&entry.value, keys::template());
                names.push(name.value.clone());
                templates.written.insert(name.value.clone(), (name, entry.value.clone()));
            }
        }
        for name in names {
            self.whole_template(&name, &mut templates, &mut Vec::new(), budget);
        }
        templates
    }

    /// `node` on top of what it extends; `None` where it extends nothing.
    pub(in crate::suite) fn extended(
        &mut self,
        node: &Node,
        templates: &mut Templates,
        budget: &mut Budget,
    ) -> Option<Node> {
        let Value::Map(entries) = &node.value else { return None };
        let extends = entries.iter().find(|entry| entry.key == "extends")?;
        let names = self.extends(&extends.value);
        let bases: Vec<_> = names
            .iter()
            .filter_map(|name| {
                self.known_template(name, templates)?;
                self.whole_template(&name.value, templates, &mut Vec::new(), budget)
            })
            .collect();
        Some(self.stacked(node, &bases, budget))
    }

    /// The last of `bases` is next below `node`.
    fn stacked(&mut self, node: &Node, bases: &[Rc<Node>], budget: &mut Budget) -> Node {
        let mut top = without_extends(node);
        for base in bases.iter().rev() {
            top = self.combined(base, &top, budget);
        }
        top
    }

    /// A name, or a list of names.
    fn extends(&mut self, node: &Node) -> Vec<Spanned<String>> {
        let items = match &node.value {
            Value::List(items) if items.is_empty() => {
                self.senseless(&node.span, "`extends` names no template", "leave it out");
                &[]
            }
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        items.iter().filter_map(|item| self.name(item, "a name in `extends`")).collect()
    }

    fn known_template(&mut self, name: &Spanned<String>, templates: &Templates) -> Option<()> {
        if templates.written.contains_key(&name.value) {
            return Some(());
        }
        let near = nearest(&shown(&name.value), templates.written.keys().map(String::as_str));
        let label = near.map_or(String::new(), |near| format!("did you mean `{}`?", shown(near)));
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span: &name.span,
            message: format!("there is no template `{}`", shown(&name.value)),
            label,
            help: "add it under `templates:`".to_owned(),
        });
        None
    }

    fn whole_template(
        &mut self,
        name: &str,
        templates: &mut Templates,
        way: &mut Vec<String>,
        budget: &mut Budget,
    ) -> Option<Rc<Node>> {
        if let Some(known) = templates.whole.get(name) {
            return known.clone();
        }
        let (at, node) = templates.written.get(name)?.clone();
        if way.iter().any(|before| before == name) {
            let names: Vec<_> = way.iter().map(|name| shown(name)).chain([shown(name)]).collect();
            let message = format!("templates extend each other in a circle: {}", names.join(" → "));
            self.senseless(&at.span, message, "take one of them out of `extends`");
            templates.whole.insert(name.to_owned(), None);
            return None;
        }
        way.push(name.to_owned());
        let extends = match &node.value {
            Value::Map(entries) => {
                entries.iter().find(|entry| entry.key == "extends").map(|entry| &entry.value)
            }
            _ => None,
        };
        let names = extends.map_or(Vec::new(), |extends| self.extends(extends));
        let mut bases = Vec::new();
        for base in &names {
            if self.known_template(base, templates).is_some() {
                bases.extend(self.whole_template(&base.value, templates, way, budget));
            }
        }
        way.pop();
        let whole = Rc::new(self.stacked(&node, &bases, budget));
        let whole = templates.whole.entry(name.to_owned()).or_insert(Some(whole));
        whole.clone()
    }
}

fn without_extends(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(entries) => {
            Value::Map(entries.iter().filter(|entry| entry.key != "extends").cloned().collect())
        }
        value => value.clone(),
    };
    Node { span: node.span.clone(), value }
}
