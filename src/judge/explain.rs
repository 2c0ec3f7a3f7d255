//! The codes explained: what `capsule-run help codes` and `help E3001` say, and docs/verdicts.md.

use std::fmt::Write as _;

use crate::judge::classify::Cause;
use crate::judge::{Code, Family};

/// What a code means at length, and how it is found out.
struct Explanation {
    meaning: &'static str,
    detected: &'static str,
}

const fn explained(meaning: &'static str, detected: &'static str) -> Explanation {
    Explanation { meaning, detected }
}

fn explanation(code: Code) -> Explanation {
    match code.family() {
        Family::Configuration => configuration(code),
        Family::Execution => execution(code),
        Family::Time => time(code),
        Family::Resource => resource(code),
        Family::System => system(code),
        Family::Expectation => expectation(code),
    }
}

fn configuration(code: Code) -> Explanation {
    match code {
        Code::MissingField => explained(
            "A suite, configuration or request lacks something that cannot be guessed. Nothing was run.",
            "When the file is read; all errors of all files are reported at once.",
        ),
        Code::OutOfRange => explained(
            "A value is no sensible one, or it is above what the operator's policy allows. The message names where both values come from. Nothing was run.",
            "When limits are resolved: command line over suite over profile over configuration, then the ceilings.",
        ),
        Code::ProfileNotFound => explained(
            "A profile is named that neither the suite, nor the configuration, nor this program defines. Nothing was run.",
            "When limits are resolved.",
        ),
        _ => explained(
            "A file is not what it should be: a syntax error, an unknown key, a value of the wrong kind. Nothing was run.",
            "When the file is read; unknown keys are errors, with the nearest known name.",
        ),
    }
}

fn execution(code: Code) -> Explanation {
    match code {
        Code::PermissionDenied => explained(
            "The command exists inside the sandbox but the kernel would not execute it: no execute permission, a directory, a format that this kernel does not know.",
            "From the error of execve, reported by the sandbox before the program's first instruction.",
        ),
        Code::CommandNotFound => explained(
            "There is no such command inside the sandbox. The host may have it: the sandbox shows /usr, /bin, /sbin, /lib* and the workspace, and what --readonly, --writable or --bind add.",
            "From the error of execve, for each place of PATH; the details list the places.",
        ),
        Code::InvalidCommand => explained(
            "The command is empty or holds a NUL byte, or an --env or --bind cannot be understood. Nothing was run.",
            "When the command line or the request is read.",
        ),
        _ => explained(
            "Either the command is refused by [security] in the configuration or the policy, and nothing was run; or the program made a system call that the seccomp filter forbids, and was killed. The details name it.",
            "The filter hands forbidden calls to the supervisor, which notes name and number and kills; where only the wait status is left (SIGSYS) the name is not known. With the filter off, SIGSYS is a signal like any other (E3003). The same on cgroup v1, v2 and none.",
        ),
    }
}

fn time(code: Code) -> Explanation {
    match code {
        Code::SetupTimeout => explained(
            "The sandbox was not ready in time. The program was not started: this never counts against it.",
            "The supervisor's own deadline for the set-up.",
        ),
        Code::Signal => explained(
            "The program was ended by a signal, and no limit of ours sent it or made the kernel send it: a crash (SIGSEGV, SIGABRT, SIGFPE), or a kill by one of its own processes.",
            "From the wait status of the program's first process, after all limits were looked at.",
        ),
        _ => explained(
            "The program ran longer than it may. details.limit says which clock: `wall` counts from its start to its end, `cpu` counts the work of all its processes together, so sleeping costs nothing and threads cost all they use.",
            "wall: a monotonic clock in the supervisor. cpu: cpuacct.usage (v1), cpu.stat (v2), or the times of the process tree where there is no cgroup; also SIGXCPU from the kernel, and also when the program ended by itself just over its limit.",
        ),
    }
}

