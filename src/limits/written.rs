//! [`WrittenLimits`]: limits as somebody wrote them, each perhaps absent, each with its origin.

use std::time::Duration;

use super::{KEYS, Key, LimitField, Origin, Resolved};
use crate::diagnostic::nearest;
use crate::units::{Bytes, parse_duration};

/// A scalar as a configuration or suite file has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A whole number.
    Integer(i128),
    /// A text, perhaps with a unit.
    Text(String),
    /// Anything else (a float, a boolean, a list…), named for the message.
    Other(&'static str),
}

/// Limits as somebody wrote them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenLimits {
    /// Wall-clock time.
    pub wall: Option<Resolved<Duration>>,
    /// CPU time; `Some(None)` is written `unlimited`.
    pub cpu: Option<Resolved<Option<Duration>>>,
    /// Memory.
    pub memory: Option<Resolved<Bytes>>,
    /// Processes.
    pub pids: Option<Resolved<u32>>,
    /// Output.
    pub output: Option<Resolved<Bytes>>,
    /// Size of one file.
    pub file_size: Option<Resolved<Bytes>>,
    /// All writable places.
    pub disk: Option<Resolved<Bytes>>,
    /// Open files.
    pub open_files: Option<Resolved<u32>>,
    /// CPU weight.
    pub cpu_shares: Option<Resolved<u32>>,
}

/// Why a limit was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// No limit has this name.
    #[error("unknown key")]
    UnknownKey {
        /// The nearest name there is.
        nearest: Option<&'static str>,
    },
    /// The same limit was set before in the same place, perhaps by its other name.
    #[error("the {field} limit is set twice: `{first}` is another name for `{second}`")]
    Twice {
        /// What it limits.
        field: &'static str,
        /// The other name.
        first: &'static str,
        /// The name in use.
        second: &'static str,
    },
    /// The value is of the wrong kind or does not parse (E1001).
    #[error("{0}")]
    Malformed(String),
    /// The value parses but makes no sense (E1003).
    #[error("{0}")]
    OutOfRange(String),
}

impl WrittenLimits {
    /// Sets the limit `key` from a scalar.
    ///
    /// # Errors
    /// [`SetError`] says what is wrong with the key or the value.
    pub fn set(&mut self, key: &str, value: &Scalar, origin: Origin) -> Result<(), SetError> {
        let Some(key) = Key::find(key) else {
            return Err(SetError::UnknownKey { nearest: nearest(key, Key::names()) });
        };
        if self.has(key.field) {
            return Err(SetError::Twice { field: key.short, first: key.long, second: key.short });
        }
        match key.field {
            LimitField::Wall => self.wall = Some(Resolved { value: time(value)?, origin }),
            LimitField::Cpu => {
                let unlimited = matches!(value, Scalar::Text(text) if text == "unlimited");
                let value = if unlimited { None } else { Some(time(value)?) };
                self.cpu = Some(Resolved { value, origin });
            }
            LimitField::Memory => {
                self.memory = Some(Resolved { value: size(value, Bytes::mib(1))?, origin });
            }
            LimitField::Pids => self.pids = Some(Resolved { value: count(value, 1, 4_194_304)?, origin }),
            LimitField::Output => self.output = Some(Resolved { value: size(value, Bytes(0))?, origin }),
            LimitField::FileSize => self.file_size = Some(Resolved { value: size(value, Bytes(0))?, origin }),
            LimitField::Disk => self.disk = Some(Resolved { value: size(value, Bytes::kib(64))?, origin }),
            LimitField::OpenFiles => {
                self.open_files = Some(Resolved { value: count(value, 8, 1_048_576)?, origin });
            }
            LimitField::CpuShares => {
                self.cpu_shares = Some(Resolved { value: count(value, 2, 262_144)?, origin });
            }
        }
        Ok(())
    }

    fn has(&self, field: LimitField) -> bool {
        self.origin(field).is_some()
    }

    /// These limits, and those of `lower` where these say nothing.
    #[must_use]
    pub fn or(self, lower: Self) -> Self {
        Self {
            wall: self.wall.or(lower.wall),
            cpu: self.cpu.or(lower.cpu),
            memory: self.memory.or(lower.memory),
            pids: self.pids.or(lower.pids),
            output: self.output.or(lower.output),
            file_size: self.file_size.or(lower.file_size),
            disk: self.disk.or(lower.disk),
            open_files: self.open_files.or(lower.open_files),
            cpu_shares: self.cpu_shares.or(lower.cpu_shares),
        }
    }

