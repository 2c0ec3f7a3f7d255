//! An interactive case: submission and interactor, each in its own sandbox and within its own
//! limits, at the same time. Between them is [`Relay`](super::relay::Relay), which keeps the
//! transcript and says who was gone first.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::fcntl::OFlag;

use crate::judge::{self, Protocol};
use crate::sandbox::Engine;
use crate::sandbox::cancel::Cancel;
use crate::sandbox::outcome::{Captured, Fault, FaultKind, FileProblem, Outcome};
use crate::sandbox::spec::{CollectFile, Handover, Spec, Stdin, Stdout};
use crate::units::Bytes;

use super::checker::{Given, OUTPUT, check, kattis_files, testlib_files};
use super::passes::Passed;
use super::relay::{Heard, Relay, Wires};

/// What an interactor may write for the checker that comes after it.
const LONGEST_OUTPUT: Bytes = Bytes::mib(64);

/// How long an interactor may go on when the submission's time is up.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// Lets both talk, and judges. `submission` is the execution of the case.
pub(super) fn interact(
    interactor: &Given<'_>,
    checker: Option<&Given<'_>>,
    submission: Spec,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> Passed {
    let mut spec = interactor.spec();
    match interactor.program.protocol {
        Protocol::Kattis => interactor.with_arguments(&mut spec, &kattis_files()),
        Protocol::Testlib => interactor.with_arguments(&mut spec, &testlib_files()),
    }
    if checker.is_some() {
        spec.collect.push(CollectFile::one(OUTPUT.into(), LONGEST_OUTPUT));
    }
    // It waits for the submission, so its own wall time comes on top of the submission's.
    spec.limits.wall = spec.limits.wall.saturating_add(submission.limits.wall).saturating_add(AFTERWARDS);
    let (pair, wires) = match join(submission, spec) {
        Ok(joined) => joined,
        Err(error) => return lost(&error),
    };
    let most = [pair[0].limits.output, pair[1].limits.output];
    let relay = Relay::new(wires, most, interactor.program.transcript);
    let (ours, theirs, heard) = std::thread::scope(|scope| {
        let relay = scope.spawn(|| relay.run());
        let [ours, theirs] = engine.run_joined([&pair[0], &pair[1]], cancel);
        // Ends that no program took would keep the relay waiting.
        pair.iter().for_each(Spec::let_go);
        (ours, theirs, relay.join())
    });
    let Ok(heard) = heard else { return lost(&io::Error::other("the relay panicked")) };
    let mut heard = heard;
    engine.hide(&mut heard.output);
    heard.transcript = hidden(engine, heard.transcript);
    let ours = with_output(ours, &heard);
    let theirs = with_written(theirs, heard.from_interactor);
    let verdict = judge::judge(&interactor.case.expectation, &pair[0].limits, &ours);
    let answer = interactor.read(&pair[1], &theirs);
    let next = interactor.next(&answer, &theirs);
    let accepted = answer.is_accepted();
    let transcript = (!heard.transcript.is_empty()).then(|| heard.transcript.clone());
    let answer = answer.with_conversation(heard.first, transcript);
    let verdict = judge::judge_interactive(verdict, answer);
    let verdict = match (checker, &theirs) {
        (Some(checker), Outcome::Ran(ran)) if accepted && verdict.status == judge::Status::Passed => {
            let output = ran.files.iter().find(|file| file.path.as_os_str() == OUTPUT);
            match output.map(|file| &file.content) {
                Some(Ok(content)) => check(checker, &content.bytes, verdict, engine, cancel).0,
                None | Some(Err(FileProblem::Missing)) => check(checker, &[], verdict, engine, cancel).0,
                Some(Err(_)) => {
                    lost(&io::Error::other("the interactor's output is no file of a bounded size")).verdict
                }
            }
        }
        _ => verdict,
    };
    Passed { outcome: ours, verdict, next }
}

/// What was said, without what nobody may be told.
fn hidden(engine: &dyn Engine, text: String) -> String {
    let bytes = text.into_bytes();
    let mut said = Captured { total: bytes.len() as u64, bytes: bytes.into() };
    engine.hide(&mut said);
    String::from_utf8_lossy(&said.bytes).into_owned()
}

/// Four pipes, so that neither program holds an end that the other one has too.
fn join(mut submission: Spec, mut interactor: Spec) -> io::Result<([Spec; 2], Wires)> {
    let pipe = || -> io::Result<(OwnedFd, OwnedFd)> { Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?) };
    let (submission_reads, to_submission) = pipe()?;
    let (from_submission, submission_writes) = pipe()?;
    let (interactor_reads, to_interactor) = pipe()?;
    let (from_interactor, interactor_writes) = pipe()?;
    submission.stdin = Stdin::Pipe(Handover::new(submission_reads));
    submission.stdout = Stdout::Pipe(Handover::new(submission_writes));
    interactor.stdin = Stdin::Pipe(Handover::new(interactor_reads));
    interactor.stdout = Stdout::Pipe(Handover::new(interactor_writes));
    let wires = Wires { from_submission, to_interactor, from_interactor, to_submission };
    Ok(([submission, interactor], wires))
}

/// The relay counts and keeps what the engine could not see.
fn with_output(outcome: Outcome, heard: &Heard) -> Outcome {
    let Outcome::Ran(mut ran) = outcome else { return outcome };
    ran.stdout = heard.output.clone();
    ran.usage.output = Bytes(ran.usage.output.0.saturating_add(heard.output.total));
    Outcome::Ran(ran)
}

fn with_written(outcome: Outcome, written: u64) -> Outcome {
    let Outcome::Ran(mut ran) = outcome else { return outcome };
    ran.usage.output = Bytes(ran.usage.output.0.saturating_add(written));
    Outcome::Ran(ran)
}

/// We could not even begin, or lost sight of it: a fault of ours.
fn lost(error: &io::Error) -> Passed {
    let fault = Fault {
        kind: FaultKind::Monitor,
        step: format!("joining submission and interactor: {error}"),
        errno: error.raw_os_error(),
        help: "look at this machine's limits on open files and threads".to_owned(),
    };
    let verdict = judge::not_started(&fault);
    Passed { outcome: Outcome::NotStarted(fault), verdict, next: None }
}
