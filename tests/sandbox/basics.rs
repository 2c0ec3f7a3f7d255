//! A program runs, and what it did is told.

use capsule_run::sandbox::Engine;
use capsule_run::sandbox::cancel::Cancel;
use capsule_run::sandbox::outcome::{End, Fault, FaultKind, Outcome};
use capsule_run::sandbox::spec::{InputFile, Spec};

use crate::harness::{engine, run, shell, spec, stdout};

fn fault(spec: &Spec) -> Fault {
    let cancel = Cancel::new().expect("a descriptor is free");
    match engine().run(spec, &cancel) {
        Outcome::NotStarted(fault) => fault,
        Outcome::Ran(ran) => panic!("it ran: {ran:?}"),
    }
}

#[test]
fn a_program_runs_and_its_exit_status_and_output_are_told() {
    let ran = shell("echo out; echo err >&2; exit 3");
    assert_eq!(ran.end, End::Exited(3));
    assert_eq!(stdout(&ran), "out\n");
    assert_eq!(*ran.stderr.bytes, *b"err\n");
}

#[test]
fn true_ends_well() {
    let ran = run(&spec(&["true"]));
    assert_eq!(ran.end, End::Exited(0));
}

#[test]
fn a_command_that_is_nowhere_is_not_found_and_where_it_was_looked_for_is_told() {
    let found = fault(&spec(&["no-such-command"]));
    let expected = ["/usr/local/bin/no-such-command", "/usr/bin/no-such-command", "/bin/no-such-command"];
    assert_eq!(found.kind, FaultKind::NotFound { searched: expected.map(str::to_owned).to_vec() });
}

#[test]
fn a_script_without_its_interpreter_is_there_but_cannot_be_executed() {
    let mut spec = spec(&["./script"]);
    let file =
        |text: &[u8], executable| InputFile { path: "script".into(), content: text.into(), executable };
    for (content, errno, executable) in [
        (b"#!/no/such\n".as_slice(), libc::ENOENT, true),
        (b"\x00nonsense".as_slice(), libc::ENOEXEC, true),
        (b"#!/bin/sh\n".as_slice(), libc::EACCES, false),
    ] {
        spec.files = vec![file(content, executable)];
        let found = fault(&spec);
        assert_eq!(found.kind, FaultKind::NotExecutable { path: "./script".to_owned() }, "{found:?}");
        assert_eq!(found.errno, Some(errno));
        assert!(!found.help.is_empty());
    }
}

#[test]
fn a_working_directory_that_the_program_left_out_is_not_our_fault() {
    let mut spec = spec(&["true"]);
    spec.workdir = "/workspace/lib".into();
    let found = fault(&spec);
    assert_eq!(found.kind, FaultKind::Workdir { path: "/workspace/lib".to_owned() });
    assert_eq!(found.errno, Some(libc::ENOENT));
}
