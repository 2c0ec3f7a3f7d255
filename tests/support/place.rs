//! A folder of a test's own, and commands with a scrubbed environment in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A folder of a test's own, with a home, a workspace and a folder for temporary files in it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder =
            tempfile::Builder::new().prefix("test-of-c-r-").tempdir().expect("a folder for the test");
        std::fs::create_dir(folder.path().join("home")).expect("a home");
        std::fs::create_dir(folder.path().join("work")).expect("a workspace");
        std::fs::create_dir(folder.path().join("tmp")).expect("a folder for temporary files");
        Self { folder }
    }

    /// Where commands are started.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A command with nothing of the caller's environment but what every shell has.
    pub(crate) fn command(&self, program: &str) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_capsule-run"));
        let folder = binary.parent().expect("the binary is in a folder").display();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin"))
            .env("HOME", self.folder.path().join("home"))
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("LANG", "C.UTF-8")
            .current_dir(self.work());
        command
    }
}
