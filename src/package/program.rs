//! [`Program`]: a submission's language, and how it is built and run: as the presets have it.

use std::path::PathBuf;

use crate::policy::{Commands, PRESETS, Preset, guess, preset};
use crate::units::{Bytes, NoNul};

/// What a suite is to build and run.
#[derive(Debug, Clone)]
pub struct Program {
    preset: &'static Preset,
    /// Its files, as far as they are known: a suite that is kept is for any.
    files: Vec<PathBuf>,
    /// The file to begin with, where somebody says so.
    entry: Option<String>,
}

/// How a program is built, as a suite writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Build {
    /// Program and arguments.
    Run(Vec<String>),
    /// A line of shell that finds the files itself.
    Shell(String),
}

impl Default for Program {
    /// What is assumed where nobody says.
    fn default() -> Self {
        Self::of_language("cpp").expect("a name of the table")
    }
}

impl Program {
    /// The names of all languages.
    #[must_use]
    pub fn languages() -> Vec<&'static str> {
        PRESETS.iter().map(|preset| preset.name).collect()
    }

    /// A program in this language, of files that are not known yet.
    #[must_use]
    pub fn of_language(name: &str) -> Option<Self> {
        Some(Self { preset: preset(name)?, files: Vec::new(), entry: None })
    }

    /// The program that these files are, by their extensions: paths relative to the submission.
    ///
    /// # Errors
    /// In words: no file of a known language, or as many of two.
    pub fn of_files(paths: &[&str]) -> Result<Self, String> {
        let files: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        Ok(Self { preset: guess(&files)?, files, entry: None })
    }

    /// The same program begun at another file.
    #[must_use]
    pub fn with_entry(mut self, entry: &str) -> Self {
        self.entry = Some(entry.to_owned());
        self
    }

    /// A program like this one of any files, begun at the file that this one begins with.
    #[must_use]
    pub fn of_any_files(mut self) -> Self {
        if self.entry.is_none()
            && let [only] = self.files.as_slice()
        {
            self.entry = only.to_str().map(str::to_owned);
        }
        self.files.clear();
        self
    }

    /// How it is built; `included` are files that are put beside it.
    pub(super) fn build(&self, included: &[&str]) -> Option<Build> {
        if self.files.is_empty() {
            return self.preset.build_line(self.begins_at()).map(Build::Shell);
        }
        let words = self.commands(included)?.build?;
        Some(Build::Run(words.iter().map(ToString::to_string).collect()))
    }

    pub(super) fn outputs(&self) -> Vec<String> {
        let made = self.commands(&[]).map(|commands| commands.outputs).unwrap_or_default();
        made.iter().map(|path| path.display().to_string()).collect()
    }

    /// How it is run within a limit of memory.
    pub(super) fn run(&self, included: &[&str], memory: Bytes) -> Vec<String> {
        let words = self.commands(included).map(|commands| commands.run_within(memory)).unwrap_or_default();
        words.iter().map(NoNul::to_string).collect()
    }

    fn commands(&self, included: &[&str]) -> Option<Commands> {
        let own =
            if self.files.is_empty() { vec![PathBuf::from(self.begins_at())] } else { self.files.clone() };
        let files: Vec<PathBuf> = own.into_iter().chain(included.iter().map(PathBuf::from)).collect();
        self.preset.commands(&files, self.entry.as_deref()).ok()
    }

    fn begins_at(&self) -> &str {
        self.entry.as_deref().unwrap_or(self.preset.main)
    }

    pub(super) fn profile(&self) -> &'static str {
        self.preset.profile
    }

    /// Whether files for this language of `include/` belong to it.
    pub(super) fn takes(&self, include: &str) -> bool {
        include == "default" || include == self.preset.kattis || include == self.preset.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(build: Option<Build>) -> String {
        match build {
            Some(Build::Run(words)) => words.join(" "),
            Some(Build::Shell(line)) => format!("sh: {line}"),
            None => String::new(),
        }
    }

    #[test]
    fn a_program_is_built_and_run_as_its_preset_says_with_what_is_put_beside_it() {
        let program = Program::of_files(&["b.cpp", "a.h"]).expect("C++");
        let build = words(program.build(&["grader.cpp", "data.txt"]));
        assert_eq!(build, "g++ -O2 -std=gnu++20 -o prog ./b.cpp ./grader.cpp");
        assert_eq!(program.outputs(), ["prog"]);
        let java = Program::of_files(&["x/Main.java", "x/B.java"]).expect("Java");
        assert!(java.run(&[], Bytes::mib(256)).join(" ").contains("-Xmx128m"));
        let python = Program::of_files(&["a.py", "b.py"]).expect("Python");
        let run = |program: &Program| program.run(&[], Bytes::mib(256)).join(" ");
        assert_eq!(run(&python), "/usr/bin/python3 ./a.py");
        assert_eq!(run(&python.clone().with_entry("b.py")), "/usr/bin/python3 ./b.py");
        assert_eq!(run(&python.with_entry("b")), "/usr/bin/python3 ./b.py");
    }

    #[test]
    fn of_files_that_are_not_known_a_line_of_shell_finds_the_sources() {
        let any = Program::of_files(&["sum.cpp"]).expect("C++").of_any_files();
        assert!(words(any.build(&[])).starts_with("sh: g++ -O2 -std=gnu++20 -o prog $(find . -type f "));
        let rust = Program::of_language("rust").expect("known");
        assert_eq!(words(rust.build(&[])), "sh: rustc -O --edition 2021 -o prog ./main.rs");
        assert_eq!(Program::of_language("python").expect("known").build(&[]), None);
        assert!(Program::of_language("java").expect("known").takes("java"));
    }
}
