//! `resources` and `redact`: what a program may have used, and what is replaced in its output.

use super::keys;
use super::reader::{Reader, shown};
use super::syntax::{Node, Value};
use crate::judge::{Order, Redaction, Resource, ResourceExpectation};
use crate::suite::Spanned;
use crate::units::{Bytes, parse_duration};

/// Bytes that stand instead of what is redacted.
const MAX_WITH: usize = 1_000;
/// Redactions of one case.
const MAX_REDACTIONS: usize = 100;

impl Reader<'_> {
    pub(super) fn resources(&mut self, node: &Node) -> Vec<Spanned<ResourceExpectation>> {
        let mut found = Vec::new();
        for entry in self.entries(node, keys::resources()) {
            let resource = Resource::ALL.into_iter().find(|resource| resource.name() == entry.key);
            let bound = resource.and_then(|resource| self.bound(resource, &entry.value));
            found.extend(bound.map(|value| Spanned { value, span: entry.value.span.clone() }));
        }
        if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
            self.asserts_nothing(&node.span, "an empty map asserts nothing");
        }
        found
    }

    /// `<64MiB`, `<=1s`, `>0`.
    fn bound(&mut self, resource: Resource, node: &Node) -> Option<ResourceExpectation> {
        let text = self.text(node, "a bound")?;
        // The longer signs first: `<` begins `<=`.
        let orders = [Order::AtMost, Order::AtLeast, Order::Less, Order::More];
        let found =
            orders.into_iter().find_map(|order| Some((order, text.trim().strip_prefix(order.sign())?)));
        let Some((order, amount)) = found else {
            let message = format!("`{}` does not begin with `<`, `<=`, `>` or `>=`", shown(&text));
            self.senseless(&node.span, message, "write `\"<64MiB\"`");
            return None;
        };
        let amount = amount.trim();
        let parsed = match resource {
            Resource::Cpu | Resource::Wall => parse_duration(amount)
                .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
                .map_err(|error| error.to_string()),
            Resource::PeakMemory | Resource::Output => {
                amount.parse::<Bytes>().map(|size| size.0).map_err(|error| error.to_string())
            }
            Resource::PeakProcesses => amount.parse().map_err(|_| "it is no number of processes".to_owned()),
        };
        match parsed {
            Ok(amount) if order == Order::Less && amount == 0 => {
                self.senseless(&node.span, "nothing is below 0", "");
                None
            }
            Ok(0) if order == Order::AtLeast => {
                self.asserts_nothing(&node.span, "everything is at least 0");
                None
            }
            Ok(amount) => Some(ResourceExpectation { resource, order, amount }),
            Err(error) => {
                self.senseless(&node.span, format!("`{}`: {error}", shown(amount)), "");
                None
            }
        }
    }

    pub(super) fn redactions(&mut self, node: &Node) -> Vec<Redaction> {
        let items = match &node.value {
            Value::Map(_) => std::slice::from_ref(node),
            _ => self.list(node, "`redact`"),
        };
        if items.len() > MAX_REDACTIONS {
            self.senseless(&node.span, format!("these are more than {MAX_REDACTIONS} redactions"), "");
            return Vec::new();
        }
        items.iter().filter_map(|item| self.redaction(item)).collect()
    }

    fn redaction(&mut self, node: &Node) -> Option<Redaction> {
        let before = self.mistakes();
        let (mut pattern, mut with) = (None, String::new());
        for entry in self.entries(node, keys::redaction()) {
            if entry.key == "re" {
                pattern = self.regex(&entry.value, "`re`");
                continue;
            }
            with = self.text(&entry.value, "`with`").unwrap_or_default();
            if with.len() > MAX_WITH {
                self.senseless(&entry.value.span, format!("`with` is longer than {MAX_WITH} bytes"), "");
            }
        }
        if pattern.is_none() && self.mistakes() == before {
            self.missing(
                &node.span,
                "a redaction says no `re`",
                "write `{re: '0x[0-9a-f]+', with: '<addr>'}`",
            );
        }
        Some(Redaction { pattern: pattern?, with })
    }
}
