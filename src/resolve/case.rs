//! [`ResolvedCase`]: one case with nothing left to decide.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::judge::Expectation;
use crate::limits::Resolved;
use crate::resolve::Terms;
use crate::sandbox::spec::{Bind, CgroupChoice, InputFile, Network, Require, SeccompPolicy, Stdin};
use crate::units::{Bytes, NoNul};

/// The id of a case, unique in a run: `secret/01`, `sum[n=3]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(pub Arc<str>);

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The limits of a case, each with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedLimits {
    /// Wall-clock time.
    pub wall: Resolved<Duration>,
    /// CPU time.
    pub cpu: Resolved<Option<Duration>>,
    /// Memory.
    pub memory: Resolved<Bytes>,
    /// Processes.
    pub pids: Resolved<u32>,
    /// Output.
    pub output: Resolved<Bytes>,
    /// Size of one file.
    pub file_size: Resolved<Bytes>,
    /// All writable places.
    pub disk: Resolved<Bytes>,
    /// Open files.
    pub open_files: Resolved<u32>,
    /// CPU weight.
    pub cpu_shares: Resolved<u32>,
}

/// What kind of thing a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseKind {
    /// A build step: runs before all cases, in order; its outputs go into their workspaces.
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

/// Where the workspace of a case comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sources {
    /// An empty workspace.
    Empty,
    /// These host folders, the first on top. The runner puts the folder with the build's outputs
    /// before them.
    Folders(Vec<PathBuf>),
}

/// One case with nothing left to decide. Every limit is concrete and below its ceiling, every
/// file that is needed has been read.
#[derive(Debug, Clone)]
pub struct ResolvedCase {
    /// Unique in the run.
    pub id: CaseId,
    /// Build step or case.
    pub kind: CaseKind,
    /// Index of the suite in the run.
    pub suite: usize,
    /// The last part of the id, for people.
    pub name: String,
    /// The group, if it is in one.
    pub group: Option<String>,
    /// The suite file, as the user named it.
    pub file: String,
    /// The line of the case in the suite file, from 1.
    pub line: u32,
    /// Matrix parameters, in order of their names.
    pub params: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Points for passing.
    pub points: f64,
    /// Who sees it.
    pub visibility: Visibility,
    /// The profile that its limits started from.
    pub profile: String,
    /// The limits.
    pub limits: ResolvedLimits,
    /// Program and arguments.
    pub argv: Vec<NoNul>,
    /// The whole environment.
    pub env: Vec<(NoNul, NoNul)>,
    /// Where it starts, inside.
    pub workdir: PathBuf,
    /// What its workspace shows.
    pub sources: Sources,
    /// Files put into its workspace.
    pub files: Vec<InputFile>,
    /// Files that a build step hands on, relative to the workspace.
    pub outputs: Vec<PathBuf>,
    /// Host paths shown inside.
    pub binds: Vec<Bind>,
    /// Network.
    pub network: Network,
    /// Standard input.
    pub stdin: Stdin,
    /// System calls.
    pub seccomp: SeccompPolicy,
    /// Cgroup interface.
    pub cgroup: CgroupChoice,
    /// Strict or best effort.
    pub require: Require,
    /// How long the sandbox may take to be ready.
    pub setup_timeout: Duration,
    /// How often the process tree is looked at where no cgroup counts for us.
    pub watch_interval: Duration,
    /// Commands refused by `[security]` (E2003): the reason, when this case's command is one.
    pub blocked: Option<String>,
    /// What must hold.
    pub expectation: Expectation,
    /// Ids of cases that must have passed before this one may run.
    pub needs: Vec<CaseId>,
    /// How the points of its group are given, when it is in one.
    pub group_score: Option<GroupScore>,
    /// How it is taken.
    pub terms: Arc<Terms>,
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
    /// SHA-256 of the suite file, in hex.
    pub sha256: String,
    /// Build steps first, then cases, in the order of the file.
    pub cases: Vec<ResolvedCase>,
    /// Files that the submission must have and has not, relative to the submission. Not an error
    /// of the suite: the runner reports a failed build case `submission` (E6005) and runs nothing.
    pub missing_required: Vec<PathBuf>,
}
