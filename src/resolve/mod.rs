//! What the author, the operator and the command line wrote, made one: every limit concrete,
//! every value with its origin, every file read.

mod blocked;
mod case;
mod case_settings;
mod command;
mod explain;
mod files;
mod limits;
mod lower;
mod operator;
mod secrets;
mod settings;
mod suite;
mod terms;

pub use blocked::blocked;
pub use case::{
    CaseId, CaseKind, FileLine, GroupScore, JudgeProgram, Judging, ResolvedCase, ResolvedSuite, Visibility,
    WrittenAt,
};
pub use case_settings::{CaseSettings, ResolvedLimits, SettingOrigins, Sources, Surroundings};
pub use command::{command, workspace};
pub use explain::{Explanation, explain, explain_command};
pub use files::{FileContent, FileKind, Files};
pub use limits::limits;
pub use lower::lower;
pub use operator::Operator;
pub use secrets::Secrets;
pub use settings::{Settings, settings};
pub use suite::{ReadSuite, SuiteInputs, load_suite, read_suite, suite};
pub use terms::{Blame, Terms, Xfail};

use settings::{limits_below, limits_on};
