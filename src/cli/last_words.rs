//! What is said when capsule-run itself panics: the terminal is put back first, and the reports stay
//! the pessimistic ones.

use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;

use super::terminal;
use crate::units::visible;

static RUN: OnceLock<String> = OnceLock::new();

/// Says last words when this process panics.
pub(super) fn watch() {
    panic::set_hook(Box::new(say));
}

/// The id of the run that is under way.
pub(super) fn run_is(id: &str) {
    let _ = RUN.set(id.to_owned());
}

fn say(panic: &PanicHookInfo<'_>) {
    let here = std::thread::current();
    let name = here.name().unwrap_or("a thread");
    // The runner catches the panic of one case: the run goes on.
    let ends_run = !name.starts_with("case-");
    if ends_run {
        terminal::restore();
    }
    let text = visible(panic.to_string().as_bytes());
    terminal::say(&format!("error: capsule-run {text} (in {name})"));
    if ends_run {
        let run = RUN.get().map(|id| format!("run {id}: ")).unwrap_or_default();
        terminal::say(&format!(
            "  {run}reports are left as they were before the run. This is a bug of capsule-run: please report it"
        ));
    }
}
