//! The keys that cases, groups, defaults and build steps share.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;

use super::keys;
use super::place_words::PlaceWords;
use super::reader::{Mistake, Reader, shown};
use super::syntax::{Entry, Node, Value};
use crate::judge::Code;
use crate::suite::{Command, Common, Content, Spanned, Visibility, WorkspaceFile};
use crate::units::NoNul;

impl Reader<'_> {
    /// One key of a case, a group, the defaults or a build step, if it is one that they share.
    /// `what` says for origins where it stands.
    pub(super) fn common_key(&mut self, entry: &Entry, common: &mut Common, what: &PlaceWords<'_>) {
        let node = &entry.value;
        match entry.key.as_str() {
            "run" | "shell" => self.command(entry, common),
            "args" => {
                common.args = self.texts(node, "`args`");
                common.args_span = Some(node.span.clone());
            }
            "stdin" => common.stdin = self.content(node, "`stdin`"),
            "env" => {
                common.env = self.env(node);
                common.env_span = Some(entry.key_span.clone());
            }
            "files" => common.files = self.files(node),
            "expect" => common.expect = self.expect(node, &entry.key_span).into(),
            "compare" => common.compare = self.compare(node),
            "limits" => {
                for entry in self.entries(node, keys::limits()) {
                    self.limit(entry, &mut common.limits, what);
                }
            }
            "profile" => common.profile = self.name(node, "`profile`"),
            "points" => {
                let points = self.number(node, "`points`");
                common.points = points.map(|value| Spanned { value, span: node.span.clone() });
            }
            "tags" => common.tags = self.tags(node),
            "needs" => {
                for item in self.list(node, "`needs`") {
                    common.needs.extend(self.name(item, "a name in `needs`"));
                }
            }
            "visibility" => common.visibility = self.visibility(node),
            "workdir" => {
                common.workdir = self.workdir(node);
                common.workdir_span = Some(entry.key_span.clone());
            }
            "network" => common.network = self.flag(node, "`network`"),
            "retries" => common.retries = self.retries(node),
            "skip" => common.skip = self.skip(node),
            "xfail" => common.xfail = self.xfail(node),
            "source" => {
                let source = self.source(node);
                let span = entry.key_span.clone();
                // A mistake leaves a check behind that is never made, so that nobody misses a command.
                common.source = Some(Spanned { value: source.unwrap_or_default(), span });
            }
            "weight" => {
                let weight = self.number(node, "`weight`");
                common.weight = weight.map(|value| Spanned { value, span: node.span.clone() });
            }
            "extra_credit" => {
                common.extra_credit = self.flag(node, "`extra_credit`").is_some_and(|flag| flag.value);
            }
            "penalty" => common.penalty = self.number(node, "`penalty`"),
            "checker" => common.checker = self.judged_by(node, keys::checker()),
            "interactor" => common.interactor = self.judged_by(node, keys::interactor()),
            _ => {}
        }
    }

    /// `run` or `shell`; a mistake leaves a command behind that is never run, so that nobody says
    /// that there is none.
    fn command(&mut self, entry: &Entry, common: &mut Common) {
        let node = &entry.value;
        let span = entry.key_span.clone();
        if let Some(other) = &common.command {
            let (first, second) = (other.span.clone(), span);
            let diagnostic = crate::diagnostic::Diagnostic {
                code: Code::InvalidInput,
                message: "`run` and `shell` exclude each other".to_owned(),
                place: Some(self.place(&second, "the second one")),
                other: Some(self.place(&first, "the first one")),
                help: "leave one of them".to_owned(),
            };
            self.push(diagnostic);
            return;
        }
        let value = if entry.key == "run" { self.run(node) } else { self.shell(node) };
        let value = value.unwrap_or(Command::Run(Vec::new()));
        common.command = Some(Spanned { value, span });
    }

    fn run(&mut self, node: &Node) -> Option<Command> {
        if let Value::Text(text) = &node.value {
            let words: Vec<_> = text.split_whitespace().map(shown).collect();
            let help = format!("write `run: [{}]`, or `shell:` for a line of /bin/sh", words.join(", "));
            self.wrong(node, "`run` must be a list: program and arguments", help);
            return None;
        }
        let items = self.list(node, "`run`");
        let empty = items.is_empty() && matches!(node.value, Value::List(_));
        if empty || items.first().is_some_and(|first| first.value == Value::Text(String::new())) {
            self.mistake(Mistake {
                code: Code::InvalidCommand,
                span: &node.span,
                message: "`run` names no program".to_owned(),
                label: String::new(),
                help: "write `run: [program, argument]`".to_owned(),
            });
            return None;
        }
        let argv: Vec<_> = items.iter().filter_map(|item| self.no_nul(item, "an argument")).collect();
        (argv.len() == items.len() && !argv.is_empty()).then_some(Command::Run(argv))
    }

    fn shell(&mut self, node: &Node) -> Option<Command> {
        let line = self.no_nul(node, "`shell`")?;
        if line.as_bytes().trim_ascii().is_empty() {
            self.mistake(Mistake {
                code: Code::InvalidCommand,
                span: &node.span,
                message: "`shell` is empty".to_owned(),
                label: String::new(),
                help: "write `shell: \"sort < in.txt\"`".to_owned(),
            });
            return None;
        }
        Some(Command::Shell(line))
    }

    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<NoNul> {
        let items = self.list(node, what);
        items.iter().filter_map(|item| self.no_nul(item, &format!("an item of {what}"))).collect()
    }

    pub(super) fn paths(&mut self, node: &Node, what: &str) -> Vec<PathBuf> {
        let items = self.list(node, what);
        items.iter().filter_map(|item| self.path(item, &format!("the path in {what}"))).collect()
    }

    fn tags(&mut self, node: &Node) -> Vec<String> {
        let items = self.list(node, "`tags`");
        items.iter().filter_map(|item| self.name(item, "a tag")).map(|tag| tag.value).collect()
    }

    /// `{text: …}` or `{file: …}`.
    pub(super) fn content(&mut self, node: &Node, what: &str) -> Option<Spanned<Content>> {
        if !matches!(node.value, Value::Map(_)) {
            let help = "write `{text: \"…\"}` for the bytes themselves, or `{file: path}`";
            self.wrong(node, format!("{what} must say `text` or `file`"), help);
            return None;
        }
        let before = self.mistakes();
        let entries = self.entries(node, keys::content());
        let entries: Vec<_> = entries.into_iter().collect();
        self.one_content(node, &entries, what, before)
    }

    /// The content among `entries`: exactly one of `text` and `file`. Says that there is none only
    /// when nothing was wrong since the mistake number `before`.
    pub(super) fn one_content(
        &mut self,
        node: &Node,
        entries: &[&Entry],
        what: &str,
        before: usize,
    ) -> Option<Spanned<Content>> {
        let mut found = entries.iter().filter(|entry| matches!(entry.key.as_str(), "text" | "file"));
        let Some(entry) = found.next() else {
            if self.mistakes() == before {
                self.missing(&node.span, format!("{what} says neither `text` nor `file`"), "");
            }
            return None;
        };
        if let Some(second) = found.next() {
            let span = second.key_span.clone();
            self.senseless(&span, format!("{what} says both `text` and `file`"), "leave one of them");
            return None;
        }
        let node = &entry.value;
        let value = if entry.key == "text" {
            Content::Text(self.text(node, "`text`")?)
        } else {
            Content::File(self.path_beside(node, "the file")?)
        };
        Some(Spanned { value, span: node.span.clone() })
    }

    pub(super) fn env(&mut self, node: &Node) -> Vec<(NoNul, NoNul)> {
        let mut env = Vec::new();
        for entry in self.map(node, "`env`").unwrap_or_default() {
            if entry.key.is_empty() || entry.key.contains(['=', '\0']) {
                self.mistake(Mistake {
                    code: Code::InvalidCommand,
                    span: &entry.key_span,
                    message: format!("`{}` cannot be the name of an environment variable", shown(&entry.key)),
                    label: String::new(),
                    help: "a name is not empty and has no `=` and no NUL byte".to_owned(),
                });
                continue;
            }
            let value = self.no_nul(&entry.value, "the value of an environment variable");
            env.extend(NoNul::new(entry.key.clone()).ok().zip(value));
        }
        env
    }

    fn files(&mut self, node: &Node) -> Vec<WorkspaceFile> {
        let mut files = Vec::new();
        let mut seen = HashSet::new();
        for entry in self.map(node, "`files`").unwrap_or_default() {
            let path = self.check_path(&entry.key, &entry.key_span, "the path in `files`");
            self.check_only_once(&mut seen, path.as_ref(), &entry.key_span);
            let file = self.file(&entry.value);
            if let (Some(path), Some((content, executable))) = (path, file) {
                files.push(WorkspaceFile { path, content, executable });
            }
        }
        files
    }

    /// `a` and `./a` are one place.
    pub(super) fn check_only_once(
        &mut self,
        seen: &mut HashSet<PathBuf>,
        path: Option<&PathBuf>,
        span: &Range<usize>,
    ) {
        if path.is_some_and(|path| !seen.insert(path.clone())) {
            self.senseless(span, "another spelling of this path is there already", "leave one of them");
        }
    }

    fn file(&mut self, node: &Node) -> Option<(Spanned<Content>, Option<bool>)> {
        if !matches!(node.value, Value::Map(_)) {
            let help = "write `{text: \"…\"}` for the bytes themselves, or `{file: path}`";
            self.wrong(node, "a file must say `text` or `file`", help);
            return None;
        }
        let before = self.mistakes();
        let entries = self.entries(node, keys::file());
        let executable = entries.iter().find(|entry| entry.key == "executable");
        let executable = executable.and_then(|entry| self.flag(&entry.value, "`executable`"));
        let content = self.one_content(node, &entries, "a file", before)?;
        Some((content, executable.map(|flag| flag.value)))
    }

    fn visibility(&mut self, node: &Node) -> Option<Visibility> {
        const WORDS: [&str; 4] = ["visible", "hidden", "after_due_date", "after_published"];
        let word = self.text(node, "`visibility`")?;
        match word.as_str() {
            "visible" => Some(Visibility::Visible),
            "hidden" => Some(Visibility::Hidden),
            "after_due_date" => Some(Visibility::AfterDueDate),
            "after_published" => Some(Visibility::AfterPublished),
            other => {
                self.not_a_word(&node.span, "visibility", other, &WORDS);
                None
            }
        }
    }

    fn workdir(&mut self, node: &Node) -> Option<PathBuf> {
        let text = self.text(node, "`workdir`")?;
        // An absolute one is a place inside the sandbox; the same rules hold for what follows.
        let below = text.strip_prefix('/').unwrap_or(&text);
        if text == "." || text == "/" {
            return Some(PathBuf::from(text));
        }
        let path = self.check_path(below, &node.span, "`workdir`")?;
        Some(if below.len() < text.len() { PathBuf::from("/").join(path) } else { path })
    }
}
