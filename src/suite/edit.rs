//! Changing one text of a suite file where it stands: everything else, comments and layout too,
//! stays as its author wrote it. A change that does not read back as exactly that is refused.

use std::ops::Range;

use super::parse::SuiteFormat;
use super::syntax::{Entry, Node, Value, parse_json, parse_toml, parse_yaml};
use crate::diagnostic::{Diagnostic, Source};

/// Whose expected text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedOf<'a> {
    /// Standard output's.
    Stdout,
    /// Standard error's.
    Stderr,
    /// That of a file, by its path in the suite.
    File(&'a str),
}

/// Why a text cannot be changed where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotEdit {
    /// The case does not have the text itself.
    #[error(
        "the case does not say it itself (it comes from defaults, a group or a template): edit the suite"
    )]
    Inherited,
    /// Nothing in the file reads like it.
    #[error("the suite file does not have it as it was read: edit the suite")]
    NotFound,
    /// No spelling of the new text reads back as it without changing something else.
    #[error("it cannot be written there without changing something else: edit the suite")]
    NoSpelling,
}

/// The bytes of the suite's text that hold what is expected of `target`, in the case that starts on
/// `line` (from 1).
///
/// # Errors
/// [`CannotEdit`] when the case itself does not have `text` there.
pub fn find_text(
    source: &Source,
    format: SuiteFormat,
    line: u32,
    target: ExpectedOf<'_>,
    text: &str,
) -> Result<Range<usize>, CannotEdit> {
    let tree = parse_tree(source, format).map_err(|_| CannotEdit::NotFound)?;
    let line_of = |span: &Range<usize>| {
        let before = source.text.get(..span.start).unwrap_or_default();
        before.bytes().filter(|&byte| byte == b'\n').count() + 1
    };
    let wanted = usize::try_from(line).unwrap_or(0);
    let mut found = Vec::new();
    cases(&tree, &mut |case| {
        if line_of(&case.span) == wanted {
            found.extend(
                expected(case, target).filter(|node| is_text(node, text)).map(|node| node.span.clone()),
            );
        }
    });
    match found.as_slice() {
        [span] => Ok(span.clone()),
        [] => Err(CannotEdit::Inherited),
        _ => Err(CannotEdit::NotFound),
    }
}

/// The suite's text with `new` where the text at `span` was.
///
/// # Errors
/// [`CannotEdit`] when no spelling of `new` reads back as it with everything else unchanged.
pub fn replace_text(
    source: &Source,
    format: SuiteFormat,
    span: &Range<usize>,
    new: &str,
) -> Result<String, CannotEdit> {
    // The word that asks for nothing in particular cannot be asked for as a text everywhere.
    if new == "any" {
        return Err(CannotEdit::NoSpelling);
    }
    let before = parse_tree(source, format).map_err(|_| CannotEdit::NotFound)?;
    let written = extent(&source.text, format, span).ok_or(CannotEdit::NotFound)?;
    for spelling in spellings(&source.text, format, &written, new) {
        let text = format!("{}{spelling}{}", &source.text[..written.start], &source.text[written.end..]);
        let changed = Source { name: source.name.clone(), text: text.as_str().into() };
        if parse_tree(&changed, format).is_ok_and(|after| is_changed(&before, &after, span, new)) {
            return Ok(text);
        }
    }
    Err(CannotEdit::NoSpelling)
}

fn is_text(node: &Node, text: &str) -> bool {
    node.value.written() == Some(text)
}

/// All maps that could be a case: what stands in a list called `cases`.
fn cases<'a>(node: &'a Node, found: &mut dyn FnMut(&'a Node)) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                if let ("cases", Value::List(items)) = (entry.key.as_str(), &entry.value.value) {
                    items.iter().for_each(&mut *found);
                } else {
                    cases(&entry.value, found);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| cases(item, found)),
        _ => {}
    }
}

