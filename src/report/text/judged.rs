//! What a checker or an interactor said, in the block of a failure.

use super::failure::Block;
use crate::judge::Protocol;
use crate::report::CaseReport;
use crate::report::record::Audience;

/// Lines of a message or a conversation that are shown.
const MOST: usize = 12;

impl Block<'_> {
    /// What was said of the submission, and to it. The message to the judges is for staff alone
    /// where the protocol has another one for everybody.
    pub(super) fn judged(&mut self, report: &CaseReport) {
        let Some(judged) = &report.verdict.details.judged else { return };
        let staff = self.style.audience == Audience::Staff;
        let name = judged.by.name();
        if let Some(message) =
            judged.judge_message.as_ref().filter(|_| staff || judged.protocol == Protocol::Testlib)
        {
            self.labelled("said", &format!("(the {name}, {})", self.style.safe(&judged.ended)));
            self.shown(message);
        }
        if let Some(transcript) = &judged.transcript {
            self.labelled("talk", "(> the submission, < the interactor)");
            self.shown(transcript);
        }
    }

    fn shown(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().min(MOST);
        lines[..first].iter().for_each(|line| self.excerpt_line(line.as_bytes()));
        if lines.len() > first {
            let more = lines.len() - first;
            self.line(&format!("  {} {more} lines left out", self.style.mark("…", "...")));
        }
    }
}
