//! Reference solutions: which there are, and what is expected of each.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use super::folder::Folder;
use super::read::{get, number, scalar, words};
use super::timing::ForLimit;
use crate::diagnostic::Diagnostic;
use crate::judge::Code;
use crate::resolve::Files;
use crate::suite::{Node, Value};

/// What became of one case, in the words of contests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// Accepted.
    Ac,
    /// Wrong answer.
    Wa,
    /// Too slow.
    Tle,
    /// Crashed, or over a limit that is not time.
    Rte,
    /// Wrote too much.
    Ole,
    /// Does not compile.
    Ce,
    /// Could not be judged.
    Je,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ac => "AC",
            Self::Wa => "WA",
            Self::Tle => "TLE",
            Self::Rte => "RTE",
            Self::Ole => "OLE",
            Self::Ce => "CE",
            Self::Je => "JE",
        })
    }
}

/// What a reference solution is expected to do.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// For people: `accepted`, `AC or TLE, TLE at least once`.
    pub words: String,
    pub(super) rules: Vec<Rule>,
    /// The result as a whole must be one of these.
    pub(super) overall: Option<Vec<Word>>,
    /// It must not get all the points.
    partly: bool,
}

/// Something that holds for some cases.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rule {
    /// The cases, by their ids or groups; all where nothing is said.
    pub(super) cases: Option<String>,
    /// Every case must have one of these.
    pub(super) permitted: Option<Vec<Word>>,
    /// At least one case must have one of these.
    pub(super) required: Option<Vec<Word>>,
    /// Lowest and highest score of the submission.
    score: Option<(f64, f64)>,
    /// Some message to the judges has this in it.
    message: Option<String>,
    /// Whether it counts for the limit of time.
    pub(super) for_limit: ForLimit,
}

/// A reference solution.
#[derive(Debug, Clone)]
pub struct Reference {
    /// A file or a folder, relative to the suite's folder.
    pub path: String,
    /// Its files, relative to `path`; one empty name where it is a file itself.
    pub files: Vec<String>,
    /// What is expected.
    pub expected: Expected,
    /// The file to begin with, where the package says so.
    pub entry: Option<String>,
}

/// What a reference solution did.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// Every case that has a verdict, in order.
    pub cases: Vec<(String, Word)>,
    /// The build failed.
    pub build_failed: bool,
    /// Points reached, and points there are.
    pub score: (f64, f64),
    /// What checkers told the judges.
    pub messages: Vec<String>,
}

impl Outcomes {
    /// The result as a whole: the first case that is not accepted.
    #[must_use]
    pub fn overall(&self) -> Word {
        let words = || self.cases.iter().map(|(_, word)| *word);
        if words().any(|word| word == Word::Je) {
            Word::Je
        } else if self.build_failed {
            Word::Ce
        } else {
            words().find(|word| *word != Word::Ac).unwrap_or(Word::Ac)
        }
    }
}

impl Expected {
    /// Why this is not what was expected; nothing when it is.
    #[must_use]
    pub fn mismatch(&self, outcomes: &Outcomes) -> Option<String> {
        let overall = outcomes.overall();
        if overall == Word::Je {
            return Some("a case could not be judged".to_owned());
        }
        if let Some(words) = &self.overall {
            return (!words.contains(&overall)).then(|| format!("got {overall}, expected {}", either(words)));
        }
        if outcomes.build_failed {
            return Some("it does not compile".to_owned());
        }
        let (reached, most) = outcomes.score;
        if self.partly && !(overall == Word::Ac && reached < most) {
            return Some(format!("got {reached} of {most} points, expected a part of them"));
        }
        self.rules.iter().find_map(|rule| rule.broken_by(outcomes))
    }
}

impl Rule {
    fn broken_by(&self, outcomes: &Outcomes) -> Option<String> {
        let cases: Vec<_> =
            outcomes.cases.iter().filter(|(id, _)| covers(self.cases.as_deref(), id)).collect();
        if let Some(permitted) = &self.permitted
            && let Some((id, word)) = cases.iter().find(|(_, word)| !permitted.contains(&comparable(*word)))
        {
            return Some(format!("{id} is {word}, permitted: {}", either(permitted)));
        }
        if let Some(required) = &self.required
            && !cases.iter().any(|(_, word)| required.contains(&comparable(*word)))
        {
            return Some(format!("no case is {}", either(required)));
        }
        if let Some((low, high)) = self.score.filter(|_| self.cases.is_none()) {
            let reached = outcomes.score.0;
            if reached < low - 1e-6 || reached > high + 1e-6 {
                return Some(format!("got {reached} points, expected {low} to {high}"));
            }
        }
        let message = self.message.as_ref()?;
        let told = outcomes.messages.iter().any(|told| told.contains(message.as_str()));
        (!told).then(|| format!("no message to the judges has `{}` in it", crate::suite::shown(message)))
    }
}

