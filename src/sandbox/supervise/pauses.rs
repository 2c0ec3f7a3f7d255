//! Whether a time-out is the program's doing: not if we, or its init, did not run meanwhile.

use std::fs;
use std::time::Duration;

/// What a busy host may make us late by, apart from the time that we wait for a CPU: a virtual machine
/// may be held up as a whole.
const USUAL: Duration = Duration::from_secs(1);

/// How long this thread was stopped (SIGSTOP, a frozen cgroup), if it looks at a clock so `late` that
/// nothing else explains it. A program that waited for us to take its output lost that time too.
pub(super) fn stopped_for(late: Duration) -> Option<Duration> {
    if late <= USUAL {
        return None;
    }
    // Time on the CPU, time waited for one, turns. What was waited for before only makes us careful.
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let waited = Duration::from_nanos(text.split_whitespace().nth(1)?.parse().ok()?);
    late.checked_sub(waited).filter(|stopped| *stopped > USUAL)
}

/// Whether somebody has stopped this process: from outside, since nobody inside can stop an init.
pub(super) fn is_stopped(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['T', 't']))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::{WaitPidFlag, waitpid};
    use nix::unistd::Pid;

    use super::*;

    #[test]
    fn a_stopped_process_is_seen_as_such() {
        let mut child = Command::new("sleep").arg("100").spawn().expect("there is sleep");
        let pid = i32::try_from(child.id()).expect("fits");
        assert!(!is_stopped(pid));
        kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("ours");
        waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WUNTRACED)).expect("it stops");
        assert!(is_stopped(pid));
        child.kill().expect("ours");
        child.wait().expect("it ends");
        assert!(!is_stopped(pid));
    }

    #[test]
    fn being_a_little_late_is_usual_and_an_hour_is_not() {
        assert_eq!(stopped_for(Duration::from_millis(900)), None);
        let hour = Duration::from_secs(3600);
        assert!(stopped_for(hour).is_some_and(|stopped| stopped > hour / 2));
    }
}
