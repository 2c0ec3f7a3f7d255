//! [`settings`]: everything but the command itself, decided: limits, isolation, environment.
//!
//! The one place where the layers meet, for single commands and for the cases of suites alike.

use std::collections::{BTreeMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Operator, ResolvedLimits, limits};
use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::limits::{Origin, Resolved, WrittenLimits};
use crate::policy::{BindError, CgroupsVersion, Mount, Policy, Profile, Profiles, SeccompChoice, check_dest};
use crate::sandbox::spec::{Access, Bind, CgroupChoice, Network, Require, SeccompPolicy};
use crate::units::{NoNul, visible_line};

/// Where the workspace is, inside.
const WORKSPACE: &str = "/workspace";

/// Everything but the command itself, decided, each value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The profile that the limits started from.
    pub profile: Resolved<String>,
    /// The limits, none above its ceiling.
    pub limits: ResolvedLimits,
    /// The whole environment, by name.
    pub env: BTreeMap<NoNul, Resolved<NoNul>>,
    /// Where the program starts, inside.
    pub workdir: Resolved<PathBuf>,
    /// Host paths shown inside, one for each destination.
    pub binds: Vec<Resolved<Bind>>,
    /// Network.
    pub network: Resolved<Network>,
    /// System calls.
    pub seccomp: Resolved<SeccompPolicy>,
    /// Cgroup interface.
    pub cgroup: Resolved<CgroupChoice>,
    /// Strict or best effort.
    pub require: Resolved<Require>,
    /// How long the sandbox may take to be ready.
    pub setup_timeout: Resolved<Duration>,
    /// How often the process tree is looked at where no cgroup counts for us.
    pub watch_interval: Resolved<Duration>,
}

/// Decides everything but the command. `layers` are what the suite case, the suite's defaults or
/// the request say, the uppermost first; the options of the command line stand above them, the
/// profile, `[defaults]` and what is built in below. `profile` is the one that the suite or the
/// request asks for: an option or `CAPSULE_PROFILE` goes before it. `profiles` are the operator's
/// and, for a suite, its own.
///
/// # Errors
/// Everything that is wrong: an unknown profile, a value above a ceiling, a host path that the
/// policy forbids.
pub fn settings(
    layers: &[&Profile],
    profile: Option<&Resolved<String>>,
    profiles: &Profiles,
    operator: &Operator,
) -> Result<Settings, Vec<Diagnostic>> {
    let mut merge = Merge { operator, errors: Vec::new() };
    let chosen = operator.overrides.profile.as_ref().or(profile).cloned();
    let chosen = chosen.unwrap_or_else(|| Resolved::builtin("default".to_owned()));
    let base = merge.profile(&chosen, profiles);
    let whole = merge.whole(layers, base);
    let limits = merge.limits(&whole);
    let decided = (merge.network(&whole), merge.binds(&whole), merge.seccomp(&whole), merge.require());
    let (Some(limits), true) = (limits, merge.errors.is_empty()) else { return Err(merge.errors) };
    let (network, binds, seccomp, require) = decided;
    Ok(Settings {
        profile: chosen,
        limits,
        env: environment(whole.environment),
        workdir: workdir(whole.isolation.workdir),
        binds,
        network,
        seccomp,
        cgroup: map(&operator.config.linux.cgroups_version, |version| match version {
            CgroupsVersion::Auto => CgroupChoice::Auto,
            CgroupsVersion::V1 => CgroupChoice::V1,
            CgroupsVersion::V2 => CgroupChoice::V2,
            CgroupsVersion::None => CgroupChoice::None,
        }),
        require,
        setup_timeout: operator.config.monitoring.setup_timeout.clone(),
        watch_interval: operator.config.monitoring.monitor_interval.clone(),
    })
}

/// The limits below a case: those of `layers`, the profile and `[defaults]`. With what the case says
/// itself, and the options above it, [`limits_on`] makes the limits that [`settings`] finds; a hundred
/// thousand cases may differ in nothing else.
pub(super) fn limits_below(
    layers: &[&Profile],
    profile: Option<&Resolved<String>>,
    profiles: &Profiles,
    operator: &Operator,
) -> Option<WrittenLimits> {
    let chosen = operator.overrides.profile.as_ref().or(profile);
    let base = profiles.get(chosen.map_or("default", |chosen| &chosen.value)).ok()?;
    let upper = layers.iter().fold(WrittenLimits::default(), |whole, layer| whole.or(layer.limits.clone()));
    Some(upper.or(base.limits).or(operator.config.defaults.limits.clone()))
}

