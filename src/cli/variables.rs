//! `-V`, `--vars-file` and `--include-root`: what the operator says about the language of suites.

use std::path::Path;

use super::args::LanguageArgs;
use super::failure::Failure;
use super::load;
use crate::diagnostic::nearest;
use crate::resolve::{Operator, ResolvedSuite};
use crate::suite::{SuiteFormat, Variables};

/// Adds what was said to the operator's words.
pub(super) fn give(args: &LanguageArgs, operator: &mut Operator) -> Result<(), Failure> {
    let mut vars = Variables::default();
    for path in &args.vars_file {
        let source = load::source(path, "File of variables")?;
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
