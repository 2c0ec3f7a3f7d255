//! What the author of a suite wrote: the written model, and the strict parser that makes it from
//! YAML, TOML or JSON or says everything that is wrong with the file.

mod expect;
mod model;
mod syntax;

pub use expect::{Compare, Exit, Expect, ExpectBytes};
pub use model::{
    BuildStep, Case, CasesFrom, Command, Common, Content, Group, LimitBlock, Score, Spanned, Submission,
    Suite, SuiteProfile, Visibility, WorkspaceFile,
};
