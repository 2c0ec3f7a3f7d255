//! What a checker or an interactor says of a submission, and what a verdict is made of it.
//!
//! A checker passes nobody by failing: whatever is not one of its protocol's answers, given within
//! its own limits, is [`Code::CheckerFailed`].

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::judge::{
    Check, CheckTarget, Code, Details, ExitExpectation, Expectation, Status, StreamExpectation, Verdict,
    judge,
};
use crate::sandbox::outcome::{End, FileProblem, Outcome, Ran};
use crate::sandbox::spec::Limits;
use crate::units::{visible, visible_line};

/// Messages longer than this are cut.
const LONGEST: usize = 4 << 10;

/// How a checker takes its arguments and says what it thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// `check INPUT OUTPUT ANSWER`; exit 0, 1, 2, 3, 4, 7, 8; the message on standard error.
    Testlib,
    /// `check INPUT ANSWER FEEDBACK/ < OUTPUT`; exit 42 or 43; messages in the feedback folder.
    Kattis,
}

/// What a program of the judge's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at the output when the submission has ended.
    Checker,
    /// Talks to the submission while it runs.
    Interactor,
}

/// Who ended a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The submission.
    Submission,
    /// The interactor.
    Interactor,
}

/// What a checker or an interactor said: part of the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Who says it.
    pub by: Role,
    /// In which protocol.
    pub protocol: Protocol,
    /// How it ended: `exit 43`.
    pub ended: String,
    /// Points, as it gave them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The part of the case's points that it gives: 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// For everybody who may see the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_message: Option<String>,
    /// For staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge_message: Option<String>,
    /// Who closed the conversation first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Party>,
    /// What was said: `> ` the submission, `< ` the interactor; bounded. For staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
}

impl Role {
    /// `checker`, `interactor`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Checker => "checker",
            Self::Interactor => "interactor",
        }
    }
}

impl Protocol {
    /// `testlib`, `kattis`: as a suite writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Testlib => "testlib",
            Self::Kattis => "kattis",
        }
    }

    /// The exit statuses that are answers. 3 of testlib says that the checker itself failed; 50 and
    /// above are its partial points as some systems compile it.
    fn answers(self) -> Vec<i32> {
        match self {
            Self::Kattis => vec![42, 43],
            Self::Testlib => [0, 1, 2, 4, 7, 8].into_iter().chain(50..=150).collect(),
        }
    }
}

/// One run of a checker or an interactor, to be read.
#[derive(Debug, Clone, Copy)]
pub struct JudgeRun<'a> {
    /// What it was run for.
    pub role: Role,
    /// How it answers.
    pub protocol: Protocol,
    /// The points that it can give.
    pub points: f64,
    /// What happened to it.
    pub outcome: &'a Outcome,
    /// Its limits.
    pub limits: &'a Limits,
    /// The folder with the feedback, as it was collected: relative to its workspace.
    pub feedback: &'a Path,
    /// Which pass of a problem of several this was.
    pub pass: Pass,
}

/// Where a submission may be run several times, each time with what its judge has made of the time
/// before: which time this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// From 1.
    pub number: u32,
    /// There are never more.
    pub most: u32,
}

/// What a judge leaves in its feedback for another pass to follow: the input of that.
const NEXT_PASS: &str = "nextpass.in";

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    kind: Kind,
    record: Judged,
    next_pass: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Accepted,
    Rejected,
    /// No answer: why.
    Broken(String),
    Cancelled,
}

impl Answer {
    /// Adds what is known of the conversation.
    #[must_use]
    pub fn with_conversation(mut self, first: Option<Party>, transcript: Option<String>) -> Self {
        self.record.first = first;
        self.record.transcript = transcript;
        self
    }

    /// The input of the pass that is to follow, if this was not the last one.
    #[must_use]
    pub fn next_pass(&self) -> Option<&[u8]> {
        self.next_pass.as_deref()
    }

    /// Whether the submission was accepted, with points or without.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.kind == Kind::Accepted
    }
}

