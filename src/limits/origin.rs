//! [`Resolved`]: a value and the place that it came from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A value and the place that it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved<T> {
    /// The value.
    pub value: T,
    /// Its origin.
    pub origin: Origin,
}

impl<T> Resolved<T> {
    /// A value that is built in.
    pub const fn builtin(value: T) -> Self {
        Self { value, origin: Origin::Builtin }
    }
}

/// Where a value came from. A hundred thousand cases may have limits of their own: what they have in
/// common is there once. Shown by `--dry-run` and in errors about ceilings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origin {
    /// Built into capsule-run.
    #[default]
    Builtin,
    /// A file: name, line (0: not known) and the key or profile.
    File {
        /// The file as the user named it.
        file: Arc<str>,
        /// Line, from 1; 0 where it is not known.
        line: u32,
        /// What set it there: `profile std`, `case sum`, `[defaults.resources]`.
        what: Arc<str>,
    },
    /// An option of the command line: `--memory`.
    Option(Arc<str>),
    /// An environment variable: `CAPSULE_PROFILE`.
    Environment(Arc<str>),
    /// Derived from another value, in words: "half of the memory limit".
    Derived(Cow<'static, str>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin => f.write_str("built in"),
            Self::File { file, line: 0, what } => write!(f, "{file} ({what})"),
            Self::File { file, line, what } => write!(f, "{file}:{line} ({what})"),
            Self::Option(option) => f.write_str(option),
            Self::Environment(variable) => write!(f, "${variable}"),
            Self::Derived(how) => f.write_str(how),
        }
    }
}
