//! What the author of a suite wrote: the written model, and the strict parser that makes it from
//! YAML, TOML or JSON or says everything that is wrong with the file.

mod edit;
mod expect;
mod judging;
mod keys;
mod limit_block;
mod lines;
mod model;
mod parse;
mod parse_common;
mod parse_expect;
mod parse_judging;
mod reader;
mod schema;
mod syntax;

pub use edit::{CannotEdit, ExpectedOf, find_text, replace_text};
pub use expect::{Compare, Exit, Expect, ExpectBytes};
pub use judging::{JudgeWords, JudgedBy};
pub use limit_block::{LimitBlock, PlacedLimits};
pub use model::{
    BuildStep, Case, CasesFrom, Command, Common, Content, Group, Score, Spanned, Submission, Suite,
    SuiteProfile, Visibility, WorkspaceFile,
};
pub use parse::{MAX_SUITE_BYTES, SuiteFormat, parse};
pub use schema::schema;

pub(crate) use lines::Lines;
pub(crate) use parse::parse_leniently;
pub(crate) use reader::{bad_name, check_relative, shown};
pub(crate) use syntax::{Node, Value, parse_json, parse_yaml};
