//! How a case is taken, in the author's words: tries, known failures, what is left out; hooks.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::judge::Code;
use crate::suite::BuildStep;

/// `retries`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often it is tried again.
    pub count: u32,
    /// How long to wait before each.
    pub delay: Duration,
}

/// `skip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Why it is left out; `None` where it is not: its condition does not hold, or it says `false`.
    pub reason: Option<String>,
}

/// `xfail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xfail {
    /// `None` where it is not known to fail.
    pub known: Option<KnownFailure>,
}

/// A failure that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFailure {
    /// Why.
    pub reason: String,
    /// With this code only.
    pub code: Option<Code>,
    /// Whether passing is a failure.
    pub strict: bool,
}

/// `hooks`: of a suite or a group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hooks {
    /// Run before the cases, in order.
    pub setup: Vec<Hook>,
    /// Run after them, in order, whatever became of them.
    pub teardown: Vec<Hook>,
}

/// One step of a hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// What is run.
    pub step: BuildStep,
    /// Whether its failing is the submission's fault.
    pub blame_submission: bool,
}

/// How many cases of a group run at a time.
pub type MostAtOnce = NonZeroUsize;