/// Reads what a checker or an interactor said.
#[must_use]
pub fn read_answer(run: &JudgeRun<'_>) -> Answer {
    let expectation = Expectation {
        exit: ExitExpectation::OneOf(run.protocol.answers()),
        stdout: StreamExpectation::Any,
        stderr: StreamExpectation::Any,
        files: Vec::new(),
        code: None,
        build: false,
        ..Expectation::default()
    };
    let verdict = judge(&expectation, run.limits, run.outcome);
    let mut record = Judged {
        by: run.role,
        protocol: run.protocol,
        // The list of all statuses that would have been answers helps nobody.
        ended: visible_line(verdict.message.split(", expected ").next().unwrap_or_default().as_bytes()),
        score: None,
        share: None,
        team_message: None,
        judge_message: None,
        first: None,
        transcript: None,
    };
    let Outcome::Ran(ran) = run.outcome else {
        let kind =
            if verdict.status == Status::Cancelled { Kind::Cancelled } else { Kind::Broken(verdict.message) };
        return Answer { kind, record, next_pass: None };
    };
    record.team_message = feedback(ran, run.feedback, "teammessage.txt");
    record.judge_message = match run.protocol {
        Protocol::Testlib => message(&ran.stderr.bytes),
        Protocol::Kattis => feedback(ran, run.feedback, "judgemessage.txt"),
    };
    let kind = match verdict.status {
        Status::Passed => kind(run, ran, &mut record),
        Status::Cancelled => Kind::Cancelled,
        Status::Failed | Status::Error | Status::NotRun | Status::Skipped | Status::Xfailed => {
            broken(run, ran, &verdict.message)
        }
    };
    if matches!(kind, Kind::Broken(_)) && record.judge_message.is_none() {
        // Whatever it died of is most likely here.
        record.judge_message = message(&ran.stderr.bytes);
    }
    let (kind, next_pass) = match next_pass(run, ran, &kind) {
        Ok(next) => (kind, next),
        Err(why) => (Kind::Broken(why), None),
    };
    Answer { kind, record, next_pass }
}

/// The input of the next pass, if the judge asks for one and may.
fn next_pass(run: &JudgeRun<'_>, ran: &Ran, kind: &Kind) -> Result<Option<Vec<u8>>, String> {
    let Pass { number, most } = run.pass;
    let asked = match find(ran, run.feedback, NEXT_PASS) {
        _ if most < 2 => return Ok(None),
        None | Some(Err(FileProblem::Missing)) => return Ok(None),
        Some(asked) => asked,
    };
    let cut = ran.files.iter().any(|file| file.path == run.feedback && file.content.is_err());
    match (kind, asked) {
        (Kind::Accepted, _) if cut => Err("its feedback is more than is kept for the next pass".to_owned()),
        (Kind::Broken(_) | Kind::Cancelled, _) => Ok(None),
        (Kind::Rejected, _) => Err(format!("it wrote {NEXT_PASS} and did not accept")),
        (Kind::Accepted, Err(_)) => Err(format!("its {NEXT_PASS} is no file that can be read")),
        (Kind::Accepted, Ok(_)) if number >= most => {
            Err(format!("it asks for another pass after {number}, and there are no more than {most}"))
        }
        (Kind::Accepted, Ok(bytes)) => Ok(Some(bytes.to_vec())),
    }
}

fn broken(run: &JudgeRun<'_>, ran: &Ran, message: &str) -> Kind {
    if run.protocol == Protocol::Testlib && ran.end == End::Exited(3) && ran.killed_by.is_none() {
        return Kind::Broken("it says that it failed itself (exit 3)".to_owned());
    }
    let message = message.split(", expected ").next().unwrap_or(message);
    Kind::Broken(format!("{message} is no answer of the {} protocol", run.protocol.name()))
}

