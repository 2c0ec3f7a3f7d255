//! Keeps the layers: reads every file under `src/` and compares what it uses with the table in
//! docs/architecture.md, which is the only place where the table stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file without comments, literals and unit tests.
struct Source {
    /// Relative to `src/`.
    path: PathBuf,
    /// `sandbox::cgroup::v1`; empty for lib.rs and main.rs.
    module: String,
    code: String,
}

#[test]
fn no_module_uses_what_the_table_does_not_allow() {
    let table = Table::read();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(row) = table.row_of(&source.module) else {
            // lib.rs and main.rs declare everything.
            assert!(source.module.is_empty(), "{}: not in docs/architecture.md", source.path.display());
            continue;
        };
        for used in paths(&source.code, &source.module) {
            if !table.allows(row, &used) {
                wrong.push(format!(
                    "{}: module {row} may not use crate::{used}; see docs/architecture.md",
                    source.path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_points_upwards_only() {
    let table = Table::read();
    for (position, (row, allowed)) in table.rows.iter().enumerate() {
        for used in allowed.iter().filter(|used| *used != "everything") {
            let above =
                table.row_of(used).and_then(|used| table.rows.iter().position(|(name, _)| name == used));
            let above = above.unwrap_or_else(|| panic!("{row} may use `{used}`, which is no module"));
            assert!(above < position, "{row} may use {used}, which stands below it");
        }
    }
}

#[test]
fn every_module_of_the_table_exists_and_every_folder_is_in_it() {
    let table = Table::read();
    let modules: Vec<_> = sources().into_iter().map(|source| source.module).collect();
    for (row, _) in &table.rows {
        assert!(
            modules.iter().any(|module| is_below(module, row)),
            "docs/architecture.md: there is no module {row}"
        );
    }
}

#[test]
fn unsafe_code_stands_only_in_sandbox_sys() {
    let offenders = offenders("unsafe", |module| is_below(module, "sandbox::sys"));
    assert!(offenders.is_empty(), "{offenders:?}");
}

#[test]
fn effects_stand_only_where_they_are_allowed() {
    let sandbox_or_cli = |module: &str| is_below(module, "sandbox") || is_below(module, "cli");
    for (what, allowed) in [
        (
            "std::fs",
            &(|module: &str| sandbox_or_cli(module) || is_below(module, "runner")) as &dyn Fn(&str) -> bool,
        ),
        ("std::env", &sandbox_or_cli),
        ("std::net", &sandbox_or_cli),
        // main.rs (the empty module) returns an ExitCode.
        ("std::process", &|module: &str| sandbox_or_cli(module) || module.is_empty()),
        ("process::exit", &sandbox_or_cli),
        ("println!", &|module: &str| is_below(module, "cli")),
        ("eprintln!", &|module: &str| is_below(module, "cli")),
        ("print!", &|module: &str| is_below(module, "cli")),
        ("eprint!", &|module: &str| is_below(module, "cli")),
    ] {
        let offenders = offenders(what, allowed);
        assert!(offenders.is_empty(), "{what}: {offenders:?}");
    }
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    for source in sources() {
        for part in source.module.split("::") {
            let empty = ["util", "utils", "common", "helper", "helpers", "misc", "manager", "data", "info"];
            assert!(!empty.contains(&part), "{}: say what it is", source.path.display());
        }
    }
}

#[test]
fn mod_and_lib_files_declare_and_hold_no_logic() {
    for source in sources() {
        if source.path.ends_with("mod.rs") || source.path.ends_with("lib.rs") {
            let longest = longest_body(&source.code);
            assert!(longest <= 16, "{}: a body of {longest} lines; give it a file", source.path.display());
        }
    }
}

#[test]
fn no_file_is_above_500_lines_without_its_tests() {
    for source in sources() {
        let lines = source.code.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= 500, "{}: {lines} lines", source.path.display());
    }
}

/// The table of docs/architecture.md, in its order.
struct Table {
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    fn read() -> Self {
        let text = fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md");
        let lines = text.lines().skip_while(|line| !line.starts_with("| module |")).skip(2);
        let rows: Vec<_> = lines.take_while(|line| line.starts_with('|')).map(row).collect();
        assert!(rows.len() > 10, "docs/architecture.md has lost its table");
        Self { rows }
    }

    /// The row that a module belongs to: the longest one that it is below.
    fn row_of(&self, module: &str) -> Option<&str> {
        let rows = self.rows.iter().map(|(row, _)| row.as_str());
        rows.filter(|row| is_below(module, row)).max_by_key(|row| row.len())
    }

    fn allows(&self, row: &str, used: &str) -> bool {
        let allowed = &self.rows.iter().find(|(name, _)| name == row).expect("a row of the table").1;
        self.row_of(used) == Some(row)
            || allowed.iter().any(|allowed| allowed == "everything" || is_below(used, allowed))
    }
}

fn row(line: &str) -> (String, Vec<String>) {
    let cells: Vec<_> = line.split('|').map(str::trim).collect();
    let [_, module, _, allowed, _] = cells[..] else { panic!("not three columns: {line}") };
    let allowed = allowed.split(',').map(|name| name.trim().trim_matches('`').to_owned());
    (module.trim_matches('`').to_owned(), allowed.filter(|name| !name.is_empty()).collect())
}

fn is_below(module: &str, parent: &str) -> bool {
    module == parent || module.strip_prefix(parent).is_some_and(|rest| rest.starts_with("::"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut open = vec![root().join("src")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !is_tests(&path) {
                found.push(source(&path));
            }
        }
    }
    assert!(found.len() > 20, "src has {} files", found.len());
    found
}

/// `tests.rs` and `…_tests.rs` hold the unit tests of a module.
fn is_tests(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_tests"))
}

fn source(path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source can be read");
    let path = path.strip_prefix(root().join("src")).expect("it is below src").to_owned();
    let mut parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let file = parts.pop().expect("a file has a name");
    match file.as_str() {
        "mod.rs" | "lib.rs" | "main.rs" => {}
        _ => parts.push(file.trim_end_matches(".rs").to_owned()),
    }
    Source { path, module: parts.join("::"), code: without_tests(&without_literals(&text)) }
}

/// Unit tests are not the module: they may use whatever they need.
fn without_tests(code: &str) -> String {
    let tests = code.match_indices("#[cfg(test)]").map(|(at, _)| at);
    let inline = |at: &usize| {
        code[*at..].split_once(']').is_some_and(|(_, rest)| rest.trim_start().starts_with("mod "))
    };
    let inline =
        |at: &usize| inline(at) && code[*at..].lines().nth(1).is_some_and(|line| line.ends_with('{'));
    match tests.into_iter().find(inline) {
        Some(at) => code[..at].to_owned(),
        None => code.to_owned(),
    }
}

/// The code without comments and with empty literals; lines stay lines.
fn without_literals(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = rest.find('"').expect("a raw string opens") + 1;
            body + rest[body..].find(&end).map_or(rest.len() - body, |at| at + end.len())
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            // The `r` at the end of a word does not start a raw string.
            if first.is_alphanumeric() || first == '_' {
                let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                out.push_str(&rest[..word]);
                rest = &rest[word..];
            }
            continue;
        };
        out.extend(rest[..skip].chars().filter(|c| *c == '\n'));
        rest = &rest[skip..];
    }
    out
}

/// The number of hashes, if a raw string starts here.
fn raw_string(rest: &str) -> Option<usize> {
    let after =
        rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.chars().take_while(|c| *c == '#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Whether a quote starts a character and not a lifetime.
fn is_character(rest: &str) -> bool {
    let mut characters = rest.chars().skip(1);
    characters.next() == Some('\\') || characters.next() == Some('\'')
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Everything of this crate that the code names, without `crate::`.
fn paths(code: &str, module: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if !ends_word(&code[..at]) {
            continue;
        }
        tree(&code[at + "crate::".len()..], "", &mut found);
    }
    for (at, _) in code.match_indices("super::") {
        let before = &code[..at];
        if before.ends_with("super::") || !ends_word(before) {
            continue;
        }
        let mut rest = &code[at..];
        let mut parent = module;
        while let Some(after) = rest.strip_prefix("super::") {
            parent = parent.rsplit_once("::").map_or("", |(parent, _)| parent);
            rest = after;
        }
        tree(rest, parent, &mut found);
    }
    found
}

fn ends_word(before: &str) -> bool {
    !before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

/// Adds the paths of a use tree: `a::{b, c::d}` is `a::b` and `a::c::d`. Returns its length.
fn tree(text: &str, parent: &str, found: &mut Vec<String>) -> usize {
    let name = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut at = name;
    let path = match (parent, &text[..name]) {
        (_, "self") | (_, "") => parent.to_owned(),
        ("", name) => name.to_owned(),
        (parent, name) => format!("{parent}::{name}"),
    };
    if name == 0 && text.starts_with('{') {
        at = 1;
        while !text[at..].starts_with('}') && at < text.len() {
            let used = tree(&text[at..], parent, found);
            at += used.max(1);
            at += text[at..].find(|c: char| !c.is_whitespace() && c != ',').unwrap_or(text.len() - at);
        }
        return at + 1;
    }
    if let Some(rest) = text[at..].strip_prefix("::") {
        return at + 2 + tree(rest, &path, found);
    }
    if !path.is_empty() {
        found.push(path);
    }
    at
}

fn offenders(what: &str, allowed: impl Fn(&str) -> bool) -> BTreeMap<PathBuf, usize> {
    let sources = sources().into_iter().filter(|source| !allowed(&source.module));
    let counted = sources.map(|source| {
        let hits = source.code.match_indices(what).filter(|(at, _)| {
            let after = source.code[at + what.len()..].chars().next();
            ends_word(&source.code[..*at]) && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        });
        (source.path.clone(), hits.count())
    });
    counted.filter(|(_, hits)| *hits > 0).collect()
}

/// Lines of the longest function body.
fn longest_body(code: &str) -> usize {
    let mut longest = 0;
    for (at, _) in code.match_indices("fn ").filter(|(at, _)| ends_word(&code[..*at])) {
        let signature = &code[at..];
        let Some(open) = signature.find(['{', ';']).filter(|open| signature[*open..].starts_with('{')) else {
            continue;
        };
        let mut depth = 0;
        let body = signature[open..].char_indices().find_map(|(at, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (depth == 0).then_some(at)
        });
        longest = longest.max(signature[open..open + body.unwrap_or(0)].lines().count());
    }
    longest
}

#[test]
fn a_use_tree_is_read_in_full() {
    let code =
        "use crate::{judge::{Code, self}, units::*}; fn f() { super::plan::build(super::super::cli::X) }";
    let found = paths(&without_literals(code), "sandbox::linux");
    assert_eq!(found, ["judge::Code", "judge", "units", "sandbox::plan::build", "cli::X"]);
}

#[test]
fn comments_literals_and_unit_tests_are_not_code() {
    let code = "// crate::cli\nlet a = \"crate::cli\"; let b = r#\"unsafe\"#; let c = '\"'; let d: &'a str;\n\
                #[cfg(test)]\nmod tests {\n use crate::cli; }";
    let code = without_tests(&without_literals(code));
    assert!(paths(&code, "").is_empty() && !code.contains("unsafe"), "{code}");
    assert!(code.contains("&'a str"), "{code}");
}
