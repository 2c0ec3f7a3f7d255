//! [`limits`]: layers of written limits and ceilings, made one set of concrete limits.

use std::fmt::Display;
use std::time::Duration;

use super::ResolvedLimits;
use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::limits::{Origin, Resolved, WrittenLimits};
use crate::policy::Policy;
use crate::units::{Bytes, format_duration};

/// Every limit from the first of `layers` that has it (the uppermost comes first), else built in,
/// and none above a ceiling of `policies`. A built-in value above a ceiling is lowered to it; a
/// value that somebody wrote is an error, because they would not get what they asked for.
///
/// # Errors
/// One [`Code::OutOfRange`] for each value above a ceiling, with both origins.
pub fn limits(layers: &[&WrittenLimits], policies: &[&Policy]) -> Result<ResolvedLimits, Vec<Diagnostic>> {
    let written = layers.iter().fold(WrittenLimits::default(), |whole, layer| whole.or((*layer).clone()));
    let mut check = Check { policies, errors: Vec::new() };
    let resolved = check.all(written);
    if check.errors.is_empty() { Ok(resolved) } else { Err(check.errors) }
}

struct Check<'a> {
    policies: &'a [&'a Policy],
    errors: Vec<Diagnostic>,
}

/// How one limit is called and shown in a message about its ceiling.
struct Shown<T> {
    name: &'static str,
    ceiling: &'static str,
    show: fn(&T) -> String,
    exceeds: fn(&T, &T) -> bool,
}

fn shown<T: Display>(value: &T) -> String {
    value.to_string()
}

fn exceeds<T: PartialOrd>(value: &T, ceiling: &T) -> bool {
    value > ceiling
}

fn time_or_none(time: &Option<Duration>) -> String {
    time.map_or_else(|| "unlimited".to_owned(), format_duration)
}

/// No limit at all is above every ceiling.
fn longer(time: &Option<Duration>, ceiling: &Option<Duration>) -> bool {
    ceiling.is_some_and(|ceiling| time.is_none_or(|time| time > ceiling))
}

impl Check<'_> {
    fn all(&mut self, written: WrittenLimits) -> ResolvedLimits {
        let memory = self.below(
            written.memory.unwrap_or(Resolved::builtin(Bytes::mib(256))),
            |ceilings| ceilings.memory.as_ref(),
            &Shown { name: "memory", ceiling: "max_memory_bytes", show: shown, exceeds },
        );
        let disk = self.below(
            written.disk.unwrap_or_else(|| half(&memory)),
            |ceilings| ceilings.disk.as_ref(),
            &Shown { name: "max_disk", ceiling: "max_disk_bytes", show: shown, exceeds },
        );
        let file_size = self.below(
            written.file_size.unwrap_or_else(|| same(&disk)),
            |ceilings| ceilings.file_size.as_ref(),
            &Shown { name: "max_file_size", ceiling: "max_file_bytes", show: shown, exceeds },
        );
        ResolvedLimits {
            wall: self.below(
                written.wall.unwrap_or(Resolved::builtin(Duration::from_secs(30))),
                |ceilings| ceilings.wall.as_ref(),
                &Shown {
                    name: "timeout",
                    ceiling: "max_timeout_ms",
                    show: |time| format_duration(*time),
                    exceeds,
                },
            ),
            cpu: self.below(
                written.cpu.unwrap_or(Resolved::builtin(None)),
                |ceilings| ceilings.cpu.as_ref(),
                &Shown { name: "cpu_time", ceiling: "max_cpu_time_ms", show: time_or_none, exceeds: longer },
            ),
            pids: self.below(
                written.pids.unwrap_or(Resolved::builtin(100)),
                |ceilings| ceilings.pids.as_ref(),
                &Shown { name: "max_pids", ceiling: "max_pids", show: shown, exceeds },
            ),
            output: self.below(
                written.output.unwrap_or(Resolved::builtin(Bytes::mib(1))),
                |ceilings| ceilings.output.as_ref(),
                &Shown { name: "max_output", ceiling: "max_output_bytes", show: shown, exceeds },
            ),
            open_files: self.below(
                written.open_files.unwrap_or(Resolved::builtin(1024)),
                |ceilings| ceilings.open_files.as_ref(),
                &Shown { name: "open_files", ceiling: "max_open_files", show: shown, exceeds },
            ),
            cpu_shares: self.below(
                written.cpu_shares.unwrap_or(Resolved::builtin(1024)),
                |ceilings| ceilings.cpu_shares.as_ref(),
                &Shown { name: "cpu", ceiling: "max_cpu_shares", show: shown, exceeds },
            ),
            memory,
            disk,
            file_size,
        }
    }

    fn below<T: Clone>(
        &mut self,
        value: Resolved<T>,
        ceiling: impl Fn(&WrittenLimits) -> Option<&Resolved<T>>,
        shown: &Shown<T>,
    ) -> Resolved<T> {
        let mut value = value;
        for policy in self.policies {
            let Some(ceiling) = ceiling(&policy.ceilings) else { continue };
            if !(shown.exceeds)(&value.value, &ceiling.value) {
                continue;
            }
            if matches!(value.origin, Origin::Builtin | Origin::Derived(_)) {
                let how = format!("lowered to the ceiling `{}` of {}", shown.ceiling, ceiling.origin);
                value = Resolved { value: ceiling.value.clone(), origin: Origin::Derived(how) };
            } else {
                self.errors.push(above(&value, ceiling, shown));
            }
        }
        value
    }
}

fn half(memory: &Resolved<Bytes>) -> Resolved<Bytes> {
    Resolved {
        value: Bytes(memory.value.0 / 2),
        origin: Origin::Derived("half of the memory limit".to_owned()),
    }
}

fn same(disk: &Resolved<Bytes>) -> Resolved<Bytes> {
    Resolved { value: disk.value, origin: Origin::Derived("the disk limit".to_owned()) }
}

fn above<T>(value: &Resolved<T>, ceiling: &Resolved<T>, shown: &Shown<T>) -> Diagnostic {
    let (asked, most) = ((shown.show)(&value.value), (shown.show)(&ceiling.value));
    Diagnostic {
        code: Code::OutOfRange,
        message: format!(
            "{} {asked}, set by {}, is above the ceiling `{}` of {most}, set by {}",
            shown.name, value.origin, shown.ceiling, ceiling.origin
        ),
        place: None,
        other: None,
        help: format!("ask for {most} or less, or have the ceiling raised at {}", ceiling.origin),
    }
}
