//! [`Profiles`]: all profiles that a name can mean, and what `inherits` makes of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Isolation, Profile, SeccompChoice};
use crate::diagnostic::{Diagnostic, nearest};
use crate::judge::Code;
use crate::limits::{Origin, Resolved, WrittenLimits};
use crate::units::{Bytes, visible_line};

/// The names of the built-in profiles.
pub const BUILTIN_PROFILES: &[&str] = &["compile", "default", "java", "native", "python", "strict"];

/// So many profiles may stand behind one.
const DEEPEST: usize = 32;

/// So many are listed in an error.
const MOST_SHOWN: usize = 40;

/// All profiles, in layers: built in, the configuration's, a suite's. A name means the profile
/// of the topmost layer that has it; one that inherits its own name means the one below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles {
    layers: Vec<BTreeMap<String, Profile>>,
}

/// Why a name is no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// No profile has this name (E1004).
    #[error("Profile '{name}' not found in configuration")]
    NotFound {
        /// The name.
        name: String,
        /// The profile that inherits it, if that is where the name stands.
        inherited_by: Option<String>,
        /// The nearest name there is.
        nearest: Option<String>,
        /// All names there are.
        known: Vec<String>,
    },
    /// More profiles inherit each other than anybody can follow (E1003).
    #[error("profile '{0}' inherits through more than {DEEPEST} others")]
    TooDeep(String),
    /// A profile inherits itself (E1001): the names on the way round.
    #[error("profiles inherit each other in a circle: {}", .0.join(" → "))]
    Cycle(Vec<String>),
}

impl Profiles {
    /// The built-in profiles.
    #[must_use]
    pub fn builtin() -> Self {
        let layer = BUILTIN_PROFILES.iter().map(|name| ((*name).to_owned(), builtin(name))).collect();
        Self { layers: vec![layer] }
    }

    /// These profiles with a layer on top: those of a configuration or of a suite.
    #[must_use]
    pub fn with_layer(mut self, layer: BTreeMap<String, Profile>) -> Self {
        self.layers.push(layer);
        self
    }

    /// All names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.layers.iter().flat_map(|layer| layer.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The profile `name` with everything that it inherits.
    ///
    /// # Errors
    /// [`ProfileError`] if the name, or one that it inherits, is unknown, or inheritance goes in
    /// a circle.
    pub fn get(&self, name: &str) -> Result<Profile, ProfileError> {
        let mut seen: Vec<(usize, &str)> = Vec::new();
        let mut whole = Profile::default();
        let mut next = Some((name, self.layers.len()));
        while let Some((name, below)) = next {
            let (layer, profile) =
                self.find(name, below).ok_or_else(|| self.not_found(name, seen.last().map(|step| step.1)))?;
            if seen.contains(&(layer, name)) {
                return Err(circle(&seen, name));
            }
            seen.push((layer, name));
            if seen.len() > DEEPEST {
                return Err(ProfileError::TooDeep(name.to_owned()));
            }
            whole = whole.or(profile.clone());
            next = profile.inherits.as_ref().map(|parent| {
                let parent = parent.value.as_str();
                (parent, if parent == name { layer } else { self.layers.len() })
            });
        }
        whole.inherits = None;
        Ok(whole)
    }

    /// The topmost profile called `name` in the layers under `below`.
    fn find<'a>(&'a self, name: &str, below: usize) -> Option<(usize, &'a Profile)> {
        let layers = self.layers.get(..below)?.iter().enumerate().rev();
        layers.filter_map(|(at, layer)| Some((at, layer.get(name)?))).next()
    }

    fn not_found(&self, name: &str, inherited_by: Option<&str>) -> ProfileError {
        let known = self.names();
        ProfileError::NotFound {
            name: name.to_owned(),
            inherited_by: inherited_by.map(str::to_owned),
            nearest: short_enough(name)
                .and_then(|name| nearest(name, known.iter().map(String::as_str)))
                .map(str::to_owned),
            known,
        }
    }
}

impl ProfileError {
    /// Whether it is `name` itself that inherits what does not exist.
    pub(crate) fn is_inherited_by(&self, name: &str) -> bool {
        matches!(self, Self::NotFound { inherited_by: Some(child), .. } if child == name)
    }

    /// Whether the circle goes through `name`, and `name` is the one to report it: the first of
    /// the names on it.
    pub(crate) fn closes_at(&self, name: &str) -> bool {
        matches!(self, Self::Cycle(names) if names.iter().min().is_some_and(|first| first == name))
    }

    /// The error as a diagnostic without a place.
    #[must_use]
    pub fn to_diagnostic(&self) -> Diagnostic {
        let (code, help) = match self {
            Self::NotFound { nearest, known, inherited_by, .. } => {
                (Code::ProfileNotFound, not_found_help(nearest.as_deref(), known, inherited_by.as_deref()))
            }
            Self::TooDeep(_) => (Code::OutOfRange, "let it inherit fewer".to_owned()),
            Self::Cycle(_) => {
                (Code::InvalidInput, "let one of them inherit a built-in profile, or nothing".to_owned())
            }
        };
        let message = visible_line(self.to_string().as_bytes());
        Diagnostic { code, message, place: None, other: None, help: visible_line(help.as_bytes()) }
    }
}

fn not_found_help(nearest: Option<&str>, known: &[String], inherited_by: Option<&str>) -> String {
    let mut help = String::new();
    if let Some(nearest) = nearest {
        help.push_str(&format!("did you mean `{nearest}`? "));
    }
    if let Some(child) = inherited_by {
        help.push_str(&format!("`{child}` inherits it; "));
    }
    let shown = known.get(..known.len().min(MOST_SHOWN)).unwrap_or_default();
    let more = if shown.len() < known.len() { ", …" } else { "" };
    help.push_str(&format!("the profiles are: {}{more}", shown.join(", ")));
    help
}