/// The answer of a run that ended with one of its protocol's statuses.
fn kind(run: &JudgeRun<'_>, ran: &Ran, record: &mut Judged) -> Kind {
    let End::Exited(status) = ran.end else { return Kind::Broken("it has no exit status".to_owned()) };
    let points = match (run.protocol, status) {
        (Protocol::Kattis, 42) => match kattis_points(run, ran) {
            Ok(points) => points,
            Err(why) => return Kind::Broken(why),
        },
        (Protocol::Testlib, 0) => partial(record.judge_message.as_deref()).map(|n| Points::Share(n / 100.0)),
        (Protocol::Testlib, 7) => match points_of(record.judge_message.as_deref()) {
            Some(points) => Some(Points::Absolute(points)),
            None => {
                return Kind::Broken("exit 7 (points) comes without `points N` on standard error".to_owned());
            }
        },
        (Protocol::Testlib, 50..=150) => Some(Points::Share(f64::from(status - 50) / 100.0)),
        // `_pc(N)` is exit N where testlib was compiled without a base for it; the message says so.
        (Protocol::Testlib, _) => match partial(record.judge_message.as_deref()) {
            Some(n) => Some(Points::Share(n / 100.0)),
            None => return Kind::Rejected,
        },
        (Protocol::Kattis, _) => return Kind::Rejected,
    };
    let Some(points) = points else { return Kind::Accepted };
    let share = match points {
        Points::Share(share) => share,
        Points::Absolute(score) => {
            record.score = Some(score);
            if run.points > 0.0 { score / run.points } else { 1.0 }
        }
    };
    let share = share.clamp(0.0, 1.0);
    record.share = Some(share);
    if share > 0.0 { Kind::Accepted } else { Kind::Rejected }
}

enum Points {
    /// As many of the case's own.
    Absolute(f64),
    /// This part of the case's own.
    Share(f64),
}

/// `score.txt` or `score_multiplier.txt`; neither is the whole.
fn kattis_points(run: &JudgeRun<'_>, ran: &Ran) -> Result<Option<Points>, String> {
    let read = |name: &str| -> Result<Option<f64>, String> {
        let file = match find(ran, run.feedback, name) {
            None | Some(Err(FileProblem::Missing)) => return Ok(None),
            Some(Err(_)) => return Err(format!("its {name} is no file that can be read")),
            Some(Ok(bytes)) => bytes,
        };
        let number = std::str::from_utf8(file).ok().and_then(|text| text.trim().parse::<f64>().ok());
        match number.filter(|number| number.is_finite() && *number >= 0.0) {
            Some(number) => Ok(Some(number)),
            None => Err(format!("its {name} is no number from 0")),
        }
    };
    match (read("score.txt")?, read("score_multiplier.txt")?) {
        (Some(_), Some(_)) => Err("it wrote both score.txt and score_multiplier.txt".to_owned()),
        (Some(score), None) => Ok(Some(Points::Absolute(score))),
        (None, Some(share)) if share > 1.0 => Err("its score_multiplier.txt is above 1".to_owned()),
        (None, Some(share)) => Ok(Some(Points::Share(share))),
        (None, None) => Ok(None),
    }
}

/// `partially correct (N)`: testlib's `_pc`, in percent.
fn partial(message: Option<&str>) -> Option<f64> {
    let rest = message?.trim_start().strip_prefix("partially correct (")?;
    rest.split(')').next()?.trim().parse().ok()
}

/// `points N`: testlib's `_points`.
fn points_of(message: Option<&str>) -> Option<f64> {
    let number: f64 =
        message?.trim_start().strip_prefix("points ")?.split_whitespace().next()?.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn find<'r>(ran: &'r Ran, folder: &Path, name: &str) -> Option<Result<&'r [u8], &'r FileProblem>> {
    let path = folder.join(name);
    let file = ran.files.iter().find(|file| file.path == path)?;
    Some(file.content.as_ref().map(|content| content.bytes.as_slice()))
}

fn feedback(ran: &Ran, folder: &Path, name: &str) -> Option<String> {
    match find(ran, folder, name)? {
        Ok(bytes) => message(bytes),
        Err(FileProblem::Missing) => None,
        Err(_) => Some(format!("({name} is no file that can be read, or too large)")),
    }
}

