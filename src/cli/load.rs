//! Finds and reads what a command line refers to: configuration, policy, suites. Nothing is run
//! before all of it has been read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::plain;
use super::files::{self, LONGEST_TEXT, RealFiles};
use super::packages;
use crate::diagnostic::{Diagnostic, Source};
use crate::judge::Code;
use crate::limits::{Origin, Resolved};
use crate::policy::{self, Config, ConfigFormat, Overrides, Policy};
use crate::resolve::{self, Files, Operator, ResolvedCase, ResolvedSuite, SuiteInputs};
use crate::runner::{self, BrokenSuite};
use crate::sandbox::give_back_memory;
use crate::suite::{MAX_SUITE_BYTES, SuiteFormat};

/// From so many bytes on, what a suite was parsed through takes memory that is worth giving back.
const BIG: usize = 1 << 20;

/// Where this process looks for things. Tests have other places.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The folder that capsule-run was started in.
    pub(super) cwd: PathBuf,
    /// The user's home.
    pub(super) home: Option<PathBuf>,
    /// `$CAPSULE_CONFIG`.
    pub(super) named_config: Option<PathBuf>,
    /// `$CAPSULE_PROFILE`.
    pub(super) profile: Option<String>,
    /// The user's configuration.
    pub(super) user_config: Option<PathBuf>,
    /// The host's configuration.
    pub(super) system_config: PathBuf,
    /// The host's policy. No option and no variable changes this path.
    pub(super) policy: PathBuf,
    /// Where this user's earlier runs are remembered.
    pub(super) runs: Option<PathBuf>,
    /// Where the outputs of build steps are kept for the time of a run.
    pub(super) scratch: PathBuf,
    /// Where this user's programs keep what they can do without: `$XDG_CACHE_HOME`, `~/.cache`.
    pub(super) cache: Option<PathBuf>,
}

impl Places {
    pub(super) fn of_this_process() -> Self {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = path("HOME").filter(|home| home.is_absolute());
        let xdg = path("XDG_CONFIG_HOME").filter(|config| config.is_absolute());
        let xdg_cache = path("XDG_CACHE_HOME").filter(|cache| cache.is_absolute());
        let cache_home = xdg_cache.or_else(|| home.as_ref().map(|home| home.join(".cache")));
        let config_home = xdg.or_else(|| home.as_ref().map(|home| home.join(".config")));
        let xdg = path("XDG_STATE_HOME").filter(|state| state.is_absolute());
        let state_home = xdg.or_else(|| home.as_ref().map(|home| home.join(".local/state")));
        Self {
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            runs: state_home.map(|state| state.join("capsule-run/runs")),
            home,
            named_config: path("CAPSULE_CONFIG"),
            profile: std::env::var("CAPSULE_PROFILE").ok().filter(|name| !name.is_empty()),
            user_config: config_home.map(|config| config.join("capsule-run/config.toml")),
            system_config: PathBuf::from("/etc/capsule-run/config.toml"),
            policy: PathBuf::from("/etc/capsule-run/policy.toml"),
            scratch: std::env::temp_dir(),
            cache: cache_home,
        }
    }
}

/// Everything that stands above a suite or a request. `config` is `--config`; `overrides` are the
/// options, to which `$CAPSULE_PROFILE` is added where they name no profile.
pub(super) fn operator(
    places: &Places,
    config: Option<&Path>,
    overrides: Overrides,
) -> Result<Operator, Vec<Diagnostic>> {
    let from_env = places
        .profile
        .clone()
        .map(|value| Resolved { value, origin: Origin::Environment("CAPSULE_PROFILE".into()) });
    let overrides = Overrides { profile: overrides.profile.clone().or(from_env), ..overrides };
    let (config, policy) = match (find_config(places, config), find_policy(places)) {
        (Ok(config), Ok(policy)) => (config, policy),
        (config, policy) => {
            let mut all = config.err().unwrap_or_default();
            all.extend(policy.err().unwrap_or_default());
            return Err(all);
        }
    };
    Ok(Operator {
        config,
        policy,
        overrides,
        cwd: places.cwd.clone(),
        home: places.home.clone(),
        ..Operator::default()
    })
}

/// `--config`, `$CAPSULE_CONFIG`, the user's, the host's; the first that is there. One that was
/// named must be there.
fn find_config(places: &Places, option: Option<&Path>) -> Result<Config, Vec<Diagnostic>> {
    if let Some(path) = option.or(places.named_config.as_deref()) {
        return read_config(path);
    }
    let usual = places.user_config.iter().chain([&places.system_config]);
    match usual.into_iter().find(|path| files::exists(path)) {
        Some(path) => read_config(path),
        None => {
            log::debug!("no configuration file: everything is built in");
            Ok(Config::default())
        }
    }
}

fn read_config(path: &Path) -> Result<Config, Vec<Diagnostic>> {
    log::debug!("configuration: {}", path.display());
    let source = source(path, "Configuration file", LONGEST_TEXT)?;
    let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    policy::parse_config(&source, if json { ConfigFormat::Json } else { ConfigFormat::Toml })
}

/// A policy that is there and cannot be read stops every run: what it forbids is not known.
fn find_policy(places: &Places) -> Result<Policy, Vec<Diagnostic>> {
    if !files::exists(&places.policy) {
        return Ok(Policy::default());
    }
    policy::parse_policy(&source(&places.policy, "Policy file", LONGEST_TEXT)?)
}

