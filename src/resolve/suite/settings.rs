//! [`Layers`]: the levels at which a suite may say something about a case; and what `settings`
//! makes of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::resolver::Resolver;
use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::limits::{LimitField, Origin, Resolved, WrittenLimits};
use crate::policy::{Isolation, Profile, Profiles};
use crate::resolve::{self, CaseSettings, Operator, Settings, Sources, Surroundings};
use crate::suite::{Common, LimitBlock, Spanned, Suite, SuiteProfile};
use crate::units::{NoNul, format_duration};

/// The levels of one case, the most particular first: the case, its group, the defaults. A build
/// step has one.
pub(super) struct Layers<'a> {
    levels: [Option<&'a Common>; 3],
    /// The number of the group.
    group: Option<usize>,
    build: bool,
}

impl<'a> Layers<'a> {
    pub(super) fn of_case(case: Option<&'a Common>, group: Option<usize>, suite: &'a Suite) -> Self {
        let of_group = group.and_then(|group| suite.groups.get(group)).map(|group| &group.common);
        Self { levels: [case, of_group, Some(&suite.defaults)], group, build: false }
    }

    pub(super) fn of_build(step: &'a Common) -> Self {
        Self { levels: [Some(step), None, None], group: None, build: true }
    }

    pub(super) fn most_first(&self) -> impl Iterator<Item = &'a Common> + use<'a> {
        self.levels.into_iter().flatten()
    }

    pub(super) fn least_first(&self) -> impl Iterator<Item = &'a Common> + use<'a> {
        self.levels.into_iter().rev().flatten()
    }

    /// What the most particular level says that says it.
    pub(super) fn first<T>(&self, get: impl Fn(&'a Common) -> Option<&'a T>) -> Option<&'a T> {
        self.most_first().find_map(get)
    }

    /// The number of the group.
    pub(super) fn group(&self) -> Option<usize> {
        self.group
    }

    /// Whether the case has what its group has: it says nothing itself, as `silent` finds.
    pub(super) fn is_like_its_group(&self, silent: impl Fn(&Common) -> bool) -> bool {
        !self.build && self.levels[0].is_none_or(silent)
    }

    /// Whether the case itself says nothing that the settings depend on, its limits apart.
    fn is_like_its_group_but_for_limits(&self) -> bool {
        self.is_like_its_group(|case| {
            case.env.is_empty() && case.network.is_none() && case.workdir.is_none() && case.profile.is_none()
        })
    }

    /// The limits that the case itself has.
    fn own_limits(&self) -> Option<&'a LimitBlock> {
        self.levels[0].map(|case| &case.limits).filter(|limits| !limits.spans.is_empty())
    }

    /// The same levels without the case's own.
    fn below(&self) -> Self {
        Self { levels: [None, self.levels[1], self.levels[2]], group: self.group, build: self.build }
    }
}

/// The operator's profiles with the suite's on top.
pub(super) fn profiles(suite: &Suite, operator: &Operator) -> Profiles {
    let layer: BTreeMap<_, _> =
        suite.profiles.iter().map(|profile| (profile.name.value.clone(), written(suite, profile))).collect();
    operator.config.profiles.clone().with_layer(layer)
}

fn written(suite: &Suite, profile: &SuiteProfile) -> Profile {
    let at = profile.name.span.start;
    let origin = Origin::File {
        file: suite.sources.name(at),
        line: suite.sources.line(at),
        what: format!("profile {}", profile.name.value).into(),
    };
    let inherits = profile.inherits.as_ref().map(|name| name.value.clone());
    Profile {
        inherits: inherits.map(|value| Resolved { value, origin: origin.clone() }),
        limits: with_wall_time(profile.limits.written.clone()),
        isolation: Isolation {
            network: profile
                .network
                .as_ref()
                .map(|network| Resolved { value: network.value, origin: origin.clone() }),
            ..Isolation::default()
        },
        environment: environment(&profile.env, &origin),
    }
}

/// The program that may use so much CPU time needs more wall time than that, and where a level
/// gives the one it should not be held by what a lower level says of the other.
fn with_wall_time(mut limits: WrittenLimits) -> WrittenLimits {
    if let (None, Some(Resolved { value: Some(cpu), .. })) = (&limits.wall, &limits.cpu) {
        let wall = cpu.saturating_mul(3).saturating_add(Duration::from_secs(1));
        let how = format!("three times the CPU time of {} and a second", format_duration(*cpu));
        limits.wall = Some(Resolved { value: wall, origin: Origin::Derived(how.into()) });
    }
    limits
}

