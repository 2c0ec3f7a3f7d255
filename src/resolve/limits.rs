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
                value = Resolved { value: ceiling.value.clone(), origin: Origin::Derived(how.into()) };
            } else {
                self.errors.push(above(&value, ceiling, shown));
            }
        }
        value
    }
}

fn half(memory: &Resolved<Bytes>) -> Resolved<Bytes> {
    Resolved { value: Bytes(memory.value.0 / 2), origin: Origin::Derived("half of the memory limit".into()) }
}

fn same(disk: &Resolved<Bytes>) -> Resolved<Bytes> {
    Resolved { value: disk.value, origin: Origin::Derived("the disk limit".into()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pids: Option<u32>, origin: Origin) -> WrittenLimits {
        WrittenLimits { pids: pids.map(|value| Resolved { value, origin }), ..WrittenLimits::default() }
    }

    fn option(name: &str) -> Origin {
        Origin::Option(name.into())
    }

    /// Every combination of two layers and two ceilings, each absent, low or high.
    #[test]
    fn the_upper_layer_wins_and_the_lowest_ceiling_holds() {
        let values = [None, Some(50), Some(150)];
        let mut seen = 0;
        for upper in values {
            for lower in values {
                for host in values {
                    for config in values {
                        check(upper, lower, host, config);
                        seen += 1;
                    }
                }
            }
        }
        assert_eq!(seen, 81);
    }

    fn check(upper: Option<u32>, lower: Option<u32>, host: Option<u32>, config: Option<u32>) {
        let layers = [of(upper, option("upper")), of(lower, option("lower"))];
        let policy = |most, name| Policy { ceilings: of(most, option(name)), ..Policy::default() };
        let policies = [policy(host, "host"), policy(config, "config")];
        let resolved = limits(&[&layers[0], &layers[1]], &[&policies[0], &policies[1]]);
        let wanted = upper.or(lower).unwrap_or(100);
        let exceeded: Vec<_> = [host, config].into_iter().flatten().filter(|most| wanted > *most).collect();
        let case = format!("{upper:?} {lower:?} {host:?} {config:?}");
        match resolved {
            Ok(limits) if exceeded.is_empty() => {
                assert_eq!(limits.pids.value, wanted, "{case}");
                let origin = upper.map(|_| option("upper")).or(lower.map(|_| option("lower")));
                assert_eq!(limits.pids.origin, origin.unwrap_or(Origin::Builtin), "{case}");
            }
            Ok(limits) => {
                assert_eq!(upper.or(lower), None, "only what nobody wrote is lowered: {case}");
                assert_eq!(Some(limits.pids.value), exceeded.iter().copied().min(), "{case}");
            }
            Err(errors) => {
                assert!(upper.or(lower).is_some(), "{case}");
                assert_eq!(errors.len(), exceeded.len(), "{case}");
            }
        }
    }

    #[test]
    fn every_limit_above_its_ceiling_is_reported_at_once() {
        let set = |pairs: &[(&str, i128)], name: &str| {
            let mut limits = WrittenLimits::default();
            for (key, value) in pairs {
                let scalar = crate::limits::Scalar::Integer(*value);
                limits.set(key, &scalar, option(name)).expect("valid");
            }
            limits
        };
        let keys = crate::limits::KEYS.iter().map(|key| key.short);
        let high: Vec<_> = keys.clone().map(|key| (key, 4_000_000)).map(bounded).collect();
        let low: Vec<_> = keys.map(|key| (key, 2_000_000)).map(bounded).collect();
        let policy = Policy { ceilings: set(&low, "ceiling"), ..Policy::default() };
        let errors = limits(&[&set(&high, "asked")], &[&policy]).expect_err("all are above");
        assert_eq!(errors.len(), crate::limits::KEYS.len());
        for error in errors {
            assert!(
                error.message.contains("asked") && error.message.contains("ceiling"),
                "{}",
                error.message
            );
        }
    }

    /// Counts do not go as far as sizes.
    fn bounded((key, value): (&str, i128)) -> (&str, i128) {
        if ["open_files", "cpu"].contains(&key) { (key, value / 20) } else { (key, value) }
    }
}
