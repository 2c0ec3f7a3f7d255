//! From the text of `--filter` to an [`Expression`]; what is wrong with it, with its place.

use std::ops::Range;
use std::sync::Arc;

use globset::GlobBuilder;
use regex::RegexBuilder;

use super::expression::{Expression, Field, Matcher, Predicate};
use crate::diagnostic::{Diagnostic, Place, Source, nearest};
use crate::judge::Code;
use crate::units::visible_line;

/// Parentheses and `!` within each other; nobody needs more.
const MAX_DEPTH: usize = 64;

/// The memory of a compiled regular expression, in bytes.
const MAX_REGEX: usize = 4 << 20;

/// What can be asked about a case.
const NAMES: [&str; 10] = ["id", "name", "group", "suite", "tag", "file", "params", "status", "all", "none"];

/// What `status(…)` may be compared with.
const STATUSES: [&str; 8] =
    ["passed", "failed", "error", "skipped", "xfailed", "not_run", "cancelled", "new"];

/// Reads the text of `--filter`.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn parse(text: &str) -> Result<Expression, Box<Diagnostic>> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let found = parser.any();
    let found = found.and_then(|expression| match parser.peek() {
        None => Ok(expression),
        Some(')') => Err(parser.wrong(parser.here(), "this `)` closes nothing", "")),
        Some(_) => Err(parser.wrong(parser.here(), "`&` or `|` is missing before this", "")),
    });
    found.map_err(|mistake| Box::new(mistake.to_diagnostic(text)))
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

struct Mistake {
    span: Range<usize>,
    message: String,
    help: String,
}

impl Mistake {
    fn to_diagnostic(&self, text: &str) -> Diagnostic {
        let source = Source { name: "--filter".to_owned(), text: Arc::from(text) };
        let help =
            if self.help.is_empty() { "capsule-run help filters".to_owned() } else { self.help.clone() };
        Diagnostic {
            code: Code::InvalidInput,
            message: format!("--filter: {}", self.message),
            place: Some(Place { source, span: self.span.clone(), label: String::new() }),
            other: None,
            help,
        }
    }
}

type Parsed<T> = Result<T, Mistake>;

