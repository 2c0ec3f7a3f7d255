//! What must hold: `expect`, how it must end, its files and its code.

use std::collections::HashSet;
use std::ops::Range;
use std::str::FromStr;

use nix::sys::signal::Signal;

use super::keys;
use super::reader::{Mistake, Reader, shown};
use super::syntax::{Node, Value};
use crate::judge::Code;
use crate::suite::{Exit, Expect, ExpectFile};

/// Whether a path that must be absent stands for many.
pub(crate) fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

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
                        let file = self.expected_file(&entry.value);
                        self.check_glob(&entry.key, &entry.key_span, file.as_ref());
                        expect.files.extend(path.zip(file));
                    }
                    if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
                        self.asserts_nothing(&node.span, "an empty map asserts nothing");
                    }
                }
                "resources" => expect.resources = self.resources(node),
                "redact" => expect.redact = self.redactions(node),
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

    /// A glob is good for what must not be there, and only for that.
    fn check_glob(&mut self, key: &str, span: &Range<usize>, file: Option<&ExpectFile>) {
        match file {
            Some(ExpectFile::Absent) if is_glob(key) => {
                if let Err(error) = globset::Glob::new(key) {
                    let message = format!("this is no glob: {}", error.kind());
                    self.senseless(span, message, "write `\"tmp/**\": absent` or `\"*.log\": absent`");
                }
            }
            Some(ExpectFile::Is(_)) if key.contains(['*', '?']) => {
                let message = "a glob can only be `absent`: which of its files this is for is not clear";
                self.senseless(span, message.to_owned(), "name the file, or write `absent`");
            }
            _ => {}
        }
    }

    /// `absent`, or what its bytes must be.
    fn expected_file(&mut self, node: &Node) -> Option<ExpectFile> {
        match &node.value {
            Value::Text(text) if text == "absent" => Some(ExpectFile::Absent),
            _ => self.bytes(node, "a file").map(ExpectFile::Is),
        }
    }

    pub(super) fn asserts_nothing(&mut self, span: &Range<usize>, label: &str) {
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
            Value::Text(word) if word.starts_with('!') => self.exit_not(word, node),
            Value::Map(_) => self.exit_signal(node),
            Value::Text(_) | Value::Null | Value::Bool(_) | Value::Float(..) | Value::Date => {
                self.wrong(
                    node,
                    "`exit` is no exit status",
                    "write a number, a list of numbers, `nonzero`, `\"!3\"`, `{signal: SIGSEGV}` or `any`",
                );
                None
            }
        }
    }

    /// `!3`
    fn exit_not(&mut self, word: &str, node: &Node) -> Option<Exit> {
        let status = word.trim_start_matches('!').trim().parse::<u8>();
        match status {
            Ok(0) => Some(Exit::Nonzero),
            Ok(status) => Some(Exit::Not(status.into())),
            Err(_) => {
                let message = format!("`{}` names no exit status: 0 to 255", shown(word));
                self.senseless(&node.span, message, "write `\"!0\"`");
                None
            }
        }
    }

    fn status(&mut self, node: &Node) -> Option<i32> {
        let Some(status) = node.value.as_integer() else {
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

    /// A code that a program's own doing can end in: not our faults, not the operator's.
    pub(super) fn code(&mut self, node: &Node) -> Option<Code> {
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
