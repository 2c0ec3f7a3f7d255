//! [`suite`]: the walk over a suite that decides everything and writes down everything wrong.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::including::Beside;
use super::planned::Planned;
use super::settings::{Layers, profiles};
use super::shared::Shared;
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::judge::Code;
use crate::policy::{Commands, Profiles};
use crate::resolve::{
    self, CaseId, CaseKind, FileContent, FileKind, Files, JudgeProgram, Operator, ResolvedCase,
    ResolvedSuite, Sources, Terms, Visibility,
};
use crate::sandbox::spec::{InputFile, Stdin};
use crate::suite::{self, Command, Common, Content, Suite, SuiteFormat, WorkspaceFile, shown};
use crate::units::NoNul;

/// More mistakes than this are counted, not shown.
const MAX_SHOWN: usize = 200;

/// What a suite is resolved with, besides the operator's words.
#[derive(Debug, Clone, Default)]
pub struct SuiteInputs {
    /// The folder of the suite file; all paths in the suite are relative to it.
    pub suite_dir: PathBuf,
    /// The submission of the command line; goes before the suite's own `submission.path`.
    pub submission: Option<PathBuf>,
    /// Index of the suite in the run.
    pub index: usize,
}

/// Decides everything about a suite.
///
/// # Errors
/// Everything that is wrong, in the order of the file.
pub fn suite(
    suite: &Suite,
    operator: &Operator,
    inputs: &SuiteInputs,
    files: &dyn Files,
) -> Result<ResolvedSuite, Vec<Diagnostic>> {
    Resolver::new(suite, operator, inputs, files).run()
}

/// Parses a suite file and decides everything about it: [`read_suite`] and [`ReadSuite::resolve`].
///
/// # Errors
/// Everything that is wrong, in the order of the file.
pub fn load_suite(
    source: &Source,
    format: SuiteFormat,
    operator: &Operator,
    inputs: &SuiteInputs,
    files: &dyn Files,
) -> Result<ResolvedSuite, Vec<Diagnostic>> {
    read_suite(source, format, operator, inputs, files)?.resolve(operator, inputs, files)
}

/// A suite file that was parsed, as far as it could be.
#[derive(Debug)]
pub struct ReadSuite {
    parsed: Suite,
    errors: Vec<Diagnostic>,
}

/// Parses a suite file. Where it has mistakes, whatever could be parsed is resolved all the same, so
/// that one run shows all mistakes.
///
/// # Errors
/// That it is not even YAML, TOML or JSON, or not of our version.
pub fn read_suite(
    source: &Source,
    format: SuiteFormat,
    operator: &Operator,
    inputs: &SuiteInputs,
    files: &dyn Files,
) -> Result<ReadSuite, Vec<Diagnostic>> {
    let root = files.canonical(&inputs.suite_dir).unwrap_or_else(|_| inputs.suite_dir.clone());
    let roots = operator.include_roots.iter();
    let allowed = roots.filter_map(|folder| files.canonical(folder).ok()).collect();
    let beside = Beside { root: &root, name: &source.name, allowed, files };
    match suite::parse_leniently(source, format, &operator.vars, &beside) {
        (Some(parsed), errors) => Ok(ReadSuite { parsed, errors }),
        (None, errors) => Err(errors),
    }
}

impl ReadSuite {
    /// Decides everything about it, with what it was read with.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file.
    pub fn resolve(
        self,
        operator: &Operator,
        inputs: &SuiteInputs,
        files: &dyn Files,
    ) -> Result<ResolvedSuite, Vec<Diagnostic>> {
        let Self { parsed, mut errors } = self;
        let mut resolver = Resolver::new(&parsed, operator, inputs, files);
        resolver.lenient = !errors.is_empty();
        match resolver.run() {
            Ok(resolved) if errors.is_empty() => return Ok(resolved),
            Ok(_) => {}
            Err(more) => errors.extend(more),
        }
        parsed.sources.sort(&mut errors);
        Err(errors)
    }
}

