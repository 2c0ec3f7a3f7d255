//! The tables of keys of what belongs to a suite's language beside its cases: templates, variables,
//! how a case is taken, hooks, checks of sources. Part of the tables in `keys`.

use super::keys::{
    self, ARGS, COMPARE, ENV, EXPECT, EXTRA_CREDIT, FILES, Key, LIMITS, MATRIX, MapKind, NEEDS, NETWORK,
    PENALTY, POINTS, PROFILE, RETRIES, RUN, SHELL, SKIP, SOURCE, STDIN, Shape, TAGS, VISIBILITY, WEIGHT,
    WORKDIR, XFAIL, key,
};

const WHY: Key = key("reason", Shape::Text, "why; it is shown");
const IF: Key = key("if", Shape::Condition, "only if this holds: `${os} == mac`");
const UNLESS: Key = key("unless", Shape::Condition, "only if this does not hold");

static INCLUDED: MapKind = MapKind {
    what: "an included file",
    keys: &[
        key("version", Shape::Version, "version of this format: 1"),
        key("include", Shape::Include, "further files"),
        key("vars", Shape::Vars, "what `${name}` stands for"),
        key("profiles", Shape::Named(keys::profile), "profiles of this suite"),
        key("templates", Shape::Named(template), "what cases and groups extend"),
        key("build", Shape::List(keys::build), "build steps"),
        key("groups", Shape::List(keys::group), "groups of cases"),
        key("cases", Shape::List(keys::case), "cases"),
    ],
    later: &[],
    limits: false,
    required: &[],
};

static TEMPLATE: MapKind = MapKind {
    what: "a template",
    keys: &[
        key("extends", Shape::Extends, "templates that it starts from"),
        MATRIX,
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
        POINTS,
        TAGS,
        NEEDS,
        VISIBILITY,
        WORKDIR,
        NETWORK,
        RETRIES,
        SKIP,
        XFAIL,
        SOURCE,
        WEIGHT,
        EXTRA_CREDIT,
        PENALTY,
    ],
    later: &[],
    limits: false,
    required: &[],
};

static RANGE: MapKind = MapKind {
    what: "a range",
    keys: &[
        key("from", Shape::Whole, "the first number"),
        key("to", Shape::Whole, "no number above this"),
        key("step", Shape::Whole, "from one to the next: 1 when not given"),
    ],
    later: &[],
    limits: false,
    required: &["from", "to"],
};

static SKIP_MAP: MapKind =
    MapKind { what: "`skip`", keys: &[WHY, IF, UNLESS], later: &[], limits: false, required: &["reason"] };

static XFAIL_MAP: MapKind = MapKind {
    what: "`xfail`",
    keys: &[
        WHY,
        IF,
        UNLESS,
        key("code", Shape::Code, "the only code that it may fail with"),
        key("strict", Shape::Flag, "whether passing is a failure; true when not given"),
    ],
    later: &[],
    limits: false,
    required: &["reason"],
};

static RETRIES_MAP: MapKind = MapKind {
    what: "`retries`",
    keys: &[
        key("count", Shape::Count, "how often it is tried again"),
        key("delay", Shape::Time, "how long to wait before each: 1s"),
    ],
    later: &["backoff"],
    limits: false,
    required: &["count"],
};

static SOURCE_MAP: MapKind = MapKind {
    what: "`source`",
    keys: &[
        key("files", Shape::Globs, "globs of the submission's files that are looked at"),
        key("forbidden", Shape::Rules, "regular expressions that no line may match"),
        key("required", Shape::Rules, "regular expressions each of which a line must match"),
        key("max_size", Shape::Size, "the most bytes of all of them together"),
        key("max_lines", Shape::Count, "the most lines of all of them together"),
        key("max_columns", Shape::Count, "the most bytes of one line"),
        key("max_files", Shape::Count, "the most files"),
    ],
    later: &[],
    limits: false,
    required: &["files"],
};

static RULE: MapKind = MapKind {
    what: "a rule",
    keys: &[
        key("pattern", Shape::Text, "the regular expression"),
        key("why", Shape::Text, "what is said when it does not hold"),
    ],
    later: &[],
    limits: false,
    required: &["pattern"],
};

static HOOKS: MapKind = MapKind {
    what: "`hooks`",
    keys: &[
        key("setup", Shape::List(hook), "steps before the cases; what they hand on, the cases see"),
        key("teardown", Shape::List(hook), "steps after the cases, whatever became of them"),
    ],
    later: &["before_each", "after_each"],
    limits: false,
    required: &[],
};

static HOOK: MapKind = MapKind {
    what: "a hook",
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
        key("blame", Shape::Words(&["suite", "submission"]), "whose fault it is when it fails"),
        WORKDIR,
        NETWORK,
    ],
    later: &["needs", "retries"],
    limits: false,
    required: &[],
};

static RESOURCES: MapKind = MapKind {
    what: "`resources`",
    keys: &[
        key("cpu", Shape::Bound, "CPU time: `<1s`"),
        key("wall", Shape::Bound, "wall-clock time: `<2s`"),
        key("peak_memory", Shape::Bound, "memory: `<64MiB`"),
        key("output", Shape::Bound, "standard output and standard error: `<1K`"),
        key("peak_processes", Shape::Bound, "processes at one time: `<=4`"),
    ],
    later: &[],
    limits: false,
    required: &[],
};

static REDACTION: MapKind = MapKind {
    what: "a redaction",
    keys: &[
        key("re", Shape::Text, "regular expression of what is replaced"),
        key("with", Shape::Text, "what stands there instead; nothing when not given"),
    ],
    later: &[],
    limits: false,
    required: &["re"],
};

static KATTIS: MapKind = MapKind {
    what: "`kattis`",
    keys: &[
        key("case_sensitive", Shape::Flag, "upper and lower case differ"),
        key("space_change_sensitive", Shape::Flag, "white space counts"),
        key("float_tolerance", Shape::Points, "absolute and relative tolerance of numbers"),
        key("float_absolute_tolerance", Shape::Points, "absolute tolerance of numbers"),
        key("float_relative_tolerance", Shape::Points, "relative tolerance of numbers"),
    ],
    later: &[],
    limits: false,
    required: &[],
};

static THRESHOLD: MapKind = MapKind {
    what: "`score`",
    keys: &[key("threshold", Shape::Share, "the share that must be reached: 0.7, or 70%")],
    later: &[],
    limits: false,
    required: &["threshold"],
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
    included = INCLUDED;
    template = TEMPLATE;
    range = RANGE;
    skip = SKIP_MAP;
    xfail = XFAIL_MAP;
    retries = RETRIES_MAP;
    source = SOURCE_MAP;
    rule = RULE;
    hooks = HOOKS;
    hook = HOOK;
    resources = RESOURCES;
    redaction = REDACTION;
    kattis = KATTIS;
    threshold = THRESHOLD;
}
