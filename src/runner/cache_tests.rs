use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::cache::{BuildCache, BuildCount};
use crate::judge::{self, Status};
use crate::policy::{Request, WorkspaceChoice};
use crate::report::{Attempt, CaseReport};
use crate::resolve::{self, CaseKind, Operator, ResolvedCase};
use crate::sandbox::outcome::{
    Captured, CollectedFile, End, Enforced, Events, FileContent, Outcome, Ran, Usage,
};
use crate::sandbox::spec::Network;
use crate::units::NoNul;

/// A source, a cache, and a compiler that counts.
struct Place {
    folder: tempfile::TempDir,
    compiled: AtomicUsize,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(folder.path().join("src")).expect("writable");
        fs::write(folder.path().join("src/prog.c"), "int main(){}").expect("writable");
        Self { folder, compiled: AtomicUsize::new(0) }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn cache(&self) -> BuildCache {
        BuildCache::open(&self.store(), 1 << 20).expect("a folder of our own")
    }

    fn case(&self) -> ResolvedCase {
        let argv = vec![NoNul::new("sh").expect("no NUL"), NoNul::new("-c").expect("no NUL")];
        let workspace = WorkspaceChoice::Folder(self.folder.path().join("src"));
        let request =
            Request { argv, workspace, stdin: crate::policy::RequestStdin::Empty, ..Request::default() };
        let mut case = resolve::command(&request, &Operator::default()).expect("resolves");
        case.kind = CaseKind::Build;
        case.outputs = vec![PathBuf::from("prog")];
        case.expectation.build = true;
        case
    }

    fn build(&self, cache: &BuildCache, case: &Arc<ResolvedCase>) -> CaseReport {
        self.build_with(cache, case, 0, || {})
    }

    fn build_with(
        &self,
        cache: &BuildCache,
        case: &Arc<ResolvedCase>,
        exit: i32,
        meanwhile: impl Fn(),
    ) -> CaseReport {
        cache.build(case, &[], &|| false, || {
            let made = self.compiled.fetch_add(1, Ordering::SeqCst);
            meanwhile();
            compiled(case, exit, made)
        })
    }

    fn compiled(&self) -> usize {
        self.compiled.load(Ordering::SeqCst)
    }

    fn entries(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.store()).expect("readable").flatten().map(|entry| entry.path());
        entries.filter(|path| path.is_file()).collect()
    }
}

fn compiled(case: &Arc<ResolvedCase>, exit: i32, made: usize) -> CaseReport {
    let words = |text: &str| text.to_owned();
    let outcome = Outcome::Ran(Box::new(Ran {
        started: SystemTime::UNIX_EPOCH,
        completed: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
        end: End::Exited(exit),
        killed_by: None,
        usage: Usage { cpu: Duration::from_millis(90), ..Usage::default() },
        events: Events::default(),
        stdout: Captured::default(),
        stderr: Captured { bytes: b"a warning".to_vec().into(), total: 9 },
        files: vec![CollectedFile {
            path: PathBuf::from("prog"),
            content: Ok(FileContent { bytes: format!("program {made}").into_bytes(), executable: true }),
        }],
        leaked: 0,
        enforced: Enforced {
            namespaces: vec![words("pid")],
            separate_user: false,
            seccomp: words("default"),
            no_new_privs: true,
            landlock: None,
            cgroup: words("v2"),
            memory: words("memory.max"),
            pids: words("pids.max"),
            cpu: words("cpu.stat"),
            cpu_shares: words("cpu.weight"),
            workspace: words("overlay"),
            degraded: Vec::new(),
        },
    }));
    let verdict = judge::judge(&case.expectation, &resolve::lower(case, &[]).limits, &outcome);
    let attempt = Attempt {
        started: SystemTime::UNIX_EPOCH,
        duration: Duration::from_secs(1),
        outcome,
        verdict: verdict.clone(),
        alone: false,
    };
    CaseReport { case: Arc::clone(case), attempts: vec![attempt], verdict }
}

