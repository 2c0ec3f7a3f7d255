//! The words of closed lists, as they stand in JSON, for formats that are not JSON.

use super::record::Kind;
use crate::judge::Status;
use crate::resolve::Visibility;

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Error => "error",
        Status::NotRun => "not_run",
        Status::Cancelled => "cancelled",
        Status::Skipped => "skipped",
        Status::Xfailed => "xfailed",
    }
}

pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Build => "build",
        Kind::Case => "case",
        Kind::Setup => "setup",
        Kind::Teardown => "teardown",
    }
}

pub(super) fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Visible => "visible",
        Visibility::Hidden => "hidden",
        Visibility::AfterDueDate => "after_due_date",
        Visibility::AfterPublished => "after_published",
    }
}
