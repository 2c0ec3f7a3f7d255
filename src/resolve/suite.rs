//! A suite with nothing left to decide: [`SuiteInputs`] and the written suite become cases.

use std::path::PathBuf;

/// What a suite is resolved with, besides the operator's words.
#[derive(Debug, Clone)]
pub struct SuiteInputs {
    /// The folder of the suite file; all paths in the suite are relative to it.
    pub suite_dir: PathBuf,
    /// The submission of the command line; goes before the suite's own `submission.path`.
    pub submission: Option<PathBuf>,
    /// Index of the suite in the run.
    pub index: usize,
}