impl Parser<'_> {
    fn any(&mut self) -> Parsed<Expression> {
        let mut any = vec![self.all()?];
        while self.take('|') {
            any.push(self.all()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Expression::Or(any) })
    }

    fn all(&mut self) -> Parsed<Expression> {
        let mut all = vec![self.one()?];
        while self.take('&') {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::And(all) })
    }

    fn one(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong(self.here(), format!("nested more than {MAX_DEPTH} levels deep"), ""));
        }
        let one = match self.peek() {
            None => Err(self.wrong(self.here(), "something is missing at the end", "")),
            Some('!') => {
                self.at += 1;
                self.one().map(|inner| Expression::Not(Box::new(inner)))
            }
            Some('(') => {
                let open = self.here();
                self.at += 1;
                let inner = self.any()?;
                if self.take(')') { Ok(inner) } else { Err(self.wrong(open, "this `(` is not closed", "")) }
            }
            Some('&' | '|' | ')') => Err(self.wrong(self.here(), "something is missing before this", "")),
            Some('/' | '"' | '\'') => {
                let wanted = self.matcher(&Field::Id)?;
                Ok(Expression::Is(Predicate { field: Field::Id, wanted }))
            }
            Some(_) => self.word(),
        };
        self.depth -= 1;
        one
    }

    /// A text of the id, or a name with something in parentheses.
    fn word(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let stop = |c: char| c.is_whitespace() || matches!(c, '&' | '|' | '(' | ')');
        let rest = &self.text[start..];
        let word = &rest[..rest.find(stop).unwrap_or(rest.len())];
        self.at += word.len();
        if self.text[self.at..].starts_with('(') {
            return self.asked(word, start..self.at);
        }
        let wanted = Matcher::Contains(word.to_owned());
        Ok(Expression::Is(Predicate { field: Field::Id, wanted }))
    }

    fn asked(&mut self, name: &str, span: Range<usize>) -> Parsed<Expression> {
        let open = self.here();
        self.at += 1;
        let field = match name {
            "all" | "none" => {
                if !self.take(')') {
                    return Err(self.wrong(self.here(), format!("`{name}()` takes nothing"), ""));
                }
                return Ok(if name == "all" { Expression::All } else { Expression::None });
            }
            "id" => Field::Id,
            "name" => Field::Name,
            "group" => Field::Group,
            "suite" => Field::Suite,
            "tag" => Field::Tag,
            "file" => Field::File,
            "status" => Field::Status,
            "params" => self.param()?,
            _ => {
                let near = if name.len() > 64 { None } else { nearest(name, NAMES) };
                let help = near.map_or(String::new(), |near| format!("did you mean `{near}`?"));
                let name = visible_line(name.as_bytes());
                return Err(self.wrong(span, format!("nothing is called `{name}(…)`"), help));
            }
        };
        let wanted = if matches!(field, Field::Param(_)) && self.peek() == Some(')') {
            Matcher::Any
        } else {
            if matches!(field, Field::Param(_)) {
                self.take('=');
            }
            self.matcher(&field)?
        };
        if !self.take(')') {
            return Err(self.wrong(open, "this `(` is not closed", ""));
        }
        Ok(Expression::Is(Predicate { field, wanted }))
    }

    /// The name of a parameter.
    fn param(&mut self) -> Parsed<Field> {
        self.peek();
        let rest = &self.text[self.at..];
        let name = &rest[..rest.find([')', '=']).unwrap_or(rest.len())];
        if name.trim().is_empty() {
            return Err(self.wrong(self.here(), "which parameter?", "write `params(n=3)`"));
        }
        self.at += name.len();
        Ok(Field::Param(name.trim().to_owned()))
    }

    fn matcher(&mut self, field: &Field) -> Parsed<Matcher> {
        match self.peek() {
            Some('/') => self.regex(),
            Some('#') => {
                self.at += 1;
                self.glob()
            }
            Some('~') => {
                self.at += 1;
                self.bare(field).map(|(text, _)| Matcher::Contains(text))
            }
            Some('=') => {
                self.at += 1;
                self.bare(field).and_then(|(text, span)| self.exactly(field, text, span))
            }
            _ => {
                let (text, span) = self.bare(field)?;
                if *field == Field::Id {
                    return Ok(Matcher::Contains(text));
                }
                self.exactly(field, text, span)
            }
        }
    }

    /// A status that there is none of would never be met.
    fn exactly(&self, field: &Field, text: String, span: Range<usize>) -> Parsed<Matcher> {
        if *field == Field::Status && !STATUSES.contains(&text.as_str()) {
            let near = if text.len() > 64 { None } else { nearest(&text, STATUSES) };
            let help = near.map_or_else(
                || format!("there are: {}", STATUSES.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let text = visible_line(text.as_bytes());
            return Err(self.wrong(span, format!("there is no status `{text}`"), help));
        }
        Ok(Matcher::Equals(text))
    }

    /// A text in quotes, or up to the closing parenthesis.
    fn bare(&mut self, field: &Field) -> Parsed<(String, Range<usize>)> {
        let start = match self.peek() {
            Some(quote @ ('"' | '\'')) => {
                let start = self.at;
                self.at += 1;
                let rest = &self.text[self.at..];
                let Some(end) = rest.find(quote) else {
                    return Err(self.wrong(start..start + 1, "this quote is not closed", ""));
                };
                self.at += end + 1;
                return Ok((rest[..end].to_owned(), start..self.at));
            }
            _ => self.at,
        };
        let rest = &self.text[start..];
        let text = rest[..rest.find(')').unwrap_or(rest.len())].trim_end();
        self.at += text.len();
        if text.is_empty() {
            let what = format!("{field:?}").to_lowercase();
            return Err(self.wrong(
                self.here(),
                "there is nothing to compare with",
                format!("write `{what}(text)`"),
            ));
        }
        Ok((text.to_owned(), start..self.at))
    }

    fn regex(&mut self) -> Parsed<Matcher> {
        let start = self.at;
        self.at += 1;
        let mut pattern = String::new();
        let mut chars = self.text[self.at..].chars();
        loop {
            match chars.next() {
                None => return Err(self.wrong(start..start + 1, "this `/` is not closed", "")),
                Some('/') => break,
                Some('\\') if chars.as_str().starts_with('/') => {
                    pattern.push('/');
                    chars.next();
                }
                // What follows a backslash is none of ours, least of all the end.
                Some('\\') => {
                    pattern.push('\\');
                    pattern.extend(chars.next());
                }
                Some(other) => pattern.push(other),
            }
        }
        self.at = self.text.len() - chars.as_str().len();
        match RegexBuilder::new(&pattern).size_limit(MAX_REGEX).build() {
            Ok(regex) => Ok(Matcher::Regex(Box::new(regex))),
            Err(error) => {
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(self.wrong(start..self.at, format!("this is no regular expression: {reason}"), ""))
            }
        }
    }

    fn glob(&mut self) -> Parsed<Matcher> {
        let (pattern, span) = self.bare(&Field::Id)?;
        match GlobBuilder::new(&pattern).literal_separator(false).build() {
            Ok(glob) => Ok(Matcher::Glob(Box::new(glob.compile_matcher()))),
            Err(error) => Err(self.wrong(span, format!("this is no glob: {}", error.kind()), "")),
        }
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    /// The character that is looked at.
    fn here(&self) -> Range<usize> {
        let len = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        self.at..self.at + len
    }

    fn wrong(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake { span, message: message.into(), help: help.into() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::select::expression::Subject;
    use crate::policy::Request;
    use crate::resolve::{CaseId, Operator, ResolvedCase, command};
    use crate::units::NoNul;

    fn case(id: &str, group: &str, tags: &[&str]) -> ResolvedCase {
        let argv = vec![NoNul::new("true").expect("no NUL")];
        let request = Request { argv, ..Request::default() };
        let mut case = command(&request, &Operator::default()).expect("resolves");
        case.id = CaseId(id.into());
        case.name = id.rsplit('/').next().unwrap_or_default().into();
        case.group = (!group.is_empty()).then(|| group.into());
        case.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        case.params.insert("n".to_owned(), "3".to_owned());
        case
    }

    fn holds(text: &str) -> bool {
        let case = case("secret/sum[n=3]", "secret", &["slow", "io"]);
        let expression = parse(text).unwrap_or_else(|error| panic!("{text}: {}", error.message));
        expression.holds(Subject { case: &case, suite: "hw", status: "failed" })
    }

    #[test]
    fn an_expression_takes_the_cases_for_which_it_holds() {
        for text in [
            "sum",
            "sum[n=3]",
            "secret/sum[n=3]",
            "'sum['",
            "/^secret.*3\\]$/",
            "id(sum)",
            "id(=secret/sum[n=3])",
            "id(#secret/*)",
            "name(sum[n=3])",
            "name(~sum)",
            "group(secret)",
            "tag(slow) & tag(io)",
            "tag(slow)&!tag(fast)",
            "none() | params(n=3)",
            "params(n)",
            "params( n = /[0-9]/ )",
            "suite(hw) & status(failed)",
            "!(tag(fast) | tag(new)) & all()",
            "!!all()",
            "none() & none() | all()",
            "file(command line)",
            "id(/SUM(?-i)/) | id(/(?i)SUM/)",
            "tag(/^sl\\/?ow$/)",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in
            ["no", "group(sec)", "tag(slo)", "!sum", "none()", "params(m)", "params(n=4)", "status(new)"]
        {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_expression_is_said_with_its_place() {
        for (text, message, at) in [
            ("tag(slow", "this `(` is not closed", 3),
            ("tag(slow) tag(io)", "`&` or `|` is missing before this", 10),
            ("tga(slow)", "nothing is called `tga(…)`", 0),
            ("id(/(/)", "this is no regular expression", 3),
            ("a & ", "something is missing at the end", 4),
            ("a | ) b", "something is missing before this", 4),
            ("status(fialed)", "there is no status `fialed`", 7),
            ("id(/a", "this `/` is not closed", 3),
            ("'a", "this quote is not closed", 0),
            ("tag()", "there is nothing to compare with", 4),
            ("all(x)", "`all()` takes nothing", 4),
            ("(a", "this `(` is not closed", 0),
            ("a)", "this `)` closes nothing", 1),
            ("id(#[)", "this is no glob", 4),
            ("", "something is missing at the end", 0),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.message.contains(message), "{text}: {}", error.message);
            assert_eq!(error.place.expect("it has one").span.start, at, "{text}");
        }
        assert_eq!(parse("gruop(a)").expect_err("a typo").help, "did you mean `group`?");
    }

    #[test]
    fn an_expression_that_is_nested_without_end_is_refused() {
        for text in ["!".repeat(100_000), "(".repeat(100_000)] {
            assert!(parse(&text).expect_err("too deep").message.contains("nested"));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "[a-z()&|!/'\"#~= \\\\é\\[\\]]{0,40}") {
            let _ = parse(&text);
        }
    }
}
