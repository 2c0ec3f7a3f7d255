//! [`Case`]: one case in the report.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::attempt::Attempt;
use super::number::Points;
use crate::judge::{Code, Details, NearMiss, Status};
use crate::report::{CaseReport, SuiteInfo};
use crate::resolve::{self, CaseKind, Visibility};

/// One case or build step.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Case")]
pub(super) struct Case<'a> {
    /// Unique in the run.
    id: &'a str,
    /// The name of its suite.
    suite: &'a str,
    /// Build step or case.
    kind: Kind,
    /// The last part of the id.
    name: &'a str,
    /// The group.
    group: Option<&'a str>,
    /// Matrix parameters.
    params: &'a BTreeMap<String, String>,
    /// The suite file, as the user named it.
    file: &'a str,
    /// Its line there, from 1.
    line: u32,
    /// Tags.
    tags: &'a [String],
    /// The verdict.
    status: Status,
    /// Why it did not pass; also set on a pass whose expected result was this code.
    code: Option<Code>,
    /// The evidence behind the code; keys that do not apply are absent.
    details: &'a Details,
    /// The same for people; null when it passed.
    reason: Option<Reason<'a>>,
    /// Facts worth knowing that did not decide.
    notes: &'a [String],
    /// Points reached: none when its group is all or nothing and another case of it did not pass.
    score: Points,
    /// Points that could be reached.
    max_score: Points,
    /// How the points of its group are given; null when it is in none.
    group_score: Option<GroupScore>,
    /// Who may see its input, expectation and output.
    visibility: Visibility,
    /// Whether it passed, but not at the first try.
    flaky: bool,
    /// Every attempt, in order; empty when it did not run.
    attempts: Vec<Attempt<'a>>,
}

/// What kind of thing a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// A build step.
    Build,
    /// A case proper.
    Case,
    /// A hook before the cases.
    Setup,
    /// A hook after the cases.
    Teardown,
}

/// How the points of a group are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum GroupScore {
    /// Each case by itself.
    Sum,
    /// All of them if every case passed, otherwise none.
    AllOrNothing,
    /// By the worst of them.
    Min,
    /// All of them once enough is reached, otherwise none.
    Threshold,
}

/// Why a case did not pass.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Reason")]
struct Reason<'a> {
    /// What it has to do with.
    kind: ReasonKind,
    /// One line for people.
    message: &'a str,
    /// The next weaker comparison that would have matched.
    near_miss: Option<NearMiss>,
}

/// What a verdict has to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ReasonKind {
    /// The suite, the configuration or the request.
    Input,
    /// The command could not be executed.
    Command,
    /// The security policy.
    Policy,
    /// A limit.
    Limit,
    /// The files that were handed in.
    Source,
    /// What it used.
    Resource,
    /// A signal.
    Signal,
    /// The exit status.
    Exit,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// An output file.
    File,
    /// A build step.
    Build,
    /// It passed although failure was expected.
    Xpass,
    /// The sandbox: not the program's fault.
    Sandbox,
    /// The set-up took too long: not the program's fault.
    Setup,
    /// The checker: not the program's fault.
    Checker,
    /// Something that it needs.
    Needs,
    /// The operator stopped it.
    Cancelled,
    /// The run ended before it.
    NotRun,
    /// It was left out on purpose.
    Skipped,
}

impl<'a> Case<'a> {
    /// `lost` are the groups that are all or nothing and got nothing.
    pub(super) fn new(
        report: &'a CaseReport,
        suites: &'a [SuiteInfo],
        lost: &HashSet<(usize, &str)>,
    ) -> Self {
        let case = &*report.case;
        let verdict = &report.verdict;
        let is_lost = case.group.as_deref().is_some_and(|group| lost.contains(&(case.suite, group)));
        Self {
            id: &case.id.0,
            suite: suites.get(case.suite).map_or("", |suite| &suite.name),
            kind: match case.kind {
                CaseKind::Build => Kind::Build,
                CaseKind::Case => Kind::Case,
                CaseKind::Setup => Kind::Setup,
                CaseKind::Teardown => Kind::Teardown,
            },
            name: &case.name,
            group: case.group.as_deref(),
            params: &case.params,
            file: &case.file,
            line: case.line,
            tags: &case.tags,
            status: verdict.status,
            code: verdict.code,
            details: &verdict.details,
            reason: Reason::of(report),
            notes: &verdict.notes,
            score: Points(if is_lost { 0.0 } else { report.score() }),
            max_score: Points(case.points),
            group_score: case.group_score.map(|score| match score {
                resolve::GroupScore::Sum => GroupScore::Sum,
                resolve::GroupScore::AllOrNothing { .. } => GroupScore::AllOrNothing,
                resolve::GroupScore::Min { .. } => GroupScore::Min,
                resolve::GroupScore::Threshold { .. } => GroupScore::Threshold,
            }),
            visibility: case.visibility,
            flaky: report.is_flaky(),
            attempts: (1..)
                .zip(&report.attempts)
                .map(|(n, attempt)| Attempt::new(n, case, attempt))
                .collect(),
        }
    }
}

impl<'a> Reason<'a> {
    fn of(report: &'a CaseReport) -> Option<Self> {
        let verdict = &report.verdict;
        let kind = match (verdict.status, verdict.code) {
            (Status::Passed, _) => return None,
            (_, Some(code)) => ReasonKind::of(code),
            (Status::Cancelled, None) => ReasonKind::Cancelled,
            (Status::NotRun, None) => ReasonKind::NotRun,
            (Status::Skipped, None) => ReasonKind::Skipped,
            (Status::Xfailed, None) => ReasonKind::Exit,
            (Status::Failed, None) => ReasonKind::Exit,
            (Status::Error, None) => ReasonKind::Sandbox,
        };
        Some(Self { kind, message: &verdict.message, near_miss: report.near_miss() })
    }
}

impl ReasonKind {
    fn of(code: Code) -> Self {
        match code {
            Code::InvalidInput | Code::MissingField | Code::OutOfRange | Code::ProfileNotFound => Self::Input,
            Code::PermissionDenied | Code::CommandNotFound | Code::InvalidCommand => Self::Command,
            Code::Blocked => Self::Policy,
            Code::Timeout
            | Code::MemoryLimit
            | Code::OomKill
            | Code::ProcessLimit
            | Code::OutputLimit
            | Code::DiskLimit => Self::Limit,
            Code::Signal => Self::Signal,
            Code::SandboxSetup | Code::Monitoring | Code::UnsupportedPlatform => Self::Sandbox,
            Code::SetupTimeout => Self::Setup,
            Code::WrongExit => Self::Exit,
            Code::StdoutDiffers => Self::Stdout,
            Code::StderrDiffers => Self::Stderr,
            Code::FileDiffers => Self::File,
            Code::BuildFailed => Self::Build,
            Code::CheckerFailed => Self::Checker,
            Code::PrerequisiteFailed => Self::Needs,
            Code::UnexpectedPass => Self::Xpass,
            Code::HookFailed => Self::Setup,
            Code::SourceRefused => Self::Source,
            Code::ResourceUse => Self::Resource,
        }
    }
}
