//! Waiting: everything that can happen is a descriptor or a deadline.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::MsgFlags;
use nix::sys::time::TimeSpec;

use super::case::Case;
use crate::sandbox::outcome::{Fault, KillReason};
use crate::sandbox::pump::Pump;
use crate::sandbox::{fault, monotonic_nanos};

/// What a descriptor in the poll set is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watched {
    Init,
    Worker,
    Record,
    Listener,
    Stdout,
    Stderr,
    Pump,
    Cancel,
    /// Who may cancel is called for.
    Bell,
}

impl Case<'_> {
    pub(super) fn until_all_are_dead(&mut self) -> Result<(), Fault> {
        loop {
            let ready = self.wait()?;
            // The end comes last: what was written before it is to be read first.
            for what in &ready {
                match what {
                    Watched::Init => {}
                    Watched::Worker => return self.worker_died(),
                    Watched::Record => self.read_records(MsgFlags::MSG_DONTWAIT),
                    Watched::Listener => self.read_listener(),
                    Watched::Stdout => self.stdout.read(&mut self.buffer),
                    Watched::Stderr => self.stderr.read(&mut self.buffer),
                    Watched::Pump => self.pump.iter_mut().for_each(Pump::turn),
                    Watched::Cancel => self.kill(KillReason::Cancelled),
                    Watched::Bell => self.with.cancel.answer(),
                }
            }
            if self.written() > self.with.spec.limits.output.0 {
                self.kill(KillReason::Output);
            }
            if ready.contains(&Watched::Init) || self.is_over() {
                return Ok(());
            }
            self.look_at_the_clocks()?;
        }
    }

    /// Waits for a descriptor or the next deadline; says what is ready.
    fn wait(&self) -> Result<Vec<Watched>, Fault> {
        let init = self.with.init;
        let mut what = vec![(Watched::Init, init.process.as_fd(), PollFlags::POLLIN)];
        what.extend(self.with.worker.control().map(|fd| (Watched::Worker, fd, PollFlags::empty())));
        if self.speaking {
            what.push((Watched::Record, init.case.as_fd(), PollFlags::POLLIN));
        }
        what.extend(self.stdout.fd().map(|fd| (Watched::Stdout, fd, PollFlags::POLLIN)));
        what.extend(self.stderr.fd().map(|fd| (Watched::Stderr, fd, PollFlags::POLLIN)));
        if let Some((fd, reading)) = self.pump.as_ref().and_then(Pump::waits_for) {
            what.push((Watched::Pump, fd, if reading { PollFlags::POLLIN } else { PollFlags::POLLOUT }));
        }
        if self.killed.is_none() {
            what.extend(self.listener.as_ref().map(|fd| (Watched::Listener, fd.as_fd(), PollFlags::POLLIN)));
            what.push((Watched::Cancel, self.with.cancel.kill_fd(), PollFlags::POLLIN));
        }
        what.extend(self.with.cancel.bell().map(|fd| (Watched::Bell, fd, PollFlags::POLLIN)));
        let mut polled: Vec<_> = what.iter().map(|(_, fd, flags)| PollFd::new(*fd, *flags)).collect();
        loop {
            let left = self.next_deadline().saturating_sub(monotonic_nanos());
            let timeout = TimeSpec::from_duration(Duration::from_nanos(left));
            match ppoll(&mut polled, Some(timeout), None) {
                Ok(_) => break,
                // Asked again, also when the time is over: what is ready comes before the clock.
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(fault::monitor("waiting for a case", Some(&errno.into()))),
            }
        }
        let is_ready = |poll: &PollFd<'_>| poll.revents().is_some_and(|events| !events.is_empty());
        let ready: Vec<_> = what
            .iter()
            .zip(&polled)
            .filter(|(_, poll)| is_ready(poll))
            .map(|((what, ..), _)| *what)
            .collect();
        Ok(ready)
    }
}