/// A text of at most `longest` bytes, and its name.
pub(super) fn source(path: &Path, what: &str, longest: u64) -> Result<Source, Vec<Diagnostic>> {
    match files::read_text(path, longest) {
        Ok(text) => Ok(Source { name: path.display().to_string(), text: Arc::from(text) }),
        Err(error) => Err(vec![unreadable(path, what, &error)]),
    }
}

fn unreadable(path: &Path, what: &str, error: &io::Error) -> Diagnostic {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            plain(Code::InvalidInput, format!("{what} '{path}' not found"), "check the path")
        }
        io::ErrorKind::PermissionDenied => plain(
            Code::InvalidInput,
            format!("{what} '{path}' cannot be read: {error}"),
            "let the user who runs capsule-run read it; for a configuration that nobody has named, HOME says whose it is",
        ),
        _ => plain(Code::InvalidInput, format!("{what} '{path}' cannot be read: {error}"), ""),
    }
}

/// The suite files that the command line names; the usual ones where it names none.
pub(super) fn find_suites(places: &Places, named: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    if named.is_empty() {
        let mut found = usual_suites(Path::new("."));
        if found.is_empty() && packages::is_package(Path::new(".")) {
            found.push(PathBuf::from("."));
        }
        return if found.is_empty() { Err(vec![no_suite(&places.cwd)]) } else { Ok(found) };
    }
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for path in named {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        match usual_suites(path) {
            inside if inside.is_empty() && packages::is_package(path) => found.push(path.clone()),
            inside if inside.is_empty() => wrong.push(no_suite(path)),
            inside => found.extend(inside),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn no_suite(folder: &Path) -> Diagnostic {
    let message = format!("no suite file in '{}'", folder.display());
    plain(Code::InvalidInput, message, "name one, or call it capsule.yaml, grade.yaml or NAME.capsule.yaml")
}

fn usual_suites(folder: &Path) -> Vec<PathBuf> {
    let place = |name: &str| if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) };
    let mut found: Vec<_> =
        ["capsule.yaml", "grade.yaml"].map(place).into_iter().filter(|path| path.is_file()).collect();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut others: Vec<_> = names.filter(|name| name.ends_with(".capsule.yaml")).collect();
    others.sort();
    found.extend(others.iter().map(|name| place(name)).filter(|path| path.is_file()));
    found
}

/// Takes the cases out of the suites, build steps first, and says which suites cannot be judged.
pub(super) fn all_cases(suites: &mut [ResolvedSuite]) -> (Vec<Arc<ResolvedCase>>, Vec<BrokenSuite>) {
    let broken: Vec<_> =
        suites.iter().enumerate().filter_map(|(at, suite)| BrokenSuite::of(at, suite)).collect();
    let mut cases = Vec::new();
    for (at, suite) in suites.iter_mut().enumerate() {
        if broken.iter().any(|broken| broken.suite == at) {
            cases.extend(runner::submission_case(suite).map(Arc::new));
        }
        cases.append(&mut suite.cases);
    }
    (cases, broken)
}

/// Reads and resolves every suite; all that is wrong with any of them comes back at once.
pub(super) fn suites(
    paths: &[PathBuf],
    operator: &Operator,
    submission: Option<&Path>,
) -> Result<Vec<ResolvedSuite>, Vec<Diagnostic>> {
    suites_through(paths, operator, submission, &RealFiles)
}

/// The same; `files` is what the suites see of the file system.
pub(super) fn suites_through(
    paths: &[PathBuf],
    operator: &Operator,
    submission: Option<&Path>,
    files: &dyn Files,
) -> Result<Vec<ResolvedSuite>, Vec<Diagnostic>> {
    let mut suites = Vec::new();
    let mut wrong = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        match one_suite_through(path, index, operator, submission, None, files) {
            Ok(suite) => suites.push(suite),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    if wrong.is_empty() { Ok(suites) } else { Err(wrong) }
}

/// Reads and resolves one suite or package. `entry` is the file that a submission begins with,
/// where somebody says so.
pub(super) fn one_suite(
    path: &Path,
    index: usize,
    operator: &Operator,
    submission: Option<&Path>,
    entry: Option<&str>,
) -> Result<ResolvedSuite, Vec<Diagnostic>> {
    one_suite_through(path, index, operator, submission, entry, &RealFiles)
}

/// The same; `files` is what the suite sees of the file system.
pub(super) fn one_suite_through(
    path: &Path,
    index: usize,
    operator: &Operator,
    submission: Option<&Path>,
    entry: Option<&str>,
    files: &dyn Files,
) -> Result<ResolvedSuite, Vec<Diagnostic>> {
    if path.is_dir() {
        return packages::load(path, index, operator, submission, entry);
    }
    let source = source(path, "Suite file", MAX_SUITE_BYTES as u64)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let suite_dir = operator.cwd.join(parent.unwrap_or(Path::new("")));
    let submission = submission.map(|folder| operator.cwd.join(folder));
    let inputs = SuiteInputs { suite_dir, submission, index };
    let read = resolve::read_suite(&source, format_of(path), operator, &inputs, files)?;
    if source.text.len() >= BIG {
        give_back_memory();
    }
    read.resolve(operator, &inputs, files)
}

fn format_of(path: &Path) -> SuiteFormat {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => SuiteFormat::Toml,
        Some("json") => SuiteFormat::Json,
        _ => SuiteFormat::Yaml,
    }
}
