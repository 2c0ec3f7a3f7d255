//! Secrets at the edge of the sandbox: told to the programs, hidden in everything that comes out.

use std::sync::Arc;

use crate::resolve::Secrets;
use crate::sandbox::outcome::{Captured, Fault, FaultKind, Outcome};
use crate::sandbox::spec::{Spec, Stdin};
use crate::units::NoNul;

/// The execution with the values where the stand-ins are: in its words, environment, input, files.
pub(super) fn told(spec: &Spec, secrets: &Secrets) -> Spec {
    // No value has a NUL in it.
    let word = |word: &NoNul| NoNul::new(secrets.told(word.as_bytes())).unwrap_or_else(|_| word.clone());
    let mut spec = spec.clone();
    spec.argv = spec.argv.iter().map(word).collect();
    spec.env = spec.env.iter().map(|(name, value)| (name.clone(), word(value))).collect();
    if let Stdin::Bytes(bytes) = &spec.stdin {
        spec.stdin = Stdin::Bytes(Arc::from(secrets.told(bytes)));
    }
    for file in &mut spec.files {
        file.content = Arc::from(secrets.told(&file.content));
    }
    spec
}

/// The outcome with the stand-ins where the values are.
pub(super) fn in_outcome(outcome: Outcome, secrets: &Secrets) -> Outcome {
    match outcome {
        Outcome::Ran(mut ran) => {
            in_captured(&mut ran.stdout, secrets);
            in_captured(&mut ran.stderr, secrets);
            for content in ran.files.iter_mut().filter_map(|file| file.content.as_mut().ok()) {
                content.bytes = secrets.hidden(&content.bytes);
            }
            Outcome::Ran(ran)
        }
        Outcome::NotStarted(fault) => Outcome::NotStarted(in_fault(fault, secrets)),
    }
}

/// What counts as written does not change: only what is kept does.
pub(super) fn in_captured(captured: &mut Captured, secrets: &Secrets) {
    if secrets.is_empty() {
        return;
    }
    let missing = captured.total - captured.bytes.len() as u64;
    let hidden = if captured.truncated() {
        secrets.hidden_where_cut(&captured.bytes)
    } else {
        secrets.hidden(&captured.bytes)
    };
    captured.bytes = hidden.into();
    captured.total = captured.bytes.len() as u64 + missing;
}

fn in_fault(fault: Fault, secrets: &Secrets) -> Fault {
    let text = |text: String| String::from_utf8_lossy(&secrets.hidden(text.as_bytes())).into_owned();
    let kind = match fault.kind {
        FaultKind::NotFound { searched } => {
            FaultKind::NotFound { searched: searched.into_iter().map(text).collect() }
        }
        FaultKind::NotExecutable { path } => FaultKind::NotExecutable { path: text(path) },
        FaultKind::Workdir { path } => FaultKind::Workdir { path: text(path) },
        other => other,
    };
    Fault { kind, step: text(fault.step), errno: fault.errno, help: text(fault.help) }
}