    /// The limits that both have: their short names, and where this one has them from.
    #[must_use]
    pub fn in_both(&self, other: &Self) -> Vec<(&'static str, &Origin)> {
        let both = KEYS.iter().filter(|key| other.has(key.field));
        both.filter_map(|key| Some((key.short, self.origin(key.field)?))).collect()
    }

    fn origin(&self, field: LimitField) -> Option<&Origin> {
        match field {
            LimitField::Wall => self.wall.as_ref().map(|limit| &limit.origin),
            LimitField::Cpu => self.cpu.as_ref().map(|limit| &limit.origin),
            LimitField::Memory => self.memory.as_ref().map(|limit| &limit.origin),
            LimitField::Pids => self.pids.as_ref().map(|limit| &limit.origin),
            LimitField::Output => self.output.as_ref().map(|limit| &limit.origin),
            LimitField::FileSize => self.file_size.as_ref().map(|limit| &limit.origin),
            LimitField::Disk => self.disk.as_ref().map(|limit| &limit.origin),
            LimitField::OpenFiles => self.open_files.as_ref().map(|limit| &limit.origin),
            LimitField::CpuShares => self.cpu_shares.as_ref().map(|limit| &limit.origin),
        }
    }
}

fn time(value: &Scalar) -> Result<Duration, SetError> {
    not_negative(value)?;
    let duration = match value {
        Scalar::Integer(ms) => parse_duration(&ms.to_string()),
        Scalar::Text(text) => parse_duration(text),
        Scalar::Other(kind) => {
            return Err(SetError::Malformed(format!(
                "{kind} is not a duration: write milliseconds as an integer, or a number with ms, s or m, such as 2s"
            )));
        }
    }
    .map_err(|error| SetError::Malformed(error.to_string()))?;
    if duration.is_zero() {
        return Err(SetError::OutOfRange("a time limit must be more than 0".to_owned()));
    }
    Ok(duration)
}

fn size(value: &Scalar, least: Bytes) -> Result<Bytes, SetError> {
    not_negative(value)?;
    let size: Bytes = match value {
        Scalar::Integer(bytes) => bytes.to_string().parse(),
        Scalar::Text(text) => text.parse(),
        Scalar::Other(kind) => {
            return Err(SetError::Malformed(format!(
                "{kind} is not a size: write a number of bytes, or a number with K, M, G or T (powers of 1024), such as 256M"
            )));
        }
    }
    .map_err(|error: crate::units::ParseBytesError| SetError::Malformed(error.to_string()))?;
    if size < least {
        return Err(SetError::OutOfRange(format!("{size} is too little: at least {least} is needed")));
    }
    Ok(size)
}

fn not_negative(value: &Scalar) -> Result<(), SetError> {
    match value {
        Scalar::Integer(number) if *number < 0 => {
            Err(SetError::OutOfRange(format!("{number} is less than 0")))
        }
        Scalar::Integer(_) | Scalar::Text(_) | Scalar::Other(_) => Ok(()),
    }
}

fn count(value: &Scalar, least: u32, most: u32) -> Result<u32, SetError> {
    let count = match value {
        Scalar::Integer(count) => *count,
        Scalar::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| SetError::Malformed("not a number: write an integer".to_owned()))?,
        Scalar::Other(kind) => {
            return Err(SetError::Malformed(format!("{kind} is not a whole number: write an integer")));
        }
    };
    match u32::try_from(count) {
        Ok(count) if (least..=most).contains(&count) => Ok(count),
        _ => Err(SetError::OutOfRange(format!("{count} is out of range: {least} to {most}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_name_sets_a_limit_but_not_both() {
        let mut limits = WrittenLimits::default();
        limits.set("timeout_ms", &Scalar::Text("2s".into()), Origin::Builtin).expect("valid");
        assert_eq!(limits.wall, Some(Resolved::builtin(Duration::from_secs(2))));
        let twice = limits.set("timeout", &Scalar::Integer(5), Origin::Builtin);
        assert!(matches!(twice, Err(SetError::Twice { .. })));
    }

    #[test]
    fn a_typo_names_the_nearest_key() {
        let error = WrittenLimits::default().set("timeuot", &Scalar::Integer(5), Origin::Builtin);
        assert_eq!(error, Err(SetError::UnknownKey { nearest: Some("timeout") }));
    }

    #[test]
    fn values_that_make_no_sense_are_out_of_range() {
        for (key, value) in [
            ("timeout", 0),
            ("memory", 1),
            ("max_pids", 0),
            ("cpu", 1),
            ("open_files", 2),
            ("memory", -1),
            ("timeout", -1),
        ] {
            let error = WrittenLimits::default().set(key, &Scalar::Integer(value), Origin::Builtin);
            assert!(matches!(error, Err(SetError::OutOfRange(_))), "{key}");
        }
    }
}
