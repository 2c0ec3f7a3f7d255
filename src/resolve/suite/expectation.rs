//! What must hold for a case, decided: the author's words of all levels, with the files read.

use std::path::Path;
use std::sync::Arc;

use super::planned::Planned;
use super::resolver::{Resolver, path_shown};
use super::settings::Layers;
use crate::judge::{
    self, Code, ExitExpectation, Expectation, Expected, FileExpectation, FloatTolerance, StreamExpectation,
};
use crate::suite::{Compare, Content, Exit, ExpectBytes, Spanned};

/// A build step must exit with 0; whatever it prints.
pub(super) fn of_build() -> Expectation {
    Expectation {
        exit: ExitExpectation::OneOf(vec![0]),
        stdout: StreamExpectation::Any,
        stderr: StreamExpectation::Any,
        files: Vec::new(),
        code: None,
        build: true,
        ..Expectation::default()
    }
}

impl Resolver<'_> {
    pub(super) fn expectation(&mut self, layers: &Layers<'_>, planned: &Planned<'_>) -> Expectation {
        let compare = layers.first(|common| common.compare.as_ref()).copied().unwrap_or(Compare::Tokens);
        let answer = planned.from_file.as_ref().and_then(|file| file.answer.as_ref());
        let stdout = match answer {
            Some((path, span)) => self.answer(path, span, compare),
            None => self.stream(layers.first(|common| common.expect.stdout.as_ref()), compare),
        };
        let expectation = Expectation {
            exit: exit(layers.first(|common| common.expect.exit.as_ref())),
            stdout,
            stderr: self.stream(layers.first(|common| common.expect.stderr.as_ref()), compare),
            files: self.files_expected(layers, compare),
            code: layers.first(|common| common.expect.code.as_ref()).copied(),
            build: false,
            ..Expectation::default()
        };
        self.check_it_can_fail(&expectation, layers);
        expectation
    }

    fn stream(&mut self, written: Option<&ExpectBytes>, compare: Compare) -> StreamExpectation {
        match written {
            None | Some(ExpectBytes::Any) => StreamExpectation::Any,
            Some(ExpectBytes::Like { content, compare: own }) => self
                .expected(content, own.unwrap_or(compare))
                .map_or(StreamExpectation::Any, StreamExpectation::Like),
        }
    }

    fn files_expected(&mut self, layers: &Layers<'_>, compare: Compare) -> Vec<FileExpectation> {
        let some = |common: &&crate::suite::Common| !common.expect.files.is_empty();
        let Some(common) = layers.most_first().find(some) else { return Vec::new() };
        let mut files = Vec::new();
        for (path, bytes) in &common.expect.files {
            let expected = match bytes {
                ExpectBytes::Any => None,
                ExpectBytes::Like { content, compare: own } => self.expected(content, own.unwrap_or(compare)),
            };
            files.push(FileExpectation { path: path.clone(), expected, absent: false });
        }
        files
    }

    fn expected(&mut self, content: &Spanned<Content>, compare: Compare) -> Option<Expected> {
        let bytes = self.content(content)?.bytes;
        let source = match &content.value {
            Content::Text(_) => "the suite".to_owned(),
            Content::File(path) => path_shown(path),
        };
        Some(Expected { bytes, source, compare: compare.into() })
    }

    fn answer(&mut self, path: &Path, span: &std::ops::Range<usize>, compare: Compare) -> StreamExpectation {
        match self.read_input(path, span) {
            Some(bytes) => StreamExpectation::Like(Expected {
                bytes: Arc::clone(&bytes),
                source: path_shown(path),
                compare: compare.into(),
            }),
            None => StreamExpectation::Any,
        }
    }

    /// An expectation that no program can miss hides a mistake.
    fn check_it_can_fail(&mut self, expectation: &Expectation, layers: &Layers<'_>) {
        let all_any = expectation.exit == ExitExpectation::Any
            && expectation.stdout == StreamExpectation::Any
            && expectation.stderr == StreamExpectation::Any
            && expectation.files.is_empty()
            && expectation.code.is_none();
        if !all_any || !self.errors.is_empty() || super::judging::is_judged(layers) {
            return;
        }
        let at = layers.first(|common| common.expect.exit.as_ref().and(common.expect.span.as_ref()));
        if let Some(span) = at.cloned() {
            let help = "say what `stdout` must be, or leave `exit: any` out: a case must exit with 0 then";
            self.mistake(Code::OutOfRange, &span, "this expectation can never fail", help);
        }
    }
}

fn exit(written: Option<&Exit>) -> ExitExpectation {
    match written {
        None => ExitExpectation::OneOf(vec![0]),
        Some(Exit::OneOf(statuses)) => ExitExpectation::OneOf(statuses.clone()),
        Some(Exit::Nonzero) => ExitExpectation::Nonzero,
        Some(Exit::Signal(signal)) => ExitExpectation::Signal(*signal),
        Some(Exit::Any) => ExitExpectation::Any,
    }
}

impl From<Compare> for judge::Compare {
    fn from(compare: Compare) -> Self {
        match compare {
            Compare::Exact => Self::Exact,
            Compare::Trim => Self::Trim,
            Compare::Tokens => Self::Tokens,
            Compare::Float { absolute, relative } => Self::Float(FloatTolerance { absolute, relative }),
        }
    }
}
