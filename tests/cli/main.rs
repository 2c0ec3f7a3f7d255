//! The command line from the outside, one file per command. Nothing here needs a sandbox.

mod check;
mod doctor;
mod help;
mod history;
mod live;
mod reports;
mod schema;
mod select;
mod single;
mod suite;
mod usage;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A capsule-run in a folder of its own with a clean environment.
struct Capsule {
    folder: TempDir,
    command: Command,
    stdin: Vec<u8>,
}

impl Capsule {
    fn new(args: &[&str]) -> Self {
        Self::started_by(Command::new(env!("CARGO_BIN_EXE_capsule-run")), args)
    }

    /// Started by a shell that does something first.
    fn after(line: &str, args: &[&str]) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("{line} exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_capsule-run")]);
        Self::started_by(shell, args)
    }

    fn started_by(mut command: Command, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder.path().join("home"));
        command.env("XDG_RUNTIME_DIR", folder.path()).args(args);
        command.current_dir(folder.path());
        Self { folder, command, stdin: Vec::new() }
    }

    fn file(self, name: &str, content: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("writable");
        std::fs::write(path, content).expect("writable");
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    fn run(mut self) -> Ended {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the binary was built by cargo");
        let mut stdin = child.stdin.take().expect("it is a pipe");
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(&self.stdin);
        drop(stdin);
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it can be waited for");
        let text = |bytes| String::from_utf8(bytes).expect("all that we write is UTF-8");
        Ended { status: status.code(), stdout: text(stdout), stderr: text(stderr), folder: self.folder }
    }
}

/// What became of it.
#[derive(Debug)]
struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    folder: TempDir,
}

impl Ended {
    #[track_caller]
    fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "standard error lacks {text:?}:\n{}", self.stderr);
        self
    }

    #[track_caller]
    fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "standard output lacks {text:?}:\n{}", self.stdout);
        self
    }

    #[track_caller]
    fn prints_nothing(self) -> Self {
        assert_eq!(self.stdout, "", "stderr:\n{}", self.stderr);
        self
    }

    #[track_caller]
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        let path: &Path = &self.path(name);
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}
