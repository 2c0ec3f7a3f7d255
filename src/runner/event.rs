//! [`Event`]: what happens during a run, as it happens. Progress reads this and nothing else.

use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Instant;

use crate::report::CaseReport;
use crate::resolve::ResolvedCase;

/// One thing that happened. Events of one case are in order; those of different cases interleave.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The run begins.
    RunStarted {
        /// How many cases and build steps there are.
        total: usize,
        /// How many run at a time.
        jobs: usize,
    },
    /// A case was given to the engine.
    CaseStarted {
        /// The case.
        case: &'a Arc<ResolvedCase>,
        /// The thread that it runs on, and nothing else until it is finished.
        thread: ThreadId,
        /// When: the event may come a little later.
        at: Instant,
    },
    /// A case has its verdict, whether it ran or not. Exactly one for every case.
    CaseFinished {
        /// The case and its verdict.
        report: &'a CaseReport,
        /// How many cases have their verdict now.
        done: usize,
        /// How many cases and build steps there are.
        total: usize,
    },
    /// Every case has its verdict.
    RunFinished,
}
