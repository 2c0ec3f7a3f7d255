//! Checkers and interactors, decided: each is a case of its own that is lowered and run like any.

use std::sync::Arc;

use super::resolver::Resolver;
use super::settings::Layers;
use crate::judge::{Expectation, Role, StreamExpectation};
use crate::resolve::{CaseId, CaseKind, JudgeProgram, Judging, Sources};
use crate::suite::{JudgeWords, JudgedBy};
use crate::units::Bytes;

/// How much of a conversation is kept when nobody says.
const TRANSCRIPT: Bytes = Bytes::kib(16);

/// Whether a checker or an interactor decides about a case.
pub(super) fn is_judged(layers: &Layers<'_>) -> bool {
    let checker = layers.first(|common| common.checker.as_ref());
    let interactor = layers.first(|common| common.interactor.as_ref());
    [checker, interactor].into_iter().flatten().any(|by| *by != JudgedBy::None)
}

impl Resolver<'_> {
    /// Who judges a case. What standard output should be is then theirs to compare with.
    pub(super) fn judging(
        &mut self,
        layers: &Layers<'_>,
        expectation: &mut Expectation,
    ) -> Option<Box<Judging>> {
        let checker = layers.first(|common| common.checker.as_ref());
        let checker = checker.and_then(|by| self.judge_program(by, Role::Checker));
        let interactor = layers.first(|common| common.interactor.as_ref());
        let interactor = interactor.and_then(|by| self.judge_program(by, Role::Interactor));
        if checker.is_none() && interactor.is_none() {
            return None;
        }
        let answer = match std::mem::replace(&mut expectation.stdout, StreamExpectation::Any) {
            StreamExpectation::Like(expected) => expected.bytes,
            // Several conditions are no answer to compare with: they hold beside the checker.
            every @ StreamExpectation::Every(_) => {
                expectation.stdout = every;
                Arc::from([])
            }
            StreamExpectation::Any => Arc::from([]),
        };
        Some(Box::new(Judging { checker, interactor, answer }))
    }

    fn judge_program(&mut self, by: &JudgedBy, role: Role) -> Option<Arc<JudgeProgram>> {
        let JudgedBy::Program(words) = by else { return None };
        let at = words.span.start;
        if let Some(program) = self.judges.get(&at) {
            return Some(Arc::clone(program));
        }
        let program = Arc::new(self.decided(words, role));
        self.judges.insert(at, Arc::clone(&program));
        Some(program)
    }

    fn decided(&mut self, words: &JudgeWords, role: Role) -> JudgeProgram {
        // The arguments come after those of the protocol, so they are no part of the command.
        let mut common = words.common.clone();
        let args = std::mem::take(&mut common.args);
        common.args_span = None;
        let layers = Layers::of_build(&common);
        let mut case = self.case(&layers, CaseId(role.name().into()), words.span.start);
        // Nothing of the submission is where its judge runs.
        case.sources = Sources::Empty;
        case.kind = CaseKind::Build;
        JudgeProgram {
            role,
            protocol: words.protocol.value,
            case,
            args,
            transcript: words.transcript.unwrap_or(TRANSCRIPT),
            passes: words.passes.unwrap_or(1),
        }
    }
}
