//! What must hold: `expect` and everything below it.

use std::collections::HashSet;
use std::ops::Range;
use std::str::FromStr;

use nix::sys::signal::Signal;

use super::keys;
use super::reader::{Mistake, Reader};
use super::syntax::{Node, Value};
use crate::judge::Code;
use crate::suite::{Compare, Content, Exit, Expect, ExpectBytes, Spanned};

/// What `compare: float` means without numbers.
const DEFAULT_TOLERANCE: f64 = 1e-6;

impl Reader<'_> {
    pub(super) fn expect(&mut self, node: &Node, span: &Range<usize>) -> Expect {
        let before = self.mistakes();
        let mut expect = Expect::default();
        for entry in self.entries(node, keys::expect()) {
            let node = &entry.value;
            match entry.key.as_str() {
                "exit" => expect.exit = self.exit(node),
                "stdout" => expect.stdout = self.bytes(node, "`stdout`"),
                "stderr" => expect.stderr = self.bytes(node, "`stderr`"),
                "files" => {
                    let mut seen = HashSet::new();
                    for entry in self.map(node, "`files`").unwrap_or_default() {
                        let path = self.check_path(&entry.key, &entry.key_span, "the path in `files`");
                        self.check_only_once(&mut seen, path.as_ref(), &entry.key_span);
                        let bytes = self.bytes(&entry.value, "a file");
                        expect.files.extend(path.zip(bytes));
                    }
                    if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
                        self.asserts_nothing(&node.span, "an empty map asserts nothing");
                    }
                }
                _ => expect.code = self.code(node),
            }
        }
        if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
            self.asserts_nothing(&node.span, "an empty map asserts nothing");
        }
        // What was not understood is no ground for saying that nothing is asserted.
        expect.span = (self.mistakes() == before).then(|| span.clone());
        expect
    }

    fn asserts_nothing(&mut self, span: &Range<usize>, label: &str) {
        self.mistake(Mistake {
            code: Code::OutOfRange,
            span,
            message: "this expectation can never fail".to_owned(),
            label: label.to_owned(),
            help: "leave it out, or say what must hold".to_owned(),
        });
    }

    fn exit(&mut self, node: &Node) -> Option<Exit> {
        match &node.value {
            Value::Integer(..) => Some(Exit::OneOf(vec![self.status(node)?])),
            Value::List(items) if items.is_empty() => {
                self.asserts_nothing(&node.span, "an empty list asserts nothing");
                None
            }
            Value::List(items) => {
                let statuses: Vec<_> = items.iter().filter_map(|item| self.status(item)).collect();
                (statuses.len() == items.len()).then_some(Exit::OneOf(statuses))
            }
            Value::Text(word) if word == "any" => Some(Exit::Any),
            Value::Text(word) if word == "nonzero" => Some(Exit::Nonzero),
            Value::Map(_) => self.exit_signal(node),
            Value::Text(_) | Value::Null | Value::Bool(_) | Value::Float(..) | Value::Date => {
                self.wrong(
                    node,
                    "`exit` is no exit status",
                    "write a number, a list of numbers, `nonzero`, `{signal: SIGSEGV}` or `any`",
                );
                None
            }
        }
    }

    fn status(&mut self, node: &Node) -> Option<i32> {
        let Value::Integer(status, _) = node.value else {
            self.wrong(node, "an exit status must be a number", "");
            return None;
        };
        match u8::try_from(status) {
            Ok(status) => Some(status.into()),
            Err(_) => {
                let help = "write `{signal: …}` for a program that a signal must end";
                self.senseless(&node.span, format!("no program exits with {status}: 0 to 255"), help);
                None
            }
        }
    }

    fn exit_signal(&mut self, node: &Node) -> Option<Exit> {
        let entries = self.entries(node, keys::exit());
        let Some(entry) = entries.first() else {
            if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
                self.asserts_nothing(&node.span, "an empty map asserts nothing");
            }
            return None;
        };
        let node = &entry.value;
        let name = self.text(node, "`signal`")?;
        let signal = match name.parse() {
            Ok(number) => Some(number).filter(|number| (1..=64).contains(number)),
            Err(_) => {
                let name = name.to_ascii_uppercase();
                let name = if name.starts_with("SIG") { name } else { format!("SIG{name}") };
                Signal::from_str(&name).ok().map(|signal| signal as i32)
            }
        };
        if signal.is_none() {
            let names: Vec<_> = Signal::iterator().map(Signal::as_str).collect();
            self.not_a_word(&node.span, "signal", &name, &names);
        }
        signal.map(Exit::Signal)
    }

    /// What bytes must be: a text, `any`, or a map.
    fn bytes(&mut self, node: &Node, what: &str) -> Option<ExpectBytes> {
        match &node.value {
            Value::Text(text) if text == "any" => Some(ExpectBytes::Any),
            Value::Text(_) | Value::Integer(..) | Value::Float(..) | Value::Bool(_) => {
                let value = Content::Text(self.text(node, what)?);
                let content = Spanned { value, span: node.span.clone() };
                Some(ExpectBytes::Like { content, compare: None })
            }
            Value::List(items) if items.is_empty() => {
                self.mistake(Mistake {
                    code: Code::OutOfRange,
                    span: &node.span,
                    message: "this expectation can never fail".to_owned(),
                    label: "an empty list asserts nothing".to_owned(),
                    help: "write \"\" for \"must be empty\", any to ignore it".to_owned(),
                });
                None
            }
            Value::Map(_) => self.bytes_map(node, what),
            Value::Null | Value::Date | Value::List(_) => {
                let help = "write the text itself, `{file: path}`, \"\" for \"must be empty\", or any";
                self.wrong(node, format!("{what} says nothing that it could be compared with"), help);
                None
            }
        }
    }

    fn bytes_map(&mut self, node: &Node, what: &str) -> Option<ExpectBytes> {
        let before = self.mistakes();
        let entries = self.entries(node, keys::bytes());
        let compare = entries.iter().find(|entry| entry.key == "compare");
        let compare = compare.and_then(|entry| self.compare(&entry.value));
        let content = self.one_content(node, &entries, what, before)?;
        Some(ExpectBytes::Like { content, compare })
    }

    pub(super) fn compare(&mut self, node: &Node) -> Option<Compare> {
        const WORDS: [&str; 4] = ["exact", "trim", "tokens", "float"];
        if matches!(node.value, Value::Map(_)) {
            let entries = self.entries(node, keys::compare());
            return self.tolerance(&entries.first()?.value);
        }
        let word = self.text(node, "`compare`")?;
        match word.as_str() {
            "exact" => Some(Compare::Exact),
            "trim" => Some(Compare::Trim),
            "tokens" => Some(Compare::Tokens),
            "float" => Some(Compare::Float { absolute: DEFAULT_TOLERANCE, relative: DEFAULT_TOLERANCE }),
            later if keys::LATER_COMPARISONS.contains(&later) => {
                self.unsupported(&node.span, &format!("`compare: {later}`"));
                None
            }
            other => {
                self.not_a_word(&node.span, "comparison", other, &WORDS);
                None
            }
        }
    }

    fn tolerance(&mut self, node: &Node) -> Option<Compare> {
        let before = self.mistakes();
        let (mut absolute, mut relative) = (None, None);
        for entry in self.entries(node, keys::float()) {
            let number = self.number(&entry.value, "a tolerance");
            if entry.key == "abs" { absolute = number } else { relative = number }
        }
        if absolute.is_none() && relative.is_none() {
            if self.mistakes() == before {
                self.missing(
                    &node.span,
                    "`float` says no tolerance",
                    "write `{float: {abs: 1e-6, rel: 1e-6}}`",
                );
            }
            return None;
        }
        Some(Compare::Float { absolute: absolute.unwrap_or(0.0), relative: relative.unwrap_or(0.0) })
    }

    /// A code that a program's own doing can end in: not our faults, not the operator's.
    fn code(&mut self, node: &Node) -> Option<Code> {
        let text = self.text(node, "`code`")?;
        let code = Code::from_number(&text);
        match code {
            Some(code) if may_be_expected(code) => Some(code),
            Some(code) => {
                let help = "expect a code of family 2, 3 or 4, or E6001 to E6004";
                self.senseless(&node.span, format!("no program can be expected to end with {code}"), help);
                None
            }
            None => {
                let codes: Vec<_> = Code::ALL
                    .iter()
                    .filter(|code| may_be_expected(**code))
                    .map(|code| code.number())
                    .collect();
                self.not_a_word(&node.span, "code", &text, &codes);
                None
            }
        }
    }
}

/// Whether a program's own doing can end in `code`: not our faults, not the operator's.
pub(super) fn may_be_expected(code: Code) -> bool {
    // Families 2, 3 and 4: execution, time and signals, resources.
    let ends = matches!(code.number().get(..2), Some("E2" | "E3" | "E4"));
    let differs = [Code::WrongExit, Code::StdoutDiffers, Code::StderrDiffers, Code::FileDiffers];
    (ends || differs.contains(&code)) && !code.is_harness_fault()
}
