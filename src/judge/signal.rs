//! Signals by name.

use nix::sys::signal::Signal;

/// `SIGKILL` for 9, `SIGRTMIN+1` for 35; `signal 99` for what no kernel sends.
#[must_use]
pub fn signal_name(number: i32) -> String {
    // What glibc and musl leave of the kernel's 32..=64 for programs.
    const FIRST_REAL_TIME: i32 = 34;
    match Signal::try_from(number) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) if (FIRST_REAL_TIME..=64).contains(&number) => {
            format!("SIGRTMIN+{}", number - FIRST_REAL_TIME)
        }
        Err(_) => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_the_name_that_people_know() {
        assert_eq!(signal_name(9), "SIGKILL");
        assert_eq!(signal_name(11), "SIGSEGV");
        assert_eq!(signal_name(35), "SIGRTMIN+1");
        assert_eq!(signal_name(99), "signal 99");
    }
}