/// The formats know no verdict for too much output: they call it a crash.
fn comparable(word: Word) -> Word {
    if word == Word::Ole { Word::Rte } else { word }
}

fn either(words: &[Word]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

fn with_parents(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.match_indices('/').map(|(at, _)| &path[..at]);
    slashes.chain([path])
}

/// Whether a rule for these cases holds for this one.
pub(super) fn covers(cases: Option<&str>, id: &str) -> bool {
    let Some(cases) = cases else { return true };
    case_matcher(cases).is_some_and(|matcher| with_parents(id).any(|path| matcher.is_match(path)))
}

fn case_matcher(glob: &str) -> Option<GlobMatcher> {
    Some(GlobBuilder::new(glob).literal_separator(true).build().ok()?.compile_matcher())
}

/// The reference solutions below the folder `root` whose files `glob` matches, in order of their
/// paths.
///
/// # Errors
/// A glob that is none or matches nothing; a solution of which nobody says what is expected;
/// what is wrong with `submissions.yaml`.
pub fn references(root: &Path, glob: &str, files: &dyn Files) -> Result<Vec<Reference>, Vec<Diagnostic>> {
    let failed = |message: String, help: &str| {
        vec![Diagnostic {
            code: Code::InvalidInput,
            message,
            place: None,
            other: None,
            help: help.to_owned(),
        }]
    };
    let matcher = GlobBuilder::new(glob.strip_prefix("./").unwrap_or(glob)).literal_separator(true).build();
    let matcher = matcher
        .map_err(|error| failed(format!("--submissions: this is no glob: {}", error.kind()), ""))?
        .compile_matcher();
    let mut folder = Folder::open(files, root)?;
    let mut found: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    let matched: Vec<String> = folder
        .all()
        .filter(|path| with_parents(path).any(|path| matcher.is_match(path)))
        .map(str::to_owned)
        .collect();
    for path in &matched {
        let Some((kind, solution, file)) = split(path) else { continue };
        found.entry(solution).or_insert_with(|| (kind, Vec::new())).1.push(file);
    }
    if found.is_empty() {
        let help =
            "solutions stand in submissions/VERDICT/, relative to the suite: --submissions 'submissions/**'";
        return Err(failed(
            format!("--submissions: `{}` matches no solution", crate::suite::shown(glob)),
            help,
        ));
    }
    let legacy = is_legacy(&mut folder);
    let said = submissions_yaml(&mut folder);
    let mut references = Vec::new();
    for (path, (kind, files)) in found {
        let (expected, entry) = expectation(&mut folder, &path, &kind, legacy, &said);
        match expected {
            Some(expected) => references.push(Reference { path, files, expected, entry }),
            None => folder.error(
                format!("nobody says what is expected of `{path}`"),
                "put it into submissions/accepted/ or another such folder, or name it in submissions/submissions.yaml",
            ),
        }
    }
    if folder.errors.is_empty() { Ok(references) } else { Err(folder.errors) }
}

/// `…/submissions/KIND/NAME[/FILE]`: kind, solution, file.
fn split(path: &str) -> Option<(String, String, String)> {
    let mut parts = path.split('/').peekable();
    let mut before = Vec::new();
    loop {
        let part = parts.next()?;
        before.push(part);
        if part == "submissions" {
            break;
        }
    }
    let kind = parts.next()?;
    let name = parts.next()?;
    let file: Vec<_> = parts.collect();
    let solution = format!("{}/{kind}/{name}", before.join("/"));
    Some((kind.to_owned(), solution, file.join("/")))
}

fn is_legacy(folder: &mut Folder<'_>) -> bool {
    let document = folder.yaml("problem.yaml");
    let version = document.as_ref().and_then(|document| get(&document.root, "problem_format_version"));
    version.and_then(scalar).is_none_or(|version| version.starts_with("legacy"))
}

/// Globs of solutions, with what is said of them.
type Said = Vec<(String, Node)>;

fn submissions_yaml(folder: &mut Folder<'_>) -> Said {
    let Some(document) = folder.yaml("submissions/submissions.yaml") else { return Vec::new() };
    match &document.root.value {
        Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect(),
        Value::Null => Vec::new(),
        _ => {
            folder.error_at(&document, &document.root, "submissions.yaml must be a map", "");
            Vec::new()
        }
    }
}

fn expectation(
    folder: &mut Folder<'_>,
    path: &str,
    kind: &str,
    legacy: bool,
    said: &Said,
) -> (Option<Expected>, Option<String>) {
    if let Some(words) = in_the_source(folder, path) {
        let text = format!("@EXPECTED_RESULTS@ {}", either(&words));
        return (Some(Expected { words: text, overall: Some(words), ..Expected::default() }), None);
    }
    let inside = path.rsplit_once("submissions/").map_or(path, |(_, inside)| inside);
    let mut expected = of_folder(kind, legacy);
    let mut entry = None;
    for (glob, node) in said {
        let matches =
            case_matcher(glob).is_some_and(|glob| with_parents(inside).any(|path| glob.is_match(path)));
        if !matches {
            continue;
        }
        entry = get(node, "entrypoint").and_then(scalar).or(entry);
        let rules = rules_of(node);
        if rules.is_empty() {
            continue;
        }
        let of_kind =
            expected.get_or_insert_with(|| Expected { words: kind.to_owned(), ..Expected::default() });
        if glob == kind {
            // The name of the folder itself replaces what its kind means.
            let before = of_kind.rules.first().cloned().unwrap_or_default();
            let mut rules = rules.into_iter();
            let mut own = rules.next().unwrap_or_default();
            own.permitted = own.permitted.or(before.permitted);
            own.required = own.required.or(before.required);
            if own.for_limit == ForLimit::Implied {
                own.for_limit = before.for_limit;
            }
            of_kind.rules = std::iter::once(own).chain(rules).collect();
        } else {
            of_kind.rules.extend(rules);
        }
    }
    (expected, entry)
}

fn rules_of(node: &Node) -> Vec<Rule> {
    let Value::Map(entries) = &node.value else { return Vec::new() };
    let mut rules = vec![rule(node, None)];
    for entry in entries {
        if matches!(entry.value.value, Value::Map(_)) {
            rules.push(rule(&entry.value, Some(entry.key.clone())));
        }
    }
    rules.retain(|rule| {
        let says_nothing = Rule { cases: rule.cases.clone(), ..Rule::default() };
        *rule != says_nothing
    });
    rules
}

fn rule(node: &Node, cases: Option<String>) -> Rule {
    let verdicts = |key: &str| -> Option<Vec<Word>> {
        Some(get(node, key).and_then(words)?.iter().filter_map(|word| word_of(word)).collect())
    };
    let score = get(node, "score").and_then(|node| match &node.value {
        Value::List(both) => Some((number(both.first()?)?, number(both.get(1)?)?)),
        _ => number(node).map(|score| (score, score)),
    });
    let said = get(node, "use_for_time_limit").and_then(scalar);
    let (permitted, required) = (verdicts("permitted"), verdicts("required"));
    let (permitted, required) = match said.as_deref() {
        Some("lower") => (permitted.or(Some(vec![Word::Ac, Word::Wa, Word::Rte])), required),
        Some("upper") => (permitted, required.or(Some(vec![Word::Tle]))),
        _ => (permitted, required),
    };
    Rule {
        cases,
        permitted,
        required,
        score,
        message: get(node, "message").and_then(scalar).filter(|text| !text.is_empty()),
        for_limit: if said.as_deref() == Some("false") { ForLimit::Never } else { ForLimit::Implied },
    }
}

fn word_of(word: &str) -> Option<Word> {
    match word {
        "AC" => Some(Word::Ac),
        "WA" => Some(Word::Wa),
        "TLE" => Some(Word::Tle),
        "RTE" => Some(Word::Rte),
        _ => None,
    }
}

/// What the folder of a solution means.
fn of_folder(kind: &str, legacy: bool) -> Option<Expected> {
    use Word::{Ac, Ce, Rte, Tle, Wa};
    let rule = |permitted: Option<&[Word]>, required: Option<&[Word]>| Rule {
        permitted: permitted.map(<[Word]>::to_vec),
        required: required.map(<[Word]>::to_vec),
        ..Rule::default()
    };
    let rule = match (kind, legacy) {
        ("accepted", _) => rule(Some(&[Ac]), None),
        // In the legacy format those that are accepted decide about the limit alone.
        ("wrong_answer", true) => Rule { for_limit: ForLimit::Never, ..rule(Some(&[Ac, Wa]), Some(&[Wa])) },
        ("wrong_answer", false) => rule(Some(&[Ac, Wa]), Some(&[Wa])),
        ("time_limit_exceeded", true) => rule(Some(&[Ac, Wa, Tle]), Some(&[Tle])),
        ("time_limit_exceeded", false) => rule(Some(&[Ac, Tle]), Some(&[Tle])),
        ("run_time_error", true) => rule(None, Some(&[Rte])),
        ("run_time_error", false) => rule(Some(&[Ac, Rte]), Some(&[Rte])),
        ("rejected", _) => rule(None, Some(&[Rte, Tle, Wa])),
        ("brute_force", _) => rule(Some(&[Ac, Rte, Tle]), Some(&[Rte, Tle])),
        ("partially_accepted", _) => {
            return Some(Expected { words: kind.to_owned(), partly: true, ..Expected::default() });
        }
        ("compiler_error" | "compile_error", _) => {
            return Some(Expected { words: kind.to_owned(), overall: Some(vec![Ce]), ..Expected::default() });
        }
        _ => return None,
    };
    Some(Expected { words: kind.to_owned(), rules: vec![rule], ..Expected::default() })
}

/// `@EXPECTED_RESULTS@: CORRECT, TIMELIMIT` in one of its files, as DOMjudge reads it.
fn in_the_source(folder: &mut Folder<'_>, path: &str) -> Option<Vec<Word>> {
    let mut files: Vec<String> = folder.below(path).into_iter().map(str::to_owned).collect();
    if folder.has(path) {
        files.push(path.to_owned());
    }
    files.iter().take(64).find_map(|file| {
        let bytes = folder.bytes(file)?;
        let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(1 << 20))?).into_owned();
        let line = text.split("@EXPECTED_RESULTS@:").nth(1)?.lines().next()?.to_owned();
        let words: Vec<Word> = line.split(',').filter_map(|word| domjudge(word.trim())).collect();
        (!words.is_empty()).then_some(words)
    })
}

