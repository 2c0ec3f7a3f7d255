//! Runs a checker: in a sandbox of its own, with input, output and answer as files, when the
//! submission has ended. Nothing of the submission is there but its output.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::judge::{self, Answer, JudgeRun, Protocol, Verdict};
use crate::resolve::{self, JudgeProgram, Judging, ResolvedCase};
use crate::sandbox::Engine;
use crate::sandbox::cancel::Cancel;
use crate::sandbox::outcome::{Outcome, Ran};
use crate::sandbox::spec::{CollectFile, InputFile, Spec, Stdin};
use crate::units::{Bytes, NoNul};

/// Where the files of a checker stand, below its workspace. The folder begins with a dot, so that
/// no file of its author is there by chance.
const INPUT: &str = ".judge/input";
const ANSWER: &str = ".judge/answer";
pub(super) const OUTPUT: &str = ".judge/output";
pub(super) const FEEDBACK: &str = ".judge/feedback";
/// Makes the feedback folder be there.
const KEEP: &str = ".judge/feedback/.keep";

/// What is taken out of the feedback folder, each up to this size.
const MESSAGES: [&str; 4] = ["judgemessage.txt", "teammessage.txt", "score.txt", "score_multiplier.txt"];
const LONGEST: Bytes = Bytes::kib(256);

/// What a program of the judge's is to be told of a case.
pub(super) struct Given<'a> {
    pub(super) program: &'a JudgeProgram,
    /// The case that is judged.
    pub(super) case: &'a ResolvedCase,
    pub(super) judging: &'a Judging,
    /// What the judge's build steps have made.
    pub(super) built: &'a [PathBuf],
}

impl Given<'_> {
    /// The execution: everything but the streams that carry the output.
    pub(super) fn spec(&self) -> Spec {
        let program = self.program;
        let mut spec = resolve::lower(&program.case, self.built);
        let input: Arc<[u8]> = match &self.case.stdin {
            Stdin::Bytes(bytes) => Arc::clone(bytes),
            Stdin::Empty | Stdin::Inherit | Stdin::Pipe(_) => Arc::from([]),
        };
        let answer = Arc::clone(&self.judging.answer);
        for (path, content) in [(INPUT, input), (ANSWER, answer), (KEEP, Arc::from([]))] {
            spec.files.push(InputFile { path: PathBuf::from(path), content, executable: false });
        }
        let names = MESSAGES.iter().map(|name| Path::new(FEEDBACK).join(name));
        spec.collect.extend(names.map(|path| CollectFile { path, max: LONGEST }));
        spec
    }

    /// Adds the arguments of the protocol, then the author's.
    pub(super) fn with_arguments(&self, spec: &mut Spec, files: &[&str]) {
        let text = |text: &str| NoNul::new(format!("/workspace/{text}")).expect("a literal without NUL");
        spec.argv.extend(files.iter().map(|file| text(file)));
        spec.argv.extend(self.program.args.iter().cloned());
    }

    /// What it said.
    pub(super) fn read(&self, spec: &Spec, outcome: &Outcome) -> Answer {
        judge::read_answer(&JudgeRun {
            role: self.program.role,
            protocol: self.program.protocol,
            points: self.case.points,
            outcome,
            limits: &spec.limits,
            feedback: Path::new(FEEDBACK),
        })
    }
}

/// The arguments of an interactor, and of a checker in the Kattis protocol.
pub(super) fn kattis_files() -> [&'static str; 3] {
    [INPUT, ANSWER, ".judge/feedback/"]
}

/// testlib: `interactor INPUT OUTPUT ANSWER`, `check INPUT OUTPUT ANSWER`.
pub(super) fn testlib_files() -> [&'static str; 3] {
    [INPUT, OUTPUT, ANSWER]
}

/// The verdict on a submission that has passed all that was checked without the checker.
pub(super) fn check(
    given: &Given<'_>,
    output: &[u8],
    verdict: Verdict,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> Verdict {
    let mut spec = given.spec();
    let output: Arc<[u8]> = Arc::from(output);
    match given.program.protocol {
        Protocol::Kattis => {
            spec.stdin = Stdin::Bytes(output);
            given.with_arguments(&mut spec, &kattis_files());
        }
        Protocol::Testlib => {
            let path = PathBuf::from(OUTPUT);
            spec.files.push(InputFile { path, content: output, executable: false });
            given.with_arguments(&mut spec, &testlib_files());
        }
    }
    let outcome = engine.run(&spec, cancel);
    judge::judge_checked(verdict, given.read(&spec, &outcome))
}

/// The output of a program that ran.
pub(super) fn output_of(outcome: &Outcome) -> &[u8] {
    let ran: Option<&Ran> = match outcome {
        Outcome::Ran(ran) => Some(ran),
        Outcome::NotStarted(_) => None,
    };
    ran.map_or(&[], |ran| &ran.stdout.bytes)
}
