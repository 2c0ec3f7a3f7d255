//! [`Terms`]: how a case is taken: how often it is tried, what its failing means, what it is worth.
//! Most cases of a suite have the same, so that they share one.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::judge::{Code, SourceCheck};

/// How a case is taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    /// How often it is tried again after it did not pass.
    pub retries: u32,
    /// How long to wait before each further try.
    pub retry_delay: Duration,
    /// It is known to fail.
    pub xfail: Option<Xfail>,
    /// It is left out, for this reason.
    pub skip: Option<String>,
    /// It runs no program: the files of the submission are looked at.
    pub source: Option<Arc<SourceCheck>>,
    /// Its points count when they are reached, and are not among those that could be reached.
    pub extra_credit: bool,
    /// Points that are taken away when it does not pass.
    pub penalty: f64,
    /// How many cases of its group run at a time; the same in every case of the group.
    pub most_at_once: Option<NonZeroUsize>,
    /// Of a hook: whose fault it is when it fails.
    pub blame: Blame,
}

/// A case that is known to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xfail {
    /// Why.
    pub reason: String,
    /// The only failure that is known; any other still fails.
    pub code: Option<Code>,
    /// Whether passing is a failure (E6008).
    pub strict: bool,
}

/// Whose fault it is when a hook fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Blame {
    /// The suite's: nothing could be judged (E6009).
    #[default]
    Suite,
    /// The submission's: it failed, as a build does.
    Submission,
}
