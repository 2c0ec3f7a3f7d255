//! `-V`, `--vars-file`, `--include-root` and `--flaky`: what the operator says about the language of
//! suites.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::files::LONGEST_TEXT;
use super::load;
use crate::diagnostic::nearest;
use crate::resolve::{Operator, ResolvedSuite};
use crate::suite::{SuiteFormat, Variables};

/// What the operator says about the language of suites.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Suite language")]
pub(super) struct LanguageArgs {
    /// What a variable of the suites stands for: -V n=3; goes before the suite's own; may be given again
    #[arg(long, short = 'V', value_name = "NAME=VALUE")]
    pub(super) var: Vec<String>,
    /// A YAML, TOML or JSON file with variables; -V goes before it; may be given again
    #[arg(long, value_name = "FILE")]
    pub(super) vars_file: Vec<PathBuf>,
    /// Let suites include files from below DIR, besides their own folder; may be given again
    #[arg(long, value_name = "DIR")]
    pub(super) include_root: Vec<PathBuf>,
}

/// `--flaky`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FlakyArg {
    /// Passed
    #[default]
    Pass,
    /// Failed
    Fail,
}

/// Adds what was said to the operator's words.
pub(super) fn give(args: &LanguageArgs, operator: &mut Operator) -> Result<(), Failure> {
    let mut vars = Variables::default();
    for path in &args.vars_file {
        let source = load::source(path, "File of variables", LONGEST_TEXT)?;
        vars.add_file(&source, SuiteFormat::of(&source.name))?;
    }
    for text in &args.var {
        vars.add(text).map_err(|why| Failure::Usage(format!("-V: {why}")))?;
    }
    operator.vars = vars;
    let folder = |path: &Path| operator.cwd.join(path);
    operator.include_roots = args.include_root.iter().map(|path| folder(path)).collect();
    Ok(())
}

/// A variable that no suite knows is most likely a mistake, and would change nothing.
pub(super) fn check_known(operator: &Operator, suites: &[ResolvedSuite]) -> Result<(), Failure> {
    for name in operator.vars.names() {
        let known = || suites.iter().flat_map(|suite| suite.declared.iter().map(String::as_str));
        if !known().any(|known| known == name) {
            let near = nearest(name, known()).map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_default();
            return Err(Failure::Usage(format!("-V: no suite has a variable `{name}`{near}")));
        }
    }
    Ok(())
}