fn resource(code: Code) -> Explanation {
    match code {
        Code::OomKill => explained(
            "The kernel killed a process inside the sandbox because all of them together needed more memory than allowed. It counts also when the first process survived and ended with 0: part of its work was killed.",
            "The kernel's counter of OOM kills: memory.oom_control oom_kill (v1), memory.events oom_kill (v2). Never guessed from SIGKILL. Without a cgroup there is no such counter: the watcher gives E4001.",
        ),
        Code::ProcessLimit => explained(
            "The program wanted more processes and threads than allowed, and did not do what was expected. A program that gets over the refusal and gives the right answer passes, with a note.",
            "pids.events (v1 and v2); with RLIMIT_NPROC, where there is no pids cgroup, the kernel does not count refusals: it lets one more through than allowed, and it counts when that many were seen together, or were left at the end.",
        ),
        Code::OutputLimit => explained(
            "The program wrote more to stdout and stderr together than allowed, and was killed. What it wrote up to the limit is kept.",
            "Counted by the supervisor while it reads; the same on every host.",
        ),
        Code::DiskLimit => explained(
            "The program wrote a file longer than allowed, or filled all the space it has.",
            "A file: SIGXFSZ from the kernel. The space: a writable place with no block or inode left when the program had ended, if it did not do what was expected.",
        ),
        _ => explained(
            "The program reached its memory limit and then failed: an allocation was refused, or it was ended. Temporary files and kernel memory count; page cache that could have been given back does not. A peak at the limit with a good end is only a note.",
            "The peak: memory.max_usage_in_bytes (v1), memory.peak (v2), less the cache that was left. The kernel's own limit stands a little above, so that a peak over the limit can be seen. Without a cgroup the process tree is looked at every few milliseconds, and killed over the limit; at the end the kernel tells how large the largest process was.",
        ),
    }
}

fn system(code: Code) -> Explanation {
    match code {
        Code::Monitoring => explained(
            "A counter could not be read or a process of ours died, so nobody can say what the program did. This never counts against it.",
            "The supervisor misses the status of the program, and neither a limit nor the OOM killer explains that.",
        ),
        Code::UnsupportedPlatform => explained(
            "This operating system or processor has no sandbox that we know how to use.",
            "Before anything is run.",
        ),
        _ => explained(
            "The sandbox could not be built, or something that was asked for cannot be enforced here. The details give the step and the kernel's answer. This never counts against the program.",
            "Each step of the set-up reports its own failure; limits that this host cannot hold are refused before the first case, unless --require best-effort was given.",
        ),
    }
}

fn expectation(code: Code) -> Explanation {
    match code {
        Code::StdoutDiffers => compared("standard output"),
        Code::StderrDiffers => compared("standard error"),
        Code::FileDiffers => explained(
            "A file that the program should have left is missing, is not a regular file (links are never followed), is too large, or differs from what was expected.",
            "Read after every process has ended, then compared as the case says.",
        ),
        Code::BuildFailed => explained(
            "A build step ended with the wrong status, by a signal, or without its outputs. The cases that need it are not run (E6007). A build that hits a limit keeps the limit's code.",
            "A build step is judged like a case.",
        ),
        Code::CheckerFailed => explained(
            "The checker or interactor of the suite crashed or gave no verdict. This never counts against the submission.",
            "From the way the checker ended.",
        ),
        Code::PrerequisiteFailed => explained(
            "A build step or a case that this one needs did not pass. It was not run.",
            "From the verdict of what it needs; details.needs names it.",
        ),
        Code::HookFailed => explained(
            "A step of the suite's own that comes before or after the cases failed. This never counts against the submission; the cases that need the step are not run (E6007).",
            "A hook is judged like a case; `blame: submission` makes its failure that of the submission.",
        ),
        Code::SourceRefused => explained(
            "The files that were handed in hold what the suite forbids, lack what it requires, or are too large. Nothing was run.",
            "From the files of the submission, links not followed, line by line.",
        ),
        Code::ResourceUse => explained(
            "The program did what was expected, and used more or less of something than the case says under `resources`. No limit was hit.",
            "From the counters of the sandbox, as they stand in the report.",
        ),
        Code::UnexpectedPass => explained(
            "The case should have failed (an expected code or xfail) and passed.",
            "After everything else was judged.",
        ),
        _ => explained(
            "The program ended by itself, or by the signal that was not the expected one, with a status that the case does not accept.",
            "From the wait status of the program's first process.",
        ),
    }
}

fn compared(what: &'static str) -> Explanation {
    let meaning = match what {
        "standard output" => {
            "What the program wrote on standard output is not what the case expects, by the comparison that the case names. The report has the place, a diff, and the next weaker comparison that would have matched."
        }
        _ => {
            "What the program wrote on standard error is not what the case expects, by the comparison that the case names. The report has the place, a diff, and the next weaker comparison that would have matched."
        }
    };
    explained(meaning, "All comparisons of a case are made and listed; the first that failed gives the code.")
}

