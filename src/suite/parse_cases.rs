//! Groups and cases: with what they extend, and one case for each combination of a matrix.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use super::expand::{Budget, Params, Scope, Templates, matrix_id};
use super::keys;
use super::place_words::PlaceWords;
use super::reader::Reader;
use super::syntax::{Entry, Node, Value};
use crate::suite::{Case, CasesFrom, Common, Group, Hooks, Score, Spanned, Suite};

/// Cases of one group at a time.
const MAX_AT_ONCE: u64 = 1024;

/// What cases are read in: what names stand for, what can be extended, how much there may be of it.
pub(super) struct World {
    pub(super) scope: Scope,
    pub(super) templates: Templates,
    pub(super) budget: Budget,
}

impl World {
    /// A copy with the variables put in; `None` where no text of the suite has any.
    pub(super) fn put_in(&mut self, reader: &mut Reader<'_>, node: &Node) -> Option<Node> {
        let used = self.scope.is_used();
        used.then(|| reader.substituted(node, &self.scope, &mut self.budget, &[]))
    }
}

impl Reader<'_> {
    /// The cases that an item of `cases` makes.
    pub(super) fn cases_of(
        &mut self,
        item: &Node,
        group: Option<&Arc<Spanned<String>>>,
        world: &mut World,
        cases: &mut Vec<Case>,
    ) {
        let whole = self.extended(item, &mut world.templates, &mut world.budget);
        let item = whole.as_ref().unwrap_or(item);
        let matrix = match &item.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == "matrix"),
            _ => None,
        };
        let Some(matrix) = matrix else {
            let whole = world.put_in(self, item);
            cases.extend(self.case(whole.as_ref().unwrap_or(item), group, &Params::new()));
            return;
        };
        let all = self.matrix(&matrix.value, &world.scope, &mut world.budget);
        for params in all {
            if world.budget.is_spent() {
                return;
            }
            let one = with_id(item, &params);
            world.scope.set_params(params);
            let one = self.substituted(&one, &world.scope, &mut world.budget, &[]);
            let params = world.scope.take_params();
            cases.extend(self.case(&one, group, &params));
        }
    }

    pub(super) fn groups(&mut self, node: &Node, suite: &mut Suite, world: &mut World) {
        for item in self.list(node, "`groups`") {
            let whole = self.extended(item, &mut world.templates, &mut world.budget);
            let item = whole.as_ref().unwrap_or(item);
            // Its cases may have parameters, which stand for nothing here.
            let used = world.scope.is_used();
            let whole = used.then(|| self.substituted(item, &world.scope, &mut world.budget, &["cases"]));
            self.group(whole.as_ref().unwrap_or(item), suite, world);
        }
    }

    fn group(&mut self, item: &Node, suite: &mut Suite, world: &mut World) {
        let entries = self.entries(item, keys::group());
        if entries.is_empty() && !matches!(item.value, Value::Map(_)) {
            return;
        }
        let Some(name) = self.required_name(item, &entries, "name", "a group") else { return };
        if is_taken(&name.value) {
            let message = format!("`{}` is the name of the suite's own steps", name.value);
            self.senseless(&name.span, message, "name the group otherwise");
        }
        let mut group = Group {
            name,
            span: item.span.clone(),
            score: Score::Sum,
            max: None,
            hooks: Hooks::default(),
            cases_from: None,
            common: Common::default(),
        };
        let at = PlaceWords::new("group", group.name.value.clone());
        let shared_name = Arc::new(group.name.clone());
        for entry in entries {
            match entry.key.as_str() {
                "name" => {}
                "score" => group.score = self.score(&entry.value),
                "max" => {
                    let max = self.count(&entry.value, "`max`", 1, MAX_AT_ONCE);
                    group.max = max.and_then(|max| NonZeroUsize::new(usize::try_from(max).ok()?));
                }
                "hooks" => group.hooks = self.hooks(&entry.value),
                "cases_from" => group.cases_from = self.cases_from(&entry.value, &entry.key_span),
                "cases" => {
                    for item in self.list(&entry.value, "`cases`") {
                        self.cases_of(item, Some(&shared_name), world, &mut suite.cases);
                    }
                }
                _ => self.common_key(entry, &mut group.common, &at),
            }
        }
        suite.groups.push(group);
    }

    fn score(&mut self, node: &Node) -> Score {
        const WORDS: [&str; 4] = ["sum", "min", "all-or-nothing", "{threshold: 0.7}"];
        if matches!(node.value, Value::Map(_)) {
            let share = self.entries(node, keys::threshold()).first().map(|entry| &entry.value);
            return share.and_then(|node| self.share(node)).map_or(Score::Sum, Score::Threshold);
        }
        let word = self.text(node, "`score`").unwrap_or_default();
        match word.as_str() {
            "all-or-nothing" => return Score::AllOrNothing,
            "min" => return Score::Min,
            "sum" | "" => {}
            "threshold" => {
                self.missing(&node.span, "a threshold says how much", "write `score: {threshold: 70%}`");
            }
            later if keys::LATER_SCORES.contains(&later) => {
                self.unsupported(&node.span, &format!("`score: {later}`"));
            }
            other => self.not_a_word(&node.span, "score", other, &WORDS),
        }
        Score::Sum
    }

    /// `0.7`, or `70%`.
    fn share(&mut self, node: &Node) -> Option<f64> {
        let text = self.text(node, "`threshold`")?;
        let number = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
            None => text.trim().parse(),
        };
        match number {
            Ok(share) if share > 0.0 && share <= 1.0 => Some(share),
            _ => {
                self.senseless(&node.span, "`threshold` is above 0 and at most 1", "write `0.7` or `70%`");
                None
            }
        }
    }

    fn cases_from(&mut self, node: &Node, span: &Range<usize>) -> Option<CasesFrom> {
        let (mut stdin, mut expect_stdout, mut id) = (None, None, None);
        let before = self.mistakes();
        for entry in self.entries(node, keys::cases_from()) {
            let template = self.pattern(&entry.value, &entry.key);
            match entry.key.as_str() {
                "stdin" => stdin = template,
                "expect_stdout" => expect_stdout = template,
                _ => id = template,
            }
        }
        if stdin.is_none() && self.mistakes() == before {
            self.missing(span, "`cases_from` does not say which files", "add `stdin: \"data/*.in\"`");
        }
        Some(CasesFrom { span: span.clone(), stdin: stdin?, expect_stdout, id })
    }

    /// A glob or a template of a path.
    fn pattern(&mut self, node: &Node, key: &str) -> Option<Spanned<String>> {
        let text = self.text(node, &format!("`{key}`"))?;
        self.check_path(&text, &node.span, &format!("`{key}`"))?;
        if key != "stdin" {
            for part in text.split('{').skip(1) {
                let name = part.split('}').next().unwrap_or_default();
                if !matches!(name, "dir" | "stem" | "name") || !part.contains('}') {
                    self.not_a_word(&node.span, "placeholder", name, &["dir", "stem", "name"]);
                    return None;
                }
            }
        }
        let text = text.strip_prefix("./").unwrap_or(&text);
        let folder = self.sources.folder(node.span.start);
        // `{dir}` is the whole folder of an input already.
        let beside = key == "stdin" || (key == "expect_stdout" && !text.starts_with("{dir}"));
        let value = match folder.to_str() {
            Some(folder) if beside && !folder.is_empty() => format!("{folder}/{text}"),
            _ => text.to_owned(),
        };
        Some(Spanned { value, span: node.span.clone() })
    }

    fn case(&mut self, item: &Node, group: Option<&Arc<Spanned<String>>>, params: &Params) -> Option<Case> {
        let kind = if group.is_some() { keys::group_case() } else { keys::case() };
        if !matches!(item.value, Value::Map(_)) {
            self.wrong(item, "a case must be a map", "write `id: …`, `run: […]`");
            return None;
        }
        // What the matrix said has become this case.
        let entries = self.entries(item, kind);
        let id = self.required_name(item, &entries, "id", "a case")?;
        if group.is_none() && is_taken(&id.value) {
            let message = format!("`{}` is the name of the suite's own steps", id.value);
            self.senseless(&id.span, message, "name the case otherwise");
        }
        let spelled =
            |(name, node): &(String, Node)| Some((name.clone(), super::expand::spelled(&node.value)?));
        let mut case = Case {
            id,
            group: group.cloned(),
            span: item.span.clone(),
            params: params.iter().filter_map(spelled).collect(),
            common: Common::default(),
        };
        let at = PlaceWords::new("case", case.id.value.clone());
        for entry in entries {
            match entry.key.as_str() {
                "id" | "matrix" | "extends" => {}
                "group" => case.group = self.name(&entry.value, "`group`").map(Arc::new),
                _ => self.common_key(entry, &mut case.common, &at),
            }
        }
        if let (Some(source), Some(command)) = (&case.common.source, &case.common.command) {
            let (first, second) = (command.span.clone(), source.span.clone());
            self.twice_at("a check of `source` runs nothing".to_owned(), &first, &second);
        }
        Some(case)
    }

    /// The name that a map must have.
    fn required_name(
        &mut self,
        item: &Node,
        entries: &[&Entry],
        key: &str,
        what: &str,
    ) -> Option<Spanned<String>> {
        match entries.iter().find(|entry| entry.key == key) {
            Some(entry) => self.name(&entry.value, &format!("the {key} of {what}")),
            None => {
                let span = entries.first().map_or(&item.span, |entry| &entry.key_span).clone();
                self.missing(&span, format!("{what} has no `{key}`"), format!("add `{key}: …`"));
                None
            }
        }
    }
}

/// Whether the suite's own steps are called so: build steps and hooks.
fn is_taken(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    matches!(first, "build" | "setup" | "teardown")
}

/// The case without its matrix, with an id of its own.
fn with_id(item: &Node, params: &Params) -> Node {
    let Value::Map(entries) = &item.value else { return item.clone() };
    let entries = entries.iter().filter(|entry| entry.key != "matrix").map(|entry| {
        let mut entry = entry.clone();
        if entry.key == "id"
            && let Some(written) = super::expand::spelled(&entry.value.value)
            && let Some(id) = matrix_id(&written, params)
        {
            entry.value.value = Value::Text(id);
        }
        entry
    });
    Node { span: item.span.clone(), value: Value::Map(entries.collect()) }
}
