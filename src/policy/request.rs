//! [`Request`]: a single command to run, from a command line or from `--json`.

use std::path::PathBuf;
use std::sync::Arc;

use super::Profile;
use crate::limits::Resolved;
use crate::units::{NoNul, visible_line};

/// A single command to run, and everything that can be said about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// Program and arguments. `resolve::command` refuses an empty one.
    pub argv: Vec<NoNul>,
    /// What it is called in the result; `None`: a random id is made.
    pub execution_id: Option<String>,
    /// What the request says about limits, isolation and environment.
    pub overrides: Overrides,
    /// What `/workspace` shows.
    pub workspace: WorkspaceChoice,
    /// What it reads.
    pub stdin: RequestStdin,
    /// Files put into the workspace.
    pub files: Vec<RequestFile>,
}

/// Whether a text can be an execution id: 1 to 128 characters, none of them invisible.
#[must_use]
pub fn is_execution_id(text: &str) -> bool {
    (1..=128).contains(&text.chars().count()) && visible_line(text.as_bytes()) == text
}

/// What options and requests say over profiles: the upper layers of every value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The profile to start from.
    pub profile: Option<Resolved<String>>,
    /// Limits, isolation and environment.
    pub settings: Profile,
    /// Whether a limit that the kernel cannot hold here may be watched instead; absent: no.
    pub best_effort: Option<Resolved<bool>>,
    /// By how much every limit of time is multiplied, in thousandths: a slower machine has 1500.
    pub time_factor: Option<Resolved<u32>>,
}

impl Overrides {
    /// These, and `lower` where these say nothing.
    #[must_use]
    pub fn or(self, lower: Self) -> Self {
        Self {
            profile: self.profile.or(lower.profile),
            settings: self.settings.or(lower.settings),
            best_effort: self.best_effort.or(lower.best_effort),
            time_factor: self.time_factor.or(lower.time_factor),
        }
    }
}

/// What `/workspace` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WorkspaceChoice {
    /// The folder that capsule-run was started in, unless that is `/` or a home directory.
    #[default]
    Auto,
    /// Nothing.
    Empty,
    /// This folder; relative to the one that capsule-run was started in.
    Folder(PathBuf),
}

/// What the command reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RequestStdin {
    /// Our own standard input: a command line.
    #[default]
    Inherit,
    /// Nothing: a request that says nothing about it, because the request itself was there.
    Empty,
    /// These bytes.
    Bytes(Arc<[u8]>),
}

/// A file put into the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFile {
    /// Relative to the workspace, without `..`.
    pub path: PathBuf,
    /// Its content.
    pub content: Arc<[u8]>,
    /// Whether it may be executed.
    pub executable: bool,
}
