//! A program runs, and what it did is told.

use capsule_run::sandbox::outcome::End;

use crate::harness::{run, shell, spec, stdout};

#[test]
fn a_program_runs_and_its_exit_status_and_output_are_told() {
    let ran = shell("echo out; echo err >&2; exit 3");
    assert_eq!(ran.end, End::Exited(3));
    assert_eq!(stdout(&ran), "out\n");
    assert_eq!(ran.stderr.bytes, b"err\n");
}

#[test]
fn true_ends_well() {
    let ran = run(&spec(&["true"]));
    assert_eq!(ran.end, End::Exited(0));
}
