//! The only module with opinions: what must hold ([`Expectation`]) meets what happened
//! (`sandbox::outcome`), and a [`Verdict`] comes out. Pure.
//!
//! [`judge`] does three things: `check` compares everything that was expected, `facts` reduces
//! the outcome to one yes or no for each possible cause, and `classify` takes the first by the
//! written precedence (docs/verdicts.md). `evidence` and `notes` put the facts into words.

mod check;
mod checker;
mod classify;
mod code;
pub mod compare;
mod diff;
mod evidence;
mod expectation;
mod explain;
mod facts;
mod file_glob;
mod judgement;
mod notes;
mod pattern;
mod redact;
mod resource;
mod signal;
mod source;
mod taken;
mod unjudged;
mod verdict;

pub use checker::{
    Answer, JudgeRun, Judged, Party, Pass, Protocol, Role, as_judges_build, judge_checked, judge_interactive,
    read_answer,
};
pub use code::{Code, Family};
pub use expectation::{
    Compare, ExitExpectation, Expectation, Expected, FileExpectation, FloatTolerance, KattisFlags, Order,
    Redaction, Resource, ResourceExpectation, StreamExpectation,
};
pub use explain::{codes_markdown, help_code, help_codes};
pub use file_glob::FileGlob;
pub use judgement::judge;
pub use pattern::{Pattern, PatternError};
pub use signal::signal_name;
pub use source::{SourceCheck, SourceFile, SourceProblem, SourceRule, source};
pub use taken::{flaky, hook, known_to_fail};
pub use unjudged::{blocked, cancelled, not_run, not_started, skipped};
pub use verdict::{Check, CheckTarget, Details, Difference, NearMiss, Status, Verdict};