/// What a mistake said, and where.
type Said = (String, Option<(String, Range<usize>)>);

pub(super) struct Resolver<'a> {
    pub(super) suite: &'a Suite,
    pub(super) operator: &'a Operator,
    pub(super) inputs: &'a SuiteInputs,
    pub(super) files: &'a dyn Files,
    /// The suite's folder without links; everything is read below it.
    pub(super) root: PathBuf,
    /// The submission without links.
    pub(super) submission: Option<PathBuf>,
    /// How the submission is built and run, where the suite names a language.
    pub(super) language: Option<Commands>,
    pub(super) profiles: Profiles,
    /// Profiles of the suite that have been complained about: cases that use them are left alone.
    pub(super) broken_profiles: HashSet<String>,
    /// What cases have that say nothing of their own, by group.
    pub(super) shared: HashMap<Option<usize>, Shared>,
    /// Bytes that are there once, however many cases have them.
    pub(super) contents: HashSet<Arc<[u8]>>,
    /// Files that have been read before they are needed.
    pub(super) ahead: HashMap<PathBuf, Result<FileContent, String>>,
    /// How many cases each matrix has made whose parameters not everybody may see.
    aliases: HashMap<String, usize>,
    /// How the last case is taken.
    pub(super) last_terms: Option<Arc<Terms>>,
    /// Files that have been read; `None` where reading failed and was complained about.
    pub(super) read: HashMap<PathBuf, Result<FileContent, String>>,
    /// Checkers and interactors by the place where they stand.
    pub(super) judges: HashMap<usize, Arc<JudgeProgram>>,
    pub(super) errors: Vec<Diagnostic>,
    /// Parts of the suite are missing because they could not be understood: what seems to be
    /// missing is not complained about.
    pub(super) lenient: bool,
    /// What has been written down, so that a mistake in the defaults is not said for every case.
    said: HashSet<Said>,
    not_shown: usize,
}

impl<'a> Resolver<'a> {
    fn new(suite: &'a Suite, operator: &'a Operator, inputs: &'a SuiteInputs, files: &'a dyn Files) -> Self {
        Self {
            suite,
            operator,
            inputs,
            files,
            profiles: profiles(suite, operator),
            root: files.canonical(&inputs.suite_dir).unwrap_or_else(|_| inputs.suite_dir.clone()),
            submission: None,
            language: None,
            broken_profiles: HashSet::new(),
            shared: HashMap::new(),
            contents: HashSet::new(),
            ahead: HashMap::new(),
            aliases: HashMap::new(),
            last_terms: None,
            read: HashMap::new(),
            judges: HashMap::new(),
            errors: Vec::new(),
            lenient: false,
            said: HashSet::new(),
            not_shown: 0,
        }
    }

    fn run(mut self) -> Result<ResolvedSuite, Vec<Diagnostic>> {
        let resolved = self.resolve();
        if self.errors.is_empty() { Ok(resolved) } else { Err(self.finish()) }
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        self.suite.sources.sort(&mut self.errors);
        if self.not_shown > 0 {
            self.errors.push(Diagnostic {
                code: Code::InvalidInput,
                message: format!(
                    "{} further errors in {} are not shown",
                    self.not_shown,
                    self.suite.source().name
                ),
                place: None,
                other: None,
                help: String::new(),
            });
        }
        self.errors
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let at = diagnostic.place.as_ref().map(|place| (place.source.name.clone(), place.span.clone()));
        if !self.said.insert((diagnostic.message.clone(), at)) {
            return;
        }
        if self.is_full() {
            self.not_shown += 1;
        } else {
            self.errors.push(diagnostic);
        }
    }

