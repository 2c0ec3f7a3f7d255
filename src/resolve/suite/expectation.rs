//! What must hold for a case, decided: the author's words of all levels, with the files read.

use std::path::Path;
use std::time::Duration;

use super::planned::Planned;
use super::resolver::{Resolver, path_shown};
use super::settings::Layers;
use crate::judge::{
    Code, Compare, ExitExpectation, Expectation, Expected, FileExpectation, FileGlob, Order, Resource,
    ResourceExpectation, StreamExpectation,
};
use crate::resolve::ResolvedLimits;
use crate::suite::{Content, Exit, ExpectBytes, ExpectFile, Spanned, is_glob, wrong_bytes};

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
    pub(super) fn expectation(
        &mut self,
        layers: &Layers<'_>,
        planned: &Planned<'_>,
        limits: &ResolvedLimits,
    ) -> Expectation {
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
            resources: self.resources_expected(layers, limits),
            redact: layers.least_first().flat_map(|common| common.expect.redact.iter().cloned()).collect(),
            code: layers.first(|common| common.expect.code.as_ref()).copied(),
            build: false,
        };
        self.check_it_can_fail(&expectation, layers);
        expectation
    }

    fn stream(&mut self, written: Option<&ExpectBytes>, compare: Compare) -> StreamExpectation {
        let mut all = written.map_or(Vec::new(), |bytes| self.expected_all(bytes, compare));
        match all.len() {
            0 => StreamExpectation::Any,
            1 => StreamExpectation::Like(all.remove(0)),
            _ => StreamExpectation::Every(all),
        }
    }

    /// Everything that bytes must be like; nothing for `any`.
    fn expected_all(&mut self, bytes: &ExpectBytes, compare: Compare) -> Vec<Expected> {
        match bytes {
            ExpectBytes::Any => Vec::new(),
            ExpectBytes::Like { content, compare: own } => {
                self.expected(content, own.unwrap_or(compare)).into_iter().collect()
            }
            ExpectBytes::Every(all) => {
                all.iter().flat_map(|bytes| self.expected_all(bytes, compare)).collect()
            }
        }
    }

    fn files_expected(&mut self, layers: &Layers<'_>, compare: Compare) -> Vec<FileExpectation> {
        let some = |common: &&crate::suite::Common| !common.expect.files.is_empty();
        let Some(common) = layers.most_first().find(some) else { return Vec::new() };
        let mut files = Vec::new();
        for (path, file) in &common.expect.files {
            let one = |expected, absent| FileExpectation { path: path.clone(), expected, absent, glob: None };
            match file {
                ExpectFile::Absent => {
                    // The parser has seen to it that it is one.
                    let text = path.to_str().filter(|text| is_glob(text));
                    let glob = text.and_then(|text| FileGlob::new(text).ok());
                    files.push(FileExpectation { glob, ..one(None, true) });
                }
                ExpectFile::Is(bytes) => {
                    let all = self.expected_all(bytes, compare);
                    if all.is_empty() {
                        files.push(one(None, false));
                    }
                    files.extend(all.into_iter().map(|expected| one(Some(expected), false)));
                }
            }
        }
        files
    }

    /// What may be used. A bound that a limit holds anyhow can never fail.
    fn resources_expected(
        &mut self,
        layers: &Layers<'_>,
        limits: &ResolvedLimits,
    ) -> Vec<ResourceExpectation> {
        let some = |common: &&crate::suite::Common| !common.expect.resources.is_empty();
        let Some(common) = layers.most_first().find(some) else { return Vec::new() };
        for written in &common.expect.resources {
            let ResourceExpectation { resource, order, amount } = written.value;
            let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            let limit = match resource {
                Resource::Cpu => limits.cpu.value.map(millis),
                Resource::Wall => Some(millis(limits.wall.value)),
                Resource::PeakMemory => Some(limits.memory.value.0),
                Resource::Output => Some(limits.output.value.0),
                Resource::PeakProcesses => Some(limits.pids.value.into()),
            };
            let at_most = matches!(order, Order::Less | Order::AtMost);
            if let Some(limit) = limit.filter(|&limit| at_most && amount > limit) {
                let unit = match resource {
                    Resource::Cpu | Resource::Wall => " ms",
                    Resource::PeakMemory | Resource::Output => " bytes",
                    Resource::PeakProcesses => "",
                };
                let message = format!("this expectation can never fail: the limit is {limit}{unit}");
                self.mistake(
                    Code::OutOfRange,
                    &written.span,
                    message,
                    "expect less than the limit, or leave it out",
                );
            }
        }
        common.expect.resources.iter().map(|written| written.value).collect()
    }

    fn expected(&mut self, content: &Spanned<Content>, compare: Compare) -> Option<Expected> {
        let bytes = self.content(content)?.bytes;
        let source = match &content.value {
            Content::Text(_) => "the suite".to_owned(),
            Content::File(path) => path_shown(path),
        };
        self.check_bytes(compare, &bytes, &content.span);
        Some(Expected { bytes, source, compare })
    }

    /// Patterns must be patterns, JSON must be JSON.
    fn check_bytes(&mut self, compare: Compare, bytes: &[u8], span: &std::ops::Range<usize>) {
        if let Some((message, help)) = wrong_bytes(compare, bytes) {
            self.mistake(Code::OutOfRange, span, message, help);
        }
    }

    fn answer(&mut self, path: &Path, span: &std::ops::Range<usize>, compare: Compare) -> StreamExpectation {
        match self.read_input(path, span) {
            Some(bytes) => {
                self.check_bytes(compare, &bytes, span);
                StreamExpectation::Like(Expected { bytes, source: path_shown(path), compare })
            }
            None => StreamExpectation::Any,
        }
    }

    /// An expectation that no program can miss hides a mistake.
    fn check_it_can_fail(&mut self, expectation: &Expectation, layers: &Layers<'_>) {
        let all_any = expectation.exit == ExitExpectation::Any
            && expectation.stdout == StreamExpectation::Any
            && expectation.stderr == StreamExpectation::Any
            && expectation.files.is_empty()
            && expectation.resources.is_empty()
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
        Some(Exit::Not(status)) => ExitExpectation::Not(*status),
        Some(Exit::Signal(signal)) => ExitExpectation::Signal(*signal),
        Some(Exit::Any) => ExitExpectation::Any,
    }
}
