//! [`RunPlan`]: what to run, and how much of it at a time.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crate::resolve::ResolvedCase;

/// What to run, and how much of it at a time.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// Build steps and cases in suite order; ids are unique within a suite.
    pub cases: Vec<Arc<ResolvedCase>>,
    /// How many cases run at a time.
    pub jobs: NonZeroUsize,
    /// Start nothing new once this many cases have not passed.
    pub max_fail: Option<NonZeroUsize>,
    /// Suites whose submission cannot be judged at all.
    pub broken: Vec<BrokenSuite>,
    /// Where the private folder for the outputs of build steps is made.
    pub scratch: PathBuf,
}

/// A suite whose submission lacks files that the suite requires: its first build step (or, where
/// it has none, every case) fails with this message, and nothing of it is run.
#[derive(Debug, Clone)]
pub struct BrokenSuite {
    /// Index of the suite in the run.
    pub suite: usize,
    /// The required files that are missing, as the suite names them.
    pub missing: Vec<String>,
}

impl RunPlan {
    /// A plan for one case, and nothing else.
    #[must_use]
    pub fn single(case: ResolvedCase, scratch: PathBuf) -> Self {
        Self {
            cases: vec![Arc::new(case)],
            jobs: NonZeroUsize::MIN,
            max_fail: None,
            broken: Vec::new(),
            scratch,
        }
    }
}