fn push(case: &mut ResolvedCase, argument: &str) {
    let argument = NoNul::new(argument).expect("no NUL");
    case.argv = case.argv.iter().cloned().chain([argument]).collect();
}

fn program(report: &CaseReport) -> String {
    let Some(Outcome::Ran(ran)) = report.attempts.last().map(|attempt| &attempt.outcome) else {
        panic!("it did not run")
    };
    let content = ran.files[0].content.as_ref().expect("a file");
    assert!(content.executable);
    String::from_utf8_lossy(&content.bytes).into_owned()
}

#[test]
fn an_equal_build_is_made_once_and_says_so_also_in_another_run() {
    let place = Place::new();
    let case = Arc::new(place.case());
    let cache = place.cache();
    let first = place.build(&cache, &case);
    let second = place.build(&cache, &case);
    let later = place.build(&place.cache(), &case);
    assert_eq!(place.compiled(), 1);
    assert_eq!(cache.count(), BuildCount { made: 1, reused: 1 });
    assert!(first.verdict.notes.is_empty());
    for report in [second, later] {
        assert_eq!((report.verdict.status, program(&report).as_str()), (Status::Passed, "program 0"));
        assert!(report.verdict.notes.iter().any(|note| note.contains("earlier build")));
        let Outcome::Ran(ran) = &report.attempts[0].outcome else { panic!() };
        assert_eq!(*ran.stderr.bytes, *b"a warning");
    }
}

#[test]
fn whatever_a_build_can_see_makes_it_another_build() {
    let place = Place::new();
    let cache = place.cache();
    let base = place.case();
    let no_nul = |text: &str| NoNul::new(text).expect("no NUL");
    let mut builds = 0;
    let mut another = |case: ResolvedCase, what: &str| {
        place.build(&cache, &Arc::new(case));
        builds += 1;
        assert_eq!(place.compiled(), builds, "{what}");
    };
    another(base.clone(), "the first");
    let mut case = base.clone();
    push(&mut case, "-O2");
    another(case, "an argument");
    let mut case = base.clone();
    let mut env = case.env.to_vec();
    env.push((no_nul("X"), no_nul("1")));
    case.env = env;
    another(case, "the environment");
    let mut case = base.clone();
    case.outputs.push(PathBuf::from("other"));
    another(case, "an output");
    let source = place.folder.path().join("src/prog.c");
    fs::set_permissions(&source, PermissionsExt::from_mode(0o755)).expect("ours");
    another(base.clone(), "a mode");
    fs::write(&source, "int main(){} ").expect("writable");
    another(base.clone(), "a byte");
    fs::write(place.folder.path().join("src/prog.h"), "").expect("writable");
    another(base.clone(), "a file");
    std::os::unix::fs::symlink("prog.c", place.folder.path().join("src/link")).expect("a link");
    another(base, "a link");
}

#[test]
fn a_damaged_entry_is_found_and_the_build_made_again() {
    let place = Place::new();
    let case = Arc::new(place.case());
    place.build(&place.cache(), &case);
    let entry = place.entries().pop().expect("one entry");
    let whole = fs::read(&entry).expect("readable");
    let mut bent = whole.clone();
    let at = bent.windows(9).position(|window| window == b"program 0").expect("the program is in it");
    bent[at] ^= 1;
    for (n, bytes) in [&whole[..whole.len() / 2], &bent, b"", b"#!/bin/sh"].into_iter().enumerate() {
        fs::write(&entry, bytes).expect("writable");
        let report = place.build(&place.cache(), &case);
        assert_eq!(program(&report), format!("program {}", n + 1), "what is damaged is never used");
        assert_eq!(place.compiled(), n + 2);
        assert_eq!(program(&place.build(&place.cache(), &case)), format!("program {}", n + 1));
    }
    // An entry that is whole, under the name of another build; and one through a link.
    let mut other = place.case();
    push(&mut other, "x");
    let other = Arc::new(other);
    place.build(&place.cache(), &other);
    let names = place.entries();
    let stolen = names.iter().find(|name| **name != entry).expect("two entries");
    fs::copy(&entry, stolen).expect("writable");
    let made = place.compiled();
    place.build(&place.cache(), &other);
    assert_eq!(place.compiled(), made + 1);
    let away = place.folder.path().join("away");
    fs::rename(&entry, &away).expect("ours");
    std::os::unix::fs::symlink(&away, &entry).expect("a link");
    place.build(&place.cache(), &case);
    assert_eq!(place.compiled(), made + 2);
}

