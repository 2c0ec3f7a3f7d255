//! Diagnostics as text, in the manner of rustc, and as JSON for editors.
//!
//! Everything untrusted is made visible before it gets here or on its way through.

use std::collections::BTreeSet;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::excerpt::Excerpt;
use crate::diagnostic::{Diagnostic, Place};
use crate::units::visible_line;

/// How diagnostics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// With colours.
    pub color: bool,
    /// The exit status that the last line names.
    pub exit: u8,
}

impl Default for RenderOptions {
    /// Plain text, and the exit status of everything but `-- CMD`.
    fn default() -> Self {
        Self { color: false, exit: super::exit::USAGE }
    }
}

/// All of `diagnostics` as text, sorted by file and line, and a last line that says how many.
#[must_use]
pub fn diagnostics(diagnostics: &[Diagnostic], options: RenderOptions) -> String {
    let renderer = if options.color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in sorted(diagnostics) {
        text.push_str(&one(diagnostic, &renderer));
        text.push_str("\n\n");
    }
    text.push_str(&last_line(diagnostics, options.exit));
    text.push('\n');
    text
}

/// All of `diagnostics` as JSON, one object a line, for editors (`--message-format json`).
#[must_use]
pub fn diagnostics_json(diagnostics: &[Diagnostic]) -> String {
    let lines = sorted(diagnostics).into_iter().map(|diagnostic| {
        let object = json!({
            "level": "error",
            "code": diagnostic.code.number(),
            "message": diagnostic.message,
            "place": diagnostic.place.as_ref().map(place_json),
            "other": diagnostic.other.as_ref().map(place_json),
            "help": diagnostic.help,
        });
        format!("{object}\n")
    });
    lines.collect()
}

fn place_json(place: &Place) -> Value {
    let (line, column) = place.line_column();
    let (start, end) = (place.span.start, place.span.end);
    json!({
        "file": place.source.name, "line": line, "column": column,
        "byte_start": start, "byte_end": end, "label": place.label,
    })
}

/// By file and place; those without a place come last, as they were given.
fn sorted(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<_> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| match &diagnostic.place {
        Some(place) => (0, place.source.name.as_str(), place.span.start),
        None => (1, "", 0),
    });
    sorted
}

fn one(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let title =
        Level::ERROR.primary_title(visible_line(diagnostic.message.as_bytes())).id(diagnostic.code.number());
    let mut group = Group::with_title(title);
    if let Some(place) = &diagnostic.place {
        group = with_place(group, place, AnnotationKind::Primary);
    }
    if let Some(other) = &diagnostic.other {
        group = with_place(group, other, AnnotationKind::Context);
    }
    if !diagnostic.help.is_empty() {
        group = group.element(Level::HELP.message(visible_line(diagnostic.help.as_bytes())));
    }
    // A snippet may end in padding that nobody sees; and after a place of its own, which is right
    // also where the line was cut, a snippet begins with a `:::` that says nothing.
    let text = renderer.render(&[group]);
    let lines = text.lines().map(str::trim_end).filter(|line| uncoloured(line).trim() != ":::");
    lines.collect::<Vec<_>>().join("\n")
}

/// A line without the renderer's own colours.
fn uncoloured(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, after)| after))
}

fn with_place<'a>(group: Group<'a>, place: &Place, kind: AnnotationKind) -> Group<'a> {
    let excerpt = Excerpt::of(place);
    let name = visible_line(place.source.name.as_bytes());
    let label = visible_line(place.label.as_bytes());
    let mut annotation = kind.span(excerpt.span.clone());
    if !label.is_empty() {
        annotation = annotation.label(label);
    }
    let origin = Origin::path(name).line(excerpt.line).char_column(excerpt.column);
    let snippet =
        Snippet::source(excerpt.text).line_start(excerpt.first_line).fold(false).annotation(annotation);
    group.element(origin).element(snippet)
}

fn last_line(diagnostics: &[Diagnostic], exit: u8) -> String {
    let files: BTreeSet<&str> = diagnostics
        .iter()
        .filter_map(|diagnostic| Some(diagnostic.place.as_ref()?.source.name.as_str()))
        .collect();
    let errors = counted(diagnostics.len(), "error");
    let place =
        if files.is_empty() { String::new() } else { format!(" in {}", counted(files.len(), "file")) };
    format!("{errors}{place}; nothing was run. (exit {exit})")
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::judge::Code;

    fn typo() -> Diagnostic {
        let text = "cases:\n  - id: basic/sum\n    timeuot: 3s\n";
        let start = text.find("timeuot").expect("it is there");
        Diagnostic {
            code: Code::InvalidInput,
            message: "unknown key `timeuot` in a case".to_owned(),
            place: Some(Place {
                source: Source { name: "tests/grade.yaml".to_owned(), text: text.into() },
                span: start..start + 7,
                label: "did you mean `timeout`?".to_owned(),
            }),
            other: None,
            help: "a case may have: id, run".to_owned(),
        }
    }

    #[test]
    fn a_diagnostic_shows_its_line_with_a_caret_a_label_and_help() {
        let expected = "\
error[E1001]: unknown key `timeuot` in a case
 --> tests/grade.yaml:3:5
  |
2 |   - id: basic/sum
3 |     timeuot: 3s
  |     ^^^^^^^ did you mean `timeout`?
  |
  = help: a case may have: id, run

1 error in 1 file; nothing was run. (exit 2)
";
        assert_eq!(diagnostics(&[typo()], RenderOptions::default()), expected);
    }

    #[test]
    fn an_option_has_no_arrow_and_colour_comes_only_when_asked_for() {
        let option = Diagnostic { place: None, help: String::new(), ..typo() };
        let plain = diagnostics(std::slice::from_ref(&option), RenderOptions::default());
        assert_eq!(
            plain,
            "error[E1001]: unknown key `timeuot` in a case\n\n1 error; nothing was run. (exit 2)\n"
        );
        assert!(diagnostics(&[option], RenderOptions { color: true, exit: 2 }).contains('\u{1b}'));
    }

    #[test]
    fn nothing_untrusted_reaches_the_terminal_raw() {
        let mut evil = typo();
        evil.message = "bad \u{1b}]0;owned\u{7}".to_owned();
        evil.help = "\u{202e}x".to_owned();
        if let Some(place) = &mut evil.place {
            place.label = "\u{1b}[31m\n".to_owned();
            place.source = Source { name: "\u{1b}[2J.yaml".to_owned(), text: "\u{1b}[2J\u{9b}31m".into() };
            place.span = 0..4;
        }
        evil.other = evil.place.clone();
        let text = diagnostics(&[evil], RenderOptions::default());
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']), "{text:?}");
    }

    #[test]
    fn json_has_one_object_a_line_with_line_and_column() {
        let text = diagnostics_json(&[typo(), typo()]);
        let objects: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
        assert_eq!(objects.len(), 2);
        assert_eq!(objects[0]["place"]["line"], 3);
        assert_eq!(objects[0]["place"]["column"], 5);
        assert_eq!(objects[0]["code"], "E1001");
    }
}
