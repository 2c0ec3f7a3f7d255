//! [`row`]: the reports of one submission as a row of the gradebook. Nothing in it is measured: the
//! same submission gives the same row on every machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::find::Candidate;
use super::unit::report_name;
use crate::judge::{Code, Status};
use crate::report::{Row, RowStatus, RunReport};
use crate::resolve::{CaseKind, ResolvedCase};

/// The row of a submission of which nothing is known yet.
pub(in crate::cli) fn empty_row(candidate: &Candidate, groups: usize) -> Row {
    Row {
        submission: candidate.label.clone(),
        student_id: candidate.student_id.clone(),
        student_name: candidate.student_name.clone(),
        late: candidate.late,
        status: RowStatus::NotFinished,
        score: None,
        passed: 0,
        failed: 0,
        errors: 0,
        not_run: 0,
        groups: vec![0.0; groups],
        codes: Vec::new(),
        reason: String::new(),
        sha256: String::new(),
        report: report_name(&candidate.label),
    }
}

/// The row of a submission that cannot be graded, through a fault of its own.
pub(in crate::cli) fn unusable_row(row: Row, reason: String, cases: usize) -> Row {
    let codes = vec![(Code::BuildFailed.number().to_owned(), 1)];
    Row { status: RowStatus::Unusable, score: Some(0.0), not_run: cases, codes, reason, ..row }
}

/// The row of a submission whose turn did not come.
pub(in crate::cli) fn unfinished_row(row: Row, reason: &str) -> Row {
    Row { status: RowStatus::NotFinished, score: None, reason: reason.to_owned(), ..row }
}

/// The groups of a suite, in its order.
pub(in crate::cli) fn groups_of(cases: &[Arc<ResolvedCase>]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for group in cases.iter().filter_map(|case| case.group.as_ref()) {
        if !groups.iter().any(|known| **known == **group) {
            groups.push(group.to_string());
        }
    }
    groups
}

/// The row of a submission that has run: `base` with everything that came of it.
pub(in crate::cli) fn row(base: &Row, run: &RunReport, groups: &[String]) -> Row {
    let mut row = base.clone();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut interrupted = false;
    let mut build = None;
    for report in &run.cases {
        let status = report.verdict.status;
        if matches!(status, Status::Failed | Status::Error) {
            *codes.entry(report.verdict.code.map_or("", Code::number)).or_default() += 1;
        }
        interrupted |=
            status == Status::Cancelled || (status == Status::NotRun && report.verdict.code.is_none());
        row.errors += usize::from(status == Status::Error);
        if report.case.kind == CaseKind::Build && status == Status::Failed && build.is_none() {
            build = Some(report);
        }
        if report.case.kind != CaseKind::Case {
            continue;
        }
        match status {
            Status::Passed | Status::Xfailed => row.passed += 1,
            Status::Failed => row.failed += 1,
            Status::NotRun => row.not_run += 1,
            Status::Error | Status::Cancelled | Status::Skipped => {}
        }
    }
    row.codes = codes.into_iter().map(|(code, count)| (code.to_owned(), count)).collect();
    if interrupted {
        return unfinished_row(Row { errors: row.errors, ..base.clone() }, "the run was interrupted");
    }
    let of_group =
        |group: &String| run.points_of(|report| report.case.group.as_deref() == Some(group.as_str())).0;
    row.groups = groups.iter().map(of_group).collect();
    row.score = Some(run.points_of(|_| true).0);
    row.status = RowStatus::Graded;
    if let Some(build) = build {
        row.status = RowStatus::BuildFailed;
        // What a limit's message measures differs from run to run.
        let why = match build.verdict.code {
            Some(Code::BuildFailed) | None => build.verdict.message.clone(),
            Some(code) => format!("the build ended with {}", code.number()),
        };
        add_reason(&mut row.reason, &why);
    }
    if row.errors > 0 {
        row.status = RowStatus::NotJudged;
        row.score = None;
        add_reason(&mut row.reason, "not every case could be judged: no fault of the student");
    }
    row
}

fn add_reason(reason: &mut String, more: &str) {
    if !reason.is_empty() {
        reason.push_str("; ");
    }
    reason.push_str(more);
}
