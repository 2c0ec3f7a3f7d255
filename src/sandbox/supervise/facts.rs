//! All processes of a case are dead: the last words, the counters, the facts.

use std::time::{Duration, SystemTime};

use nix::sys::socket::MsgFlags;

use super::case::{Case, Stage};
use crate::sandbox::cgroup::{Cgroup, Counters};
use crate::sandbox::outcome::{
    CollectedFile, End, Enforced, Events, Fault, FaultKind, FileProblem, KillReason, Ran, Usage,
};
use crate::sandbox::spec::Network;
use crate::sandbox::wire::LayerKind;
use crate::sandbox::{clock, fault, monotonic_nanos, plan, seccomp};
use crate::units::Bytes;

impl Case<'_> {
    /// All processes are dead: the last words, the counters, the facts.
    pub(super) fn finish(&mut self) -> Result<Ran, Fault> {
        if !self.is_over() {
            self.read_records(MsgFlags::MSG_DONTWAIT);
        }
        if self.listener.is_some() && self.killed.is_none() && self.exited.is_none() {
            self.read_listener();
        }
        if self.killed.is_none() && self.was_asked_to_end() {
            self.killed = Some((KillReason::Cancelled, monotonic_nanos()));
        }
        let counters = self.with.cgroup.counters();
        let counters =
            counters.map_err(|error| fault::monitor("reading the counters of a case", Some(&error)))?;
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if counters.oom_elsewhere {
            return Err(fault::monitor(
                "the kernel killed a process of the case for memory, but not because of the case's own limit: this \
                 machine, or a cgroup above, has run out of it (run fewer cases at a time)",
                None,
            ));
        }
        if counters.pids_elsewhere {
            return Err(fault::monitor(crate::sandbox::cgroup::NO_MORE_PROCESSES, None));
        }
        if self.stage == Stage::SettingUp && self.killed.is_none() && counters.oom_kills == 0 {
            return Err(fault::monitor(
                "the sandbox ended before the program started, and did not say why",
                None,
            ));
        }
        if self.stage == Stage::SettingUp && matches!(self.killed, Some((KillReason::Cancelled, _))) {
            return Err(Fault {
                kind: FaultKind::Cancelled,
                step: "cancelled while it was set up".to_owned(),
                errno: None,
                help: String::new(),
            });
        }
        Ok(self.ran(counters))
    }

    fn ran(&mut self, counters: Counters) -> Ran {
        let end_of_wall = match (&self.exited, &self.killed) {
            (Some(exited), _) => clock::less_stops(exited.at_nanos),
            (None, Some((_, at))) => *at,
            (None, None) => monotonic_nanos(),
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        let enforced = self.enforced();
        let usage = self.usage(&counters, end_of_wall);
        let events = Events {
            oom_kills: counters.oom_kills,
            memory_limit_hits: counters.memory_limit_hits,
            pids_limit_hits: counters.pids_limit_hits.max(self.seen_too_many()),
            disk_full: self.exited.is_some_and(|exited| exited.disk_full),
        };
        let files = self.files();
        Ran {
            started: self.started,
            completed: SystemTime::now(),
            end: self.exited.map_or(End::Killed, |exited| end(exited.status)),
            killed_by: self.killed.as_ref().map(|(reason, _)| reason.clone()),
            usage: Usage { output: Bytes(self.stdout.total() + self.stderr.total()), ..usage },
            events,
            stdout: self.stdout.finish(&mut buffer),
            stderr: self.stderr.finish(&mut buffer),
            files,
            leaked: self.exited.map_or(0, |exited| exited.leaked),
            enforced,
        }
    }

    /// What was asked for, in that order.
    fn files(&mut self) -> Vec<CollectedFile> {
        let mut found = std::mem::take(&mut self.found).into_iter().peekable();
        let told = std::mem::take(&mut self.files).into_iter();
        let mut files = Vec::new();
        for (index, (asked, told)) in self.with.spec.collect.iter().zip(told).enumerate() {
            while let Some((_, file)) = found.next_if(|(of, _)| usize::try_from(*of) == Ok(index)) {
                files.push(file);
            }
            let content = told.unwrap_or(Err(FileProblem::Missing));
            if asked.below.is_none() || content.is_err() {
                files.push(CollectedFile { path: asked.path.clone(), content });
            }
        }
        files
    }

    /// A program that was asked to end has no result of its own, however it then ended.
    fn was_asked_to_end(&self) -> bool {
        let end = self.exited.map(|exited| clock::less_stops(exited.at_nanos));
        self.entry.was_asked_before(end)
    }

    fn usage(&self, counters: &Counters, end_of_wall: u64) -> Usage {
        let before = self.start.1 / 1_000;
        let by_tree = matches!(self.with.cgroup, Cgroup::None);
        let cpu = if by_tree {
            self.exited.map_or(self.tree.cpu_micros, |exited| exited.reaped_cpu_micros)
        } else {
            counters.cpu_micros
        };
        let cpu = Duration::from_micros(cpu.saturating_sub(before));
        let user = share(cpu, counters.user_micros, counters.kernel_micros);
        let exited = self.exited;
        let of_devices = exited.and_then(|exited| exited.io);
        Usage {
            wall: Duration::from_nanos(end_of_wall.saturating_sub(self.start.0)),
            cpu,
            user,
            kernel: cpu.saturating_sub(user),
            memory_peak: counters.memory_peak.unwrap_or_else(|| self.seen_peak()),
            memory_cache_left: counters.memory_cache_left,
            pids_peak: counters.pids_peak,
            output: Bytes(0),
            io_read: counters.io.map(|(read, _)| read).or(of_devices.map(|(read, _)| Bytes(read))),
            io_written: counters.io.map(|(_, written)| written).or(of_devices.map(|(_, w)| Bytes(w))),
            disk: Bytes(exited.map_or(0, |exited| exited.disk_used)),
            context_switches: exited.map_or((0, 0), |exited| exited.switches),
        }
    }

    /// The peak where no cgroup keeps it: what was seen, and what the kernel knows of the largest
    /// process, unless that was before it became the program.
    fn seen_peak(&self) -> Bytes {
        let largest = self.exited.map_or(0, |exited| exited.resident_kib);
        let largest = if largest > self.resident_before { largest << 10 } else { 0 };
        Bytes(self.watched_peak.max(largest))
    }

    /// 1 if more processes were seen at a time than allowed, where no cgroup counts: RLIMIT_NPROC lets
    /// one more through for that. What was left at the end was there with the program.
    fn seen_too_many(&self) -> u64 {
        let at_the_end = self.exited.map_or(0, |exited| exited.leaked + 1);
        let most = self.watched_tasks.max(at_the_end);
        u64::from(matches!(self.with.cgroup, Cgroup::None) && most > self.with.spec.limits.pids)
    }

    fn enforced(&self) -> Enforced {
        let spec = self.with.spec;
        let names = self.with.cgroup.names();
        let mut namespaces = vec!["user", "mnt", "pid", "ipc", "uts", "cgroup"];
        if spec.network == Network::None {
            namespaces.push("net");
        }
        Enforced {
            namespaces: namespaces.into_iter().map(str::to_owned).collect(),
            separate_user: self.with.two_ids,
            seccomp: seccomp::policy_name(spec.seccomp).to_owned(),
            no_new_privs: true,
            landlock: self.with.worker.landlock,
            cgroup: names.cgroup.to_owned(),
            memory: names.memory.to_owned(),
            pids: names.pids.to_owned(),
            cpu: names.cpu.to_owned(),
            cpu_shares: names.cpu_shares.to_owned(),
            workspace: self.workspace(),
            degraded: Vec::new(),
        }
    }

    fn workspace(&self) -> String {
        if plan::layers(self.with.spec).is_empty() {
            return "empty".to_owned();
        }
        let kind =
            |layer: &u32| usize::try_from(*layer).ok().and_then(|n| self.with.worker.layers.get(n).copied());
        let kinds: Vec<_> = self.with.init.plan.layers.iter().filter_map(kind).collect();
        if !self.with.worker.overlay || kinds.contains(&LayerKind::Copied) {
            "copy".to_owned()
        } else if kinds.contains(&LayerKind::IdMapped) {
            "overlay over idmapped mount".to_owned()
        } else {
            "overlay".to_owned()
        }
    }
}

/// A wait(2) status as an end.
fn end(status: i32) -> End {
    if libc::WIFSIGNALED(status) {
        End::Signaled { signal: libc::WTERMSIG(status), core_dumped: libc::WCOREDUMP(status) }
    } else {
        End::Exited(libc::WEXITSTATUS(status))
    }
}

/// The user part of `cpu`, by the proportion that the kernel sampled: its own two sums need not
/// add up to the exact total.
fn share(cpu: Duration, user: u64, kernel: u64) -> Duration {
    let all = u128::from(user) + u128::from(kernel);
    let part = (cpu.as_nanos() * u128::from(user)).checked_div(all).unwrap_or(0);
    Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
}
