//! [`Expression`]: what `--filter` says of a case.

use globset::GlobMatcher;
use regex::Regex;

use crate::resolve::ResolvedCase;

/// `capsule-run help filters`.
pub(in crate::cli) const HELP: &str = "\
Filters (-E, --filter EXPR) say which cases are run:

  word               the id contains it; so does 'a word' in quotes
  /regex/            the id matches it
  id(M)  name(M)     the id; its last part
  group(M)  suite(M) the group; the name of the suite
  tag(M)             one of the tags
  file(M)            the suite file, as it was named
  params(n)          there is a matrix parameter n
  params(n=M)        and this is its value
  status(M)          what became of it in the last run here, or in --failed=REPORT:
                     passed, failed, error, skipped, not_run, cancelled, or new
  all()  none()      every case; no case

  A & B   A | B   !A   (A)      ! binds closest, then &, then |

M is how a text is compared:
  =text or text      it is this text (id: it contains it)
  ~text              it contains it
  /regex/            a part of it matches; (?i) ignores case
  #glob              all of it matches: * any characters, ? one, [ab], {a,b}
  'text' or \"text\"   as the text is, with blanks and parentheses

Examples:
  -E 'tag(slow) & !group(sample)'
  -E 'params(n=3) | id(#secret/*)'
  -E 'status(failed)'

Given again, a case is taken if any of them holds. -t, --skip-tag, --failed and --shard
then take away from what --only, --filter and PATTERN have found. What a selected case
needs (build steps, `needs`) is run too.
";

/// What must hold for a case.
#[derive(Debug)]
pub(super) enum Expression {
    All,
    None,
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Is(Predicate),
}

/// One comparison.
#[derive(Debug)]
pub(super) struct Predicate {
    pub(super) field: Field,
    pub(super) wanted: Matcher,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Name,
    Group,
    Suite,
    Tag,
    File,
    Param(String),
    Status,
}

/// How it is compared.
#[derive(Debug)]
pub(super) enum Matcher {
    /// There is any value.
    Any,
    Equals(String),
    Contains(String),
    Regex(Box<Regex>),
    Glob(Box<GlobMatcher>),
}

/// A case, and what is known about it besides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) case: &'a ResolvedCase,
    pub(super) suite: &'a str,
    /// What became of it before; `new` where it is not known.
    pub(super) status: &'a str,
}

impl Expression {
    pub(super) fn holds(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Not(inner) => !inner.holds(subject),
            Self::And(all) => all.iter().all(|one| one.holds(subject)),
            Self::Or(any) => any.iter().any(|one| one.holds(subject)),
            Self::Is(predicate) => predicate.holds(subject),
        }
    }

    /// Every comparison in it.
    pub(super) fn predicates(&self) -> Vec<&Predicate> {
        match self {
            Self::All | Self::None => Vec::new(),
            Self::Not(inner) => inner.predicates(),
            Self::And(inner) | Self::Or(inner) => inner.iter().flat_map(Self::predicates).collect(),
            Self::Is(predicate) => vec![predicate],
        }
    }

    /// Whether it looks at what became of cases before.
    pub(super) fn needs_status(&self) -> bool {
        self.predicates().iter().any(|predicate| predicate.field == Field::Status)
    }
}

impl Predicate {
    pub(super) fn holds(&self, subject: Subject<'_>) -> bool {
        let case = subject.case;
        match &self.field {
            Field::Id => self.wanted.matches(&case.id.0),
            Field::Name => self.wanted.matches(&case.name),
            Field::Group => case.group.as_deref().is_some_and(|group| self.wanted.matches(group)),
            Field::Suite => self.wanted.matches(subject.suite),
            Field::Tag => case.tags.iter().any(|tag| self.wanted.matches(tag)),
            Field::File => self.wanted.matches(&case.file),
            Field::Param(name) => case.params.get(name).is_some_and(|value| self.wanted.matches(value)),
            Field::Status => self.wanted.matches(subject.status),
        }
    }
}

impl Matcher {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Equals(wanted) => text == wanted,
            Self::Contains(wanted) => text.contains(wanted.as_str()),
            Self::Regex(regex) => regex.is_match(text),
            Self::Glob(glob) => glob.is_match(text),
        }
    }
}
