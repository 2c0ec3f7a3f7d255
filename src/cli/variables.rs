//! `-V`, `--vars-file`, `--include-root` and `--flaky`: what the operator says about the language of
//! suites.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::files::{LONGEST_TEXT, read_bounded};
use super::load;
use crate::diagnostic::nearest;
use crate::resolve::{Operator, ResolvedSuite};
use crate::suite::{SuiteFormat, Variables};
use crate::units::visible_line;

/// A token or a key, and no more.
const LONGEST_SECRET: u64 = 64 << 10;

/// What the operator says about the language of suites.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Suite language")]
pub(super) struct LanguageArgs {
    /// What a variable of the suites stands for: -V n=3; goes before the suite's own; may be given again
    #[arg(long, short = 'V', value_name = "NAME=VALUE")]
    pub(super) var: Vec<String>,
    /// The same, for what nobody may be told: reports, logs and the terminal have <secret:NAME> in its
    /// place, also where a program prints it. @FILE keeps it from the list of processes
    #[arg(long, value_name = "NAME=VALUE|NAME@FILE")]
    pub(super) secret: Vec<String>,
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
    for text in &args.secret {
        secret(text, &mut vars, operator)?;
    }
    operator.vars = vars;
    let folder = |path: &Path| operator.cwd.join(path);
    operator.include_roots = args.include_root.iter().map(|path| folder(path)).collect();
    Ok(())
}

/// `--secret`: a variable that stands for its stand-in. No message has the value.
fn secret(text: &str, vars: &mut Variables, operator: &mut Operator) -> Result<(), Failure> {
    let wrong = |why: String| Failure::Usage(format!("--secret: {why}"));
    let Some(at) = text.find(['=', '@']) else {
        return Err(wrong("this is not NAME=VALUE or NAME@FILE".to_owned()));
    };
    let (name, value) = (&text[..at], &text[at + 1..]);
    let value = if text[at..].starts_with('@') {
        let read = read_bounded(&operator.cwd.join(value), LONGEST_SECRET).map_err(|error| {
            wrong(format!("'{}' cannot be read: {error}", visible_line(value.as_bytes())))
        })?;
        // As the shell does it: the end of the last line is none of it.
        let bytes = read.0;
        bytes.strip_suffix(b"\n").map(<[u8]>::to_vec).unwrap_or(bytes)
    } else {
        value.as_bytes().to_vec()
    };
    let shown = visible_line(name.as_bytes());
    let stand_in = operator.secrets.add(&shown, value).map_err(wrong)?;
    vars.add(&format!("{name}={stand_in}")).map_err(wrong)
}

/// A variable that no suite knows is most likely a mistake, and would change nothing.
pub(super) fn check_known(operator: &Operator, suites: &[ResolvedSuite]) -> Result<(), Failure> {
    for name in operator.vars.names() {
        let known = || suites.iter().flat_map(|suite| suite.declared.iter().map(String::as_str));
        if !known().any(|known| known == name) {
            let near = nearest(name, known()).map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_default();
            let option = if operator.secrets.has(name) { "--secret" } else { "-V" };
            return Err(Failure::Usage(format!("{option}: no suite has a variable `{name}`{near}")));
        }
    }
    Ok(())
}
