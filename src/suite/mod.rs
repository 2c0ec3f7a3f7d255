//! What the author of a suite wrote: the written model, and the strict parser that makes it from
//! YAML, TOML or JSON or says everything that is wrong with the file.

mod edit;
mod expand;
mod expect;
mod include;
mod judging;
mod keys;
mod keys_expect;
mod keys_terms;
mod levels;
mod lines;
mod model;
mod parse;
mod parse_bytes;
mod parse_cases;
mod parse_common;
mod parse_expect;
mod parse_judging;
mod parse_resources;
mod parse_source;
mod parse_terms;
mod place_words;
mod placed_limits;
mod reader;
mod schema;
mod sources;
mod syntax;
mod terms;
mod vars;

pub use edit::{CannotEdit, ExpectedOf, find_text, replace_text};
pub use expect::{Exit, Expect, ExpectBytes, ExpectFile};
pub use include::{IncludeError, Included, Includes, NoIncludes};
pub use judging::{JudgeWords, JudgedBy};
pub use levels::{Common, Further};
pub use model::{
    BuildStep, Case, CasesFrom, Command, Content, Group, Score, Spanned, Submission, Suite, SuiteProfile,
    Visibility, WorkspaceFile,
};
pub use parse::{MAX_SUITE_BYTES, SuiteFormat, parse};
pub use placed_limits::{LimitBlock, PlacedLimits};
pub use schema::schema;
pub use sources::Sources;
pub use terms::{Hook, Hooks, KnownFailure, MostAtOnce, Retries, Skip, Xfail};
pub use vars::Variables;

pub(crate) use lines::Lines;
pub(crate) use parse::parse_leniently;
pub(crate) use parse_bytes::wrong_bytes;
pub(crate) use parse_expect::is_glob;
pub(crate) use reader::{bad_name, check_relative, shown};
pub(crate) use syntax::{Node, Value, parse_json, parse_yaml};
