//! From text to [`Suite`]: strict, and everything that is wrong in one go.

use std::ops::Range;

use super::expand::{Budget, Part, Scope};
use super::keys;
use super::parse_cases::World;
use super::place_words::PlaceWords;
use super::reader::{Mistake, Reader, shown};
use super::syntax::{Entry, Node, Value, parse_json, parse_toml, parse_yaml};
use crate::diagnostic::{Diagnostic, Place, Source, nearest};
use crate::judge::Code;
use crate::suite::{
    BuildStep, Common, Hooks, Includes, LimitBlock, NoIncludes, Sources, Spanned, Submission, Suite,
    SuiteProfile, Variables,
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
    let (suite, errors) = parse_leniently(source, format, &Variables::default(), &NoIncludes);
    match suite {
        Some(suite) if errors.is_empty() => Ok(suite),
        _ => Err(errors),
    }
}

/// Parses what can be parsed, so that what is wrong with the rest can be found too: the suite is
/// good for nothing but that unless the list is empty. No suite at all when the text is not even
/// YAML, TOML or JSON. `given` goes before the suite's own variables.
pub(crate) fn parse_leniently(
    source: &Source,
    format: SuiteFormat,
    given: &Variables,
    includes: &dyn Includes,
) -> (Option<Suite>, Vec<Diagnostic>) {
    if source.text.len() > MAX_SUITE_BYTES {
        return (None, vec![too_large(source)]);
    }
    let parsed = match format {
        SuiteFormat::Yaml => parse_yaml(source),
        SuiteFormat::Toml => parse_toml(source),
        SuiteFormat::Json => parse_json(source),
    };
    let mut root = match parsed {
        Ok(root) => root,
        Err(errors) => return (None, errors),
    };
    let mut reader = Reader::new(Sources::new(source.clone()), includes);
    let cases = detached(&mut root);
    let suite = reader.suite(&root, cases, given);
    (suite, reader.finish())
}

