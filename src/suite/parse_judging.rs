//! `checker` and `interactor`: programs of the judge's.

use super::keys::MapKind;
use super::place_words::PlaceWords;
use super::reader::Reader;
use super::syntax::{Node, Value};
use crate::judge::Protocol;
use crate::suite::{Common, JudgeWords, JudgedBy, Spanned};
use crate::units::Bytes;

/// No more of a conversation is kept, whoever asks.
const MOST_TRANSCRIPT: Bytes = Bytes::mib(4);

/// Nor is a program run more often for one case.
const MOST_PASSES: u64 = 100;

impl Reader<'_> {
    /// `none`, or a map that says program and protocol. A mistake leaves nothing behind.
    pub(super) fn judged_by(&mut self, node: &Node, kind: &MapKind) -> Option<JudgedBy> {
        if matches!(&node.value, Value::Text(word) if word == "none") {
            return Some(JudgedBy::None);
        }
        let before = self.mistakes();
        if !matches!(node.value, Value::Map(_)) {
            let help = "write `{run: [./check], protocol: testlib}`, or `none`";
            self.wrong(node, format!("{} must be a map", kind.what), help);
            return None;
        }
        let mut common = Common::default();
        let (mut protocol, mut transcript, mut passes) = (None, None, None);
        let at = PlaceWords::new(kind.what.trim_matches('`'), "");
        for entry in self.entries(node, kind) {
            match entry.key.as_str() {
                "protocol" => protocol = self.protocol(&entry.value),
                "transcript" => transcript = self.transcript(&entry.value),
                "passes" => {
                    let most = self.count(&entry.value, "`passes`", 1, MOST_PASSES);
                    passes = most.map(|most| (most, entry.value.span.clone()));
                }
                _ => self.common_key(entry, &mut common, &at),
            }
        }
        if self.mistakes() == before {
            if common.command.is_none() {
                self.missing(&node.span, format!("{} names no program", kind.what), "add `run: [./check]`");
            }
            if protocol.is_none() {
                let help = "add `protocol: testlib` or `protocol: kattis`";
                self.missing(&node.span, format!("{} says no protocol", kind.what), help);
            }
        }
        if let (Some((2.., span)), Some(Spanned { value: Protocol::Testlib, .. })) = (&passes, &protocol) {
            let message = "only the protocol `kattis` knows several passes".to_owned();
            self.senseless(span, message, "leave out `passes`, or write `protocol: kattis`");
        }
        let passes = passes.and_then(|(most, _)| u32::try_from(most).ok());
        let words = JudgeWords { span: node.span.clone(), protocol: protocol?, common, transcript, passes };
        Some(JudgedBy::Program(Box::new(words)))
    }

    fn protocol(&mut self, node: &Node) -> Option<Spanned<Protocol>> {
        let word = self.text(node, "`protocol`")?;
        let all = [Protocol::Testlib, Protocol::Kattis];
        let value = all.into_iter().find(|protocol| protocol.name() == word);
        if value.is_none() {
            self.not_a_word(&node.span, "protocol", &word, &all.map(Protocol::name));
        }
        value.map(|value| Spanned { value, span: node.span.clone() })
    }

    fn transcript(&mut self, node: &Node) -> Option<Bytes> {
        let text = self.text(node, "`transcript`")?;
        match text.parse::<Bytes>() {
            Ok(size) if size <= MOST_TRANSCRIPT => Some(size),
            Ok(_) => {
                let message = format!("at most {MOST_TRANSCRIPT} of a conversation are kept");
                self.senseless(&node.span, message, "write `transcript: 64K`");
                None
            }
            Err(error) => {
                self.senseless(&node.span, format!("this is no size: {error}"), "write `transcript: 64K`");
                None
            }
        }
    }
}