/// What a case expects of a target: the text itself, or a map with `text`.
fn expected<'a>(case: &'a Node, target: ExpectedOf<'_>) -> Option<&'a Node> {
    let expect = get(case, "expect")?;
    let node = match target {
        ExpectedOf::Stdout => get(expect, "stdout"),
        ExpectedOf::Stderr => get(expect, "stderr"),
        ExpectedOf::File(path) => get(get(expect, "files")?, path),
    }?;
    if matches!(node.value, Value::Map(_)) { get(node, "text") } else { Some(node) }
}

fn parse_tree(source: &Source, format: SuiteFormat) -> Result<Node, Vec<Diagnostic>> {
    match format {
        SuiteFormat::Yaml => parse_yaml(source),
        SuiteFormat::Toml => parse_toml(source),
        SuiteFormat::Json => parse_json(source),
    }
}

fn get<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

/// Whether `after` is `before` with `new` at `span`, and nothing else.
fn is_changed(before: &Node, after: &Node, span: &Range<usize>, new: &str) -> bool {
    match (&before.value, &after.value) {
        (Value::List(old), Value::List(new_items)) => {
            old.len() == new_items.len()
                && old.iter().zip(new_items).all(|(old, item)| is_changed(old, item, span, new))
        }
        (Value::Map(old), Value::Map(entries)) => {
            let same = |(old, entry): (&Entry, &Entry)| {
                old.key == entry.key && is_changed(&old.value, &entry.value, span, new)
            };
            old.len() == entries.len() && old.iter().zip(entries).all(same)
        }
        (_, value) if before.span == *span => matches!(value, Value::Text(text) if text == new),
        (old, value) => old == value,
    }
}

/// The whole scalar whose value is at `span`: that of a block leaves out its header and its last
/// blank lines.
fn extent(text: &str, format: SuiteFormat, span: &Range<usize>) -> Option<Range<usize>> {
    if let Some(header) = block_header(text, span.start).filter(|_| format == SuiteFormat::Yaml) {
        return Some(header..header + block_length(&text[header..]));
    }
    let rest = text.get(span.start..)?;
    let length = match (format, rest.as_bytes().first()?) {
        (SuiteFormat::Yaml, b'\'') => {
            // A doubled quote is a quote, and goes on.
            let mut from = 1;
            loop {
                let quote = from + rest[from..].find('\'')?;
                if rest[quote + 1..].starts_with('\'') {
                    from = quote + 2;
                } else {
                    break quote + 1;
                }
            }
        }
        _ => span.len(),
    };
    Some(span.start..span.start + length)
}

/// Where the `|` or `>` stands of the block whose text begins at `at`, on a line of its own.
fn block_header(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let (above, lead) = before.rsplit_once('\n')?;
    if !lead.trim().is_empty() {
        return None;
    }
    let above = above.trim_end();
    let start = above.rfind('\n').map_or(0, |newline| newline + 1);
    let line = &above[start..];
    let line = line.split_once(" #").map_or(line, |(line, _)| line).trim_end();
    let word = line.rfind([' ', '\t']).map_or(0, |blank| blank + 1);
    let is_header = line[word..].starts_with(['|', '>'])
        && line[word + 1..].bytes().all(|b| matches!(b, b'+' | b'-' | b'1'..=b'9'));
    is_header.then_some(start + word)
}

/// Bytes of a YAML block scalar, from its `|` to the newline of its last line.
fn block_length(rest: &str) -> usize {
    let mut lines = rest.split_inclusive('\n');
    let mut length = lines.next().map_or(0, str::len);
    let mut end = length;
    let mut indent = None;
    for line in lines {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        length += line.len();
        if line.trim().is_empty() {
            // Blank lines belong to it only if it keeps them; those before a line of text do.
            if rest.lines().next().is_some_and(|header| header.contains('+')) {
                end = length;
            }
            continue;
        }
        if blanks < *indent.get_or_insert(blanks.max(1)) {
            break;
        }
        end = length;
    }
    end
}

