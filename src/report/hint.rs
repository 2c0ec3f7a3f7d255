//! One line of advice for a case that did not pass.

use super::CaseReport;
use super::record::{Audience, CaseRecord};
use crate::judge::{Code, Details, NearMiss};

/// What would have matched, or what a person can do; `None` where we know nothing to say. Somebody who
/// may not see the case is told nothing of its evidence.
pub(super) fn hint(report: &CaseReport, audience: Audience) -> Option<String> {
    let none = Details::default();
    let details = if audience.sees(report.case.visibility) { &report.verdict.details } else { &none };
    advice(report.near_miss(), details, report.verdict.code)
}

/// The same for a record.
pub(super) fn of_record(case: &CaseRecord) -> Option<String> {
    advice(case.reason.as_ref().and_then(|reason| reason.near_miss), &case.details, case.code)
}

fn advice(near_miss: Option<NearMiss>, details: &Details, code: Option<Code>) -> Option<String> {
    if let Some(near_miss) = near_miss {
        return Some(of_near_miss(near_miss).to_owned());
    }
    if let Some(help) = details.help.as_ref().filter(|help| !help.is_empty()) {
        return Some(help.clone());
    }
    code.filter(|code| !is_plain(*code)).map(|code| code.remedy().to_owned())
}

/// Whether "compare it with what is expected" is all that there is to advise, and the difference, which
/// stands beside it, says that.
fn is_plain(code: Code) -> bool {
    matches!(code, Code::WrongExit | Code::StdoutDiffers | Code::StderrDiffers | Code::FileDiffers)
}

fn of_near_miss(near_miss: NearMiss) -> &'static str {
    match near_miss {
        NearMiss::FinalNewline => "all is right but the newline at the end",
        NearMiss::LineEnds => "all is right but the line ends (CR LF against LF)",
        NearMiss::TrailingSpace => "all is right but blanks at the ends of lines or blank lines at the end",
        NearMiss::WhiteSpace => "all is right but the white space",
        NearMiss::Case => "all is right but upper and lower case",
        NearMiss::TokenOrder => "the right words in another order",
        NearMiss::LineOrder => "the right lines in another order",
        NearMiss::Numeric => "the numbers agree within 1e-6",
    }
}
