//! `language`: what a suite need not say about building and running, because the language does.

use std::sync::Arc;

use super::resolver::Resolver;
use super::settings::Layers;
use crate::diagnostic::nearest;
use crate::judge::Code;
use crate::policy::{self, Commands};
use crate::resolve::{CaseId, CaseKind, ResolvedCase};
use crate::suite::{Common, shown};
use crate::units::{Bytes, NoNul};

impl Resolver<'_> {
    /// Decides how the submission is built and run, where the suite names a language. Why it cannot
    /// be, where that is the submission's own doing.
    pub(super) fn resolve_language(&mut self) -> Option<String> {
        let language = self.suite.language.as_ref()?;
        if !policy::language_names().any(|name| name == language.value) {
            let near = nearest(&language.value, policy::language_names());
            let names: Vec<_> = policy::PRESETS.iter().map(|preset| preset.name).collect();
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the languages are: auto, {}", names.join(", ")),
            };
            let message = format!("there is no language `{}`", shown(&language.value));
            self.mistake(Code::InvalidInput, &language.span, message, help);
            return None;
        }
        let Some(submission) = &self.submission else {
            if self.errors.is_empty() && !self.lenient {
                let help = "give `submission: {path: …}` or --submission";
                let message = "a language is given, and there is no submission to be written in it";
                self.mistake(Code::MissingField, &language.span, message, help);
            }
            return None;
        };
        let files = self.files.list(submission).unwrap_or_default();
        match policy::commands(&language.value, &files) {
            Ok(commands) => {
                self.language = Some(commands);
                None
            }
            Err(why) => Some(why),
        }
    }

    /// The build step that the language gives, where the suite has none of its own.
    pub(super) fn language_build(&mut self) -> Option<ResolvedCase> {
        let span = self.suite.language.as_ref()?.span.clone();
        let Commands { build: Some(argv), outputs, .. } = self.language.clone()? else { return None };
        if !self.suite.build.is_empty() {
            return None;
        }
        let nothing = Common::default();
        let id = CaseId(Arc::from("build/compile"));
        let mut case = self.case(&Layers::of_build(&nothing), id, span.start);
        case.kind = CaseKind::Build;
        case.name = Arc::from("compile");
        case.points = 0.0;
        case.argv = argv.into();
        case.outputs = outputs;
        Some(case)
    }

    /// The command of a case for which nobody wrote one: the language's.
    pub(super) fn language_argv(&self, layers: &Layers<'_>, memory: Bytes) -> Option<Arc<[NoNul]>> {
        self.suite.language.as_ref()?;
        if layers.most_first().any(|common| common.command.is_some()) {
            return None;
        }
        let args = layers.most_first().find(|common| common.args_span.is_some());
        let args = args.iter().flat_map(|common| common.args.iter().cloned());
        let run = match &self.language {
            Some(commands) => commands.run_within(memory),
            // Never run: the submission is unusable, or the suite is.
            None => vec![NoNul::new("./prog").expect("a literal without NUL")],
        };
        Some(run.into_iter().chain(args).collect())
    }
}
