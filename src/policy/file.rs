//! [`ConfigFile`]: the keys of a configuration, and [`parse_config`] and [`parse_policy`], which
//! make the values of `config` and `ceilings` of them.

use std::collections::BTreeMap;

use super::read::{
    AbsolutePath, BindText, CeilingKeys, ConfigFormat, Entry, LimitKeys, Names, Node, Read, Reader, Time,
    Value, W, document, section,
};
use super::{
    CgroupsVersion, Config, Isolation, Linux, MacOs, Monitoring, Mount, Policy, Profile, ProfileError,
    Profiles, SeccompChoice, Security,
};
use crate::diagnostic::{Diagnostic, Source};
use crate::judge::Code;
use crate::limits::{Resolved, WrittenLimits};

section! {
    /// A configuration of capsule-run.
    ConfigFile {
        /// For every run, where its profile does not say otherwise.
        defaults: DefaultsFile,
        /// Limits and isolation under a name: `--profile NAME`.
        profiles: BTreeMap<String, W<ProfileFile>>,
        /// What depends on the operating system.
        platform: PlatformFile,
        /// What is measured and logged.
        monitoring: MonitoringFile,
        /// Which commands may run, and how many at a time.
        security: SecurityFile,
        /// Ceilings that no profile, suite, request or option exceeds.
        policy: PolicyFile,
    }
}

section! {
    /// For every run, where its profile does not say otherwise. Limits may stand here or in `resources`.
    DefaultsFile {
        /// Limits.
        resources: ResourcesFile,
        /// What the program sees.
        isolation: IsolationFile,
        /// Environment variables, besides PATH, HOME, LANG and TZ.
        environment: Names,
        + limits: LimitKeys,
    }
}

section! {
    /// Limits and isolation under a name. Limits may stand here or in `resources`.
    ProfileFile {
        /// The profile that says what this one does not.
        inherits: String,
        /// Limits.
        resources: ResourcesFile,
        /// What the program sees.
        isolation: IsolationFile,
        /// Environment variables, besides PATH, HOME, LANG and TZ.
        environment: Names,
        + limits: LimitKeys,
    }
}

section! {
    /// Limits.
    ResourcesFile {
        + limits: LimitKeys,
    }
}

section! {
    /// What the program sees.
    IsolationFile {
        /// Whether it sees the host's network.
        network: bool,
        /// Host paths that it may read, besides the system's.
        readonly_paths: Vec<W<AbsolutePath>>,
        /// Host paths that it may write to.
        writable_paths: Vec<W<AbsolutePath>>,
        /// Host paths shown elsewhere inside: "SRC:DEST", "SRC:DEST:rw".
        bind_mounts: Vec<W<BindText<true>>>,
        /// Where it starts, inside.
        working_directory: AbsolutePath,
        /// Which system calls it may make.
        seccomp_policy: SeccompChoice,
    }
}

section! {
    /// What depends on the operating system.
    PlatformFile {
        /// Linux.
        linux: LinuxFile,
        /// macOS.
        macos: MacOsFile,
    }
}

section! {
    /// Linux.
    LinuxFile {
        /// Which cgroup interface holds the limits.
        cgroups_version: CgroupsVersion,
        /// A cgroup of version 2, made for that, in which cases get theirs.
        cgroup_folder: AbsolutePath,
        /// Whether system calls are filtered.
        enable_seccomp: bool,
        /// Which filter, where a profile does not say.
        seccomp_policy: SeccompChoice,
    }
}

section! {
    /// macOS.
    MacOsFile {
        /// Whether sandbox-exec is used.
        enable_sandbox_exec: bool,
    }
}

section! {
    /// What is measured and logged.
    MonitoringFile {
        /// Whether what a program used is reported.
        enable_resource_tracking: bool,
        /// How often the process tree is looked at where no cgroup counts for us.
        monitor_interval_ms: Time,
        /// How long a sandbox may take to be ready before that is our fault (E3002).
        setup_timeout_ms: Time,
        /// Whether bytes read and written are reported.
        enable_io_statistics: bool,
        /// Whether each execution is logged.
        log_executions: bool,
        /// The log of executions.
        log_file: AbsolutePath,
    }
}