/// A message made safe and short; `None` for an empty one.
fn message(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return None;
    }
    let cut = if bytes.len() > LONGEST { " (cut)" } else { "" };
    Some(format!("{}{cut}", visible(&bytes[..bytes.len().min(LONGEST)])))
}

/// The verdict on a submission whose output a checker has looked at. `verdict` is what was
/// thought of it before: a submission that failed by itself has its verdict.
pub fn judge_checked(verdict: Verdict, answer: Answer) -> Verdict {
    if verdict.status != Status::Passed { verdict } else { answered(verdict, answer) }
}

/// The verdict on a submission that talked to an interactor, as Kattis' tools have it: a
/// submission that broke the policy or flooded has its own verdict; an interactor that failed
/// could not judge; one that rejected before the submission ended is
/// right whatever became of the submission after it (a submission that writes to nobody dies
/// of SIGPIPE); else a submission that failed by itself has its own verdict; else the
/// interactor's answer.
pub fn judge_interactive(verdict: Verdict, answer: Answer) -> Verdict {
    // Both are the submission's alone: what a flood does to its interactor is no answer.
    let breach = matches!(verdict.code, Some(Code::Blocked | Code::OutputLimit));
    let unjudged = matches!(verdict.status, Status::Error | Status::Cancelled);
    let decided = match answer.kind {
        Kind::Broken(_) | Kind::Cancelled => true,
        Kind::Rejected => answer.record.first == Some(Party::Interactor),
        Kind::Accepted => false,
    };
    if unjudged || breach || (verdict.status != Status::Passed && !decided) {
        let mut verdict = verdict;
        verdict.details.judged = Some(Box::new(answer.record));
        return verdict;
    }
    answered(verdict, answer)
}

fn answered(verdict: Verdict, answer: Answer) -> Verdict {
    let Answer { kind, record, next_pass: _ } = answer;
    let name = record.by.name();
    let partly = record.share.filter(|share| *share < 1.0);
    let (status, code, message) = match kind {
        Kind::Cancelled => (Status::Cancelled, None, format!("cancelled while the {name} ran")),
        Kind::Broken(why) => {
            (Status::Error, Some(Code::CheckerFailed), format!("the {name} could not judge: {why}"))
        }
        Kind::Rejected if record.share.is_some() => {
            (Status::Failed, Some(Code::StdoutDiffers), format!("the {name} gives no points"))
        }
        Kind::Rejected => {
            (Status::Failed, Some(Code::StdoutDiffers), format!("the {name} says: wrong answer"))
        }
        Kind::Accepted => match partly {
            Some(share) => {
                (Status::Passed, None, format!("the {name} accepts with {share:.4} of the points"))
            }
            None => (Status::Passed, None, verdict.message),
        },
    };
    let ok = status == Status::Passed;
    let mut checks = verdict.checks;
    let mut notes = verdict.notes;
    if status != Status::Cancelled {
        let said = if ok { "accepts" } else { "does not accept" };
        checks.push(Check {
            target: CheckTarget::Stdout,
            ok,
            message: format!("the {name} {said} stdout"),
            compare: name,
            expected_from: String::new(),
            difference: None,
        });
    }
    notes.extend(
        record.team_message.as_ref().map(|text| format!("{name}: {}", visible_line(text.as_bytes()))),
    );
    let credit = record.share;
    let details = Details { judged: Some(Box::new(record)), ..Details::default() };
    Verdict { status, code, message, details, checks, notes, credit }
}

/// A build step of the judge's own that failed is the judge's fault.
pub fn as_judges_build(mut verdict: Verdict) -> Verdict {
    if verdict.status == Status::Failed {
        verdict.status = Status::Error;
        verdict.message = format!("a program of the judge's cannot be built: {}", verdict.message);
        verdict.code = Some(Code::CheckerFailed);
    }
    verdict
}
