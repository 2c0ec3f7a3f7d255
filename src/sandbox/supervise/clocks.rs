//! The deadlines of a case: set-up, wall, CPU, and the look at the process tree where no cgroup
//! counts.

use std::time::Duration;

use super::case::{Case, Stage};
use super::pauses;
use crate::sandbox::cgroup::Cgroup;
use crate::sandbox::outcome::{Fault, FaultKind, KillReason};
use crate::sandbox::{fault, host, monotonic_nanos, watch};

/// How long killed processes may take to be gone.
const DEATH: u64 = 30_000_000_000;

impl Case<'_> {
    pub(super) fn next_deadline(&self) -> u64 {
        if let Some((_, at)) = self.killed {
            return at.saturating_add(DEATH);
        }
        if self.stage != Stage::Executed {
            return self.with.setup_deadline;
        }
        self.wall_deadline().min(self.next_cpu_check).min(self.next_watch)
    }

    fn wall_deadline(&self) -> u64 {
        self.start.0.saturating_add(nanos(self.with.spec.limits.wall))
    }

    pub(super) fn look_at_the_clocks(&mut self) -> Result<(), Fault> {
        let now = monotonic_nanos();
        if let Some((_, at)) = self.killed {
            if now > at.saturating_add(DEATH) {
                return Err(fault::monitor("processes of the case cannot be killed", None));
            }
            return Ok(());
        }
        if self.stage != Stage::Executed {
            if now >= self.with.setup_deadline {
                self.failure = Some(Fault {
                    kind: FaultKind::SetupTimeout,
                    step: "waiting for the sandbox to be ready".to_owned(),
                    errno: None,
                    help: String::new(),
                });
                self.kill(KillReason::Cancelled);
            }
            return Ok(());
        }
        // The program's end, seen by init, stops the clocks: what is left is ours.
        if self.exited.is_some() {
            return Ok(());
        }
        if now >= self.next_watch {
            self.watch(now);
        }
        if now >= self.wall_deadline() {
            self.too_late(Duration::from_nanos(now - self.wall_deadline()));
        } else if now >= self.next_cpu_check {
            self.check_cpu(now)?;
        }
        Ok(())
    }

    /// The wall time is over, and the end was not seen: because the program has not ended, or because
    /// somebody has stopped those who watch it.
    fn too_late(&mut self, late: Duration) {
        let why = match pauses::stopped_for(late) {
            Some(stopped) => {
                Some(format!("capsule-run was stopped for {:.1} s while the case ran", stopped.as_secs_f64()))
            }
            None if pauses::is_stopped(self.with.init.pid) => {
                Some("somebody has stopped the init of the case".to_owned())
            }
            None => None,
        };
        match why {
            Some(why) => {
                self.failure = Some(fault::monitor(&format!("{why}: when it ended was not seen"), None));
                self.kill(KillReason::Cancelled);
            }
            None => self.kill(KillReason::Wall),
        }
    }

    /// `Ready`: from here on it is the program's time.
    pub(super) fn executed(&mut self) {
        self.stage = Stage::Executed;
        let now = monotonic_nanos();
        self.next_cpu_check = if self.with.spec.limits.cpu.is_some() { now } else { u64::MAX };
        if matches!(self.with.cgroup, Cgroup::None) {
            self.next_watch = now;
            self.next_cpu_check = u64::MAX;
        } else if self.with.cgroup.memory_to_watch().is_some() {
            self.next_watch = now;
        }
    }

    /// Kills when the CPU time is used up; else sets the earliest moment at which it can be.
    fn check_cpu(&mut self, now: u64) -> Result<(), Fault> {
        let Some(limit) = self.with.spec.limits.cpu else {
            self.next_cpu_check = u64::MAX;
            return Ok(());
        };
        let used = self.cpu_nanos()?;
        match nanos(limit).checked_sub(used) {
            None | Some(0) => self.kill(KillReason::Cpu),
            Some(left) => {
                // Half a millisecond: as fine as the kernel's own accounting of other CPUs is.
                let wait = (left / host::cpus() as u64).max(500_000);
                self.next_cpu_check = now.saturating_add(wait);
            }
        }
        Ok(())
    }

    /// CPU time of the program so far, without the part before `execve`.
    fn cpu_nanos(&self) -> Result<u64, Fault> {
        let counted = self.with.cgroup.cpu_micros();
        let counted = counted.map_err(|error| fault::monitor("reading the CPU time", Some(&error)))?;
        let micros = counted.unwrap_or(self.tree.cpu_micros);
        Ok((micros * 1_000).saturating_sub(self.start.1))
    }

    /// Looks at what nothing counts. Not reached at the end: a peak seen so is the least it was.
    fn watch(&mut self, now: u64) {
        self.next_watch = now.saturating_add(nanos(self.with.spec.limits.watch_interval));
        match self.with.cgroup.memory_to_watch() {
            Some(memory) => self.watched_peak = self.watched_peak.max(memory),
            None => self.watch_tree(),
        }
    }

    fn watch_tree(&mut self) {
        self.tree = watch::tree(self.with.init.pid);
        self.watched_peak = self.watched_peak.max(self.tree.memory);
        self.watched_tasks = self.watched_tasks.max(self.tree.tasks);
        if self.tree.memory > self.with.spec.limits.memory.0 {
            self.kill(KillReason::Memory);
        }
        let limit = self.with.spec.limits.cpu.map_or(u64::MAX, nanos);
        if (self.tree.cpu_micros * 1_000).saturating_sub(self.start.1) >= limit {
            self.kill(KillReason::Cpu);
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
