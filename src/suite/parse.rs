//! From text to [`Suite`]: strict, and everything that is wrong in one go.

use std::ops::Range;

use super::keys;
use super::reader::{Mistake, Reader, shown};
use super::syntax::{Entry, Node, Value, parse_json, parse_toml, parse_yaml};
use crate::diagnostic::{Diagnostic, Place, Source, nearest};
use crate::judge::Code;
use crate::suite::{
    BuildStep, Case, CasesFrom, Common, Group, LimitBlock, Score, Spanned, Submission, Suite, SuiteProfile,
};

/// The notation of a suite file; by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteFormat {
    /// YAML, also for any extension that is none of the others'.
    Yaml,
    /// TOML.
    Toml,
    /// JSON.
    Json,
}

impl SuiteFormat {
    /// The notation of the file called `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension.to_ascii_lowercase().as_str() {
            "toml" => Self::Toml,
            "json" => Self::Json,
            _ => Self::Yaml,
        }
    }
}

/// The largest suite file, in bytes.
pub const MAX_SUITE_BYTES: usize = 64 << 20;

/// The version of the format that this parser reads.
const VERSION: i128 = 1;

/// Parses a suite file.
///
/// # Errors
/// Everything that is wrong with the file, in the order of the file.
pub fn parse(source: &Source, format: SuiteFormat) -> Result<Suite, Vec<Diagnostic>> {
    let (suite, errors) = parse_leniently(source, format);
    match suite {
        Some(suite) if errors.is_empty() => Ok(suite),
        _ => Err(errors),
    }
}

/// Parses what can be parsed, so that what is wrong with the rest can be found too: the suite is
/// good for nothing but that unless the list is empty. No suite at all when the text is not even
/// YAML, TOML or JSON.
pub(crate) fn parse_leniently(source: &Source, format: SuiteFormat) -> (Option<Suite>, Vec<Diagnostic>) {
    if source.text.len() > MAX_SUITE_BYTES {
        return (None, vec![too_large(source)]);
    }
    let parsed = match format {
        SuiteFormat::Yaml => parse_yaml(source),
        SuiteFormat::Toml => parse_toml(source),
        SuiteFormat::Json => parse_json(source),
    };
    let root = match parsed {
        Ok(root) => root,
        Err(errors) => return (None, errors),
    };
    let mut reader = Reader::new(source);
    let suite = reader.suite(&root);
    (suite, reader.finish())
}

fn too_large(source: &Source) -> Diagnostic {
    Diagnostic {
        code: Code::OutOfRange,
        message: format!("the suite has {} bytes; at most {MAX_SUITE_BYTES} are read", source.text.len()),
        place: Some(Place { source: source.clone(), span: 0..0, label: String::new() }),
        other: None,
        help: "make cases from files with `cases_from`".to_owned(),
    }
}

