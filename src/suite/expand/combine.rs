//! One map on top of another: what `extends` makes of a template and what stands below it.

use super::budget::{Budget, cost};
use crate::suite::reader::Reader;
use crate::suite::syntax::{Entry, Node, Value};

/// Maps whose keys are put together.
const DEEP: [&str; 4] = ["env", "files", "limits", "expect"];
/// Lists that are put one behind the other.
const LONG: [&str; 2] = ["tags", "needs"];

impl Reader<'_> {
    /// `over` on top of `base`: what both say, `over` decides; environment, files, limits and
    /// expectations are put together key by key, tags and needs added up. A command is one thing:
    /// who says another says other arguments, too.
    pub(super) fn combined(&mut self, base: &Node, over: &Node, budget: &mut Budget) -> Node {
        if !self.afford(budget, cost(base), over) {
            return over.clone();
        }
        let (Value::Map(below), Value::Map(above)) = (&base.value, &over.value) else { return over.clone() };
        let has = |key: &str| above.iter().any(|entry| entry.key == key);
        let other_command = has("run") || has("shell") || has("source");
        let replaced = |key: &str| other_command && matches!(key, "run" | "shell" | "args" | "source");
        let mut entries: Vec<Entry> = above.clone();
        for entry in below.iter().filter(|entry| !replaced(&entry.key)) {
            match entries.iter_mut().find(|mine| mine.key == entry.key) {
                None => entries.push(entry.clone()),
                Some(mine) if DEEP.contains(&entry.key.as_str()) => beneath(&mut mine.value, &entry.value),
                Some(mine) if LONG.contains(&entry.key.as_str()) => before(&mut mine.value, &entry.value),
                Some(_) => {}
            }
        }
        Node { span: over.span.clone(), value: Value::Map(entries) }
    }
}

/// Adds the keys of `base` that `over` does not have.
fn beneath(over: &mut Node, base: &Node) {
    if let (Value::Map(above), Value::Map(below)) = (&mut over.value, &base.value) {
        for entry in below {
            if !above.iter().any(|mine| mine.key == entry.key) {
                above.push(entry.clone());
            }
        }
    }
}

/// Puts the items of `base` before those of `over`, each once.
fn before(over: &mut Node, base: &Node) {
    if let (Value::List(above), Value::List(below)) = (&mut over.value, &base.value) {
        let mut items: Vec<Node> = Vec::with_capacity(above.len() + below.len());
        for item in below.iter().chain(above.iter()) {
            if !items.iter().any(|other| other.value == item.value) {
                items.push(item.clone());
            }
        }
        *above = items;
    }
}