/// Takes the suite's own cases out of its tree. There may be a hundred thousand of them: each is given
/// back as soon as it has been read.
fn detached(root: &mut Node) -> Vec<Node> {
    let Value::Map(entries) = &mut root.value else { return Vec::new() };
    let cases = entries.iter_mut().find(|entry| entry.key == "cases").map(|entry| &mut entry.value.value);
    match cases {
        Some(Value::List(cases)) => std::mem::take(cases),
        _ => Vec::new(),
    }
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
    fn suite(&mut self, root: &Node, cases: Vec<Node>, given: &Variables) -> Option<Suite> {
        if root.value == Value::Null {
            self.missing(&(0..0), "the suite is empty", "begin with `version: 1`, `name: …` and `cases: …`");
            return None;
        }
        if !self.version_is_ours(root) {
            return None;
        }
        if !matches!(root.value, Value::Map(_)) {
            self.wrong(root, "a suite must be a map", "begin with `version: 1`, `name: …` and `cases: …`");
            return None;
        }
        let trees = self.included_trees(root);
        let mut parts = vec![Part::new(self.entries(root, keys::suite()))];
        for tree in &trees {
            parts.push(self.part(tree));
        }
        let mut budget = Budget::new();
        let scope = self.scope(&parts, given, &mut budget);
        let templates = self.templates(&parts, &mut budget);
        let mut suite = self.empty(&scope);
        let mut world = World { scope, templates, budget };
        let mut own_cases = cases;
        for part in &parts {
            for entry in part.entries() {
                if entry.key == "cases" {
                    for item in std::mem::take(&mut own_cases) {
                        self.cases_of(&item, None, &mut world, &mut suite.cases);
                    }
                }
                self.suite_key(entry, &mut suite, &mut world);
            }
        }
        // What was included has been added by now.
        suite.sources = self.sources.clone();
        suite.included = std::mem::take(&mut self.included);
        suite.cases.sort_by_key(|case| case.span.start);
        let has = |part: &Part<'_>| ["cases", "groups", "build"].iter().any(|key| part.get(key).is_some());
        if !parts.iter().any(has) {
            self.missing(&(0..0), "the suite has no cases", "add `cases:` or `groups:`");
        }
        Some(suite)
    }

    fn empty(&self, scope: &Scope) -> Suite {
        Suite {
            sources: self.sources.clone(),
            name: self.default_name(),
            vars: scope.texts(),
            declared: scope.names(),
            hooks: Hooks::default(),
            included: Vec::new(),
            submission: Submission::default(),
            language: None,
            profiles: Vec::new(),
            defaults: Common::default(),
            build: Vec::new(),
            groups: Vec::new(),
            cases: Vec::new(),
        }
    }

    fn suite_key(&mut self, entry: &Entry, suite: &mut Suite, world: &mut World) {
        if matches!(entry.key.as_str(), "version" | "include" | "vars" | "templates") {
            return;
        }
        if entry.key == "cases" {
            for item in self.list(&entry.value, "`cases`") {
                self.cases_of(item, None, world, &mut suite.cases);
            }
            return;
        }
        if entry.key == "groups" {
            self.groups(&entry.value, suite, world);
            return;
        }
        let whole = world.put_in(self, &entry.value);
        let node = whole.as_ref().unwrap_or(&entry.value);
        match entry.key.as_str() {
            "name" => {
                if let Some(name) = self.name(node, "the suite's name") {
                    suite.name = name.value;
                }
            }
            "submission" => suite.submission = self.submission(node),
            "language" => suite.language = self.name(node, "the language"),
            "profiles" => suite.profiles.extend(self.profiles(node)),
            "defaults" => {
                let at = PlaceWords::new("defaults", "");
                let whole = self.extended(node, &mut world.templates, &mut world.budget);
                let whole = whole.map(|node| world.put_in(self, &node).unwrap_or(node));
                for entry in self.entries(whole.as_ref().unwrap_or(node), keys::defaults()) {
                    self.common_key(entry, &mut suite.defaults, &at);
                }
            }
            "hooks" => suite.hooks = self.hooks(node),
            _ => suite.build.extend(self.build(node, suite.build.len())),
        }
    }

    /// A suite that says no name is called as its file.
    fn default_name(&self) -> String {
        let name = self.sources.main().name.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default().to_owned()
    }

    /// A newer version may mean anything: nothing else is then looked at.
    fn version_is_ours(&mut self, root: &Node) -> bool {
        let Value::Map(entries) = &root.value else { return true };
        let Some(entry) = entries.iter().find(|entry| entry.key == "version") else {
            self.missing(&(0..0), "the suite does not say its version", "begin the file with `version: 1`");
            return true;
        };
        match entry.value.value.as_integer() {
            Some(VERSION) => true,
            Some(newer) if newer > VERSION => {
                self.senseless(
                    &entry.value.span,
                    format!("this suite is of version {newer}, and this capsule-run reads version {VERSION}"),
                    "use a newer capsule-run, or write the suite for version 1",
                );
                false
            }
            Some(_) => {
                self.senseless(&entry.value.span, "there is no such version", "write `version: 1`");
                true
            }
            None => {
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
        let what = PlaceWords::new("profile", name.value.clone());
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

    fn build(&mut self, node: &Node, before: usize) -> Vec<BuildStep> {
        let mut steps = Vec::new();
        for item in self.list(node, "`build`") {
            let at = PlaceWords::new("build step", (before + steps.len() + 1).to_string());
            let entries = self.entries(item, keys::build());
            steps.push(self.step(item, &entries, &at));
        }
        steps
    }

    /// A build step, or a step of a hook.
    pub(super) fn step(&mut self, item: &Node, entries: &[&Entry], at: &PlaceWords<'_>) -> BuildStep {
        let mut step = BuildStep {
            name: None,
            span: item.span.clone(),
            outputs: Vec::new(),
            judge: false,
            common: Common::default(),
        };
        for entry in entries {
            match entry.key.as_str() {
                "name" => step.name = self.name(&entry.value, "the name of a step"),
                "outputs" => step.outputs = self.paths(&entry.value, "`outputs`"),
                "judge" => step.judge = self.flag(&entry.value, "`judge`").is_some_and(|flag| flag.value),
                _ => self.common_key(entry, &mut step.common, at),
            }
        }
        step
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
