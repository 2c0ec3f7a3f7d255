//! Host paths that a run is to show inside: looked at before anything runs.

use std::collections::BTreeSet;
use std::path::Path;

use super::failure::plain;
use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::limits::{Origin, Resolved};
use crate::policy::Mount;
use crate::resolve::{Operator, ResolvedCase};
use crate::units::visible_line;

/// Whether everything that cases are to be shown is there. `asked` are the mounts of a request.
///
/// # Errors
/// E2004 for each path that is not, with who asked for it.
pub(super) fn check<'c>(
    cases: impl IntoIterator<Item = &'c ResolvedCase>,
    operator: &Operator,
    asked: &[Resolved<Mount>],
) -> Result<(), Vec<Diagnostic>> {
    let sources: BTreeSet<&Path> =
        cases.into_iter().flat_map(|case| case.binds.iter()).map(|bind| bind.source.as_path()).collect();
    let missing = sources.into_iter().filter_map(|source| {
        let error = std::fs::metadata(source).err()?;
        let shown = visible_line(source.as_os_str().as_encoded_bytes());
        let by = origin(source, operator, asked)
            .map_or(String::new(), |origin| format!(", asked for by {origin}"));
        let message = format!("the host path `{shown}`{by}, cannot be shown inside: {error}");
        let help =
            "make it, check the spelling, or do without; relative paths count from the current directory";
        Some(plain(Code::InvalidCommand, message, help))
    });
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() { Ok(()) } else { Err(missing) }
}

/// Who asked for a path.
fn origin(source: &Path, operator: &Operator, asked: &[Resolved<Mount>]) -> Option<Origin> {
    let config = &operator.config;
    let profiles = config.profiles.names();
    let profiles: Vec<_> = profiles.iter().filter_map(|name| config.profiles.get(name).ok()).collect();
    let of_profiles = profiles.iter().flat_map(|profile| &profile.isolation.mounts);
    let options = &operator.overrides.settings.isolation.mounts;
    let all = options.iter().chain(asked).chain(of_profiles).chain(&config.defaults.isolation.mounts);
    let mut all =
        all.filter(|mount| operator.cwd.join(&mount.value.source).components().eq(source.components()));
    all.next().map(|mount| mount.origin.clone())
}
