//! The options of a command line as the layer of values that stands above profiles and suites.
//! Their texts are read by the same code as a configuration's.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::{IsolationArgs, LimitArgs, OperatorArgs, RequireArg, SingleArgs};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::judge::Code;
use crate::limits::{Key, Origin, Resolved, Scalar, SetError, WrittenLimits};
use crate::policy::{Isolation, Mount, Overrides, Profile, parse_bind, parse_variable};

/// The options of a single command.
pub(super) fn of_single(args: &SingleArgs) -> Result<Overrides, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    let limits = limits(&args.limits, &mut wrong);
    let isolation = isolation(&args.isolation, &mut wrong);
    let mut settings = Profile { limits, isolation, ..Profile::default() };
    for text in &args.isolation.env {
        match parse_variable(text) {
            Ok((name, value)) => {
                let origin = Origin::Option("--env".into());
                settings.environment.insert(name, Resolved { value, origin });
            }
            Err(error) => wrong.push(error.to_diagnostic("--env", text)),
        }
    }
    if wrong.is_empty() { Ok(of_operator(&args.operator, settings)) } else { Err(wrong) }
}

/// The options of a run of suites: `--set KEY=VALUE`.
pub(super) fn of_suite(operator: &OperatorArgs, set: &[String]) -> Result<Overrides, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    let mut limits = WrittenLimits::default();
    for text in set {
        match text.split_once('=') {
            Some((key, value)) => {
                set_one(&mut limits, "--set", text, (key.trim(), value.trim()), &mut wrong);
            }
            None => wrong.push(at("--set", text, Code::InvalidCommand, "not KEY=VALUE", &known_keys())),
        }
    }
    let settings = Profile { limits, ..Profile::default() };
    if wrong.is_empty() { Ok(of_operator(operator, settings)) } else { Err(wrong) }
}

fn of_operator(args: &OperatorArgs, settings: Profile) -> Overrides {
    let option = |name: &str| Origin::Option(name.into());
    Overrides {
        profile: args.profile.clone().map(|value| Resolved { value, origin: option("--profile") }),
        settings,
        best_effort: args.require.map(|require| Resolved {
            value: require == RequireArg::BestEffort,
            origin: option("--require"),
        }),
        time_factor: args.time_factor.map(|value| Resolved { value, origin: option("--time-factor") }),
    }
}

fn limits(args: &LimitArgs, wrong: &mut Vec<Diagnostic>) -> WrittenLimits {
    let mut limits = WrittenLimits::default();
    let options = [
        ("--timeout", "timeout", &args.timeout),
        ("--memory", "memory", &args.memory),
        ("--cpu", "cpu", &args.cpu),
        ("--cpu-time", "cpu_time", &args.cpu_time),
        ("--max-output", "max_output", &args.max_output),
        ("--max-pids", "max_pids", &args.max_pids),
        ("--max-file-size", "max_file_size", &args.max_file_size),
        ("--max-disk", "max_disk", &args.max_disk),
        ("--open-files", "open_files", &args.open_files),
    ];
    for (option, key, text) in options {
        if let Some(text) = text {
            set_one(&mut limits, option, text, (key, text), wrong);
        }
    }
    limits
}

/// Sets one limit; `whole` is what was typed after `option`, for the message.
fn set_one(
    limits: &mut WrittenLimits,
    option: &str,
    whole: &str,
    (key, value): (&str, &str),
    wrong: &mut Vec<Diagnostic>,
) {
    let origin = if option == "--set" { format!("--set {key}") } else { option.to_owned() };
    let error = limits.set(key, &Scalar::Text(value.to_owned()), Origin::Option(origin.into())).err();
    let Some(error) = error else { return };
    let (code, help) = match &error {
        SetError::UnknownKey { nearest: Some(name) } => {
            (Code::InvalidInput, format!("did you mean `{name}`?"))
        }
        SetError::UnknownKey { nearest: None } => (Code::InvalidInput, known_keys()),
        SetError::Twice { .. } | SetError::Malformed(_) => (Code::InvalidInput, String::new()),
        SetError::OutOfRange(_) => (Code::OutOfRange, String::new()),
    };
    wrong.push(at(option, whole, code, &error.to_string(), &help));
}

fn known_keys() -> String {
    format!("limits are: {}", Key::names().collect::<Vec<_>>().join(", "))
}

fn isolation(args: &IsolationArgs, wrong: &mut Vec<Diagnostic>) -> Isolation {
    let option = |name: &str| Origin::Option(name.into());
    let same_place = |(path, writable): (&PathBuf, bool)| Resolved {
        value: Mount { source: path.clone(), dest: None, writable },
        origin: option(if writable { "--writable" } else { "--readonly" }),
    };
    let readonly = args.readonly.iter().map(|path| (path, false));
    let writable = args.writable.iter().map(|path| (path, true));
    let mut mounts: Vec<_> = readonly.chain(writable).map(same_place).collect();
    for text in &args.bind {
        match parse_bind(text) {
            Ok(value) => mounts.push(Resolved { value, origin: option("--bind") }),
            Err(error) => wrong.push(error.to_diagnostic("--bind", text)),
        }
    }
    Isolation {
        network: args.network.then(|| Resolved { value: true, origin: option("--network") }),
        mounts,
        workdir: args.workdir.clone().map(|value| Resolved { value, origin: option("--workdir") }),
        seccomp: None,
    }
}

/// Something wrong with what was typed after an option.
fn at(option: &str, text: &str, code: Code, message: &str, help: &str) -> Diagnostic {
    let source = Source { name: option.to_owned(), text: Arc::from(text) };
    let place = Place { source, span: 0..text.len(), label: String::new() };
    let message = format!("{option}: {message}");
    Diagnostic { code, message, place: Some(place), other: None, help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_option_is_reported_at_once() {
        let operator = OperatorArgs { config: None, profile: None, require: None, time_factor: None };
        let set = ["memory=lots", "nonsense", "timeuot=3", "timeout=0", "cpu=512"].map(str::to_owned);
        let wrong = of_suite(&operator, &set).expect_err("four are wrong");
        let codes: Vec<_> = wrong.iter().map(|diagnostic| diagnostic.code.number()).collect();
        assert_eq!(codes, ["E1001", "E2004", "E1001", "E1003"]);
        assert_eq!(wrong[2].help, "did you mean `timeout`?");
    }
}