/// How the new text could be written, the nearest to the old way first.
fn spellings(text: &str, format: SuiteFormat, at: &Range<usize>, new: &str) -> Vec<String> {
    let old = &text[at.clone()];
    let line = text[..at.start].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = text[line..].len() - text[line..].trim_start_matches([' ', '-']).len();
    let printable = new.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control());
    let one_line = printable && !new.contains(['\n', '\t']);
    let mut all = Vec::new();
    match format {
        SuiteFormat::Yaml => {
            let block = old.starts_with(['|', '>']);
            if block && printable {
                all.extend(block_spelling(old, indent, new));
            }
            if one_line && old.starts_with('\'') {
                all.push(format!("'{}'", new.replace('\'', "''")));
            }
            if one_line && !block && !old.starts_with(['\'', '"']) {
                all.push(new.to_owned());
            }
            // The line after a block begins where the block ended.
            let remark = if block { remark(old.lines().next().unwrap_or_default()) } else { "" };
            all.push(quoted(new) + remark + if block && old.ends_with('\n') { "\n" } else { "" });
        }
        SuiteFormat::Toml => {
            for fence in ["'''", "\"\"\""] {
                if printable && old.starts_with(fence) && !new.contains(fence) {
                    let escaped = if fence == "'''" { new.to_owned() } else { new.replace('\\', "\\\\") };
                    all.push(format!("{fence}\n{escaped}{fence}"));
                }
            }
            if one_line && old.starts_with('\'') && !new.contains('\'') {
                all.push(format!("'{new}'"));
            }
            all.push(quoted(new));
        }
        SuiteFormat::Json => all.push(quoted(new)),
    }
    all
}

/// What stands behind a block's header, with the blanks before it.
fn remark(header: &str) -> &str {
    let end = header.find('#').map_or(header.len(), |at| header[..at].trim_end().len());
    if header.contains('#') { &header[end..] } else { "" }
}

/// A block with the old one's indentation and remark.
fn block_spelling(old: &str, indent: usize, new: &str) -> Option<String> {
    let (header, body) = old.split_once('\n')?;
    if new.is_empty() {
        return None;
    }
    let first = body.lines().find(|line| !line.trim().is_empty());
    let columns = first.map_or(indent + 2, |line| line.len() - line.trim_start_matches(' ').len());
    let (lines, chomp) = match new.strip_suffix('\n') {
        None => (new, "-"),
        Some(lines) if lines.ends_with('\n') || lines.is_empty() => (lines, "+"),
        Some(lines) => (lines, ""),
    };
    let mut block = format!("|{chomp}{}", remark(header));
    for line in lines.split('\n') {
        block.push('\n');
        if !line.is_empty() {
            block.push_str(&" ".repeat(columns));
            block.push_str(line);
        }
    }
    if old.ends_with('\n') {
        block.push('\n');
    }
    Some(block)
}

