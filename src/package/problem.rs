//! [`Problem`]: what all kinds of packages have in common.

use std::sync::Arc;

use super::timing::Timing;
use crate::judge::Protocol;
use crate::units::Bytes;

/// A problem, whatever it was written in.
#[derive(Debug, Clone, Default)]
pub(super) struct Problem {
    pub(super) name: String,
    /// `a Kattis problem package (legacy)`.
    pub(super) what: String,
    /// Seconds of CPU time.
    pub(super) time: Option<f64>,
    /// What its reference solutions must bear out.
    pub(super) timing: Option<Timing>,
    pub(super) memory: Option<Bytes>,
    pub(super) output: Option<Bytes>,
    pub(super) compile_time: Option<u64>,
    pub(super) compile_memory: Option<Bytes>,
    /// How outputs are compared where no checker does: as a suite writes it, or for one group.
    pub(super) compare: String,
    pub(super) checker: Option<Judge>,
    pub(super) interactor: Option<Judge>,
    pub(super) groups: Vec<Group>,
    /// Files that every program is built and run with, by language; `default` is for all.
    pub(super) include: Vec<(String, Vec<Copied>)>,
    /// Files that hide what a submission must not see.
    pub(super) masks: Vec<String>,
    /// Files that are in no folder, by their path beside the suite.
    pub(super) files: Vec<(String, Arc<[u8]>)>,
    /// Whether a submission is a program that the suite builds and runs.
    pub(super) runs_programs: bool,
    /// What people should know.
    pub(super) notes: Vec<String>,
}

/// A file of the package, and where a program finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copied {
    /// Relative to the package.
    pub(super) from: String,
    /// Relative to the workspace.
    pub(super) to: String,
}

/// A checker or an interactor.
#[derive(Debug, Clone)]
pub(super) struct Judge {
    pub(super) protocol: Protocol,
    /// The command that runs it.
    pub(super) run: Vec<String>,
    /// The command that makes it, and the files that this leaves.
    pub(super) build: Option<(Vec<String>, Vec<String>)>,
    pub(super) files: Vec<Copied>,
    pub(super) args: Vec<String>,
    pub(super) time: u64,
    pub(super) memory: Option<Bytes>,
    pub(super) output: Option<Bytes>,
    /// How often a submission may be run for one case.
    pub(super) passes: u32,
}

/// How points of a group are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scored {
    #[default]
    Sum,
    AllOrNothing,
    /// The smallest of what its cases get.
    Min,
}

/// A group of cases.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) points: Option<f64>,
    pub(super) scored: Scored,
    pub(super) hidden: bool,
    pub(super) needs: Vec<String>,
    /// What differs from the problem's own.
    pub(super) compare: Option<String>,
    pub(super) judge_args: Option<Vec<String>>,
    pub(super) args: Vec<String>,
    /// All cases in one line: globs of inputs and answers.
    pub(super) glob: Option<(String, String)>,
    pub(super) cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) shell: Option<String>,
    pub(super) stdin: Option<Text>,
    pub(super) answer: Option<Text>,
    pub(super) compare: Option<String>,
    pub(super) exit: Option<&'static str>,
    pub(super) args: Vec<String>,
    pub(super) judge_args: Option<Vec<String>>,
    /// A checker of its own, as a suite writes it.
    pub(super) checker: Option<String>,
    pub(super) files: Vec<Copied>,
    pub(super) points: Option<f64>,
    /// Milliseconds of wall time.
    pub(super) timeout: Option<u64>,
}

/// Bytes in the suite or in a file beside it.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Written(String),
    File(String),
}
