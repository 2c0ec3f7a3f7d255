//! What is known of a run as a whole: its id, its command line, its machine.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::ids;
use crate::report::{Host, RunMeta};

/// The run that this process makes; not complete yet.
pub(super) fn of_this_process(cwd: &Path, started: SystemTime, jobs: usize) -> RunMeta {
    RunMeta {
        id: ids::run(),
        argv: without_secrets(
            std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect(),
        ),
        cwd: cwd.to_string_lossy().into_owned(),
        started,
        duration: Duration::ZERO,
        jobs,
        host: host(),
        interrupted_by: None,
        complete: false,
    }
}

/// The command line as it may be told.
fn without_secrets(mut argv: Vec<String>) -> Vec<String> {
    const OPTION: &str = "--secret";
    let hidden = |said: &str| match said.split_once('=') {
        Some((name, _)) if !name.contains('@') => format!("{name}=<secret:{name}>"),
        _ => said.to_owned(),
    };
    let mut is_secret = false;
    for word in &mut argv {
        if is_secret {
            *word = hidden(word);
        } else if let Some(said) = word.strip_prefix("--secret=") {
            *word = format!("{OPTION}={}", hidden(said));
        }
        is_secret = !is_secret && word == OPTION;
    }
    argv
}

fn host() -> Host {
    let kernel = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned());
    Host {
        kernel: kernel.unwrap_or_default(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes: memory(),
    }
}

/// Memory of the machine, from /proc/meminfo; 0 where it is not known.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_told_without_its_secrets() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let told = |text: &str| without_secrets(words(text)).join(" ");
        assert_eq!(told("suite --secret a=b=c x"), "suite --secret a=<secret:a> x");
        assert_eq!(told("--secret=a=b@c --secret a@f=g"), "--secret=a=<secret:a> --secret a@f=g");
        assert_eq!(told("suite -V a=b"), "suite -V a=b");
    }
}
