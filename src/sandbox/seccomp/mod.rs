//! The system-call filter: names ([`table`]) → rules → BPF ([`compile`]). Pure; made in the
//! supervisor, installed by the program as its last act before `execve`.
//!
//! What the filter does not know is answered with ENOSYS, as an older kernel would: C libraries
//! fall back on it. What no honest program asks for stops the call and tells the supervisor
//! ([`Action::Report`]), which kills the sandbox and puts the call's name into the report. What may
//! leave something behind that cannot be seen afterwards is noted ([`Action::Note`]) and goes on.

mod arch;
mod compile;
mod describe;
mod rule;
mod table;

pub(super) use arch::Arch;
pub(super) use compile::filter;
pub(super) use describe::{describe, noted, policy_name};
pub(super) use rule::Asked;
use rule::{Action, Rule, Test};
pub(super) use table::Noted;