section! {
    /// Which commands may run, and how many at a time.
    SecurityFile {
        /// Commands that are refused, by name or absolute path.
        blocked_commands: Vec<W<String>>,
        /// The only commands that are allowed, by name or absolute path.
        allowed_commands: Vec<W<String>>,
        /// How many executions a user may have at one time on this host.
        max_concurrent_executions: u32,
    }
}

section! {
    /// Ceilings that no profile, suite, request or option exceeds.
    PolicyFile {
        /// Whether the network may be asked for.
        allow_network: bool,
        /// Whether host paths may be shown inside.
        allow_bind: bool,
        /// Whether host paths may be shown writable.
        allow_writable: bool,
        /// Whether the system call filter must be on.
        require_seccomp: bool,
        /// Whether best effort is refused: all isolation that was asked for, or no run.
        require_strict: bool,
        /// Commands that are refused, by name or absolute path.
        blocked_commands: Vec<W<String>>,
        /// The only commands that are allowed, by name or absolute path.
        allowed_commands: Vec<W<String>>,
        /// How many executions a user may have at one time on this host.
        max_concurrent_executions: u32,
        + ceilings: CeilingKeys,
    }
}

/// Parses a configuration.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn parse_config(source: &Source, format: ConfigFormat) -> Result<Config, Vec<Diagnostic>> {
    let mut reader = Reader::new(source, "the configuration");
    let config = document(&mut reader, format)
        .and_then(|node| ConfigFile::read(&node, "", "", &mut reader))
        .map(|file| config(file, &mut reader));
    reader.finish(config)
}

/// Parses the host's policy file: the keys of `[policy]`, under that header or without it.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn parse_policy(source: &Source) -> Result<Policy, Vec<Diagnostic>> {
    let mut reader = Reader::new(source, "the policy");
    let policy = document(&mut reader, ConfigFormat::Toml).and_then(|node| host_policy(node, &mut reader));
    reader.finish(policy)
}

/// A file with a `[policy]` has nothing else: a key beside it would be a key of the whole file.
fn host_policy(node: Node, reader: &mut Reader<'_>) -> Option<Policy> {
    let headed = matches!(&node.value, Value::Table(entries) if entries.iter().any(is_policy));
    if !headed {
        return PolicyFile::read(&node, "", "", reader).map(|file| policy(file, reader));
    }
    let mut whole = None;
    for entry in reader.table(&node, "")?.to_vec() {
        if is_policy(&entry) {
            whole = W::<PolicyFile>::of(&entry, "", reader).map(|file| policy(file.value, reader));
        } else {
            reader.unknown(&entry, "", &["policy"]);
        }
    }
    whole
}

fn is_policy(entry: &Entry) -> bool {
    entry.name == "policy" && matches!(entry.node.value, Value::Table(_))
}

fn config(file: ConfigFile, reader: &mut Reader<'_>) -> Config {
    let platform = file.platform.map_or_else(PlatformFile::default, |platform| platform.value);
    Config {
        file: Some(reader.source().name.clone()),
        defaults: file.defaults.map_or_else(Profile::default, |defaults| defaults_of(defaults.value, reader)),
        profiles: profiles(file.profiles, reader),
        linux: platform.linux.map_or_else(Linux::default, |linux| linux_of(linux.value)),
        macos: platform.macos.map_or_else(MacOs::default, |macos| macos_of(&macos.value)),
        monitoring: file.monitoring.map_or_else(Monitoring::default, |file| monitoring(file.value)),
        security: file.security.map_or_else(Security::default, |file| {
            let SecurityFile { blocked_commands, allowed_commands, max_concurrent_executions } = file.value;
            security(blocked_commands, allowed_commands, max_concurrent_executions, reader)
        }),
        policy: file.policy.map_or_else(Policy::default, |file| policy(file.value, reader)),
    }
}

