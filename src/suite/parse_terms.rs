//! How a case is taken: `retries`, `skip`, `xfail`, and the conditions in them.

use std::time::Duration;

use super::keys;
use super::place_words::PlaceWords;
use super::reader::Reader;
use super::syntax::{Entry, Node, Value};
use crate::suite::{Hook, Hooks, KnownFailure, Retries, Skip, Xfail};
use crate::units::parse_duration;

/// Nobody learns anything from a hundred tries.
const MAX_RETRIES: u64 = 100;
const MAX_DELAY: Duration = Duration::from_secs(3600);
/// Steps of one hook.
const MAX_STEPS: usize = 50;

impl Reader<'_> {
    /// `2`, or `{count: 2, delay: 1s}`.
    pub(super) fn retries(&mut self, node: &Node) -> Option<Retries> {
        if !matches!(node.value, Value::Map(_)) {
            let count = self.count(node, "`retries`", 0, MAX_RETRIES)?;
            return Some(Retries { count: u32::try_from(count).ok()?, delay: Duration::ZERO });
        }
        let before = self.mistakes();
        let (mut count, mut delay) = (None, Duration::ZERO);
        for entry in self.entries(node, keys::retries()) {
            if entry.key == "count" {
                count = self.count(&entry.value, "`count`", 0, MAX_RETRIES);
            } else {
                delay = self.delay(&entry.value).unwrap_or_default();
            }
        }
        if count.is_none() && self.mistakes() == before {
            self.missing(&node.span, "`retries` does not say how often", "write `{count: 2, delay: 1s}`");
        }
        Some(Retries { count: u32::try_from(count?).ok()?, delay })
    }

    fn delay(&mut self, node: &Node) -> Option<Duration> {
        let text = self.text(node, "`delay`")?;
        match parse_duration(&text) {
            Ok(delay) if delay <= MAX_DELAY => Some(delay),
            Ok(_) => {
                self.senseless(&node.span, "nobody waits longer than an hour", "write `delay: 1s`");
                None
            }
            Err(error) => {
                self.senseless(&node.span, format!("`delay`: {error}"), "write `delay: 1s`");
                None
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn count(&mut self, node: &Node, what: &str, least: u64, most: u64) -> Option<u64> {
        let Some(number) = node.value.as_integer() else {
            self.wrong(node, format!("{what} must be a whole number"), "");
            return None;
        };
        match u64::try_from(number).ok().filter(|number| (least..=most).contains(number)) {
            Some(number) => Some(number),
            None => {
                self.senseless(&node.span, format!("{what} is out of range: {least} to {most}"), "");
                None
            }
        }
    }

    /// `true`, `false`, a reason, or `{reason: …, if: …, unless: …}`.
    pub(super) fn skip(&mut self, node: &Node) -> Option<Skip> {
        let reason = match &node.value {
            Value::Bool(true) => Some("left out by the suite".to_owned()),
            Value::Bool(false) => None,
            Value::Text(_) => Some(self.name(node, "the reason")?.value),
            _ => {
                let entries = self.entries(node, keys::skip());
                let holds = self.holds(&entries);
                let reason = self.reason(node, &entries, "`skip`")?;
                holds.then_some(reason)
            }
        };
        Some(Skip { reason })
    }

    /// `true`, `false`, a reason, or a map.
    pub(super) fn xfail(&mut self, node: &Node) -> Option<Xfail> {
        let known = |reason: String| KnownFailure { reason, code: None, strict: true };
        let known = match &node.value {
            Value::Bool(true) => Some(known(String::new())),
            Value::Bool(false) => None,
            Value::Text(_) => Some(known(self.name(node, "the reason")?.value)),
            _ => {
                let entries = self.entries(node, keys::xfail());
                let holds = self.holds(&entries);
                let reason = self.reason(node, &entries, "`xfail`");
                let mut known = known(reason.clone().unwrap_or_default());
                for entry in entries {
                    match entry.key.as_str() {
                        "code" => known.code = self.code(&entry.value),
                        "strict" => {
                            known.strict = self.flag(&entry.value, "`strict`").is_none_or(|flag| flag.value);
                        }
                        _ => {}
                    }
                }
                reason?;
                holds.then_some(known)
            }
        };
        Some(Xfail { known })
    }

    fn reason(&mut self, node: &Node, entries: &[&Entry], what: &str) -> Option<String> {
        match entries.iter().find(|entry| entry.key == "reason") {
            Some(entry) => self.name(&entry.value, "the reason").map(|reason| reason.value),
            None => {
                if matches!(node.value, Value::Map(_)) {
                    let help = "add `reason: …`: it is shown where the case is";
                    self.missing(&node.span, format!("{what} gives no reason"), help);
                }
                None
            }
        }
    }

    /// Whether `if` holds and `unless` does not, as far as they are there.
    fn holds(&mut self, entries: &[&Entry]) -> bool {
        let mut holds = true;
        for entry in entries {
            match entry.key.as_str() {
                "if" => holds &= self.condition(&entry.value),
                "unless" => holds &= !self.condition(&entry.value),
                _ => {}
            }
        }
        holds
    }

    /// `true`, `false`, `A == B`, `A != B`, one word, or a list of these that must all hold.
    fn condition(&mut self, node: &Node) -> bool {
        match &node.value {
            Value::Bool(value) => *value,
            Value::List(items) if items.is_empty() => {
                self.senseless(&node.span, "a condition without terms always holds", "leave it out");
                false
            }
            // Every term is read, also behind one that does not hold: each may have its own mistakes.
            Value::List(items) => {
                let held = items.iter().filter(|item| self.condition(item)).count();
                held == items.len()
            }
            _ => {
                let Some(text) = self.text(node, "a condition") else { return false };
                self.term(&text, node)
            }
        }
    }

    fn term(&mut self, text: &str, node: &Node) -> bool {
        if let Some((left, right)) = text.split_once("==") {
            return left.trim() == right.trim();
        }
        if let Some((left, right)) = text.split_once("!=") {
            return left.trim() != right.trim();
        }
        let word = text.trim();
        if word.contains(['=', '<', '>', '&', '|', '(']) {
            let help = "write `A == B`, `A != B`, a word, or a list of these that must all hold";
            self.senseless(&node.span, "this is no condition", help);
        }
        !matches!(word, "" | "false" | "no" | "0")
    }

    /// `hooks` of a suite or a group.
    pub(super) fn hooks(&mut self, node: &Node) -> Hooks {
        let mut hooks = Hooks::default();
        for entry in self.entries(node, keys::hooks()) {
            let mut steps = Vec::new();
            for item in self.list(&entry.value, &format!("`{}`", entry.key)) {
                steps.extend(self.hook(item, steps.len()));
            }
            if steps.len() > MAX_STEPS {
                let message = format!("these are more than {MAX_STEPS} steps");
                self.senseless(&entry.value.span, message, "let one step do more");
                steps.truncate(MAX_STEPS);
            }
            if entry.key == "setup" { hooks.setup = steps } else { hooks.teardown = steps }
        }
        hooks
    }

    fn hook(&mut self, item: &Node, number: usize) -> Option<Hook> {
        if !matches!(item.value, Value::Map(_)) {
            self.wrong(item, "a step must be a map", "write `- run: [program, argument]`");
            return None;
        }
        let entries = self.entries(item, keys::hook());
        let at = PlaceWords::new("hook", (number + 1).to_string());
        let step = self.step(item, &entries, &at);
        let mut blame_submission = false;
        if let Some(entry) = entries.iter().find(|entry| entry.key == "blame") {
            let word = self.text(&entry.value, "`blame`")?;
            match word.as_str() {
                "suite" => {}
                "submission" => blame_submission = true,
                other => self.not_a_word(&entry.value.span, "blame", other, &["suite", "submission"]),
            }
        }
        Some(Hook { step, blame_submission })
    }
}