fn domjudge(word: &str) -> Option<Word> {
    let word: String = word.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    match word.to_ascii_uppercase().replace('_', "-").as_str() {
        "CORRECT" | "ACCEPTED" | "AC" => Some(Word::Ac),
        "WRONG-ANSWER" | "WA" | "NO-OUTPUT" => Some(Word::Wa),
        "TIMELIMIT" | "TIME-LIMIT-EXCEEDED" | "TLE" => Some(Word::Tle),
        "RUN-ERROR" | "RUN-TIME-ERROR" | "RTE" | "MEMORY-LIMIT" => Some(Word::Rte),
        "COMPILER-ERROR" | "CE" => Some(Word::Ce),
        "OUTPUT-LIMIT" | "OLE" => Some(Word::Ole),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(words: &[Word]) -> Outcomes {
        let cases = words.iter().enumerate().map(|(at, word)| (format!("secret/{at}"), *word));
        Outcomes { cases: cases.collect(), ..Outcomes::default() }
    }

    fn met(kind: &str, words: &[Word]) -> bool {
        of_folder(kind, false).expect("a known folder").mismatch(&outcomes(words)).is_none()
    }

    #[test]
    fn folders_mean_what_the_format_of_2025_says() {
        use Word::{Ac, Je, Rte, Tle, Wa};
        assert!(met("accepted", &[Ac, Ac]) && !met("accepted", &[Ac, Wa]));
        assert!(met("wrong_answer", &[Ac, Wa]) && !met("wrong_answer", &[Ac, Ac]));
        assert!(!met("wrong_answer", &[Wa, Tle]) && met("time_limit_exceeded", &[Ac, Tle]));
        assert!(met("run_time_error", &[Rte]) && !met("run_time_error", &[Rte, Wa]));
        assert!(met("rejected", &[Rte, Wa]) && met("brute_force", &[Tle, Ac]));
        assert!(!met("rejected", &[Wa, Je]), "what could not be judged shows nothing");
    }

    #[test]
    fn a_solution_is_a_file_or_a_folder_directly_below_its_kind() {
        let parts = |path| split(path).expect("a solution");
        assert_eq!(parts("submissions/accepted/a.py").1, "submissions/accepted/a.py");
        assert_eq!(parts("submissions/accepted/x/src/a.py").2, "src/a.py");
        assert!(split("submissions/submissions.yaml").is_none());
        assert!(split("accepted/a.py").is_none());
    }
}