/// The text of `capsule-run help codes`.
#[must_use]
pub fn help_codes() -> String {
    let mut out = String::new();
    let mut family = None;
    for code in Code::ALL {
        if family.replace(code.family()) != Some(code.family()) {
            let _ = writeln!(out, "{}{}", if out.is_empty() { "" } else { "\n" }, heading(code.family()));
        }
        let _ = writeln!(out, "  {code}  {}", code.title());
    }
    out.push_str("\nIn order of precedence, the first that holds is reported, the others are notes:\n");
    for cause in Cause::ALL {
        let _ = writeln!(out, "  {:24} {}", cause.title(), numbers(cause));
    }
    out.push_str(
        "\nE5xxx, E3002, E6006 and E6009 mean that we could not judge: they never count against a program.\n",
    );
    out.push_str("`capsule-run help E3001` explains one code.\n");
    out
}

fn heading(family: Family) -> &'static str {
    match family {
        Family::Configuration => "What the operator wrote",
        Family::Execution => "The command",
        Family::Time => "Time and signals",
        Family::Resource => "Resources",
        Family::System => "Our own faults",
        Family::Expectation => "What a suite expected",
    }
}

/// The text of `capsule-run help E3001`.
#[must_use]
pub fn help_code(code: Code) -> String {
    let Explanation { meaning, detected } = explanation(code);
    let mut out = format!("{code}: {}\n\n", code.title());
    out.push_str(&wrap(meaning, "  "));
    let _ = write!(out, "\nHow it is found out\n{}", wrap(detected, "  "));
    let _ = write!(out, "\nWhat to do\n{}", wrap(code.remedy(), "  "));
    if code.is_harness_fault() {
        out.push_str("\nThis is not the program's fault: it never counts against a submission.\n");
    }
    out
}

/// docs/verdicts.md, whole.
#[must_use]
pub fn codes_markdown() -> String {
    let mut out = String::from(
        "# Verdicts\n\n\
         Generated from `src/judge` (`CAPSULE_UPDATE_GOLDENS=1 cargo test --test judge` writes it anew); \
         do not edit.\n\n\
         ## Codes\n\n| Code | Means | What to do |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        let _ = writeln!(out, "| {code} | {} | {} |", code.title(), code.remedy());
    }
    out.push_str(
        "\nE5xxx, E3002 and E6006 mean \"could not judge\": status `error`, never counted against a \
         submission.\n\n\
         ## Precedence\n\n\
         When several facts hold, the first of this table is the reported one. All the others stay in the \
         report as notes.\n\n| | Cause | Code | Before the next because |\n|---|---|---|---|\n",
    );
    for (index, cause) in Cause::ALL.into_iter().enumerate() {
        let (title, reason) = (cause.title(), cause.before_next_because());
        let _ = writeln!(out, "| {} | {title} | {} | {reason} |", index + 1, numbers(cause));
    }
    out.push_str("\n## Each code\n");
    for code in Code::ALL {
        let Explanation { meaning, detected } = explanation(*code);
        let _ = writeln!(out, "\n### {code}: {}\n\n{meaning}\n\nFound out: {detected}", code.title());
    }
    out
}

fn numbers(cause: Cause) -> String {
    let numbers: Vec<_> = cause.codes().iter().map(|code| code.number()).collect();
    if numbers.is_empty() { "–".to_owned() } else { numbers.join(", ") }
}

/// `text` in lines of at most 78 columns, each behind `indent`.
fn wrap(text: &str, indent: &str) -> String {
    const WIDTH: usize = 78;
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            column = 0;
        }
        let lead = if column == 0 { indent } else { " " };
        out.push_str(lead);
        out.push_str(word);
        column += lead.len() + length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_words_of_its_own() {
        let mut meanings: Vec<_> = Code::ALL.iter().map(|code| explanation(*code).meaning).collect();
        meanings.sort_unstable();
        meanings.dedup();
        assert_eq!(meanings.len(), Code::ALL.len());
    }

    #[test]
    fn help_for_one_code_fits_a_terminal_and_says_what_to_do() {
        for code in Code::ALL {
            let help = help_code(*code);
            assert!(help.lines().skip(1).all(|line| line.chars().count() <= 80), "{help}");
            assert!(help.starts_with(code.number()) && help.contains("What to do"), "{help}");
        }
    }

    #[test]
    fn help_codes_lists_every_code_once_at_the_start_of_a_line() {
        let help = help_codes();
        for code in Code::ALL {
            let lines = help.lines().filter(|line| line.starts_with(&format!("  {code}  "))).count();
            assert_eq!(lines, 1, "{code}");
        }
    }
}
