//! [`ResolvedCase`]: one case with nothing left to decide. A run has a hundred thousand of them:
//! what cases have in common is there once.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;

use super::CaseSettings;
use crate::judge::{Expectation, Protocol, Role};
use crate::resolve::Terms;
use crate::sandbox::spec::{InputFile, Stdin};
use crate::units::{Bytes, NoNul};

/// The id of a case, unique in a run: `secret/01`, `sum[n=3]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(pub Arc<str>);

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of thing a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseKind {
    /// A build step: runs before all cases of its suite, in order; its outputs go into their workspaces.
    Build,
    /// A case proper.
    Case,
    /// A hook that runs before the cases of its suite or group, and that they need.
    Setup,
    /// A hook that runs after them, whatever became of them.
    Teardown,
}

/// Who may see a case's input, expectation and output in a student's report: Gradescope's words.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody, at once.
    Visible,
    /// Nobody but staff.
    Hidden,
    /// Students after the due date: hidden in a student's report of ours.
    AfterDueDate,
    /// Students once grades are published: hidden in a student's report of ours.
    AfterPublished,
}

/// One case with nothing left to decide. Every limit is concrete and below its ceiling, every
/// file that is needed has been read.
///
/// It is its [`CaseSettings`] too (`case.limits`, `case.env`): those are shared with the other
/// cases that have the same. To change one of them makes a copy of them for this case alone.
#[derive(Debug, Clone)]
pub struct ResolvedCase {
    /// Unique in the run.
    pub id: CaseId,
    /// What people are told instead who may not see its parameters, which are in its id.
    pub alias: Option<Arc<str>>,
    /// Build step or case.
    pub kind: CaseKind,
    /// Index of the suite in the run.
    pub suite: usize,
    /// The last part of the id, for people.
    pub name: Arc<str>,
    /// The group, if it is in one.
    pub group: Option<Arc<str>>,
    /// The suite file, as the user named it.
    pub file: Arc<str>,
    /// The line of the case in the suite file, from 1.
    pub line: u32,
    /// Matrix parameters, in order of their names.
    pub params: BTreeMap<String, String>,
    /// Tags.
    pub tags: Arc<[String]>,
    /// Points for passing.
    pub points: f64,
    /// Who sees it.
    pub visibility: Visibility,
    /// Where the rest of it was written.
    pub written: WrittenAt,
    /// Limits, environment, isolation.
    pub settings: Arc<CaseSettings>,
    /// Program and arguments.
    pub argv: Arc<[NoNul]>,
    /// Files put into its workspace.
    pub files: Arc<[InputFile]>,
    /// Files that a build step hands on, relative to the workspace.
    pub outputs: Vec<PathBuf>,
    /// Standard input.
    pub stdin: Stdin,
    /// Commands refused by `[security]` (E2003): the reason, when this case's command is one.
    pub blocked: Option<Arc<str>>,
    /// What must hold.
    pub expectation: Expectation,
    /// Ids of cases that must have passed before this one may run. Cases with the same needs have
    /// the same list.
    pub needs: Arc<[CaseId]>,
    /// How the points of its group are given, when it is in one.
    pub group_score: Option<GroupScore>,
    /// How it is taken.
    pub terms: Arc<Terms>,
    /// The checker and the interactor, if there is one.
    pub judging: Option<Box<Judging>>,
    /// A build step of the judge's: without the submission, and what it hands on is shown to
    /// checkers and interactors only.
    pub for_judge: bool,
}

/// Who judges the output of a case beside the plain checks, and what they are given.
#[derive(Debug, Clone)]
pub struct Judging {
    /// Looks at the output.
    pub checker: Option<Arc<JudgeProgram>>,
    /// Talks to the submission.
    pub interactor: Option<Arc<JudgeProgram>>,
    /// The expected output, or whatever the checker takes for it.
    pub answer: Arc<[u8]>,
}

/// A checker or an interactor: the same for all cases that it was written for.
#[derive(Debug, Clone)]
pub struct JudgeProgram {
    /// Which of the two.
    pub role: Role,
    /// How it is called and how it answers.
    pub protocol: Protocol,
    /// Command, files, limits and environment of its own sandbox.
    pub case: ResolvedCase,
    /// Further arguments, after those of the protocol.
    pub args: Vec<NoNul>,
    /// How much of a conversation is kept.
    pub transcript: Bytes,
    /// How often the submission may be run for one case, each time with what the judge has made of
    /// the time before.
    pub passes: u32,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
}

/// Where the values of a case were written that are not its [`CaseSettings`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenAt {
    /// `run` or `shell`.
    pub command: Option<FileLine>,
    /// Standard input.
    pub stdin: Option<FileLine>,
    /// What must hold.
    pub expect: Option<FileLine>,
    /// The points.
    pub points: Option<FileLine>,
}

impl fmt::Display for FileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Deref for ResolvedCase {
    type Target = CaseSettings;

    fn deref(&self) -> &CaseSettings {
        &self.settings
    }
}

impl DerefMut for ResolvedCase {
    fn deref_mut(&mut self) -> &mut CaseSettings {
        Arc::make_mut(&mut self.settings)
    }
}

/// How the points of a group are given; the same in every case of the group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GroupScore {
    /// Each case by itself: `points` of a case are its own.
    Sum,
    /// These points if every case of the group passed, otherwise none; what each case has in
    /// `points` is its share for display only.
    AllOrNothing {
        /// The points of the whole group.
        points: f64,
    },
    /// These points times the worst result of its cases.
    Min {
        /// The points of the whole group.
        points: f64,
    },
    /// These points once so much of what its cases are worth is reached, otherwise none.
    Threshold {
        /// The points of the whole group.
        points: f64,
        /// The share, above 0 and at most 1.
        share: f64,
    },
}

/// A suite with nothing left to decide.
#[derive(Debug, Clone)]
pub struct ResolvedSuite {
    /// The suite's name.
    pub name: String,
    /// The suite file, as the user named it.
    pub file: String,
    /// SHA-256 of the suite file, and of all that it includes, in hex.
    pub sha256: String,
    /// What its variables stood for, where that is a text or a number.
    pub vars: BTreeMap<String, String>,
    /// Names of its variables, also of those that are lists.
    pub declared: Vec<String>,
    /// Build steps first, then cases, in the order of the file.
    pub cases: Vec<Arc<ResolvedCase>>,
    /// Files that the submission must have and has not, relative to the submission. Not an error
    /// of the suite: the runner reports a failed build case `submission` (E6005) and runs nothing.
    pub missing_required: Vec<PathBuf>,
    /// Why nothing can be built or run from what was handed in, where `language` is given: no error
    /// of the suite either.
    pub unusable: Option<String>,
    /// Whether what is built and run depends on the files of the submission: `language` is given.
    pub by_language: bool,
}
