//! [`RunPlan`]: what to run, and how much of it at a time.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use super::again::Again;
use super::cache::BuildCache;
use crate::resolve::{CaseId, CaseKind, ResolvedCase, ResolvedSuite, Visibility};
use crate::sandbox::spec::Stdin;

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
    /// Builds that need not be made again.
    pub builds: Arc<BuildCache>,
    /// The numbers of all cases in the order in which they are started, as far as their needs let
    /// them; nothing for that of `cases`.
    pub order: Vec<usize>,
    /// Trying again.
    pub again: Again,
    /// Whether the digests of what cases print go into something that somebody reads.
    pub digest: bool,
}

/// A suite whose submission lacks files that the suite requires. The build step `submission` (see
/// [`submission_case`]) fails with that message, and nothing of the suite is run.
#[derive(Debug, Clone)]
pub struct BrokenSuite {
    /// Index of the suite in the run.
    pub suite: usize,
    /// The required files that are missing, relative to the submission.
    pub missing: Vec<PathBuf>,
    /// What else makes it impossible to build or run anything.
    pub reason: Option<String>,
}

impl BrokenSuite {
    /// The suite with this index in the run, if its submission lacks something.
    #[must_use]
    pub fn of(index: usize, suite: &ResolvedSuite) -> Option<Self> {
        let missing = suite.missing_required.clone();
        let reason = suite.unusable.clone();
        (!missing.is_empty() || reason.is_some()).then_some(Self { suite: index, missing, reason })
    }
}

/// The build step that stands for handing in: it never runs, and reports what is missing. `None`
/// for a suite without cases.
#[must_use]
pub fn submission_case(suite: &ResolvedSuite) -> Option<ResolvedCase> {
    Some(ResolvedCase {
        id: CaseId(Arc::from("submission")),
        kind: CaseKind::Build,
        name: Arc::from("submission"),
        ..bare(suite.cases.first()?)
    })
}

/// A case of the same suite that runs nothing, is worth nothing and is seen by everybody.
pub(super) fn bare(first: &ResolvedCase) -> ResolvedCase {
    ResolvedCase {
        kind: CaseKind::Case,
        alias: None,
        group: None,
        params: BTreeMap::new(),
        tags: Arc::default(),
        points: 0.0,
        visibility: Visibility::Visible,
        argv: Arc::default(),
        files: Arc::default(),
        outputs: Vec::new(),
        stdin: Stdin::Empty,
        blocked: None,
        needs: Arc::default(),
        group_score: None,
        terms: Arc::default(),
        judging: None,
        ..first.clone()
    }
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
            builds: Arc::new(BuildCache::off()),
            order: Vec::new(),
            again: Again::default(),
            digest: false,
        }
    }
}
