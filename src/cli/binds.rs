//! Host paths that a run is to show inside: looked at before anything runs.

use std::collections::BTreeMap;
use std::path::Path;

use super::failure::plain;
use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::limits::Origin;
use crate::resolve::ResolvedCase;
use crate::units::visible_line;

/// Whether everything that cases are to be shown is there.
///
/// # Errors
/// E2004 for each path that is not, with who asked for it.
pub(super) fn check<'c>(cases: impl IntoIterator<Item = &'c ResolvedCase>) -> Result<(), Vec<Diagnostic>> {
    let asked = cases.into_iter().flat_map(|case| case.binds.iter().zip(&case.origins.binds));
    let sources: BTreeMap<&Path, &Origin> =
        asked.map(|(bind, origin)| (bind.source.as_path(), origin)).collect();
    let missing = sources.into_iter().filter_map(|(source, origin)| {
        let error = std::fs::metadata(source).err()?;
        let shown = visible_line(source.as_os_str().as_encoded_bytes());
        let message =
            format!("the host path `{shown}`, asked for by {origin}, cannot be shown inside: {error}");
        let help =
            "make it, check the spelling, or do without; relative paths count from the current directory";
        Some(plain(Code::InvalidCommand, message, help))
    });
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() { Ok(()) } else { Err(missing) }
}
