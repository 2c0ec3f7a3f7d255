//! What looks wrong with a suite that is right: files that nothing uses, cases that contradict each
//! other, answers that are empty, limits that cannot be met.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::judge::{Compare, Expected, StreamExpectation};
use crate::resolve::{CaseKind, FileContent, FileKind, Files, ResolvedCase, ResolvedSuite};
use crate::sandbox::spec::Stdin;
use crate::units::visible_line;

/// Files of one suite that are named; the others are counted.
const MOST_NAMED: usize = 20;

/// Cases that are named; the others are counted.
const MOST_CASES: usize = 50;

/// Something that looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Warning {
    /// Safe to show.
    pub(super) message: String,
    /// File and line.
    pub(super) place: Option<(String, u32)>,
}

impl Warning {
    pub(super) fn of_no_place(message: &str) -> Self {
        Self { message: message.to_owned(), place: None }
    }

    fn at(case: &ResolvedCase, message: String) -> Self {
        Self { message, place: Some((visible_line(case.file.as_bytes()), case.line)) }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.place {
            Some((file, line)) => write!(f, "\n  --> {file}:{line}"),
            None => Ok(()),
        }
    }
}

/// A file system that knows what was read of it.
pub(super) struct Seen<F> {
    files: F,
    read: Mutex<HashSet<PathBuf>>,
}

impl<F> Seen<F> {
    pub(super) fn new(files: F) -> Self {
        Self { files, read: Mutex::default() }
    }
}

impl<F: Files> Files for Seen<F> {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path.components().collect());
        self.files.read(path)
    }

    fn list(&self, base: &Path) -> io::Result<Vec<PathBuf>> {
        self.files.list(base)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        self.files.kind(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.files.canonical(path)
    }
}

/// Files that nothing uses, in the folders beside a suite that it takes files from: an answer
/// without its input, an input that no glob matches. Other folders are none of the suite's business.
pub(super) fn unused_files<F: Files>(
    paths: &[PathBuf],
    suites: &[ResolvedSuite],
    seen: &Seen<F>,
    cwd: &Path,
) -> Vec<Warning> {
    let read = seen.read.lock().unwrap_or_else(PoisonError::into_inner);
    let mut warnings = Vec::new();
    let mut roots = BTreeSet::new();
    for (path, suite) in paths.iter().zip(suites) {
        let Some(root) = path.parent().and_then(|parent| seen.canonical(&cwd.join(parent)).ok()) else {
            continue;
        };
        if !roots.insert(root.clone()) {
            continue;
        }
        let folders: BTreeSet<PathBuf> = read
            .iter()
            .filter_map(|file| file.strip_prefix(&root).ok())
            .filter(|below| below.components().count() > 1)
            .filter_map(|below| below.components().next().map(|first| root.join(first)))
            .collect();
        let mut unused = Vec::new();
        for folder in &folders {
            let listed = seen.list(folder).unwrap_or_default();
            let files = listed.iter().filter(|below| !is_hidden(below)).map(|below| folder.join(below));
            unused.extend(files.filter(|file| !read.contains(file)));
        }
        unused.sort();
        let total = unused.len();
        let file = visible_line(suite.file.as_bytes());
        for path in unused.iter().take(MOST_NAMED) {
            let path = path.strip_prefix(&root).unwrap_or(path);
            let path = visible_line(path.as_os_str().as_encoded_bytes());
            let message = format!("nothing uses the file `{path}`");
            warnings.push(Warning { message, place: Some((file.clone(), 1)) });
        }
        if total > MOST_NAMED {
            let message = format!("and {} further files are not used", total - MOST_NAMED);
            warnings.push(Warning { message, place: Some((file, 1)) });
        }
    }
    warnings
}

fn is_hidden(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
}

/// What looks wrong with cases.
pub(super) fn at_cases(cases: &[Arc<ResolvedCase>]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut alike: HashMap<u64, &ResolvedCase> = HashMap::with_capacity(cases.len());
    for case in cases.iter().filter(|case| case.kind == CaseKind::Case) {
        if let Some(earlier) = alike.insert(what_is_run(case), case)
            && earlier.suite == case.suite
            && do_the_same(earlier, case)
        {
            warnings.push(same(earlier, case));
        }
        warnings.extend(empty_answer(case));
        warnings.extend(cannot_be_met(case));
    }
    let total = warnings.len();
    warnings.truncate(MOST_CASES);
    if total > MOST_CASES {
        warnings.push(Warning::of_no_place(&format!("and {} further warnings", total - MOST_CASES)));
    }
    warnings
}

fn what_is_run(case: &ResolvedCase) -> u64 {
    let mut hasher = DefaultHasher::new();
    (case.suite, &case.argv).hash(&mut hasher);
    if let Stdin::Bytes(bytes) = &case.stdin {
        bytes.hash(&mut hasher);
    }
    for file in case.files.iter() {
        (&file.path, &file.content).hash(&mut hasher);
    }
    case.env.hash(&mut hasher);
    hasher.finish()
}