fn defaults_of(file: DefaultsFile, reader: &mut Reader<'_>) -> Profile {
    Profile {
        inherits: None,
        limits: limits(file.limits, file.resources, reader),
        isolation: file.isolation.map_or_else(Isolation::default, |file| isolation(file.value)),
        environment: environment(file.environment),
    }
}

fn profile_of(file: ProfileFile, reader: &mut Reader<'_>) -> Profile {
    Profile {
        inherits: file.inherits.map(W::resolved),
        limits: limits(file.limits, file.resources, reader),
        isolation: file.isolation.map_or_else(Isolation::default, |file| isolation(file.value)),
        environment: environment(file.environment),
    }
}

/// Limits that stand in the table itself and limits of its `resources`: none may be in both.
fn limits(direct: LimitKeys, resources: Option<W<ResourcesFile>>, reader: &mut Reader<'_>) -> WrittenLimits {
    let Some(resources) = resources else { return direct.0 };
    let below = resources.value.limits.0;
    for (name, first) in direct.0.in_both(&below) {
        reader.mistake(super::read::Mistake {
            code: Code::InvalidInput,
            span: resources.node.clone(),
            message: format!("the {name} limit is set twice: here and by {first}"),
            label: String::new(),
            help: "keep one of them".to_owned(),
        });
    }
    direct.0.or(below)
}

fn isolation(file: IsolationFile) -> Isolation {
    let plain = |paths: Option<W<Vec<W<AbsolutePath>>>>, writable: bool| {
        paths.into_iter().flat_map(|paths| paths.value).map(move |path| Resolved {
            value: Mount { source: path.value.0, dest: None, writable },
            origin: path.origin,
        })
    };
    let binds = file.bind_mounts.into_iter().flat_map(|binds| binds.value);
    let binds = binds.map(|bind| Resolved { value: bind.value.0, origin: bind.origin });
    Isolation {
        network: file.network.map(W::resolved),
        mounts: plain(file.readonly_paths, false)
            .chain(plain(file.writable_paths, true))
            .chain(binds)
            .collect(),
        workdir: file.working_directory.map(|path| Resolved { value: path.value.0, origin: path.origin }),
        seccomp: file.seccomp_policy.map(W::resolved),
    }
}

pub(super) fn environment(
    names: Option<W<Names>>,
) -> BTreeMap<crate::units::NoNul, Resolved<crate::units::NoNul>> {
    let names = names.map_or_else(BTreeMap::new, |names| names.value.0);
    names.into_iter().map(|(name, value)| (name, value.resolved())).collect()
}

/// The profiles of a file on top of the built-in ones. What they inherit must be there.
fn profiles(file: Option<W<BTreeMap<String, W<ProfileFile>>>>, reader: &mut Reader<'_>) -> Profiles {
    let file = file.map_or_else(BTreeMap::new, |file| file.value);
    let mut places = Vec::new();
    let mut layer = BTreeMap::new();
    for (name, profile) in file {
        let place = profile.value.inherits.as_ref().map_or(profile.node, |inherits| inherits.node.clone());
        places.push((name.clone(), place));
        layer.insert(name, profile_of(profile.value, reader));
    }
    let profiles = Profiles::builtin().with_layer(layer);
    for (name, span) in places {
        // A profile whose parent has an error of its own is not to blame.
        let blame = match profiles.get(&name) {
            Ok(_) => continue,
            Err(error @ ProfileError::NotFound { .. }) if error.is_inherited_by(&name) => error,
            Err(error @ ProfileError::Cycle(_)) if error.closes_at(&name) => error,
            Err(error @ ProfileError::TooDeep(_)) => error,
            Err(ProfileError::NotFound { .. } | ProfileError::Cycle(_)) => continue,
        };
        let Diagnostic { code, message, help, .. } = blame.to_diagnostic();
        reader.mistake(super::read::Mistake { code, span, message, label: String::new(), help });
    }
    profiles
}

