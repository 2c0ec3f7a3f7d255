//! [`Suite`]: what the author of a suite wrote, checked for shape and spelling, nothing decided.
//!
//! Whatever may be left out is an `Option`; whatever a later message may have to point at carries
//! its span. Made by `suite::parse`, consumed by `resolve::suite`.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::{Place, Source};
use crate::suite::{Common, Hooks, LimitBlock, MostAtOnce, Sources};
use crate::units::NoNul;

/// A value and the bytes of the suite file that it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Bytes of the suite's text.
    pub span: Range<usize>,
}

/// A suite file.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// The files that it is written in.
    pub sources: Sources,
    /// What its variables stand for, where that is a text or a number.
    pub vars: Vec<(String, String)>,
    /// Names of its variables, also of those that are lists.
    pub declared: Vec<String>,
    /// Steps before and after all cases.
    pub hooks: Hooks,
    /// Files that it includes, without links, and where that is said.
    pub included: Vec<Spanned<PathBuf>>,
    /// The suite's name.
    pub name: String,
    /// The untrusted files.
    pub submission: Submission,
    /// The language of the submission, which gives build and run; one of `policy::language_names`.
    pub language: Option<Spanned<String>>,
    /// Profiles, in the order of the file.
    pub profiles: Vec<SuiteProfile>,
    /// What a case has that says nothing itself.
    pub defaults: Common,
    /// Build steps, in order.
    pub build: Vec<BuildStep>,
    /// Groups, in the order of the file.
    pub groups: Vec<Group>,
    /// Cases listed one by one, those of groups too, in the order of the file.
    pub cases: Vec<Case>,
}

/// The untrusted files that a suite judges.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Submission {
    /// The folder, relative to the suite file; `--submission` goes before it.
    pub path: Option<Spanned<PathBuf>>,
    /// Files that must be there, relative to that folder.
    pub required: Vec<Spanned<PathBuf>>,
}

/// A profile of the suite's own: the same shape as in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteProfile {
    /// Its name.
    pub name: Spanned<String>,
    /// The profile that it starts from.
    pub inherits: Option<Spanned<String>>,
    /// Its limits.
    pub limits: LimitBlock,
    /// Environment variables.
    pub env: Vec<(NoNul, NoNul)>,
    /// Whether there is a network.
    pub network: Option<Spanned<bool>>,
}

/// A program to run.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Program and arguments, never empty; no shell has a part in it.
    Run(Vec<NoNul>),
    /// A line for `/bin/sh -c`.
    Shell(NoNul),
}

/// Bytes written in the suite, or a file beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The bytes themselves.
    Text(String),
    /// A file, relative to the suite file; never absolute, never with `..`.
    File(PathBuf),
}

/// A file put into the workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspaceFile {
    /// Where, relative to the workspace; never absolute, never with `..`.
    pub path: PathBuf,
    /// What.
    pub content: Spanned<Content>,
    /// Whether the program may execute it; `None`: as the file beside the suite is.
    pub executable: Option<bool>,
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its id within its group.
    pub id: Spanned<String>,
    /// The group, if it is in one.
    pub group: Option<Arc<Spanned<String>>>,
    /// The whole case in the file.
    pub span: Range<usize>,
    /// The parameters of a matrix that it stands for.
    pub params: Vec<(String, String)>,
    /// All the rest.
    pub common: Common,
}

/// One build step.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildStep {
    /// Its name, if it has one; else its number is.
    pub name: Option<Spanned<String>>,
    /// The whole step in the file.
    pub span: Range<usize>,
    /// Files that it hands on, relative to the workspace.
    pub outputs: Vec<PathBuf>,
    /// Made for checkers and interactors: without the submission.
    pub judge: bool,
    /// Command, arguments, files, limits and profile.
    pub common: Common,
}

/// A group of cases.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: Spanned<String>,
    /// The whole group in the file.
    pub span: Range<usize>,
    /// How its points are given.
    pub score: Score,
    /// How many of its cases run at a time.
    pub max: Option<MostAtOnce>,
    /// Steps before and after its cases.
    pub hooks: Hooks,
    /// Cases made from files.
    pub cases_from: Option<CasesFrom>,
    /// What its cases have that say nothing themselves; `points` are the whole group's.
    pub common: Common,
}

/// How the points of a group are given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Score {
    /// Each case by itself.
    Sum,
    /// All the points if all the cases pass, otherwise none.
    AllOrNothing,
    /// As the worst of the cases.
    Min,
    /// All the points once this share of what the cases are worth is reached, otherwise none.
    Threshold(f64),
}

/// Who may see a case in a student's report: `resolve::Visibility` in the author's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody, at once.
    Visible,
    /// Nobody but staff.
    Hidden,
    /// Students after the due date.
    AfterDueDate,
    /// Students once grades are published.
    AfterPublished,
}

/// Cases made from files: one for each that the glob matches.
#[derive(Debug, Clone, PartialEq)]
pub struct CasesFrom {
    /// The key and all below it, in the file.
    pub span: Range<usize>,
    /// Glob of the inputs, relative to the suite file.
    pub stdin: Spanned<String>,
    /// Template of the expected output's path, with `{dir}`, `{stem}` and `{name}`.
    pub expect_stdout: Option<Spanned<String>>,
    /// Template of the id; otherwise the path below the glob's fixed part, without its extension.
    pub id: Option<Spanned<String>>,
}

impl Suite {
    /// The place of `span` in its file.
    #[must_use]
    pub fn place(&self, span: &Range<usize>, label: impl Into<String>) -> Place {
        self.sources.place(span, label)
    }

    /// The suite's own file.
    #[must_use]
    pub fn source(&self) -> &Source {
        self.sources.main()
    }
}
