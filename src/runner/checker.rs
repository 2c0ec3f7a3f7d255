//! Runs a checker: in a sandbox of its own, with input, output and answer as files, when the
//! submission has ended. Nothing of the submission is there but its output.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::judge::{self, Answer, JudgeRun, Pass, Protocol, Verdict};
use crate::resolve::{self, JudgeProgram, Judging, ResolvedCase};
use crate::sandbox::Engine;
use crate::sandbox::cancel::Cancel;
use crate::sandbox::outcome::{Outcome, Ran};
use crate::sandbox::spec::{Below, CollectFile, InputFile, Spec, Stdin};
use crate::units::{Bytes, NoNul};

/// Where the files of a checker stand, below its workspace. The folder begins with a dot, so that
/// no file of its author is there by chance.
const INPUT: &str = ".judge/input";
const ANSWER: &str = ".judge/answer";
pub(super) const OUTPUT: &str = ".judge/output";
pub(super) const FEEDBACK: &str = ".judge/feedback";
/// Makes the feedback folder be there.
const KEEP: &str = ".judge/feedback/.keep";
/// What a judge leaves for another pass to follow.
const NEXT_PASS: &str = ".judge/feedback/nextpass.in";

/// What is taken out of the feedback folder, each up to this size.
const MESSAGES: [&str; 4] = ["judgemessage.txt", "teammessage.txt", "score.txt", "score_multiplier.txt"];
const LONGEST: Bytes = Bytes::kib(256);

/// Of a judge of several passes everything in that folder is, since the next pass finds it again.
const WHOLE_FOLDER: Below = Below { most: 1000, names_only: false };
const WHOLE_FOLDER_SIZE: Bytes = Bytes::mib(64);

/// What a program of the judge's is to be told of a case.
pub(super) struct Given<'a> {
    pub(super) program: &'a JudgeProgram,
    /// The case that is judged.
    pub(super) case: &'a ResolvedCase,
    pub(super) judging: &'a Judging,
    /// What the judge's build steps have made.
    pub(super) built: &'a [PathBuf],
    /// Which pass this is, and what the pass before has left.
    pub(super) pass: &'a PassState,
}

/// What a pass begins with.
#[derive(Debug, Clone)]
pub(super) struct PassState {
    pub(super) pass: Pass,
    /// The input, where it is not the case's own.
    pub(super) input: Option<Arc<[u8]>>,
    /// The feedback so far: paths below the workspace.
    pub(super) feedback: Vec<InputFile>,
}

impl Given<'_> {
    /// The execution: everything but the streams that carry the output.
    pub(super) fn spec(&self) -> Spec {
        let program = self.program;
        let mut spec = resolve::lower(&program.case, self.built);
        let input: Arc<[u8]> = match (&self.pass.input, &self.case.stdin) {
            (Some(bytes), _) | (None, Stdin::Bytes(bytes)) => Arc::clone(bytes),
            (None, Stdin::Empty | Stdin::Inherit | Stdin::Pipe(_)) => Arc::from([]),
        };
        let answer = Arc::clone(&self.judging.answer);
        for (path, content) in [(INPUT, input), (ANSWER, answer), (KEEP, Arc::from([]))] {
            spec.files.push(InputFile { path: PathBuf::from(path), content, executable: false });
        }
        spec.files.extend(self.pass.feedback.iter().cloned());
        if self.pass.pass.most > 1 {
            let (path, max) = (PathBuf::from(FEEDBACK), WHOLE_FOLDER_SIZE);
            spec.collect.push(CollectFile { path, max, below: Some(WHOLE_FOLDER) });
        } else {
            let names = MESSAGES.iter().map(|name| Path::new(FEEDBACK).join(name));
            spec.collect.extend(names.map(|path| CollectFile::one(path, LONGEST)));
        }
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
            pass: self.pass.pass,
        })
    }

    /// The pass that is to follow: with the input that was asked for, and all other feedback.
    pub(super) fn next(&self, answer: &Answer, outcome: &Outcome) -> Option<PassState> {
        let input = Arc::from(answer.next_pass()?);
        let Outcome::Ran(ran) = outcome else { return None };
        let not_kept = [Path::new(KEEP), Path::new(NEXT_PASS)];
        let files = ran
            .files
            .iter()
            .filter(|file| file.path.starts_with(FEEDBACK) && !not_kept.contains(&file.path.as_path()));
        let kept = files.filter_map(|file| {
            let content = file.content.as_ref().ok()?;
            let (path, executable) = (file.path.clone(), content.executable);
            Some(InputFile { path, content: Arc::from(content.bytes.as_slice()), executable })
        });
        let Pass { number, most } = self.pass.pass;
        let pass = Pass { number: number + 1, most };
        Some(PassState { pass, input: Some(input), feedback: kept.collect() })
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

/// The verdict on a submission that has passed all that was checked without the checker, and the
/// pass that is to follow.
pub(super) fn check(
    given: &Given<'_>,
    output: &[u8],
    verdict: Verdict,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> (Verdict, Option<PassState>) {
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
    let answer = given.read(&spec, &outcome);
    let next = given.next(&answer, &outcome);
    (judge::judge_checked(verdict, answer), next)
}

/// The output of a program that ran.
pub(super) fn output_of(outcome: &Outcome) -> &[u8] {
    let ran: Option<&Ran> = match outcome {
        Outcome::Ran(ran) => Some(ran),
        Outcome::NotStarted(_) => None,
    };
    ran.map_or(&[], |ran| &ran.stdout.bytes)
}
