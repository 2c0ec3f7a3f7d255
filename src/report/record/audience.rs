//! [`Audience`]: who reads a report, and what is left of a case that this reader may not see.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CaseRecord, PlannedCase, RunHeader};
use crate::judge::{Details, Protocol, Status};
use crate::resolve::{ResolvedCase, Visibility};

/// Who reads a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// People who may see everything.
    #[default]
    Staff,
    /// Students: of a case that is not visible they see name, verdict and hint only.
    Student,
}

impl Audience {
    /// Whether this reader may see the input, the expectation and the output of a case.
    #[must_use]
    pub fn sees(self, visibility: Visibility) -> bool {
        match visibility {
            Visibility::Visible => true,
            Visibility::Hidden | Visibility::AfterDueDate | Visibility::AfterPublished => self == Self::Staff,
        }
    }
}

impl Audience {
    /// How this reader is told of a case.
    #[must_use]
    pub fn id_of(self, case: &ResolvedCase) -> &str {
        let alias = case.alias.as_deref().filter(|_| !self.sees(case.visibility));
        alias.unwrap_or(&case.id.0)
    }
}

impl CaseRecord {
    /// What `audience` may know of this case. Of one that it may not see, id, place, verdict, points
    /// and the kind of near miss are left. No attempt is: a program that was given a secret could
    /// tell it by its exit status, by a signal, by the time that it takes.
    #[must_use]
    pub fn for_audience(mut self, audience: Audience) -> Self {
        if audience.sees(self.visibility) {
            // A protocol with a message for everybody has the other one for staff.
            if let Some(judged) = self.details.judged.as_mut().filter(|_| audience == Audience::Student)
                && judged.protocol == Protocol::Kattis
            {
                judged.judge_message = None;
            }
            return self;
        }
        unnamed(&mut self.id, &mut self.name, self.alias.take());
        self.params.clear();
        self.tags.clear();
        self.details = Details::default();
        self.notes.clear();
        self.attempts.clear();
        let (status, code) = (self.status, self.code);
        if let Some(reason) = &mut self.reason {
            reason.message = match (status, code) {
                (_, Some(code)) => code.title(),
                (Status::NotRun, None) => "not run",
                (Status::Cancelled, None) => "cancelled",
                (Status::Skipped, None) => "skipped",
                _ => "did not pass",
            }
            .to_owned();
        }
        self
    }
}

impl PlannedCase {
    /// What `audience` may know of this case before it runs.
    #[must_use]
    pub fn for_audience(mut self, audience: Audience) -> Self {
        if !audience.sees(self.visibility) {
            unnamed(&mut self.id, &mut self.name, self.alias.take());
            self.params.clear();
            self.tags.clear();
        }
        self
    }
}

/// The id of a matrix, and the name that is its end, tell its parameters.
fn unnamed(id: &mut String, name: &mut String, alias: Option<String>) {
    let Some(alias) = alias else { return };
    let before = id.len().saturating_sub(name.len());
    *name = alias.get(before..).unwrap_or(&alias).to_owned();
    *id = alias;
}

impl RunHeader {
    /// What `audience` may know of the run: students need not know the command line, which can hold
    /// what an assignment is to keep, nor where it was given.
    #[must_use]
    pub fn for_audience(mut self, audience: Audience) -> Self {
        if audience == Audience::Student {
            self.argv.clear();
            self.cwd.clear();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_see_only_visible_cases() {
        assert!(Audience::Student.sees(Visibility::Visible));
        assert!(!Audience::Student.sees(Visibility::Hidden));
        assert!(!Audience::Student.sees(Visibility::AfterDueDate));
        assert!(Audience::Staff.sees(Visibility::Hidden));
    }
}
