//! What people see and do at a terminal: the real binary in a pseudo-terminal, its screen read by a
//! terminal in memory; and every way to interrupt it, with real signals.

#[path = "../support/cgroups.rs"]
mod cgroups;
#[path = "../support/processes.rs"]
mod processes;

mod interrupts;
mod keys;
mod lines;
mod place;
mod progress;
mod pty;
mod review;