fn environment(env: &[(NoNul, NoNul)], origin: &Origin) -> BTreeMap<NoNul, Resolved<NoNul>> {
    let of = |value: &NoNul| Resolved { value: value.clone(), origin: origin.clone() };
    env.iter().map(|(name, value)| (name.clone(), of(value))).collect()
}

impl Resolver<'_> {
    /// Every profile of the suite must be good, used or not.
    pub(super) fn check_profiles(&mut self) {
        let suite = self.suite;
        for profile in &suite.profiles {
            if let Err(error) = self.profiles.get(&profile.name.value) {
                self.broken_profiles.insert(profile.name.value.clone());
                let span = profile.inherits.as_ref().map_or(&profile.name.span, |name| &name.span);
                let place = Some(suite.place(span, ""));
                self.push(Diagnostic { place, ..error.to_diagnostic() });
            }
        }
    }

    /// Limits, environment and isolation of a case. After a mistake: something harmless.
    pub(super) fn settings(&mut self, layers: &Layers<'_>) -> Arc<CaseSettings> {
        if !layers.is_like_its_group_but_for_limits() {
            return self.settings_of(layers).unwrap_or_else(|| self.harmless());
        }
        let Some(own) = layers.own_limits() else { return self.settings_of_group(layers) };
        if let Some(settings) = self.settings_with(own, layers.group) {
            return settings;
        }
        let Some(settings) = self.settings_of(layers) else { return self.harmless() };
        self.keep_below_limits(layers, &settings.surroundings);
        settings
    }

    /// What the cases of a group have that say nothing of their own.
    fn settings_of_group(&mut self, layers: &Layers<'_>) -> Arc<CaseSettings> {
        let group = layers.group;
        if self.shared.get(&group).is_none_or(|shared| shared.settings.is_none()) {
            let settings = self.settings_of(layers);
            self.shared.entry(group).or_default().settings = Some(settings);
        }
        let shared = self.shared.get(&group).and_then(|shared| shared.settings.clone().flatten());
        shared.unwrap_or_else(|| self.harmless())
    }

    /// The settings of a group with other limits. `None` for the first case that has any, and where
    /// something is wrong with them, which is for [`Self::settings_of`] to say.
    fn settings_with(&self, own: &LimitBlock, group: Option<usize>) -> Option<Arc<CaseSettings>> {
        let (below, surroundings) = self.shared.get(&group)?.below_limits.as_ref()?;
        let limits = resolve::limits_on(below, with_wall_time(own.written.clone()), self.operator)?;
        Some(Arc::new(CaseSettings { limits, surroundings: Arc::clone(surroundings) }))
    }

    fn keep_below_limits(&mut self, layers: &Layers<'_>, surroundings: &Arc<Surroundings>) {
        let (profile, levels) = (self.profile_of(layers), self.levels_of(&layers.below()));
        let levels: Vec<&Profile> = levels.iter().collect();
        let below = resolve::limits_below(&levels, profile.as_ref(), &self.profiles, self.operator);
        let shared = self.shared.entry(layers.group).or_default();
        shared.below_limits = below.map(|below| (below, Arc::clone(surroundings)));
    }

    fn harmless(&self) -> Arc<CaseSettings> {
        Arc::new(CaseSettings::new(harmless(), self.sources()))
    }

    fn sources(&self) -> Sources {
        self.submission.clone().map_or(Sources::Empty, |path| Sources::Folders(vec![path]))
    }

    /// The profile that the limits of a case start from, where somebody says so.
    fn profile_of(&self, layers: &Layers<'_>) -> Option<Resolved<String>> {
        match layers.first(|common| common.profile.as_ref()) {
            Some(name) => Some(Resolved {
                value: name.value.clone(),
                origin: self.origin(name, format!("profile {}", name.value)),
            }),
            None if layers.build => Some(Resolved::builtin("compile".to_owned())),
            None => self.language.as_ref().map(|commands| Resolved {
                value: commands.profile.to_owned(),
                origin: Origin::Derived(format!("the language {}", commands.language).into()),
            }),
        }
    }

    /// The levels in the words of the policy, the most particular first.
    fn levels_of(&self, layers: &Layers<'_>) -> Vec<Profile> {
        layers.most_first().map(|common| self.level(common)).collect()
    }

    fn settings_of(&mut self, layers: &Layers<'_>) -> Option<Arc<CaseSettings>> {
        let chosen = layers.first(|common| common.profile.as_ref());
        if chosen.is_some_and(|name| self.broken_profiles.contains(&name.value)) {
            return None;
        }
        let (profile, levels) = (self.profile_of(layers), self.levels_of(layers));
        let levels: Vec<&Profile> = levels.iter().collect();
        match resolve::settings(&levels, profile.as_ref(), &self.profiles, self.operator) {
            Ok(settings) => Some(Arc::new(CaseSettings::new(settings, self.sources()))),
            Err(errors) => {
                for error in errors {
                    let place = self.place_of(&error, layers, chosen).map(|span| self.suite.place(&span, ""));
                    self.push(Diagnostic { place, ..error });
                }
                None
            }
        }
    }

    fn origin<T>(&self, written: &Spanned<T>, what: String) -> Origin {
        let at = written.span.start;
        let (file, line) = (self.suite.sources.name(at), self.suite.sources.line(at));
        Origin::File { file, line, what: what.into() }
    }

    /// One level in the words of the policy.
    fn level(&self, common: &Common) -> Profile {
        let at = |span: &Option<Range<usize>>, what: &str| {
            let value = ();
            let written = Spanned { value, span: span.clone().unwrap_or_default() };
            self.origin(&written, what.to_owned())
        };
        let origin = at(&common.env_span, "env");
        Profile {
            inherits: None,
            limits: with_wall_time(common.limits.written.clone()),
            isolation: Isolation {
                network: common.network.as_ref().map(|network| Resolved {
                    value: network.value,
                    origin: self.origin(network, "network".to_owned()),
                }),
                workdir: common.workdir.as_ref().map(|workdir| Resolved {
                    value: workdir.clone(),
                    origin: at(&common.workdir_span, "workdir"),
                }),
                ..Isolation::default()
            },
            environment: environment(&common.env, &origin),
        }
    }

    /// Where in the suite a mistake that `settings` found stands, if it is in the suite at all.
    fn place_of(
        &self,
        error: &Diagnostic,
        layers: &Layers<'_>,
        chosen: Option<&Spanned<String>>,
    ) -> Option<Range<usize>> {
        if self.is_full() {
            return None;
        }
        if error.code != Code::OutOfRange {
            let asked_for_here = self.operator.overrides.profile.is_none();
            return chosen.filter(|_| asked_for_here).map(|name| name.span.clone());
        }
        let own = self.suite.profiles.iter().filter(|profile| self.is_used(profile, chosen));
        let blocks: Vec<&LimitBlock> = layers
            .most_first()
            .map(|common| &common.limits)
            .chain(own.clone().map(|profile| &profile.limits))
            .collect();
        let policies = self.operator.policies();
        let limits = blocks.iter().flat_map(|block| block.spans.iter().map(move |place| (block, place)));
        for (block, (field, span)) in limits {
            let alone = only(&block.written, *field);
            let found = resolve::limits(&[&alone], &policies).err().unwrap_or_default();
            if found.iter().any(|found| found.message == error.message) {
                return Some(span.clone());
            }
        }
        let networks = layers
            .most_first()
            .filter_map(|common| common.network.as_ref())
            .chain(own.filter_map(|profile| profile.network.as_ref()));
        networks.filter(|network| network.value).map(|network| network.span.clone()).next()
    }

    /// Whether `profile` is the chosen one, or one that it inherits.
    fn is_used(&self, profile: &SuiteProfile, chosen: Option<&Spanned<String>>) -> bool {
        let mut next = chosen.map(|name| name.value.as_str());
        for _ in 0..=self.suite.profiles.len() {
            let Some(name) = next else { return false };
            if name == profile.name.value {
                return true;
            }
            let found = self.suite.profiles.iter().find(|other| other.name.value == name);
            next = found.and_then(|other| other.inherits.as_ref()).map(|name| name.value.as_str());
        }
        false
    }
}

/// The limit `field` of `limits`, and no other.
fn only(limits: &WrittenLimits, field: LimitField) -> WrittenLimits {
    let none = WrittenLimits::default();
    let limits = limits.clone();
    match field {
        LimitField::Wall => WrittenLimits { wall: limits.wall, ..none },
        LimitField::Cpu => WrittenLimits { cpu: limits.cpu, ..none },
        LimitField::Memory => WrittenLimits { memory: limits.memory, ..none },
        LimitField::Pids => WrittenLimits { pids: limits.pids, ..none },
        LimitField::Output => WrittenLimits { output: limits.output, ..none },
        LimitField::FileSize => WrittenLimits { file_size: limits.file_size, ..none },
        LimitField::Disk => WrittenLimits { disk: limits.disk, ..none },
        LimitField::OpenFiles => WrittenLimits { open_files: limits.open_files, ..none },
        LimitField::CpuShares => WrittenLimits { cpu_shares: limits.cpu_shares, ..none },
    }
}

/// Settings for a case that is never run because something is wrong with the suite.
fn harmless() -> Settings {
    resolve::settings(&[], None, &Profiles::builtin(), &Operator::default())
        .expect("without a policy nothing is above a ceiling")
}