fn do_the_same(one: &ResolvedCase, two: &ResolvedCase) -> bool {
    let stdin = match (&one.stdin, &two.stdin) {
        (Stdin::Bytes(one), Stdin::Bytes(two)) => one == two,
        (Stdin::Empty, Stdin::Empty) => true,
        _ => false,
    };
    let files = one.files.len() == two.files.len()
        && one.files.iter().zip(two.files.iter()).all(|(one, two)| {
            (&one.path, &one.content, one.executable) == (&two.path, &two.content, two.executable)
        });
    stdin
        && files
        && one.argv == two.argv
        && one.env == two.env
        && one.limits.wall.value == two.limits.wall.value
}

fn same(earlier: &ResolvedCase, case: &ResolvedCase) -> Warning {
    let (one, two) = (visible_line(earlier.id.0.as_bytes()), visible_line(case.id.0.as_bytes()));
    let what = if earlier.expectation == case.expectation {
        "and expect the same: one of them is enough"
    } else {
        "and do not expect the same: a program that always does the same cannot pass both"
    };
    Warning::at(case, format!("the cases `{one}` and `{two}` run the same on the same input, {what}"))
}

/// A file that must be matched and has nothing in it, while the input has something.
fn empty_answer(case: &ResolvedCase) -> Option<Warning> {
    let StreamExpectation::Like(Expected { bytes, source, compare, .. }) = &case.expectation.stdout else {
        return None;
    };
    let from_file = source != "the suite";
    let has_input = matches!(&case.stdin, Stdin::Bytes(input) if !input.is_empty());
    let blank = bytes.iter().all(u8::is_ascii_whitespace);
    if from_file && has_input && blank && !matches!(compare, Compare::Exact) {
        let (id, source) = (visible_line(case.id.0.as_bytes()), visible_line(source.as_bytes()));
        let message =
            format!("the answer `{source}` of `{id}` is empty: a program that prints nothing passes");
        return Some(Warning::at(case, message));
    }
    None
}

/// A limit that another one makes pointless.
fn cannot_be_met(case: &ResolvedCase) -> Option<Warning> {
    let limits = &case.limits;
    let id = visible_line(case.id.0.as_bytes());
    let cpu = limits.cpu.value?;
    if limits.pids.value == 1 && cpu > limits.wall.value {
        let message = format!(
            "`{id}` can never use up its `cpu_time` ({}): one process has no more than its `timeout` ({})",
            limits.cpu.origin, limits.wall.origin
        );
        return Some(Warning::at(case, message));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::Request;
    use crate::resolve::{CaseId, Operator, command};
    use crate::units::NoNul;

    fn case(id: &str, word: &str) -> ResolvedCase {
        let argv = vec![NoNul::new(word).expect("no NUL")];
        let request = Request { argv, ..Request::default() };
        let mut case = command(&request, &Operator::default()).expect("resolves");
        case.id = CaseId(id.into());
        case.stdin = Stdin::Bytes(b"1".as_slice().into());
        case
    }

    fn answer(text: &str) -> StreamExpectation {
        let bytes = text.as_bytes().into();
        StreamExpectation::Like(Expected { bytes, source: "data/1.ans".into(), compare: Compare::Tokens })
    }

    #[test]
    fn two_cases_that_run_the_same_are_told_and_those_that_differ_are_not() {
        let (mut a, mut b, c) = (case("a", "x"), case("b", "x"), case("c", "y"));
        let told = at_cases(&[a.clone(), b.clone(), c.clone()].map(Arc::new));
        assert!(told.len() == 1 && told[0].message.contains("one of them is enough"), "{told:?}");
        a.expectation.stdout = answer("1");
        b.expectation.stdout = answer("2");
        let told = at_cases(&[a.clone(), b.clone(), c].map(Arc::new));
        assert!(told.len() == 1 && told[0].message.contains("cannot pass both"), "{told:?}");
        b.stdin = Stdin::Bytes(b"2".as_slice().into());
        assert_eq!(at_cases(&[a, b].map(Arc::new)), []);
    }

    #[test]
    fn an_empty_answer_and_a_limit_out_of_reach_are_told() {
        let mut empty = case("a", "x");
        empty.expectation.stdout = answer(" \n");
        let mut slow = case("b", "y");
        slow.limits.pids.value = 1;
        slow.limits.cpu.value = Some(Duration::from_secs(9999));
        let told: Vec<_> =
            at_cases(&[empty, slow].map(Arc::new)).into_iter().map(|warning| warning.message).collect();
        assert!(
            told.len() == 2 && told[0].contains("data/1.ans") && told[1].contains("cpu_time"),
            "{told:?}"
        );
    }
}