impl Reader<'_> {
    fn suite(&mut self, root: &Node) -> Option<Suite> {
        if root.value == Value::Null {
            self.missing(&(0..0), "the suite is empty", "begin with `version: 1`, `name: …` and `cases: …`");
            return None;
        }
        if !self.version_is_ours(root) {
            return None;
        }
        let mut suite = Suite {
            source: self.source.clone(),
            name: self.default_name(),
            submission: Submission::default(),
            language: None,
            profiles: Vec::new(),
            defaults: Common::default(),
            build: Vec::new(),
            groups: Vec::new(),
            cases: Vec::new(),
        };
        if !matches!(root.value, Value::Map(_)) {
            self.wrong(root, "a suite must be a map", "begin with `version: 1`, `name: …` and `cases: …`");
            return None;
        }
        let entries = self.entries(root, keys::suite());
        for entry in &entries {
            self.suite_key(entry, &mut suite);
        }
        suite.cases.sort_by_key(|case| case.span.start);
        if !entries.iter().any(|entry| matches!(entry.key.as_str(), "cases" | "groups" | "build")) {
            self.missing(&(0..0), "the suite has no cases", "add `cases:` or `groups:`");
        }
        Some(suite)
    }

    fn suite_key(&mut self, entry: &Entry, suite: &mut Suite) {
        let node = &entry.value;
        match entry.key.as_str() {
            "name" => {
                if let Some(name) = self.name(node, "the suite's name") {
                    suite.name = name.value;
                }
            }
            "submission" => suite.submission = self.submission(node),
            "language" => suite.language = self.name(node, "the language"),
            "profiles" => suite.profiles = self.profiles(node),
            "defaults" => {
                let at = self.place_words("defaults", "");
                for entry in self.entries(node, keys::defaults()) {
                    self.common_key(entry, &mut suite.defaults, &at);
                }
            }
            "build" => suite.build = self.build(node),
            "groups" => self.groups(node, suite),
            "cases" => {
                for item in self.list(node, "`cases`") {
                    suite.cases.extend(self.case(item, None));
                }
            }
            // `version` was looked at before everything else.
            _ => {}
        }
    }

    /// A suite that says no name is called as its file.
    fn default_name(&self) -> String {
        let name = self.source.name.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default().to_owned()
    }

    /// A newer version may mean anything: nothing else is then looked at.
    fn version_is_ours(&mut self, root: &Node) -> bool {
        let Value::Map(entries) = &root.value else { return true };
        let Some(entry) = entries.iter().find(|entry| entry.key == "version") else {
            self.missing(&(0..0), "the suite does not say its version", "begin the file with `version: 1`");
            return true;
        };
        match entry.value.value {
            Value::Integer(VERSION, _) => true,
            Value::Integer(newer, _) if newer > VERSION => {
                self.senseless(
                    &entry.value.span,
                    format!("this suite is of version {newer}, and this capsule-run reads version {VERSION}"),
                    "use a newer capsule-run, or write the suite for version 1",
                );
                false
            }
            Value::Integer(..) => {
                self.senseless(&entry.value.span, "there is no such version", "write `version: 1`");
                true
            }
            _ => {
                self.wrong(&entry.value, "`version` must be the integer 1", "write `version: 1`");
                true
            }
        }
    }

    fn submission(&mut self, node: &Node) -> Submission {
        let mut submission = Submission::default();
        for entry in self.entries(node, keys::submission()) {
            let node = &entry.value;
            if entry.key == "path" {
                let path = self.no_nul(node, "`path`").map(|path| path.as_os_str().into());
                submission.path = path.map(|value| Spanned { value, span: node.span.clone() });
            } else {
                for item in self.list(node, "`required`") {
                    let path = self.path(item, "the required file");
                    submission.required.extend(path.map(|value| Spanned { value, span: item.span.clone() }));
                }
            }
        }
        submission
    }

    fn profiles(&mut self, node: &Node) -> Vec<SuiteProfile> {
        let entries = self.map(node, "`profiles`").unwrap_or_default();
        entries.into_iter().filter_map(|entry| self.profile(entry)).collect()
    }

    fn profile(&mut self, entry: &Entry) -> Option<SuiteProfile> {
        let key = Node { span: entry.key_span.clone(), value: Value::Text(entry.key.clone()) };
        let name = self.name(&key, "the profile's name")?;
        let what = self.place_words("profile", &name.value);
        let mut profile = SuiteProfile {
            name,
            inherits: None,
            limits: LimitBlock::default(),
            env: Vec::new(),
            network: None,
        };
        for entry in self.entries(&entry.value, keys::profile()) {
            match entry.key.as_str() {
                "inherits" => profile.inherits = self.name(&entry.value, "`inherits`"),
                "env" | "environment" => {
                    let env = self.env(&entry.value);
                    profile.env.extend(env);
                }
                "network" => profile.network = self.flag(&entry.value, "`network`"),
                "resources" => {
                    for entry in self.entries(&entry.value, keys::limits()) {
                        self.limit(entry, &mut profile.limits, &what);
                    }
                }
                _ => self.limit(entry, &mut profile.limits, &what),
            }
        }
        Some(profile)
    }

    fn build(&mut self, node: &Node) -> Vec<BuildStep> {
        let mut steps = Vec::new();
        for item in self.list(node, "`build`") {
            let mut step = BuildStep {
                name: None,
                span: item.span.clone(),
                outputs: Vec::new(),
                judge: false,
                common: Common::default(),
            };
            let at = self.place_words("build step", &(steps.len() + 1).to_string());
            for entry in self.entries(item, keys::build()) {
                match entry.key.as_str() {
                    "name" => step.name = self.name(&entry.value, "the name of a build step"),
                    "outputs" => step.outputs = self.paths(&entry.value, "`outputs`"),
                    "judge" => {
                        step.judge = self.flag(&entry.value, "`judge`").is_some_and(|flag| flag.value);
                    }
                    _ => self.common_key(entry, &mut step.common, &at),
                }
            }
            steps.push(step);
        }
        steps
    }

    fn groups(&mut self, node: &Node, suite: &mut Suite) {
        for item in self.list(node, "`groups`") {
            let entries = self.entries(item, keys::group());
            if entries.is_empty() && !matches!(item.value, Value::Map(_)) {
                continue;
            }
            let Some(name) = self.required_name(item, &entries, "name", "a group") else { continue };
            if name.value == "build" || name.value.starts_with("build/") {
                self.senseless(
                    &name.span,
                    "`build` is the name of the build steps",
                    "name the group otherwise",
                );
            }
            let mut group = Group {
                name,
                span: item.span.clone(),
                score: Score::Sum,
                cases_from: None,
                common: Common::default(),
            };
            let at = self.place_words("group", &group.name.value);
            for entry in entries {
                match entry.key.as_str() {
                    "name" => {}
                    "score" => group.score = self.score(&entry.value),
                    "cases_from" => group.cases_from = self.cases_from(&entry.value, &entry.key_span),
                    "cases" => {
                        for item in self.list(&entry.value, "`cases`") {
                            suite.cases.extend(self.case(item, Some(&group.name)));
                        }
                    }
                    _ => self.common_key(entry, &mut group.common, &at),
                }
            }
            suite.groups.push(group);
        }
    }

    fn score(&mut self, node: &Node) -> Score {
        let word = self.text(node, "`score`").unwrap_or_default();
        match word.as_str() {
            "all-or-nothing" => return Score::AllOrNothing,
            "sum" | "" => {}
            later if keys::LATER_SCORES.contains(&later) => {
                self.unsupported(&node.span, &format!("`score: {later}`"));
            }
            other => self.not_a_word(&node.span, "score", other, &["sum", "all-or-nothing"]),
        }
        Score::Sum
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
        let value = text.strip_prefix("./").unwrap_or(&text).to_owned();
        Some(Spanned { value, span: node.span.clone() })
    }

    fn case(&mut self, item: &Node, group: Option<&Spanned<String>>) -> Option<Case> {
        let kind = if group.is_some() { keys::group_case() } else { keys::case() };
        if !matches!(item.value, Value::Map(_)) {
            self.wrong(item, "a case must be a map", "write `id: …`, `run: […]`");
            return None;
        }
        let entries = self.entries(item, kind);
        let id = self.required_name(item, &entries, "id", "a case")?;
        if group.is_none() && (id.value == "build" || id.value.starts_with("build/")) {
            self.senseless(&id.span, "`build` is the name of the build steps", "name the case otherwise");
        }
        let mut case = Case { id, group: group.cloned(), span: item.span.clone(), common: Common::default() };
        let at = self.place_words("case", &case.id.value);
        for entry in entries {
            match entry.key.as_str() {
                "id" => {}
                "group" => case.group = self.name(&entry.value, "`group`"),
                _ => self.common_key(entry, &mut case.common, &at),
            }
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

    /// How origins and messages call a part of the suite.
    fn place_words(&self, kind: &str, name: &str) -> String {
        if name.is_empty() { kind.to_owned() } else { format!("{kind} {}", shown(name)) }
    }

    pub(super) fn unsupported(&mut self, span: &Range<usize>, what: &str) {
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span,
            message: format!("{what} is not supported by this version of capsule-run"),
            label: "not supported yet".to_owned(),
            help: String::new(),
        });
    }

    /// A word that is none of those that may stand here.
    pub(super) fn not_a_word(&mut self, span: &Range<usize>, what: &str, word: &str, words: &[&str]) {
        let label = if word.len() > 64 { None } else { nearest(word, words.iter().copied()) }
            .map_or(String::new(), |word| format!("did you mean `{word}`?"));
        self.mistake(Mistake {
            code: Code::InvalidInput,
            span,
            message: format!("unknown {what} `{}`", shown(word)),
            label,
            help: format!("there are: {}", words.join(", ")),
        });
    }
}
