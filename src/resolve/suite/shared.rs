//! What cases have in common is made once and shared: a suite may have a hundred thousand cases.

use std::sync::Arc;

use super::resolver::Resolver;
use super::settings::Layers;
use crate::limits::WrittenLimits;
use crate::resolve::{CaseSettings, FileLine, Surroundings, WrittenAt};
use crate::sandbox::spec::InputFile;
use crate::units::NoNul;

/// What the cases of a group have that say nothing of their own.
#[derive(Default)]
pub(super) struct Shared {
    /// The inner `None` where they are broken, which has been complained about.
    pub(super) settings: Option<Option<Arc<CaseSettings>>>,
    /// What its cases with limits of their own have below these.
    pub(super) below_limits: Option<(WrittenLimits, Arc<Surroundings>)>,
    argv: Option<Arc<[NoNul]>>,
    files: Option<Arc<[InputFile]>>,
    tags: Option<Arc<[String]>>,
    name: Option<Arc<str>>,
}

impl Resolver<'_> {
    pub(super) fn group_name(&mut self, group: usize) -> Arc<str> {
        let suite = self.suite;
        let name = &mut self.shared.entry(Some(group)).or_default().name;
        Arc::clone(name.get_or_insert_with(|| suite.groups[group].name.value.as_str().into()))
    }

    pub(super) fn tags(&mut self, layers: &Layers<'_>) -> Arc<[String]> {
        let all = || {
            let mut tags: Vec<String> =
                layers.least_first().flat_map(|common| common.tags.iter().cloned()).collect();
            tags.dedup();
            tags.into()
        };
        if !layers.is_like_its_group(|case| case.tags.is_empty()) {
            return all();
        }
        Arc::clone(self.shared.entry(layers.group()).or_default().tags.get_or_insert_with(all))
    }

    pub(super) fn argv(&mut self, layers: &Layers<'_>, start: usize) -> Arc<[NoNul]> {
        if !layers.is_like_its_group(|case| {
            case.command.is_none() && case.args_span.is_none() && case.source.is_none()
        }) {
            return self.argv_of(layers, start).into();
        }
        if let Some(argv) = self.shared.get(&layers.group()).and_then(|shared| shared.argv.as_ref()) {
            return Arc::clone(argv);
        }
        let argv: Arc<[NoNul]> = self.argv_of(layers, start).into();
        if !argv.is_empty() {
            self.shared.entry(layers.group()).or_default().argv = Some(Arc::clone(&argv));
        }
        argv
    }

    pub(super) fn workspace_files(&mut self, layers: &Layers<'_>) -> Arc<[InputFile]> {
        if !layers.is_like_its_group(|case| case.files.is_empty()) {
            return self.workspace_files_of(layers).into();
        }
        if let Some(files) = self.shared.get(&layers.group()).and_then(|shared| shared.files.as_ref()) {
            return Arc::clone(files);
        }
        let files: Arc<[InputFile]> = self.workspace_files_of(layers).into();
        self.shared.entry(layers.group()).or_default().files = Some(Arc::clone(&files));
        files
    }

    /// `bytes`, shared with everything that has the same.
    pub(super) fn once(&mut self, bytes: &[u8]) -> Arc<[u8]> {
        match self.contents.get(bytes) {
            Some(known) => Arc::clone(known),
            None => self.keep(Arc::from(bytes)),
        }
    }

    /// The same for bytes that are an `Arc` already.
    pub(super) fn keep(&mut self, bytes: Arc<[u8]>) -> Arc<[u8]> {
        if let Some(known) = self.contents.get(&*bytes) {
            return Arc::clone(known);
        }
        self.contents.insert(Arc::clone(&bytes));
        bytes
    }

    /// Where the values were written that are no settings.
    pub(super) fn written_at(&self, layers: &Layers<'_>) -> WrittenAt {
        let command = layers.first(|common| common.command.as_ref()).map(|command| command.span.start);
        let stdin = layers.first(|common| common.stdin.as_ref()).map(|stdin| stdin.span.start);
        let expect = layers.first(|common| common.expect.span.as_ref()).map(|span| span.start);
        let points = layers.first(|common| common.points.as_ref()).map(|points| points.span.start);
        WrittenAt {
            command: command.map(|at| self.file_line(at)),
            stdin: stdin.map(|at| self.file_line(at)),
            expect: expect.map(|at| self.file_line(at)),
            points: points.map(|at| self.file_line(at)),
        }
    }

    fn file_line(&self, offset: usize) -> FileLine {
        FileLine { file: self.suite.sources.name(offset), line: self.suite.sources.line(offset) }
    }
}
