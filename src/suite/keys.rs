//! The tables of keys: what each map of a suite file may hold. The parser refuses by them, the
//! help of its messages is made from them, and so is the JSON Schema.

pub(super) use super::keys_expect::{
    LATER_COMPARISONS, bytes, checker, compare, content, exit, expect, file, float, interactor,
};
pub(super) use super::keys_terms::{
    hook, hooks, included, kattis, range, redaction, resources, retries, rule, skip, source, template,
    threshold, xfail,
};
use crate::limits::Key as LimitKey;

/// One kind of map.
#[derive(Debug)]
pub(super) struct MapKind {
    /// For messages: `a case`.
    pub(super) what: &'static str,
    /// What it may hold.
    pub(super) keys: &'static [Key],
    /// Keys that have a place in the design and that this version does not support.
    pub(super) later: &'static [&'static str],
    /// Whether the limits stand here, under either of their names.
    pub(super) limits: bool,
    /// Keys that must be there.
    pub(super) required: &'static [&'static str],
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// For the schema, which editors show.
    pub(super) meaning: &'static str,
}

/// What a key holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Version,
    Text,
    Flag,
    Points,
    Path,
    Paths,
    Texts,
    /// Program and arguments.
    Run,
    /// Scalars by name.
    Env,
    /// A path and what stands there.
    Files,
    /// `text` or `file`.
    Content,
    Compare,
    Exit,
    /// What bytes must be.
    Bytes,
    ExpectFiles,
    Code,
    Visibility,
    Score,
    /// A whole number, perhaps negative.
    Whole,
    /// A whole number from 0, or from 1 where that is the least that makes sense.
    Count,
    Time,
    Size,
    /// A part of one: a number, or percent.
    Share,
    /// One of these words.
    Words(&'static [&'static str]),
    /// Texts that must hold, or one.
    Condition,
    Include,
    Vars,
    Extends,
    Matrix,
    Retries,
    Skip,
    Xfail,
    Globs,
    Rules,
    /// `<1s`
    Bound,
    Redact,
    /// A text, or texts.
    Parts,
    /// Any value.
    Json,
    Protocol,
    Map(fn() -> &'static MapKind),
    List(fn() -> &'static MapKind),
    /// `none`, or a map.
    Judge(fn() -> &'static MapKind),
    /// Maps by name.
    Named(fn() -> &'static MapKind),
}

pub(super) const fn key(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key { name, shape, meaning }
}

impl MapKind {
    /// Every name that it takes, in the order of the table; limits by their short names.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.keys.iter().map(|key| key.name).collect();
        if self.limits {
            names.extend(crate::limits::KEYS.iter().map(|key| key.short));
        }
        names
    }

    /// Whether `name` may stand here.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name) || (self.limits && LimitKey::find(name).is_some())
    }
}

pub(super) const RUN: Key = key("run", Shape::Run, "program and arguments; no shell has a part in it");
pub(super) const SHELL: Key = key("shell", Shape::Text, "a line for /bin/sh -c");
pub(super) const ARGS: Key = key("args", Shape::Texts, "further arguments of `run`");
pub(super) const STDIN: Key = key("stdin", Shape::Content, "standard input; empty when not given");
pub(super) const ENV: Key = key("env", Shape::Env, "environment variables");
pub(super) const FILES: Key = key("files", Shape::Files, "files put into the workspace");
pub(super) const EXPECT: Key = key("expect", Shape::Map(expect), "what must hold; exit 0 when not given");
pub(super) const COMPARE: Key =
    key("compare", Shape::Compare, "how bytes are compared where the expectation does not say");
pub(super) const LIMITS: Key = key("limits", Shape::Map(limits), "limits that differ from the profile's");
pub(super) const PROFILE: Key =
    key("profile", Shape::Text, "the profile: of this suite, the configuration, or built in");
pub(super) const POINTS: Key = key("points", Shape::Points, "points for passing");
pub(super) const TAGS: Key = key("tags", Shape::Texts, "tags");
pub(super) const NEEDS: Key =
    key("needs", Shape::Texts, "cases, groups or `build` that must have passed before");
pub(super) const VISIBILITY: Key = key("visibility", Shape::Visibility, "who sees it in a student's report");
pub(super) const WORKDIR: Key = key("workdir", Shape::Path, "where it starts, relative to the workspace");
pub(super) const NETWORK: Key = key("network", Shape::Flag, "whether it has the host's network");

pub(super) const MATRIX: Key = key("matrix", Shape::Matrix, "one case for each combination of these values");
const EXTENDS: Key = key("extends", Shape::Extends, "templates that it starts from");
pub(super) const RETRIES: Key = key("retries", Shape::Retries, "how often it is tried again");
pub(super) const SKIP: Key = key("skip", Shape::Skip, "whether it is left out, and why");
pub(super) const XFAIL: Key = key("xfail", Shape::Xfail, "whether it is known to fail, and why");
pub(super) const SOURCE: Key =
    key("source", Shape::Map(source), "what the submitted files must and must not hold; nothing is run");
pub(super) const WEIGHT: Key =
    key("weight", Shape::Points, "its part of the group's points: 1 when not given");
pub(super) const EXTRA_CREDIT: Key =
    key("extra_credit", Shape::Flag, "its points come on top of those that can be reached");
pub(super) const PENALTY: Key = key("penalty", Shape::Points, "points that are taken away when it fails");
pub(super) const CHECKER: Key =
    key("checker", Shape::Judge(checker), "a program that looks at standard output");
pub(super) const INTERACTOR: Key =
    key("interactor", Shape::Judge(interactor), "a program that talks to the program while it runs");
pub(super) const PASSES: Key = key(
    "passes",
    Shape::Count,
    "how often the program may be run for one case, with what `nextpass.in` says: 1 when not given",
);
pub(super) const PROTOCOL: Key = key("protocol", Shape::Protocol, "how it is called and how it answers");

static SUITE: MapKind = MapKind {
    what: "a suite",
    keys: &[
        key("version", Shape::Version, "version of this format: 1"),
        key("name", Shape::Text, "the suite's name"),
        key("include", Shape::Include, "further files of this suite"),
        key("vars", Shape::Vars, "what `${name}` stands for"),
        key("templates", Shape::Named(template), "what cases and groups extend"),
        key("hooks", Shape::Map(hooks), "steps before and after all cases"),
        key("submission", Shape::Map(submission), "the untrusted files that the suite judges"),
        key("language", Shape::Text, "the language of the submission, or `auto`: gives build and run"),
        key("profiles", Shape::Named(profile), "profiles of this suite"),
        key("defaults", Shape::Map(defaults), "what a case has that says nothing itself"),
        key("build", Shape::List(build), "build steps, run in order before all cases of the suite"),
        key("groups", Shape::List(group), "groups of cases"),
        key("cases", Shape::List(case), "cases"),
    ],
    later: &["checker", "matrix", "cases_from"],
    limits: false,
    required: &["version"],
};

static SUBMISSION: MapKind = MapKind {
    what: "`submission`",
    keys: &[
        key("path", Shape::Text, "the folder, relative to the suite; --submission goes before it"),
        key("required", Shape::Paths, "files that must be there, relative to the folder"),
    ],
    later: &["archive", "max_size", "allowed"],
    limits: false,
    required: &[],
};

static PROFILE_MAP: MapKind = MapKind {
    what: "a profile",
    keys: &[
        key("inherits", Shape::Text, "the profile that it starts from; `default` when not given"),
        ENV,
        key("environment", Shape::Env, "the same as `env`, as the configuration spells it"),
        NETWORK,
        key("resources", Shape::Map(limits), "limits, as the configuration groups them"),
    ],
    later: &["isolation", "seccomp_policy"],
    limits: true,
    required: &[],
};

static DEFAULTS: MapKind = MapKind {
    what: "`defaults`",
    keys: &[
        PROFILE, COMPARE, POINTS, RUN, SHELL, ARGS, STDIN, ENV, FILES, EXPECT, LIMITS, TAGS, VISIBILITY,
        WORKDIR, NETWORK, CHECKER, INTERACTOR, EXTENDS, RETRIES, SKIP, XFAIL, WEIGHT,
    ],
    later: &["matrix"],
    limits: false,
    required: &[],
};

static BUILD: MapKind = MapKind {
    what: "a build step",
    keys: &[
        key("name", Shape::Text, "its name; its number when not given"),
        RUN,
        SHELL,
        ARGS,
        STDIN,
        ENV,
        FILES,
        LIMITS,
        PROFILE,
        key("outputs", Shape::Paths, "files that it hands on to the cases"),
        key("judge", Shape::Flag, "made for checkers and interactors only, without the submission"),
        WORKDIR,
        NETWORK,
    ],
    later: &["cache", "needs", "retries"],
    limits: false,
    required: &[],
};

static GROUP: MapKind = MapKind {
    what: "a group",
    keys: &[
        key("name", Shape::Text, "its name; ids of its cases begin with it"),
        key("points", Shape::Points, "points of the whole group, shared out over its cases"),
        VISIBILITY,
        NEEDS,
        key("score", Shape::Score, "how its points are given"),
        key("cases_from", Shape::Map(cases_from), "cases made from files"),
        key("cases", Shape::List(group_case), "cases of this group"),
        RUN,
        SHELL,
        ARGS,
        STDIN,
        ENV,
        FILES,
        EXPECT,
        COMPARE,
        LIMITS,
        PROFILE,
        TAGS,
        WORKDIR,
        NETWORK,
        CHECKER,
        INTERACTOR,
        EXTENDS,
        RETRIES,
        SKIP,
        XFAIL,
        key("max", Shape::Count, "how many of its cases run at a time"),
        key("hooks", Shape::Map(hooks), "steps before and after its cases"),
    ],
    later: &["matrix", "groups"],
    limits: false,
    required: &["name"],
};

static CASES_FROM: MapKind = MapKind {
    what: "`cases_from`",
    keys: &[
        key("stdin", Shape::Text, "glob of the inputs, relative to the suite"),
        key("expect_stdout", Shape::Text, "the answer of an input; {dir}, {stem}, {name} are the input's"),
        key("id", Shape::Text, "the id of a case; {dir}, {stem}, {name} are the input's"),
    ],
    later: &["files", "args", "expect_stderr", "expect_files", "points"],
    limits: false,
    required: &["stdin"],
};

static CASE: MapKind = MapKind {
    what: "a case",
    keys: &[
        key("id", Shape::Text, "unique in its group"),
        key("group", Shape::Text, "the group that it belongs to"),
        RUN,
        SHELL,
        ARGS,
        STDIN,
        ENV,
        FILES,
        EXPECT,
        LIMITS,
        PROFILE,
        POINTS,
        TAGS,
        NEEDS,
        VISIBILITY,
        WORKDIR,
        NETWORK,
        CHECKER,
        INTERACTOR,
        EXTENDS,
        MATRIX,
        RETRIES,
        SKIP,
        XFAIL,
        SOURCE,
        COMPARE,
        WEIGHT,
        EXTRA_CREDIT,
        PENALTY,
    ],
    later: &["hooks"],
    limits: false,
    required: &["id"],
};

static GROUP_CASE: MapKind = MapKind {
    what: "a case of a group",
    keys: &[
        key("id", Shape::Text, "unique in its group"),
        RUN,
        SHELL,
        ARGS,
        STDIN,
        ENV,
        FILES,
        EXPECT,
        LIMITS,
        PROFILE,
        POINTS,
        TAGS,
        NEEDS,
        VISIBILITY,
        WORKDIR,
        NETWORK,
        CHECKER,
        INTERACTOR,
        EXTENDS,
        MATRIX,
        RETRIES,
        SKIP,
        XFAIL,
        SOURCE,
        COMPARE,
        WEIGHT,
        EXTRA_CREDIT,
        PENALTY,
    ],
    later: CASE.later,
    limits: false,
    required: &["id"],
};

static LIMITS_MAP: MapKind = MapKind { what: "`limits`", keys: &[], later: &[], limits: true, required: &[] };

/// Functions, because the tables refer to each other.
macro_rules! tables {
    ($($name:ident = $table:ident;)*) => {
        $(pub(super) fn $name() -> &'static MapKind {
            &$table
        })*

        #[cfg(test)]
        pub(super) const ALL: &[fn() -> &'static MapKind] = &[$($name),*];
    };
}

tables! {
    suite = SUITE;
    submission = SUBMISSION;
    profile = PROFILE_MAP;
    defaults = DEFAULTS;
    build = BUILD;
    group = GROUP;
    cases_from = CASES_FROM;
    case = CASE;
    group_case = GROUP_CASE;
    limits = LIMITS_MAP;
}

/// Ways to score a group that have a place in the design and that this version does not support.
pub(super) const LATER_SCORES: &[&str] = &["max", "average", "weighted", "first-failure"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_both_supported_and_refused_as_not_supported() {
        let others = super::super::keys_terms::ALL.iter().chain(super::super::keys_expect::ALL);
        for table in ALL.iter().chain(others) {
            for later in table().later {
                assert!(!table().takes(later), "{}: {later}", table().what);
            }
        }
    }
}
