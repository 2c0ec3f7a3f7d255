//! [`Common`]: what can be said at every level of a suite. There may be a hundred thousand cases, and
//! most say little: what few of them say stands apart.

use std::ops::{Deref, DerefMut, Range};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use crate::judge::{Compare, SourceCheck};
use crate::suite::{
    Command, Content, Expect, JudgedBy, LimitBlock, Retries, Skip, Spanned, Visibility, WorkspaceFile, Xfail,
};
use crate::units::{NoNul, Nothing, Seldom};

/// What `defaults`, a group, a case and a build step have in common. It is its [`Further`] too
/// (`common.tags`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Common {
    /// The command.
    pub command: Option<Spanned<Command>>,
    /// Standard input.
    pub stdin: Option<Spanned<Content>>,
    /// What must hold.
    pub expect: Seldom<Expect>,
    /// Limits.
    pub limits: LimitBlock,
    /// All the rest.
    pub further: Seldom<Further>,
}

/// What few cases say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Further {
    /// Further arguments of a `run`.
    pub args: Vec<NoNul>,
    /// Where `args` stands.
    pub args_span: Option<Range<usize>>,
    /// Environment variables.
    pub env: Vec<(NoNul, NoNul)>,
    /// Files put into the workspace.
    pub files: Vec<WorkspaceFile>,
    /// How bytes are compared where the expectation does not say.
    pub compare: Option<Compare>,
    /// The profile.
    pub profile: Option<Spanned<String>>,
    /// Points of one case; in a group: of the whole group.
    pub points: Option<Spanned<f64>>,
    /// Tags.
    pub tags: Vec<String>,
    /// What must have passed before.
    pub needs: Vec<Spanned<String>>,
    /// Who sees it.
    pub visibility: Option<Visibility>,
    /// Where `env` stands.
    pub env_span: Option<Range<usize>>,
    /// Where `workdir` stands.
    pub workdir_span: Option<Range<usize>>,
    /// Where the program starts: relative to the workspace, or absolute inside the sandbox.
    pub workdir: Option<PathBuf>,
    /// Whether there is a network.
    pub network: Option<Spanned<bool>>,
    /// Who looks at the output.
    pub checker: Option<JudgedBy>,
    /// Who talks to the program.
    pub interactor: Option<JudgedBy>,
    /// Trying again.
    pub retries: Option<Retries>,
    /// Leaving out.
    pub skip: Option<Skip>,
    /// Known failures.
    pub xfail: Option<Xfail>,
    /// What the submitted files must and must not hold.
    pub source: Option<Spanned<Arc<SourceCheck>>>,
    /// Its part of the group's points.
    pub weight: Option<Spanned<f64>>,
    /// Whether its points come on top.
    pub extra_credit: bool,
    /// Points that are taken away.
    pub penalty: Option<f64>,
}

impl Nothing for Further {
    fn nothing() -> &'static Self {
        static NOTHING: LazyLock<Further> = LazyLock::new(Further::default);
        &NOTHING
    }
}

impl Deref for Common {
    type Target = Further;

    fn deref(&self) -> &Further {
        &self.further
    }
}

impl DerefMut for Common {
    fn deref_mut(&mut self) -> &mut Further {
        &mut self.further
    }
}
