//! [`Code`]: the table of E-codes. The single source of their numbers, names and texts: the
//! documentation, the schemas and `capsule-run help codes` are made from it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a family of codes says about who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// E1xxx: what the operator wrote.
    Configuration,
    /// E2xxx: the command could not be, or may not be, executed.
    Execution,
    /// E3xxx: time and signals.
    Time,
    /// E4xxx: resources.
    Resource,
    /// E5xxx: our own fault. Never counts against a submission.
    System,
    /// E6xxx: what a suite expected.
    Expectation,
}

macro_rules! codes {
    ($($name:ident = $number:literal, $title:literal, $remedy:literal;)*) => {
        /// An E-code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $(#[doc = $title] #[serde(rename = $number)] $name,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// `E3001` and so on.
            #[must_use]
            pub const fn number(self) -> &'static str {
                match self { $(Self::$name => $number),* }
            }

            /// What it means, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }

            /// What a person can do about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy),* }
            }
        }
    };
}

codes! {
    InvalidInput = "E1001", "configuration, suite or request file cannot be parsed", "correct the line that the message shows";
    MissingField = "E1002", "a required field is missing", "add the field that the message names";
    OutOfRange = "E1003", "a value is out of range, or above a ceiling of the policy", "lower the value, or have the ceiling raised where the message says it stands";
    ProfileNotFound = "E1004", "profile not found", "use one of the profiles that the message lists, or add the missing one";
    PermissionDenied = "E2001", "permission denied", "make the file executable, or run the file and not a directory";
    CommandNotFound = "E2002", "command not found", "use the full path inside the sandbox, add a --readonly path, or set PATH with --env";
    Blocked = "E2003", "blocked by security policy", "do without the command or the system call, or have the policy changed";
    InvalidCommand = "E2004", "invalid command syntax", "correct the command, --env or --bind that the message names";
    Timeout = "E3001", "execution timeout", "make the program faster or raise the limit";
    SetupTimeout = "E3002", "set-up timeout: the sandbox was not ready in time", "look at the load of this machine and try again";
    Signal = "E3003", "killed by a signal that no limit explains", "look for a crash in the program";
    MemoryLimit = "E4001", "memory limit exceeded", "use less memory or raise the limit";
    OomKill = "E4002", "the kernel's OOM killer acted inside the sandbox", "use less memory or raise the limit a good deal";
    ProcessLimit = "E4003", "too many processes", "create fewer processes or threads, or raise max_pids";
    OutputLimit = "E4004", "output limit exceeded", "write less, or raise max_output";
    DiskLimit = "E4005", "file size or disk limit exceeded", "write smaller files, or raise max_file_size or max_disk";
    SandboxSetup = "E5001", "sandbox set-up failed", "read the step, the kernel's answer and the help in the message";
    Monitoring = "E5002", "monitoring failed", "look at this machine's resources and try again";
    UnsupportedPlatform = "E5003", "platform not supported", "run on Linux x86_64 or aarch64";
    WrongExit = "E6001", "wrong exit status", "compare the program's exit status with what the case expects";
    StdoutDiffers = "E6002", "stdout differs", "compare the output with what the case expects";
    StderrDiffers = "E6003", "stderr differs", "compare the error output with what the case expects";
    FileDiffers = "E6004", "an output file is missing or differs", "compare the file with what the case expects";
    BuildFailed = "E6005", "build failed", "read the compiler's messages in the build case";
    CheckerFailed = "E6006", "checker or interactor failed", "mend the checker: the submission is not to blame";
    PrerequisiteFailed = "E6007", "a prerequisite failed, the case did not run", "mend what the case needs";
    UnexpectedPass = "E6008", "passed although failure was expected", "drop the xfail or the expected code";
    HookFailed = "E6009", "a setup or teardown step of the suite failed", "mend the step: the submission is not to blame";
    SourceRefused = "E6010", "the submitted files are not as the suite asks", "change the file and line that the message names";
    ResourceUse = "E6011", "it used more, or less, than the case expects", "compare what was measured with what the case expects";
}

impl Code {
    /// The family, from the first digit.
    #[must_use]
    pub fn family(self) -> Family {
        match self.number().as_bytes()[1] {
            b'1' => Family::Configuration,
            b'2' => Family::Execution,
            b'3' => Family::Time,
            b'4' => Family::Resource,
            b'5' => Family::System,
            _ => Family::Expectation,
        }
    }

    /// Whether this code means that we could not judge: it never counts against a submission.
    #[must_use]
    pub fn is_harness_fault(self) -> bool {
        self.family() == Family::System
            || matches!(self, Self::CheckerFailed | Self::HookFailed | Self::SetupTimeout)
    }

    /// The code with this number.
    #[must_use]
    pub fn from_number(number: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_in_order() {
        let numbers: Vec<_> = Code::ALL.iter().map(|code| code.number()).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(numbers, sorted);
    }

    #[test]
    fn only_our_own_faults_are_excused() {
        let excused: Vec<_> =
            Code::ALL.iter().filter(|code| code.is_harness_fault()).map(|code| code.number()).collect();
        assert_eq!(excused, ["E3002", "E5001", "E5002", "E5003", "E6006", "E6009"]);
    }
}
