//! The tables of keys of what must hold, and of who looks. Part of the tables in `keys`.

use super::keys::{
    ARGS, ENV, FILES, LIMITS, MapKind, PASSES, PROFILE, PROTOCOL, RUN, Shape, kattis, key, resources,
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
        key("resources", Shape::Map(resources), "what it may have used"),
        key("redact", Shape::Redact, "what is replaced in its output before that is compared"),
    ],
    later: &["checker", "interactor"],
    limits: false,
    required: &[],
};

static BYTES: MapKind = MapKind {
    what: "expected bytes",
    keys: &[
        key("text", Shape::Text, "the bytes themselves"),
        key("file", Shape::Path, "a file beside the suite"),
        key("compare", Shape::Compare, "how they are compared"),
        key("contains", Shape::Parts, "what occurs somewhere; each of them where there are more"),
        key("lacks", Shape::Parts, "what occurs nowhere; none of them where there are more"),
        key("regex", Shape::Text, "one regular expression a line, each of which matches its whole line"),
        key("glob", Shape::Text, "one glob a line: `*` and `?`"),
        key("json", Shape::Json, "the same JSON value: as a value, or a text that is JSON"),
        key("sha256", Shape::Text, "the SHA-256 of it, in hex"),
    ],
    later: &["match", "lines", "unordered", "checker"],
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

static EXIT_MAP: MapKind = MapKind {
    what: "`exit`",
    keys: &[key("signal", Shape::Text, "the signal that must end it: SIGSEGV")],
    later: &[],
    limits: false,
    required: &["signal"],
};

static COMPARE_MAP: MapKind = MapKind {
    what: "`compare`",
    keys: &[
        key("float", Shape::Map(float), "tokens, with numbers within either tolerance"),
        key("json", Shape::Map(float), "JSON values, with numbers within either tolerance"),
        key("kattis", Shape::Map(kattis), "as the default validator of the Kattis format does"),
    ],
    later: &["checker", "regex"],
    limits: false,
    required: &[],
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

static CHECKER_MAP: MapKind = MapKind {
    what: "`checker`",
    keys: &[RUN, ARGS, PROTOCOL, FILES, ENV, LIMITS, PROFILE, PASSES],
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
        PASSES,
        key("transcript", Shape::Text, "how much of the conversation is kept: 16K when not given"),
    ],
    later: &[],
    limits: false,
    required: &["run", "protocol"],
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
    expect = EXPECT_MAP;
    bytes = BYTES;
    content = CONTENT;
    file = FILE;
    exit = EXIT_MAP;
    compare = COMPARE_MAP;
    float = FLOAT;
    checker = CHECKER_MAP;
    interactor = INTERACTOR_MAP;
}

/// Comparisons that have a place in the design and that this version does not support.
pub(super) const LATER_COMPARISONS: &[&str] = &["checker"];
