//! The tables of keys: what each map of a suite file may hold. The parser refuses by them, the
//! help of its messages is made from them, and so is the JSON Schema.

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
    Protocol,
    Map(fn() -> &'static MapKind),
    List(fn() -> &'static MapKind),
    /// `none`, or a map.
    Judge(fn() -> &'static MapKind),
    /// Maps by name.
    Named(fn() -> &'static MapKind),
}

const fn key(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
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

const RUN: Key = key("run", Shape::Run, "program and arguments; no shell has a part in it");
const SHELL: Key = key("shell", Shape::Text, "a line for /bin/sh -c");
const ARGS: Key = key("args", Shape::Texts, "further arguments of `run`");
const STDIN: Key = key("stdin", Shape::Content, "standard input; empty when not given");
const ENV: Key = key("env", Shape::Env, "environment variables");
const FILES: Key = key("files", Shape::Files, "files put into the workspace");
const EXPECT: Key = key("expect", Shape::Map(expect), "what must hold; exit 0 when not given");
const COMPARE: Key =
    key("compare", Shape::Compare, "how bytes are compared where the expectation does not say");
const LIMITS: Key = key("limits", Shape::Map(limits), "limits that differ from the profile's");
const PROFILE: Key =
    key("profile", Shape::Text, "the profile: of this suite, the configuration, or built in");
const POINTS: Key = key("points", Shape::Points, "points for passing");
const TAGS: Key = key("tags", Shape::Texts, "tags");
const NEEDS: Key = key("needs", Shape::Texts, "cases, groups or `build` that must have passed before");
const VISIBILITY: Key = key("visibility", Shape::Visibility, "who sees it in a student's report");
const WORKDIR: Key = key("workdir", Shape::Path, "where it starts, relative to the workspace");
const CHECKER: Key = key("checker", Shape::Judge(checker), "a program that looks at standard output");
const INTERACTOR: Key =
    key("interactor", Shape::Judge(interactor), "a program that talks to the program while it runs");
const PROTOCOL: Key = key("protocol", Shape::Protocol, "how it is called and how it answers");
const NETWORK: Key = key("network", Shape::Flag, "whether it has the host's network");

static SUITE: MapKind = MapKind {
    what: "a suite",
    keys: &[
        key("version", Shape::Version, "version of this format: 1"),
        key("name", Shape::Text, "the suite's name"),
        key("submission", Shape::Map(submission), "the untrusted files that the suite judges"),
        key("language", Shape::Text, "the language of the submission, or `auto`: gives build and run"),
        key("profiles", Shape::Named(profile), "profiles of this suite"),
        key("defaults", Shape::Map(defaults), "what a case has that says nothing itself"),
        key("build", Shape::List(build), "build steps, run in order before all cases"),
        key("groups", Shape::List(group), "groups of cases"),
        key("cases", Shape::List(case), "cases"),
    ],
    later: &["include", "vars", "hooks", "templates", "checker", "matrix", "cases_from"],
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
        WORKDIR, NETWORK, CHECKER, INTERACTOR,
    ],
    later: &["retries", "extends", "matrix"],
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
    ],
    later: &["hooks", "max", "matrix", "extends", "retries", "groups"],
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
    ],
    later: &["matrix", "retries", "xfail", "skip", "extends", "hooks"],
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
    ],
    later: CASE.later,
    limits: false,
    required: &["id"],
};

static CHECKER_MAP: MapKind = MapKind {
    what: "`checker`",
    keys: &[RUN, ARGS, PROTOCOL, FILES, ENV, LIMITS, PROFILE],
    later: &[],
    limits: false,
    required: &["run", "protocol"],
};

static INTERACTOR_MAP: MapKind = MapKind {
    what: "`interactor`",
    keys: &[
        RUN,
        ARGS,
        PROTOCOL,
        FILES,
        ENV,
        LIMITS,
        PROFILE,
        key("transcript", Shape::Text, "how much of the conversation is kept: 16K when not given"),
    ],
    later: &[],
    limits: false,
    required: &["run", "protocol"],
};

static EXPECT_MAP: MapKind = MapKind {
    what: "`expect`",
    keys: &[
        key("exit", Shape::Exit, "how it must end; 0 when not given"),
        key("stdout", Shape::Bytes, "what standard output must be"),
        key("stderr", Shape::Bytes, "what standard error must be"),
        key("files", Shape::ExpectFiles, "files that it must leave in the workspace"),
        key(
            "code",
            Shape::Code,
            "the code that it must end with, when hitting a limit is the expected result",
        ),
    ],
    later: &["checker", "redact", "resources", "interactor"],
    limits: false,
    required: &[],
};

static BYTES: MapKind = MapKind {
    what: "expected bytes",
    keys: &[
        key("text", Shape::Text, "the bytes themselves"),
        key("file", Shape::Path, "a file beside the suite"),
        key("compare", Shape::Compare, "how they are compared"),
    ],
    later: &["match", "contains", "regex", "json", "lines", "unordered", "sha256", "checker", "glob"],
    limits: false,
    required: &[],
};

static CONTENT: MapKind = MapKind {
    what: "content",
    keys: &[
        key("text", Shape::Text, "the bytes themselves"),
        key("file", Shape::Path, "a file beside the suite"),
    ],
    later: &["generate", "base64"],
    limits: false,
    required: &[],
};

static FILE: MapKind = MapKind {
    what: "a file",
    keys: &[
        key("text", Shape::Text, "the bytes themselves"),
        key("file", Shape::Path, "a file beside the suite"),
        key("executable", Shape::Flag, "whether the program may execute it"),
    ],
    later: &["base64", "mode"],
    limits: false,
    required: &[],
};

static LIMITS_MAP: MapKind = MapKind { what: "`limits`", keys: &[], later: &[], limits: true, required: &[] };

static EXIT_MAP: MapKind = MapKind {
    what: "`exit`",
    keys: &[key("signal", Shape::Text, "the signal that must end it: SIGSEGV")],
    later: &[],
    limits: false,
    required: &["signal"],
};

static COMPARE_MAP: MapKind = MapKind {
    what: "`compare`",
    keys: &[key("float", Shape::Map(float), "tokens, with numbers within either tolerance")],
    later: &["checker", "regex", "json"],
    limits: false,
    required: &["float"],
};

static FLOAT: MapKind = MapKind {
    what: "`float`",
    keys: &[
        key("abs", Shape::Points, "greatest absolute difference"),
        key("rel", Shape::Points, "greatest difference relative to the expected number"),
    ],
    later: &[],
    limits: false,
    required: &[],
};

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
    checker = CHECKER_MAP;
    interactor = INTERACTOR_MAP;
    expect = EXPECT_MAP;
    bytes = BYTES;
    content = CONTENT;
    file = FILE;
    limits = LIMITS_MAP;
    exit = EXIT_MAP;
    compare = COMPARE_MAP;
    float = FLOAT;
}

/// Comparisons that have a place in the design and that this version does not support.
pub(super) const LATER_COMPARISONS: &[&str] =
    &["lines", "unordered", "regex", "contains", "json", "glob", "checker"];

/// Ways to score a group that have a place in the design and that this version does not support.
pub(super) const LATER_SCORES: &[&str] = &["min", "max", "average", "weighted", "first-failure"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_both_supported_and_refused_as_not_supported() {
        for table in ALL {
            for later in table().later {
                assert!(!table().takes(later), "{}: {later}", table().what);
            }
        }
    }
}
