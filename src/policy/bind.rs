//! `SRC:DEST[:ro|rw]` and `NAME=VALUE`, as options, configurations and requests have them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::Mount;
use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::units::{NoNul, visible_line};

/// Why a text is not `SRC:DEST[:ro|rw]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// No colon, or nothing on one side of it, or too many.
    #[error("not of the form SRC:DEST[:ro|rw]")]
    Form,
    /// What stands behind the second colon.
    #[error("the access is neither `ro` nor `rw`")]
    Access,
    /// A destination that is not absolute.
    #[error("the destination is not absolute")]
    Relative,
    /// A destination with `..`.
    #[error("the destination contains `..`")]
    Parent,
    /// A destination that would hide the whole root.
    #[error("the destination is the root itself")]
    Root,
    /// A NUL byte.
    #[error("contains a NUL byte")]
    Nul,
}

/// Why a text is not `NAME=VALUE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// No `=`.
    #[error("has no `=`: write NAME=VALUE")]
    NoEquals,
    /// Nothing before the `=`.
    #[error("the name before `=` is empty")]
    EmptyName,
    /// A NUL byte.
    #[error("contains a NUL byte")]
    Nul,
}

/// Parses `SRC:DEST[:ro|rw]`. Without an access it is `ro`: writes reach the host only if asked for.
///
/// # Errors
/// [`BindError`] says what is wrong.
pub fn parse_bind(text: &OsStr) -> Result<Mount, BindError> {
    let bytes = text.as_bytes();
    if bytes.contains(&0) {
        return Err(BindError::Nul);
    }
    let parts: Vec<&[u8]> = bytes.split(|byte| *byte == b':').collect();
    let (source, dest, access) = match parts.as_slice() {
        [source, dest] => (*source, *dest, &b"ro"[..]),
        [source, dest, access] => (*source, *dest, *access),
        _ => return Err(BindError::Form),
    };
    if source.is_empty() || dest.is_empty() {
        return Err(BindError::Form);
    }
    let writable = match access {
        b"ro" => false,
        b"rw" => true,
        _ => return Err(BindError::Access),
    };
    let dest = PathBuf::from(OsStr::from_bytes(dest));
    check_dest(&dest)?;
    Ok(Mount { source: PathBuf::from(OsStr::from_bytes(source)), dest: Some(dest), writable })
}

/// What a destination inside the sandbox must be: absolute, without `..`, not the root itself.
///
/// # Errors
/// [`BindError`] says which of them it is not.
pub fn check_dest(dest: &Path) -> Result<(), BindError> {
    if !dest.is_absolute() {
        return Err(BindError::Relative);
    }
    if dest.components().any(|part| part == Component::ParentDir) {
        return Err(BindError::Parent);
    }
    if dest.components().eq([Component::RootDir]) { Err(BindError::Root) } else { Ok(()) }
}

/// Parses `NAME=VALUE`, as `--env` has it.
///
/// # Errors
/// [`VariableError`] says what is wrong.
pub fn parse_variable(text: &OsStr) -> Result<(NoNul, NoNul), VariableError> {
    let bytes = text.as_bytes();
    let equals = bytes.iter().position(|byte| *byte == b'=').ok_or(VariableError::NoEquals)?;
    let (name, value) = bytes.split_at(equals);
    if name.is_empty() {
        return Err(VariableError::EmptyName);
    }
    let value = value.strip_prefix(b"=").unwrap_or(value);
    match (NoNul::new(name), NoNul::new(value)) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        _ => Err(VariableError::Nul),
    }
}

impl BindError {
    /// The error of an option (`--bind`) with this text.
    #[must_use]
    pub fn to_diagnostic(self, option: &str, text: &OsStr) -> Diagnostic {
        let help = "write SRC:DEST[:ro|rw] with an absolute DEST without `..`, such as /data:/input:ro";
        invalid(option, text, &self.to_string(), help)
    }
}

impl VariableError {
    /// The error of an option (`--env`) with this text.
    #[must_use]
    pub fn to_diagnostic(self, option: &str, text: &OsStr) -> Diagnostic {
        invalid(option, text, &self.to_string(), "write NAME=VALUE, such as MODE=fast")
    }
}

fn invalid(option: &str, text: &OsStr, reason: &str, help: &str) -> Diagnostic {
    Diagnostic {
        code: Code::InvalidCommand,
        message: format!("{option} `{}`: {reason}", visible_line(text.as_bytes())),
        place: None,
        other: None,
        help: help.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_is_read_only_unless_it_says_rw() {
        let bind = |text: &str| parse_bind(OsStr::new(text)).map(|mount| mount.writable);
        assert_eq!(bind("/a:/b"), Ok(false));
        assert_eq!(bind("/a:/b:ro"), Ok(false));
        assert_eq!(bind("./a:/b:rw"), Ok(true));
    }

    #[test]
    fn a_bind_that_could_go_astray_is_refused() {
        for (text, error) in [
            ("/a", BindError::Form),
            (":/b", BindError::Form),
            ("/a:", BindError::Form),
            ("/a:/b:ro:x", BindError::Form),
            ("/a:/b:r", BindError::Access),
            ("/a:b", BindError::Relative),
            ("/a:/b/../../etc", BindError::Parent),
            ("/a://.", BindError::Root),
            ("/a\0:/b", BindError::Nul),
        ] {
            assert_eq!(parse_bind(OsStr::new(text)), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_variable_needs_a_name_and_an_equals_sign() {
        let parse = |text: &str| parse_variable(OsStr::new(text));
        let (name, value) = parse("A=b=c").expect("valid");
        assert_eq!((name.as_bytes(), value.as_bytes()), (&b"A"[..], &b"b=c"[..]));
        assert_eq!(parse("A"), Err(VariableError::NoEquals));
        assert_eq!(parse("=b"), Err(VariableError::EmptyName));
        assert_eq!(parse("A=\0"), Err(VariableError::Nul));
    }
}