fn linux_of(file: LinuxFile) -> Linux {
    let default = Linux::default();
    Linux {
        cgroups_version: file.cgroups_version.map_or(default.cgroups_version, W::resolved),
        cgroup_folder: file.cgroup_folder.map(|folder| folder.value.0),
        enable_seccomp: file.enable_seccomp.map_or(default.enable_seccomp, W::resolved),
        seccomp_policy: file.seccomp_policy.map_or(default.seccomp_policy, W::resolved),
    }
}

fn macos_of(file: &MacOsFile) -> MacOs {
    let default = MacOs::default();
    MacOs {
        enable_sandbox_exec: file
            .enable_sandbox_exec
            .as_ref()
            .map_or(default.enable_sandbox_exec, |w| w.value),
    }
}

fn monitoring(file: MonitoringFile) -> Monitoring {
    let default = Monitoring::default();
    let boolean = |written: Option<W<bool>>, default: bool| written.map_or(default, |written| written.value);
    Monitoring {
        enable_resource_tracking: boolean(file.enable_resource_tracking, default.enable_resource_tracking),
        monitor_interval: file
            .monitor_interval_ms
            .map_or(default.monitor_interval, |time| Resolved { value: time.value.0, origin: time.origin }),
        setup_timeout: file
            .setup_timeout_ms
            .map_or(default.setup_timeout, |time| Resolved { value: time.value.0, origin: time.origin }),
        enable_io_statistics: boolean(file.enable_io_statistics, default.enable_io_statistics),
        log_executions: boolean(file.log_executions, default.log_executions),
        log_file: file.log_file.map(|file| file.value.0),
    }
}

fn security(
    blocked: Option<W<Vec<W<String>>>>,
    allowed: Option<W<Vec<W<String>>>>,
    most: Option<W<u32>>,
    reader: &mut Reader<'_>,
) -> Security {
    for command in [&blocked, &allowed].into_iter().flatten().flat_map(|list| &list.value) {
        let text = &command.value;
        if text.is_empty() || (text.contains('/') && !text.starts_with('/')) {
            reader.mistake(super::read::Mistake {
                code: Code::OutOfRange,
                span: command.node.clone(),
                message: format!(
                    "`{}` is neither the name of a command nor an absolute path",
                    super::read::short(text)
                ),
                label: String::new(),
                help: "write a name, such as \"curl\", or a path that begins with `/`".to_owned(),
            });
        }
    }
    let blocked = blocked.into_iter().flat_map(|list| list.value);
    Security {
        blocked_commands: blocked
            .map(|command| (command.value, Resolved { value: (), origin: command.origin }))
            .collect(),
        allowed_commands: allowed.map(|list| Resolved {
            value: list.value.into_iter().map(|command| command.value).collect(),
            origin: list.origin,
        }),
        max_concurrent_executions: most.map(W::resolved),
    }
}

fn policy(file: PolicyFile, reader: &mut Reader<'_>) -> Policy {
    Policy {
        ceilings: file.ceilings.0,
        allow_network: file.allow_network.map(W::resolved),
        allow_bind: file.allow_bind.map(W::resolved),
        allow_writable: file.allow_writable.map(W::resolved),
        require_seccomp: file.require_seccomp.map(W::resolved),
        require_strict: file.require_strict.map(W::resolved),
        security: security(
            file.blocked_commands,
            file.allowed_commands,
            file.max_concurrent_executions,
            reader,
        ),
    }
}

/// Every table of a configuration and its keys, for tests. `[profiles.strict]` stands for all
/// profiles.
#[cfg(test)]
pub(super) fn key_tables() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("defaults", DefaultsFile::keys()),
        ("defaults.resources", ResourcesFile::keys()),
        ("defaults.isolation", IsolationFile::keys()),
        ("platform.linux", LinuxFile::keys()),
        ("platform.macos", MacOsFile::keys()),
        ("monitoring", MonitoringFile::keys()),
        ("security", SecurityFile::keys()),
        ("policy", PolicyFile::keys()),
    ]
}
