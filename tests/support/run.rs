//! Runs the real binary to its end; an end always comes.

use std::io::{ErrorKind, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::cgroups::cgroups_of;

/// Longer than anything that a test of ours waits for: only a hang gets there.
const HANG: Duration = Duration::from_secs(300);
/// The same in an emulated machine.
const HANG_IN_VM: Duration = Duration::from_secs(1800);

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// The exit status, `128+N` for a signal as shells say it.
    pub(crate) fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }
}

/// Runs a command to its end, with this on its standard input. It must leave no control group, unless it
/// was killed: then the next start removes them.
pub(crate) fn finish(mut command: Command, input: &[u8]) -> Done {
    use std::os::unix::process::ExitStatusExt;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut child = loop {
        match command.spawn() {
            Ok(child) => break child,
            // A copy that a test has just made: another test's child, not executed yet, holds it for writing.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && started.elapsed() < HANG => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => panic!("cannot start {command:?}: {error}"),
        }
    };
    let mut stdin = child.stdin.take().expect("asked for");
    let input = input.to_vec();
    // A program that reads nothing closes the pipe: that is its right.
    let feeder = thread::spawn(move || stdin.write_all(&input).is_ok());
    let stdout = collect(child.stdout.take().expect("asked for"));
    let stderr = collect(child.stderr.take().expect("asked for"));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("our own child") {
            break status;
        }
        let hang = if std::env::var_os("CAPSULE_RUN_VM").is_some() { HANG_IN_VM } else { HANG };
        if started.elapsed() > hang {
            drop(child.kill());
            panic!("{command:?} did not end within {hang:?}");
        }
        thread::sleep(Duration::from_millis(2));
    };
    feeder.join().expect("the feeder does not panic");
    let left = cgroups_of(child.id());
    assert!(left.is_empty() || status.signal().is_some(), "{command:?} left {left:?}");
    Done {
        status,
        stdout: stdout.join().expect("the reader does not panic"),
        stderr: stderr.join().expect("the reader does not panic"),
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