    /// Whether further mistakes are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= MAX_SHOWN
    }

    /// A mistake at `span` of the suite.
    pub(super) fn mistake(
        &mut self,
        code: Code,
        span: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = Some(self.suite.place(span, ""));
        self.push(Diagnostic { code, message: message.into(), place, other: None, help: help.into() });
    }

    /// The same thing at two places of the suite.
    pub(super) fn twice(&mut self, message: String, first: &Range<usize>, second: &Range<usize>) {
        let place = |span, label: &str| -> Option<Place> { Some(self.suite.place(span, label)) };
        let (place, other) = (place(second, "here again"), place(first, "first here"));
        self.push(Diagnostic { code: Code::InvalidInput, message, place, other, help: String::new() });
    }

    fn resolve(&mut self) -> ResolvedSuite {
        self.check_profiles();
        let missing_required = self.resolve_submission();
        self.check_included();
        let unusable = self.resolve_language();
        let mut cases = self.build_steps();
        let build: Vec<CaseId> = cases.iter().map(|case| case.id.clone()).collect();
        let mut hooks = self.hook_cases(&build);
        cases.append(&mut hooks.setup);
        let mut cases: Vec<_> = cases.into_iter().map(Arc::new).collect();
        let planned = self.plan();
        if planned.is_empty() && self.errors.is_empty() && !self.lenient {
            let help = "add `cases:`, or `groups:` with `cases_from:`";
            self.mistake(Code::MissingField, &(0..0), "the suite has no cases", help);
        }
        let needs = self.needs(&planned, &build, &hooks);
        let shares = self.shares(&planned);
        self.read_ahead(&planned);
        for (at, (planned, needs)) in planned.iter().zip(needs).enumerate() {
            let layers = Layers::of_case(planned.common, planned.group, self.suite);
            let mut case = self.case(&layers, planned.id.clone(), planned.span.start);
            self.of_planned(&mut case, planned, &layers);
            case.needs = needs;
            (case.points, case.group_score) = shares[at];
            cases.push(Arc::new(case));
        }
        cases.extend(hooks.teardown.into_iter().map(Arc::new));
        ResolvedSuite {
            name: self.suite.name.clone(),
            file: self.suite.source().name.clone(),
            sha256: self.hash(),
            vars: self.suite.vars.iter().cloned().collect(),
            declared: self.suite.declared.clone(),
            cases,
            missing_required,
            unusable,
            by_language: self.suite.language.is_some(),
        }
    }

    /// Of the suite's own file; with all that it includes behind it, where there is any.
    fn hash(&self) -> String {
        let mut hash = Sha256::new();
        self.suite.sources.all().for_each(|source| hash.update(source.text.as_bytes()));
        hex(&hash.finalize())
    }

    /// What is handed in must not say what is expected of it.
    fn check_included(&mut self) {
        let suite = self.suite;
        for file in &suite.included {
            if self.is_submitted(&file.value) {
                let help = "include files of your own only";
                self.mistake(
                    Code::OutOfRange,
                    &file.span,
                    "an included file is part of the submission",
                    help,
                );
            }
        }
    }

    /// Finds the submission and what it lacks.
    fn resolve_submission(&mut self) -> Vec<PathBuf> {
        let written = &self.suite.submission;
        let (path, name, span) = match (&self.inputs.submission, &written.path) {
            (Some(path), _) => (path.clone(), path, None),
            (None, Some(path)) => (self.root.join(&path.value), &path.value, Some(path.span.clone())),
            (None, None) => {
                if let Some(required) = written.required.first() {
                    let help = "give `submission: {path: …}` or --submission";
                    self.mistake(
                        Code::MissingField,
                        &required.span,
                        "files are required of a submission, and there is no submission",
                        help,
                    );
                }
                return Vec::new();
            }
        };
        let name = path_shown(name);
        let found = self.files.canonical(&path);
        let message = match &found {
            Err(error) => format!("the submission `{name}` cannot be read: {error}"),
            Ok(path) if self.files.kind(path) != Some(FileKind::Folder) => {
                format!("the submission `{name}` is not a folder")
            }
            Ok(path) if self.root.starts_with(path) => {
                format!("the submission `{name}` contains the suite, so that programs could read the answers")
            }
            Ok(_) => String::new(),
        };
        if message.is_empty() {
            self.submission = found.ok();
        } else {
            let place = span.map(|span| self.suite.place(&span, ""));
            let help = "name the folder with the files to be judged with --submission".to_owned();
            self.push(Diagnostic { code: Code::OutOfRange, message, place, other: None, help });
        }
        let Some(submission) = &self.submission else { return Vec::new() };
        let required = written.required.iter().map(|required| required.value.clone());
        required.filter(|path| self.files.kind(&submission.join(path)).is_none()).collect()
    }

    fn build_steps(&mut self) -> Vec<ResolvedCase> {
        let suite = self.suite;
        let mut steps: Vec<ResolvedCase> = self.language_build().into_iter().collect();
        let mut names: HashMap<String, &Range<usize>> = HashMap::new();
        for (at, step) in suite.build.iter().enumerate() {
            let name = step.name.as_ref().map_or_else(|| (at + 1).to_string(), |name| name.value.clone());
            if let Some(first) = names.insert(name.clone(), &step.span) {
                self.twice(format!("two build steps are called `{}`", shown(&name)), first, &step.span);
            }
            let id = CaseId(format!("build/{name}").into());
            let layers = Layers::of_build(&step.common);
            let mut case = self.case(&layers, id, step.span.start);
            case.kind = CaseKind::Build;
            case.name = name.into();
            case.points = 0.0;
            case.outputs.clone_from(&step.outputs);
            if step.judge {
                (case.for_judge, case.sources) = (true, Sources::Empty);
            }
            case.expectation = super::expectation::of_build();
            case.needs = steps.iter().map(|step| step.id.clone()).collect();
            steps.push(case);
        }
        steps
    }

    /// What build steps and cases have in common.
    pub(super) fn case(&mut self, layers: &Layers<'_>, id: CaseId, start: usize) -> ResolvedCase {
        let settings = self.settings(layers);
        let by_language = self.language_argv(layers, settings.limits.memory.value);
        let argv = by_language.unwrap_or_else(|| self.argv(layers, start));
        let blocked = argv.first().and_then(|program| resolve::blocked(program, &settings, self.operator));
        ResolvedCase {
            name: Arc::clone(&id.0),
            id,
            alias: None,
            kind: CaseKind::Case,
            suite: self.inputs.index,
            group: None,
            file: self.suite.sources.name(start),
            line: self.suite.sources.line(start),
            params: BTreeMap::new(),
            tags: Arc::default(),
            points: 1.0,
            visibility: Visibility::Visible,
            settings,
            argv,
            blocked,
            files: self.workspace_files(layers),
            outputs: Vec::new(),
            stdin: self.stdin(layers),
            expectation: super::expectation::of_build(),
            needs: Arc::default(),
            group_score: None,
            written: self.written_at(layers),
            terms: Arc::default(),
            judging: None,
            for_judge: false,
        }
    }

    /// What only cases have.
    fn of_planned(&mut self, case: &mut ResolvedCase, planned: &Planned<'_>, layers: &Layers<'_>) {
        if let Some(group) = planned.group {
            case.group = Some(self.group_name(group));
        }
        case.name = match planned.group {
            Some(_) => planned.name.as_str().into(),
            None => Arc::clone(&planned.id.0),
        };
        case.tags = self.tags(layers);
        let visibility = layers.first(|common| common.visibility.as_ref());
        case.visibility = visibility.map_or(Visibility::Visible, |word| (*word).into());
        let input =
            planned.from_file.as_ref().and_then(|file| self.read_input(&file.input, &file.input_span));
        if let Some(bytes) = input {
            case.stdin = Stdin::Bytes(bytes);
        }
        case.params = planned.params.iter().cloned().collect();
        case.alias = self.alias(case, planned);
        case.terms = self.terms(layers, planned);
        case.expectation = self.expectation(layers, planned, &case.settings.limits.clone());
        case.judging = self.judging(layers, &mut case.expectation);
    }

    /// The id of a matrix has its parameters in it. Who may not see them is told a number.
    fn alias(&mut self, case: &ResolvedCase, planned: &Planned<'_>) -> Option<Arc<str>> {
        if case.visibility == Visibility::Visible || planned.params.is_empty() {
            return None;
        }
        let written = planned.name.ends_with(']').then(|| planned.name.split('[').next()).flatten()?;
        let before = &planned.id.0[..planned.id.0.len() - planned.name.len()];
        let number = self.aliases.entry(format!("{before}{written}")).or_default();
        *number += 1;
        Some(format!("{before}{written}[#{number}]").into())
    }

    pub(super) fn argv_of(&mut self, layers: &Layers<'_>, start: usize) -> Vec<NoNul> {
        let levels: Vec<&Common> = layers.most_first().collect();
        if levels.first().is_some_and(|case| case.source.is_some()) {
            return Vec::new();
        }
        let Some(at) = levels.iter().position(|common| common.command.is_some()) else {
            let help = "add `run: [program, argument]` to it, to its group or to `defaults`";
            self.mistake(Code::MissingField, &(start..start), "nothing says what to run", help);
            return Vec::new();
        };
        let args = levels[..=at].iter().find(|common| common.args_span.is_some());
        match levels[at].command.as_ref().map(|command| &command.value) {
            Some(Command::Run(argv)) => {
                argv.iter().chain(args.iter().flat_map(|common| &common.args)).cloned().collect()
            }
            Some(Command::Shell(line)) => {
                if let Some(span) = args.and_then(|common| common.args_span.clone()) {
                    let help = "write the arguments into the line, or use `run`";
                    self.mistake(Code::InvalidCommand, &span, "`args` cannot follow a `shell` line", help);
                }
                let word = |text: &str| NoNul::new(text).expect("a literal without NUL");
                vec![word("/bin/sh"), word("-c"), line.clone()]
            }
            None => Vec::new(),
        }
    }

    fn stdin(&mut self, layers: &Layers<'_>) -> Stdin {
        let Some(content) = layers.first(|common| common.stdin.as_ref()) else {
            return Stdin::Empty;
        };
        let bytes = self.content(content).map(|content| content.bytes);
        Stdin::Bytes(bytes.unwrap_or_default())
    }

    /// The files of all levels; the most particular wins where two put one at the same place.
    pub(super) fn workspace_files_of(&mut self, layers: &Layers<'_>) -> Vec<InputFile> {
        let written: BTreeMap<&Path, &WorkspaceFile> = layers
            .least_first()
            .flat_map(|common| &common.files)
            .map(|file| (file.path.as_path(), file))
            .collect();
        let mut files = Vec::with_capacity(written.len());
        for (path, file) in &written {
            if let Some(folder) = path.ancestors().skip(1).find(|folder| written.contains_key(folder)) {
                let (path, folder) = (path_shown(path), path_shown(folder));
                let message = format!("`{folder}` is to be a file, and a folder with `{path}` in it");
                self.mistake(Code::OutOfRange, &file.content.span, message, "give one of them another path");
            }
            let Some(content) = self.content(&file.content) else { continue };
            files.push(InputFile {
                path: file.path.clone(),
                executable: file.executable.unwrap_or(content.executable),
                content: content.bytes,
            });
        }
        files
    }

    pub(super) fn content(&mut self, content: &suite::Spanned<Content>) -> Option<FileContent> {
        match &content.value {
            Content::Text(text) => Some(FileContent { bytes: self.once(text.as_bytes()), executable: false }),
            Content::File(path) => self.read_file(path, &content.span),
        }
    }
}

impl From<suite::Visibility> for Visibility {
    fn from(word: suite::Visibility) -> Self {
        match word {
            suite::Visibility::Visible => Self::Visible,
            suite::Visibility::Hidden => Self::Hidden,
            suite::Visibility::AfterDueDate => Self::AfterDueDate,
            suite::Visibility::AfterPublished => Self::AfterPublished,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path relative to the suite, for messages.
pub(super) fn path_shown(path: &Path) -> String {
    shown(&path.to_string_lossy())
}