/// In double quotes, as YAML, TOML and JSON all read it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(text: &str) -> Source {
        Source { name: "suite".to_owned(), text: text.into() }
    }

    /// Replaces what the case on `line` expects of standard output.
    fn edit(text: &str, format: SuiteFormat, line: u32, old: &str, new: &str) -> Result<String, CannotEdit> {
        let source = source(text);
        let span = find_text(&source, format, line, ExpectedOf::Stdout, old)?;
        replace_text(&source, format, &span, new)
    }

    fn yaml(expect: &str) -> String {
        format!(
            "# head\nversion: 1\ncases:\n  # about a\n  - id: a   # why\n    run: [x]\n    expect:\n      stdout: {expect}\n      exit: 0   # of course\n\n  # about b\n  - {{id: b, run: [y], expect: {{stdout: other}}}}\n"
        )
    }

    #[test]
    fn every_way_to_write_a_text_is_kept_and_so_is_everything_around_it() {
        let block = "        one\n        two";
        for (before, old, new, after) in [
            ("plain", "plain", "other words", "other words"),
            ("plain", "plain", "a: b", "\"a: b\""),
            ("plain", "plain", "5", "\"5\""),
            ("'it''s'", "it's", "isn't", "'isn''t'"),
            ("'a'  # remark", "a", "b", "'b'  # remark"),
            ("\"a\\n\"", "a\n", "b \"c\"\n", "\"b \\\"c\\\"\\n\""),
            ("{text: \"a\", compare: exact} # x", "a", "b", "{text: \"b\", compare: exact} # x"),
            (
                &format!("|\n{block}"),
                "one\ntwo\n",
                "one\n2\n\n  3\n",
                "|\n        one\n        2\n\n          3",
            ),
            (&format!("|- # why\n{block}"), "one\ntwo", "x", "|- # why\n        x"),
            (&format!("|-\n{block}"), "one\ntwo", "x\n", "|\n        x"),
            (&format!("|\n{block}"), "one\ntwo\n", "", "\"\""),
            (&format!("|\n{block}"), "one\ntwo\n", "a\rb\n", "\"a\\rb\\n\""),
            (&format!("|\n{block}"), "one\ntwo\n", " led\n", "\" led\\n\""),
            (&format!(">\n{block}"), "one two\n", "x\ny\n", "|\n        x\n        y"),
        ] {
            let found = edit(&yaml(before), SuiteFormat::Yaml, 5, old, new);
            assert_eq!(found.as_deref(), Ok(yaml(after).as_str()), "{before} -> {new:?}");
        }
    }

    #[test]
    fn toml_and_json_are_edited_too() {
        let toml = |text: &str| {
            format!("version = 1 # v\n\n[[cases]]\nid = \"a\"\nrun = [\"x\"]\nexpect.stdout = {text} # why\n")
        };
        for (before, old, new, after) in [
            ("\"a\"", "a", "b\n", "\"b\\n\""),
            ("'a\\b'", "a\\b", "c\\d", "'c\\d'"),
            ("'''\na\n'''", "a\n", "b\nc\n", "'''\nb\nc\n'''"),
            ("\"\"\"\na\n\"\"\"", "a\n", "b\\\nc\n", "\"\"\"\nb\\\\\nc\n\"\"\""),
        ] {
            let found = edit(&toml(before), SuiteFormat::Toml, 3, old, new);
            assert_eq!(found.as_deref(), Ok(toml(after).as_str()), "{before} -> {new:?}");
        }
        let json =
            "{\"version\": 1,\n \"cases\": [\n  {\"id\": \"a\",  \"expect\": {\"stdout\": \"old\\n\"}}]}\n";
        let found = edit(json, SuiteFormat::Json, 3, "old\n", "new \u{1b}\u{2028}\n");
        assert_eq!(found, Ok(json.replace("old", "new \\u001b\\u2028")));
    }

    #[test]
    fn a_text_that_others_share_is_not_touched() {
        let shared = "version: 1\ndefaults: {expect: {stdout: same}}\ncases:\n  - {id: a, run: [x]}\n";
        assert_eq!(edit(shared, SuiteFormat::Yaml, 4, "same", "new"), Err(CannotEdit::Inherited));
        let anchor = "version: 1\ncases:\n  - id: a\n    expect: {stdout: &t old}\n  - id: b\n    expect: {stdout: *t}\n";
        let found = edit(anchor, SuiteFormat::Yaml, 3, "old", "new");
        assert!(found.is_err() || found.as_ref().is_ok_and(|text| text.contains("&t old")), "{found:?}");
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_itself_in_any_place(
            new in "[a-c:#'\" \\-|>\\\\\n\t\r\u{1b}é\u{2028}\u{85}%@&*!{}\\[\\],?~]{0,40}",
            style in 0usize..6,
        ) {
            let old = ["p", "'p'", "\"p\"", "|-\n        p", ">-\n        p", "{text: p}"][style];
            let edited = edit(&yaml(old), SuiteFormat::Yaml, 5, "p", &new);
            let text = edited.expect("double quotes hold every text");
            prop_assert!(text.contains("# of course") && text.contains("  # about b\n"));
            let again = find_text(&source(&text), SuiteFormat::Yaml, 5, ExpectedOf::Stdout, &new);
            prop_assert!(again.is_ok(), "{text}");
        }
    }
}
