//! A folder with a suite in it, and commands with a clean environment there.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A folder with a suite in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    /// A folder with this as `grade.yaml`.
    pub(crate) fn with(suite: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary directory") };
        place.file("grade.yaml", suite);
        std::fs::create_dir(place.path("tmp")).expect("writable");
        place
    }

    pub(crate) fn file(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("writable");
        std::fs::write(path, content).expect("writable");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).expect("a whole report")
    }

    /// The binary with these arguments.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capsule-run"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.path("home"));
        command.env("TMPDIR", self.path("tmp")).env("XDG_RUNTIME_DIR", self.folder.path());
        command.args(args).current_dir(self.folder.path());
        command
    }
}