/// The limits of a case with limits of its own. `None` where something is wrong with them, which
/// [`settings`] says.
pub(super) fn limits_on(
    below: &WrittenLimits,
    own: WrittenLimits,
    operator: &Operator,
) -> Option<ResolvedLimits> {
    let top = operator.overrides.settings.limits.clone();
    let limits = top.or(own).or(below.clone());
    let mut merge = Merge { operator, errors: Vec::new() };
    merge.limits(&Profile { limits, ..Profile::default() })
}

/// The layers on their way to becoming one, and what is wrong with them.
struct Merge<'a> {
    operator: &'a Operator,
    errors: Vec<Diagnostic>,
}

impl Merge<'_> {
    fn profile(&mut self, chosen: &Resolved<String>, profiles: &Profiles) -> Profile {
        profiles.get(&chosen.value).unwrap_or_else(|error| {
            self.errors.push(error.to_diagnostic());
            Profile::default()
        })
    }

    /// Options > layers > profile > `[defaults]`. What is built in comes last, value by value.
    fn whole(&self, layers: &[&Profile], profile: Profile) -> Profile {
        let top = self.operator.overrides.settings.clone();
        let upper = layers.iter().fold(top, |whole, layer| whole.or((*layer).clone()));
        upper.or(profile).or(self.operator.config.defaults.clone())
    }

    fn limits(&mut self, whole: &Profile) -> Option<ResolvedLimits> {
        let scaled = self.scaled(&whole.limits);
        match limits(&[scaled.as_ref().unwrap_or(&whole.limits)], &self.operator.policies()) {
            Ok(limits) => Some(limits),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    /// With `--time-factor`: the same limits, and times multiplied. Ceilings are looked at afterwards.
    fn scaled(&self, written: &WrittenLimits) -> Option<WrittenLimits> {
        let factor = self.operator.overrides.time_factor.as_ref()?;
        let plain = limits(&[written], &[]).ok()?;
        let times = |time: Duration| time.saturating_mul(factor.value) / 1000;
        let origin = |old: &Origin| {
            let by = f64::from(factor.value) / 1000.0;
            Origin::Option(format!("{} {by} (of {old})", factor.origin).into())
        };
        let wall = Resolved { value: times(plain.wall.value), origin: origin(&plain.wall.origin) };
        let cpu = plain
            .cpu
            .value
            .map(|cpu| Resolved { value: Some(times(cpu)), origin: origin(&plain.cpu.origin) });
        Some(WrittenLimits { wall: Some(wall), cpu: cpu.or(written.cpu.clone()), ..written.clone() })
    }

    fn network(&mut self, whole: &Profile) -> Resolved<Network> {
        let wanted = whole.isolation.network.clone().unwrap_or(Resolved::builtin(false));
        if wanted.value {
            self.allowed("the network", &wanted.origin, "allow_network", |policy| &policy.allow_network);
        }
        map(&wanted, |host| if host { Network::Host } else { Network::None })
    }

    /// One bind for each destination; what was written last wins.
    fn binds(&mut self, whole: &Profile) -> Vec<Resolved<Bind>> {
        let mut taken = HashSet::new();
        let binds: Vec<_> = whole.isolation.mounts.iter().filter_map(|mount| self.bind(mount)).collect();
        let last = binds.into_iter().rev().filter(|bind| taken.insert(bind.value.dest.clone()));
        let mut binds: Vec<_> = last.collect();
        binds.reverse();
        binds
    }

    fn bind(&mut self, mount: &Resolved<Mount>) -> Option<Resolved<Bind>> {
        let Resolved { value: Mount { source, dest, writable }, origin } = mount;
        let what = format!("showing {} inside", shown(source));
        self.allowed(&what, origin, "allow_bind", |policy| &policy.allow_bind);
        if *writable {
            let what = format!("showing {} writable", shown(source));
            self.allowed(&what, origin, "allow_writable", |policy| &policy.allow_writable);
        }
        let source: PathBuf = self.operator.cwd.join(source).components().collect();
        let dest = dest.clone().unwrap_or_else(|| source.clone());
        if let Err(problem) = check_dest(&dest) {
            self.errors.push(bad_bind(&dest, problem, origin));
            return None;
        }
        let access = if *writable { Access::ReadWrite } else { Access::ReadOnly };
        Some(Resolved { value: Bind { source, dest, access }, origin: origin.clone() })
    }

    fn seccomp(&mut self, whole: &Profile) -> Resolved<SeccompPolicy> {
        let linux = &self.operator.config.linux;
        if !linux.enable_seccomp.value {
            self.forbidden(
                "running without a system call filter",
                &linux.enable_seccomp.origin,
                "require_seccomp",
                |policy| &policy.require_seccomp,
            );
            return map(&linux.enable_seccomp, |_| SeccompPolicy::Off);
        }
        let choice = whole.isolation.seccomp.as_ref().unwrap_or(&linux.seccomp_policy);
        map(choice, |choice| match choice {
            SeccompChoice::Default => SeccompPolicy::Default,
            SeccompChoice::Strict => SeccompPolicy::Strict,
        })
    }

    fn require(&mut self) -> Resolved<Require> {
        let wanted = self.operator.overrides.best_effort.clone().unwrap_or(Resolved::builtin(false));
        if wanted.value {
            self.forbidden("best effort", &wanted.origin, "require_strict", |policy| &policy.require_strict);
        }
        map(&wanted, |best_effort| if best_effort { Require::BestEffort } else { Require::Strict })
    }

    /// An error for each policy that says `key = false`.
    fn allowed(
        &mut self,
        what: &str,
        origin: &Origin,
        key: &str,
        rule: fn(&Policy) -> &Option<Resolved<bool>>,
    ) {
        self.breach(what, origin, key, rule, false);
    }

    /// An error for each policy that says `key = true`.
    fn forbidden(
        &mut self,
        what: &str,
        origin: &Origin,
        key: &str,
        rule: fn(&Policy) -> &Option<Resolved<bool>>,
    ) {
        self.breach(what, origin, key, rule, true);
    }

    fn breach(
        &mut self,
        what: &str,
        origin: &Origin,
        key: &str,
        rule: fn(&Policy) -> &Option<Resolved<bool>>,
        refusing: bool,
    ) {
        for rule in self.operator.policies().into_iter().filter_map(|policy| rule(policy).as_ref()) {
            if rule.value == refusing {
                self.errors.push(Diagnostic {
                    code: Code::OutOfRange,
                    message: format!(
                        "{what}, asked for by {origin}, is not allowed: `{key} = {refusing}` is set by {}",
                        rule.origin
                    ),
                    place: None,
                    other: None,
                    help: format!("do without, or have `{key}` changed at {}", rule.origin),
                });
            }
        }
    }
}

fn map<T: Copy, U>(value: &Resolved<T>, f: impl FnOnce(T) -> U) -> Resolved<U> {
    Resolved { value: f(value.value), origin: value.origin.clone() }
}

fn shown(path: &Path) -> String {
    visible_line(path.as_os_str().as_bytes())
}

fn bad_bind(dest: &Path, problem: BindError, origin: &Origin) -> Diagnostic {
    Diagnostic {
        code: Code::InvalidCommand,
        message: format!("the path `{}` inside the sandbox, set by {origin}: {problem}", shown(dest)),
        place: None,
        other: None,
        help: "write SRC:DEST[:ro|rw] with an absolute DEST without `..`".to_owned(),
    }
}

/// The clean environment, and what was asked for.
fn environment(written: BTreeMap<NoNul, Resolved<NoNul>>) -> BTreeMap<NoNul, Resolved<NoNul>> {
    const CLEAN: [(&str, &str); 4] = [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/tmp"),
        ("LANG", "C.UTF-8"),
        ("TZ", "UTC"),
    ];
    let no_nul = |text: &str| NoNul::new(text).expect("the clean environment has no NUL");
    let clean = CLEAN.map(|(name, value)| (no_nul(name), Resolved::builtin(no_nul(value))));
    clean.into_iter().chain(written).collect()
}

/// A relative one is in the workspace.
fn workdir(written: Option<Resolved<PathBuf>>) -> Resolved<PathBuf> {
    let workspace = Path::new(WORKSPACE);
    match written {
        None => Resolved::builtin(workspace.to_owned()),
        Some(Resolved { value, origin }) => Resolved { value: workspace.join(value), origin },
    }
}