/// The edit distance needs memory by the product of both lengths: nobody mistypes a name of a
/// thousand characters.
fn short_enough(name: &str) -> Option<&str> {
    (name.len() <= 64).then_some(name)
}

fn circle(seen: &[(usize, &str)], back_to: &str) -> ProfileError {
    let names = seen.iter().map(|step| step.1).skip_while(|name| *name != back_to);
    ProfileError::Cycle(names.chain([back_to]).map(str::to_owned).collect())
}

/// What a built-in profile says; what it does not say, the defaults say.
fn builtin(name: &str) -> Profile {
    let origin = Origin::Derived(format!("profile {name}, built in").into());
    let numbers: Numbers = match name {
        "strict" => Numbers { timeout_s: 10, cpu_s: 10, memory: 256, disk: 64, pids: 16, files: 64 },
        "compile" => Numbers { timeout_s: 30, cpu_s: 60, memory: 1024, disk: 256, pids: 256, files: 1024 },
        "python" => Numbers { timeout_s: 30, cpu_s: 30, memory: 256, disk: 64, pids: 64, files: 256 },
        // A JVM starts some dozens of threads of its own and maps much more than it uses.
        "java" => Numbers { timeout_s: 60, cpu_s: 60, memory: 1024, disk: 128, pids: 512, files: 4096 },
        "native" => Numbers { timeout_s: 10, cpu_s: 10, memory: 256, disk: 64, pids: 32, files: 256 },
        _ => return Profile::default(),
    };
    let mut profile = Profile { limits: numbers.limits(&origin), ..Profile::default() };
    if name == "strict" {
        profile.isolation = Isolation {
            network: Some(Resolved { value: false, origin: origin.clone() }),
            seccomp: Some(Resolved { value: SeccompChoice::Strict, origin }),
            ..Isolation::default()
        };
    }
    profile
}

/// The limits of a built-in profile: seconds, mebibytes, counts.
struct Numbers {
    timeout_s: u64,
    cpu_s: u64,
    memory: u64,
    disk: u64,
    pids: u32,
    files: u32,
}

impl Numbers {
    fn limits(self, origin: &Origin) -> WrittenLimits {
        fn some<T>(value: T, origin: &Origin) -> Option<Resolved<T>> {
            Some(Resolved { value, origin: origin.clone() })
        }
        WrittenLimits {
            wall: some(Duration::from_secs(self.timeout_s), origin),
            cpu: some(Some(Duration::from_secs(self.cpu_s)), origin),
            memory: some(Bytes::mib(self.memory), origin),
            pids: some(self.pids, origin),
            output: None,
            file_size: some(Bytes::mib(self.disk), origin),
            disk: some(Bytes::mib(self.disk), origin),
            open_files: some(self.files, origin),
            cpu_shares: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inheriting(parent: &str) -> Profile {
        let inherits = Some(Resolved::builtin(parent.to_owned()));
        Profile { inherits, ..Profile::default() }
    }

    fn profiles(pairs: &[(&str, &str)]) -> Profiles {
        let layer = pairs.iter().map(|(name, parent)| ((*name).to_owned(), inheriting(parent))).collect();
        Profiles::builtin().with_layer(layer)
    }

    #[test]
    fn every_builtin_profile_exists_and_the_default_one_says_nothing() {
        for name in BUILTIN_PROFILES {
            assert!(Profiles::builtin().get(name).is_ok(), "{name}");
        }
        assert_eq!(Profiles::builtin().get("default"), Ok(Profile::default()));
        let compile = Profiles::builtin().get("compile").expect("built in").limits;
        assert_eq!(compile.memory.map(|memory| memory.value), Some(Bytes::mib(1024)));
        assert_eq!(compile.file_size.map(|size| size.value), Some(Bytes::mib(256)));
    }

    #[test]
    fn a_profile_says_what_its_parent_says_where_it_says_nothing_itself() {
        let mut mine = inheriting("python");
        mine.limits.pids = Some(Resolved::builtin(7));
        let profiles = Profiles::builtin().with_layer(BTreeMap::from([("mine".to_owned(), mine)]));
        let limits = profiles.get("mine").expect("known").limits;
        assert_eq!(limits.pids.map(|pids| pids.value), Some(7));
        assert_eq!(limits.wall.map(|wall| wall.value), Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_profile_may_inherit_the_one_below_that_has_its_own_name() {
        let whole = profiles(&[("java", "java")]).get("java").expect("no circle");
        assert_eq!(whole.limits.memory.map(|memory| memory.value), Some(Bytes::mib(1024)));
    }

    #[test]
    fn a_circle_is_named_from_where_it_closes() {
        let error = profiles(&[("entry", "a"), ("a", "b"), ("b", "a")]).get("entry");
        assert_eq!(error, Err(ProfileError::Cycle(["a", "b", "a"].map(str::to_owned).to_vec())));
    }

    #[test]
    fn an_unknown_profile_offers_the_nearest_and_lists_all() {
        let Err(ProfileError::NotFound { nearest, known, inherited_by, .. }) =
            profiles(&[("mine", "pyhton")]).get("mine")
        else {
            panic!("found");
        };
        assert_eq!(nearest.as_deref(), Some("python"));
        assert_eq!(inherited_by.as_deref(), Some("mine"));
        assert!(known.contains(&"mine".to_owned()) && known.contains(&"strict".to_owned()));
    }
}