#[test]
fn a_build_that_failed_is_not_tried_again_in_the_same_run_only() {
    let place = Place::new();
    let case = Arc::new(place.case());
    let cache = place.cache();
    for _ in 0..3 {
        let report = place.build_with(&cache, &case, 1, || {});
        assert_eq!(report.verdict.status, Status::Failed);
    }
    assert_eq!(place.compiled(), 1);
    assert_eq!(place.build(&place.cache(), &case).verdict.status, Status::Passed);
    assert_eq!(place.compiled(), 2);
}

#[test]
fn what_changes_while_it_is_built_is_kept_under_no_key() {
    let place = Place::new();
    let case = Arc::new(place.case());
    let source = place.folder.path().join("src/prog.c");
    place.build_with(&place.cache(), &case, 0, || fs::write(&source, "evil").expect("writable"));
    assert!(place.entries().is_empty());
    place.build(&place.cache(), &case);
    fs::write(&source, "int main(){}").expect("writable");
    place.build(&place.cache(), &case);
    assert_eq!(place.compiled(), 3);
}

#[test]
fn many_who_want_the_same_build_get_one() {
    let place = Place::new();
    let case = Arc::new(place.case());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let cache = place.cache();
                let wait = || std::thread::sleep(Duration::from_millis(30));
                let report = place.build_with(&cache, &case, 0, wait);
                assert_eq!(program(&report), "program 0");
            });
        }
    });
    assert_eq!(place.compiled(), 1);
}

#[test]
fn a_build_with_the_network_or_a_place_of_the_host_is_never_kept() {
    let place = Place::new();
    let mut case = place.case();
    case.network = Network::Host;
    let case = Arc::new(case);
    let cache = place.cache();
    place.build(&cache, &case);
    place.build(&cache, &case);
    assert_eq!((place.compiled(), place.entries().len()), (2, 0));
}

#[test]
fn the_cache_is_bounded_and_what_was_used_last_stays() {
    let place = Place::new();
    let cache = BuildCache::open(&place.store(), 4_000).expect("a folder of our own");
    let case = |n: usize| {
        let mut case = place.case();
        push(&mut case, &n.to_string());
        Arc::new(case)
    };
    for n in 0..40 {
        place.build(&cache, &case(n));
        place.build(&cache, &case(0));
    }
    let size: u64 = place.entries().iter().map(|path| fs::metadata(path).expect("there").len()).sum();
    assert!(size <= 4_000, "{size}");
    assert_eq!(place.compiled(), 40, "the one that is used all the time is never thrown out");
}

#[test]
fn a_folder_that_others_may_write_is_no_cache() {
    let place = Place::new();
    fs::create_dir(place.store()).expect("writable");
    fs::set_permissions(place.store(), PermissionsExt::from_mode(0o777)).expect("ours");
    assert!(BuildCache::open(&place.store(), 1 << 20).is_err());
    fs::set_permissions(place.store(), PermissionsExt::from_mode(0o755)).expect("ours");
    place.cache();
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&place.store()), 0o700);
    let link = place.folder.path().join("link");
    std::os::unix::fs::symlink(place.store(), &link).expect("a link");
    assert!(BuildCache::open(&link, 1 << 20).is_err(), "a link may point anywhere tomorrow");
}
