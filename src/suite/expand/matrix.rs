//! `matrix`: one case for each combination of its values.

use super::budget::Budget;
use super::substitute::{Scope, names, spelled};
use crate::suite::reader::{Reader, shown};
use crate::suite::syntax::{Entry, Node, Value};
use crate::suite::vars::is_name;

/// Parameters of one matrix.
const MAX_PARAMS: usize = 16;
/// What one matrix excludes: each is looked for in all combinations.
const MAX_RULES: usize = 100;
/// Values of one parameter.
const MAX_VALUES: usize = 100_000;

/// Parameters, each with its values.
type Axes = Vec<(String, Vec<Node>)>;

/// One combination.
pub(in crate::suite) type Params = Vec<(String, Node)>;

impl Reader<'_> {
    /// The combinations of a matrix, the last parameter the fastest. None where something is wrong.
    pub(in crate::suite) fn matrix(
        &mut self,
        node: &Node,
        scope: &Scope,
        budget: &mut Budget,
    ) -> Vec<Params> {
        let before = self.mistakes();
        let node = self.substituted(node, scope, budget, &[]);
        let entries = self.map(&node, "`matrix`").unwrap_or_default();
        let mut axes: Axes = Vec::new();
        for entry in entries.iter().filter(|entry| entry.key != "exclude") {
            if let Some(values) = self.axis(entry) {
                axes.push((entry.key.clone(), values));
            }
        }
        if axes.is_empty() || axes.len() > MAX_PARAMS {
            if self.mistakes() == before {
                let message = format!("a matrix has 1 to {MAX_PARAMS} parameters");
                self.senseless(&node.span, message, "write `matrix: {n: [1, 2, 3]}`");
            }
            return Vec::new();
        }
        let count = axes.iter().try_fold(1usize, |count, (_, values)| count.checked_mul(values.len()));
        if let Err(message) = budget.cases(count.unwrap_or(usize::MAX)) {
            self.senseless(
                &node.span,
                message,
                "take some values out, or make cases from files with `cases_from`",
            );
            return Vec::new();
        }
        let exclude = entries.iter().find(|entry| entry.key == "exclude");
        let exclude = exclude.map_or(Vec::new(), |entry| self.excluded(&entry.value, &axes));
        if self.mistakes() > before {
            return Vec::new();
        }
        let all = product(&axes);
        for (place, rule) in &exclude {
            if !all.iter().any(|params| is_excluded(params, rule)) {
                self.senseless(&place.span, "this excludes nothing", "no combination has these values");
            }
        }
        let kept: Vec<_> = all
            .into_iter()
            .filter(|params| !exclude.iter().any(|(_, rule)| is_excluded(params, rule)))
            .collect();
        if kept.is_empty() {
            self.senseless(&node.span, "this matrix excludes all of its combinations", "leave the case out");
        }
        kept
    }

    /// The values of one parameter: a list, or a range of whole numbers.
    fn axis(&mut self, entry: &Entry) -> Option<Vec<Node>> {
        if !is_name(&entry.key) {
            let message = format!("`{}` is no name of a parameter", shown(&entry.key));
            self.senseless(&entry.key_span, message, "a name has letters, digits and `_`");
            return None;
        }
        let node = &entry.value;
        if matches!(node.value, Value::Map(_)) {
            return self.range(node);
        }
        let items = self.list(node, &format!("the parameter `{}`", entry.key));
        if items.is_empty() {
            if matches!(node.value, Value::List(_)) {
                self.senseless(
                    &node.span,
                    "a parameter without values makes no case",
                    "write `n: [1, 2, 3]`",
                );
            }
            return None;
        }
        for (at, item) in items.iter().enumerate() {
            if spelled(&item.value).is_none() {
                self.wrong(item, "a value of a parameter must be a text or a number", "");
                return None;
            }
            // Up to here nothing is large; behind it, ids that are there twice are found anyhow.
            if at < 1000 && items[..at].iter().any(|other| other.value == item.value) {
                self.senseless(&item.span, "this value is there already", "leave one of them");
                return None;
            }
        }
        Some(items.to_vec())
    }

    /// `{from: 1, to: 10, step: 2}`
    fn range(&mut self, node: &Node) -> Option<Vec<Node>> {
        let (mut from, mut to, mut step) = (None, None, Some(1));
        for entry in self.entries(node, crate::suite::keys::range()) {
            let number = entry.value.value.as_integer().filter(|number| number.unsigned_abs() <= 1 << 53);
            if number.is_none() {
                self.wrong(&entry.value, format!("`{}` must be a whole number", entry.key), "");
                return None;
            }
            match entry.key.as_str() {
                "from" => from = number,
                "to" => to = number,
                _ => step = number,
            }
        }
        let (Some(from), Some(to), Some(step)) = (from, to, step) else {
            self.missing(&node.span, "a range says `from` and `to`", "write `n: {from: 1, to: 10}`");
            return None;
        };
        let count = if step > 0 && from <= to { (to - from) / step + 1 } else { 0 };
        if count == 0 || usize::try_from(count).is_ok_and(|count| count > MAX_VALUES) {
            let message = format!("this range has {count} values: 1 to {MAX_VALUES}");
            self.senseless(&node.span, message, "`from` is not above `to`, and `step` at least 1");
            return None;
        }
        let value = |n: i128| {
            let number = from + n * step;
            Node { span: node.span.clone(), value: Value::integer(number, number.to_string()) }
        };
        Some((0..count).map(value).collect())
    }

    fn excluded<'n>(&mut self, node: &'n Node, axes: &Axes) -> Vec<(&'n Node, Params)> {
        let mut rules = Vec::new();
        let items = self.list(node, "`exclude`");
        if items.len() > MAX_RULES {
            self.senseless(&node.span, format!("these are more than {MAX_RULES} rules"), "");
            return rules;
        }
        for item in items {
            let mut rule = Params::new();
            let entries = self.map(item, "what a matrix excludes").unwrap_or_default();
            if entries.is_empty() {
                if matches!(item.value, Value::Map(_)) {
                    self.senseless(&item.span, "this would exclude everything", "write `{n: 3}`");
                }
                continue;
            }
            for entry in entries {
                if axes.iter().any(|(name, _)| *name == entry.key) {
                    rule.push((entry.key.clone(), entry.value.clone()));
                } else {
                    let names: Vec<_> = axes.iter().map(|(name, _)| name.as_str()).collect();
                    self.not_a_word(&entry.key_span, "parameter", &entry.key, &names);
                }
            }
            rules.push((item, rule));
        }
        rules
    }
}

fn product(axes: &Axes) -> Vec<Params> {
    let mut all: Vec<Params> = vec![Vec::new()];
    for (name, values) in axes {
        all = all
            .into_iter()
            .flat_map(|params| {
                values.iter().map(move |value| {
                    let mut params = params.clone();
                    params.push((name.clone(), value.clone()));
                    params
                })
            })
            .collect();
    }
    all
}

fn is_excluded(params: &Params, rule: &Params) -> bool {
    rule.iter().all(|(name, wanted)| {
        params.iter().any(|(param, value)| param == name && spelled(&value.value) == spelled(&wanted.value))
    })
}

/// The id of a combination: as it was written where it names a parameter, else with all of them
/// behind it.
pub(in crate::suite) fn id(written: &str, params: &Params) -> Option<String> {
    if names(written).iter().any(|name| params.iter().any(|(param, _)| param == name)) {
        return None;
    }
    let values: Vec<_> = params
        .iter()
        .map(|(name, value)| format!("{name}={}", spelled(&value.value).unwrap_or_default()))
        .collect();
    Some(format!("{written}[{}]", values.join(",")))
}
