//! What people see when a run is over: failures with their differences, then the summary.

use super::args::{OutputWhen, ShowArgs};
use super::reports::Ci;
use super::{account, terminal};
use crate::judge::Status;
use crate::report::text::{self, TextStyle};
use crate::report::{CaseReport, RunRecords, RunReport};
use crate::resolve;
use crate::units::visible_line;

/// Lines of failures shown in one run; the reports have everything.
const MOST_LINES: usize = 2_000;

/// Shows the failures in suite order, then the summary.
pub(super) fn show(run: &RunReport, records: &RunRecords<'_>, args: &ShowArgs, style: &TextStyle, ci: &Ci) {
    let failed = |status| matches!(status, Status::Failed | Status::Error);
    let wanted = |report: &&CaseReport| match args.output {
        OutputWhen::Never => false,
        OutputWhen::All => !report.attempts.is_empty(),
        OutputWhen::Fail => failed(report.verdict.status),
    };
    if args.verbose {
        let seen = run.cases.iter().filter(|report| style.audience.sees(report.case.visibility));
        seen.for_each(|report| terminal::say_text(&in_full(report)));
    }
    let (mut left, mut shown) = (MOST_LINES, 0);
    for report in run.cases.iter().filter(wanted) {
        let block = text::failure(report, style);
        let lines = block.lines().count();
        if lines > left && args.diff_lines.0 != usize::MAX {
            break;
        }
        left = left.saturating_sub(lines);
        shown += 1;
        let title = format!("{} {}", text::word(report, style), style.audience.id_of(&report.case));
        ci.say_block(&title, &block);
    }
    let all = match args.output {
        OutputWhen::Never => 0,
        OutputWhen::All => run.cases.iter().filter(wanted).count(),
        OutputWhen::Fail => records.tally().briefs().iter().filter(|brief| failed(brief.status)).count(),
    };
    if all > shown {
        let more = all - shown;
        terminal::say(&format!(
            "  {more} more {} not shown: {} --only ID, or the reports (--json, --junit)\n",
            if more == 1 { "case is" } else { "cases are" },
            style.rerun
        ));
    }
    terminal::say_text(&text::summary(run, records, style));
}

/// `--verbose`: what was decided for a case and what was in force.
fn in_full(report: &CaseReport) -> String {
    let id = visible_line(report.case.id.0.as_bytes());
    format!(" {id}\n{}{}\n", resolve::explain(&report.case).to_text(), account::after(report))
}
