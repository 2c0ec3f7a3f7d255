//! [`blocked`]: whether the operator refuses a command (E2003).
//!
//! This is about the command that capsule-run starts. What that command starts in turn is the
//! business of the sandbox: a name proves nothing about a program.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{CaseSettings, Operator};
use crate::policy::Security;
use crate::units::NoNul;

/// Why the operator refuses `program`, if so.
#[must_use]
pub fn blocked(program: &NoNul, settings: &CaseSettings, operator: &Operator) -> Option<Arc<str>> {
    let rules =
        |security: &&Security| !security.blocked_commands.is_empty() || security.allowed_commands.is_some();
    if !operator.securities().iter().any(rules) {
        return None;
    }
    let command = Command::new(program, settings);
    operator.securities().iter().find_map(|security| command.refused(security)).map(Arc::from)
}

/// A command and what it may turn out to be inside.
struct Command {
    name: PathBuf,
    /// Whether it is a bare name, looked up in `PATH`.
    bare: bool,
    paths: Vec<PathBuf>,
}

impl Command {
    fn new(program: &NoNul, settings: &CaseSettings) -> Self {
        let name = PathBuf::from(program.as_os_str());
        let bare = !program.as_bytes().contains(&b'/');
        let path = settings.env.iter().find(|(variable, _)| variable.as_bytes() == b"PATH");
        let folders = path.map_or(&b""[..], |(_, path)| path.as_bytes());
        let paths = if bare {
            let folders =
                folders.split(|byte| *byte == b':').map(|folder| Path::new(OsStr::from_bytes(folder)));
            folders.map(|folder| plain(&settings.workdir.join(folder).join(&name))).collect()
        } else {
            vec![plain(&settings.workdir.join(&name))]
        };
        Self { name, bare, paths }
    }

    fn refused(&self, security: &Security) -> Option<String> {
        let shown = crate::units::visible_line(self.name.as_os_str().as_bytes());
        if let Some((entry, rule)) = security.blocked_commands.iter().find(|(entry, _)| self.may_be(entry)) {
            return Some(format!(
                "`{shown}` is blocked by `{entry}` in `blocked_commands`, set by {}",
                rule.origin
            ));
        }
        let allowed = security.allowed_commands.as_ref()?;
        if allowed.value.iter().any(|entry| self.is(entry)) {
            return None;
        }
        Some(format!("`{shown}` is not in `allowed_commands`, set by {}", allowed.origin))
    }

    /// Whether it could be the command of a rule that forbids: in doubt, yes.
    fn may_be(&self, entry: &str) -> bool {
        if entry.starts_with('/') {
            self.paths.contains(&plain(Path::new(entry)))
        } else {
            self.name.file_name() == Some(OsStr::new(entry))
        }
    }

    /// Whether it is the command of a rule that allows: in doubt, no. A program called `python3`
    /// in the workspace is not `python3`.
    fn is(&self, entry: &str) -> bool {
        if entry.starts_with('/') { self.may_be(entry) } else { self.bare && self.name == Path::new(entry) }
    }
}

/// Without `.` and `..`, as far as the text goes.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::policy::{ConfigFormat, Request, parse_config};

    fn reason(config: &str, program: &str) -> Option<String> {
        let config = Source { name: "c.toml".to_owned(), text: config.into() };
        let config = parse_config(&config, ConfigFormat::Toml).expect("valid");
        let operator = Operator { config, ..Operator::default() };
        let request = Request { argv: vec![NoNul::new(program).expect("no NUL")], ..Request::default() };
        super::super::command(&request, &operator).expect("resolves").blocked.map(|reason| reason.to_string())
    }

    #[test]
    fn a_blocked_command_is_known_by_every_spelling() {
        let by_name = "[security]\nblocked_commands = [\"curl\"]";
        let by_path = "[security]\nblocked_commands = [\"/usr/bin/curl\"]";
        for program in ["curl", "/usr/bin/curl", "/usr/bin/../bin/./curl"] {
            assert!(reason(by_name, program).is_some(), "{program}");
            assert!(reason(by_path, program).is_some(), "{program}");
        }
        assert_eq!(reason(by_path, "/opt/curl"), None);
        assert_eq!(reason(by_name, "curly"), None);
    }

    #[test]
    fn the_reason_names_the_rule_and_its_place() {
        assert_eq!(
            reason("[policy]\nblocked_commands = [\"rm\"]", "rm").expect("blocked"),
            "`rm` is blocked by `rm` in `blocked_commands`, set by c.toml:2 ([policy])"
        );
    }

    #[test]
    fn where_some_are_allowed_no_other_is() {
        let config = "[security]\nallowed_commands = [\"python3\", \"/bin/echo\"]";
        assert_eq!(reason(config, "python3"), None);
        assert_eq!(reason(config, "/bin/echo"), None);
        assert_eq!(reason(config, "echo"), None);
        for program in ["./python3", "/workspace/python3", "sh"] {
            assert!(reason(config, program).is_some(), "{program}");
        }
        assert!(reason("[security]\nallowed_commands = []", "true").is_some());
    }
}
